using Ips.Actors.Diagnostics;
using Ips.Actors.Launch;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Processes;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests.Deploy;

/// <summary>The operator's terms of a deploy and a rollback, which are those of <c>ips reload</c>, and reloads that come first.</summary>
[Trait("issue", "17")]
public sealed class DeployTermsTests(ITestOutputHelper output) : DeployTest(output)
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task NoQueue_DuringAReload_ChangesNothingAndSaysWhy(bool rollback)
    {
        var service = await StartOneAsync();
        var build = Build("2");
        if (rollback) AssertCode(0, await DeployAsync(service, build, "2"));
        var (serves, shelved, mark) = (await ServingAsync(service), Shelved, service.Log.Mark);
        Releases.Mark(serves, SampleMarks.HoldBeforeHello);
        service.Signal(ProcessTable.SigUsr2);
        await service.Log.WaitForAsync(mark, EventIds.SuccessorSpawned);
        var refused = rollback ? await RollbackAsync(service, "--no-queue")
            : await DeployAsync(service, build, "2", "--no-queue");
        AssertCode(4, refused);
        AssertSays("A reload is in progress (", refused);
        AssertSays("Nothing was changed.", refused);
        Assert.Equal(shelved, Shelved);
        Releases.Unmark(serves, SampleMarks.HoldBeforeHello);
        await service.Log.WaitForAsync(mark, EventIds.ReloadPromoted);
        await Eventually.TrueAsync(async () => await service.StatusAsync() is { Phase: null }, "an end of the reload");
        AssertCode(0, rollback ? await RollbackAsync(service, "--no-queue")
            : await DeployAsync(service, build, "2", "--no-queue"));
        await AssertInPlaceAsync(service, rollback ? "1" : "2");
    }

    // A copy takes minutes where the release is large and the disk slow. What begins meanwhile is waited for as well.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Deploy_AReloadBeginsWhileItCopies_WaitsForItUnlessToldNotTo(bool noQueue)
    {
        var service = await StartOneAsync();
        var build = Build("2");
        Fill(Path.Combine(build, "large"), 256);
        Releases.Mark("1", SampleMarks.HoldBeforeHello);
        var deploy = BeginDeploy(service, build, "2", noQueue ? ["--no-queue"] : []);
        await Eventually.TrueAsync(() => Shelved.Any(name => name.StartsWith(".incoming-2", StringComparison.Ordinal)), "a copy");
        await Killing.StopAsync(deploy.Pid); // the copy takes as long as the reload needs to begin
        service.Signal(ProcessTable.SigUsr2);
        await service.Log.WaitForAsync(0, EventIds.SuccessorSpawned);
        Assert.True(ProcessTable.Signal(deploy.Pid, ProcessTable.SigCont));
        if (noQueue)
        {
            Assert.Equal(4, await deploy.WaitForExitAsync(Limits.Step));
            Assert.Contains(deploy.Lines, line => line.Text.Contains($"Release 2 is in {Releases.PathOf("2")} and was not started.",
                StringComparison.Ordinal));
            await UnholdAsync(service);
            await AssertInPlaceAsync(service, "1");
            AssertCode(0, await DeployAsync(service, Releases.PathOf("2"), null, "--no-queue")); // as the message says
        }
        else
        {
            await Eventually.TrueAsync(() => deploy.Lines.Any(line => line.Text.StartsWith("waits for the reload",
                StringComparison.Ordinal)), "a wait");
            await UnholdAsync(service);
            Assert.Equal(0, await deploy.WaitForExitAsync(Limits.Step));
        }

        await AssertInPlaceAsync(service, "2");
        Assert.Equal([], DeployJournal.TryRead(Shelf).Refused); // that it came second says nothing of the release
    }

    // By a check that the predecessor passes, and the release does not.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task IgnoreCheck_AReleaseThatIsUnhealthy_IsPromotedOnlySo(bool rollback)
    {
        var service = await StartOneAsync(new ServiceSettings(ServiceKind.SampleApp)
        {
            Program = Path.Combine(Releases.Current, Binaries.SampleApp), ReadyTimeout = TimeSpan.FromSeconds(20),
        });
        if (rollback) AssertCode(0, await DeployAsync(service, Build("2"), "2"));
        var to = rollback ? "1" : "2";
        if (rollback) Releases.Mark("1", SampleMarks.Unhealthy);
        Task<CommandResult> RunAsync(params string[] more) => rollback ? RollbackAsync(service, more)
            : Shelved.Contains("2") ? DeployAsync(service, Releases.PathOf("2"), null, more)
            : DeployAsync(service, Build("2", SampleMarks.Unhealthy), "2", more);
        AssertCode(4, await RunAsync());
        var unknown = await RunAsync("--ignore-check", "none");
        AssertCode(1, unknown);
        AssertSays("this service has no health check 'none'", unknown);
        AssertSays($"'current' still names {(rollback ? "2" : "1")}; release {to} is in {Releases.PathOf(to)}", unknown);
        AssertCode(1, await RunAsync("--accept-store")); // it has none
        AssertCode(0, await RunAsync("--ignore-check", "release"));
        await AssertInPlaceAsync(service, to);
    }

    [Fact]
    public async Task AcceptStore_ADeployOntoAnotherStore_IsPromotedOnlySo()
    {
        Releases.AddBuild("1", Binaries.IpsFolder);
        Releases.SwitchTo("1");
        var service = await StartAsync(new ServiceSettings(ServiceKind.Daemon) { Program = Path.Combine(Releases.Current, "ips") });
        File.WriteAllText(service.ConfigFile, File.ReadAllText(service.ConfigFile)
            .Replace(service.StoreFile, service.StoreFile + "2", StringComparison.Ordinal));
        AssertCode(0, await IpsCommand.RunAsync("key", "add", "B00001", "--config", service.ConfigFile)); // which makes the other one
        var refused = await DeployAsync(service, Binaries.IpsFolder, "2");
        AssertCode(4, refused);
        AssertSays("--accept-store", refused);
        AssertCode(0, await DeployAsync(service, Releases.PathOf("2"), null, "--accept-store"));
        Assert.Equal("releases/2", Current);
        Assert.Equal(Releases.PathOf("2", "ips"), ProcFs.Program(service.MainPid));
        AssertCode(0, await RollbackAsync(service)); // to the store that serves now: the terms were for once
        Assert.Equal("releases/1", Current);
    }

    private async Task UnholdAsync(Service service)
    {
        Releases.Unmark("1", SampleMarks.HoldBeforeHello);
        await service.Log.WaitForAsync(0, EventIds.ReloadPromoted);
    }
}
