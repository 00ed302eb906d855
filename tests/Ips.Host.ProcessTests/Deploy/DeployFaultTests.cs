using Ips.Actors.Diagnostics;
using Ips.Actors.Launch;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Load;
using Ips.Testing.Processes;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests.Deploy;

/// <summary>A deploy that is killed at any step, interrupted, or finds no room: the service answers, and the next command mends.</summary>
[Trait("issue", "17")]
public sealed class DeployFaultTests(ITestOutputHelper output) : DeployTest(output)
{
    private string? _mounted;

    /// <inheritdoc/>
    public override async Task DisposeAsync()
    {
        if (_mounted is not null) Tmpfs.Unmount(_mounted);
        await base.DisposeAsync();
    }

    // Each moment is seen from outside: by a folder, an event of the service, or the link.
    [Theory]
    [InlineData("while it copies")]
    [InlineData("while it waits for the promotion")]
    [InlineData("while it waits for a refusal")]
    [InlineData("between the promotion and the link")]
    [InlineData("right after the link")]
    public async Task Kill_AtAnyStep_ServiceAnswersAndTheNextDeployMends(string moment)
    {
        var service = await StartOneAsync();
        await using var load = StrictLoad.Start(FaultScene.LightLoad(service.Target));
        await load.WaitForRequestsAsync(1, Limits.Step);
        var held = moment.StartsWith("while it waits", StringComparison.Ordinal) || moment.StartsWith("between", StringComparison.Ordinal);
        var build = Build("2", held ? [SampleMarks.HoldBeforeHello] : []);
        if (moment == "while it waits for a refusal") File.WriteAllText(Path.Combine(build, SampleMarks.ThrowsInStart), "");
        if (moment == "while it copies") Fill(Path.Combine(build, "large"), 256);
        var deploy = BeginDeploy(service, build, "2");
        switch (moment)
        {
            case "while it copies":
                await Eventually.TrueAsync(() => Shelved.Any(name => name.StartsWith(".incoming-2", StringComparison.Ordinal)), "a copy");
                await KillAsync(deploy);
                Assert.Contains(Shelved, name => name.StartsWith(".incoming-2", StringComparison.Ordinal));
                Assert.DoesNotContain("2", Shelved);
                Assert.Contains(".incoming-2", (await DoctorAsync(service)).ToString(), StringComparison.Ordinal);
                File.Delete(Path.Combine(build, "large"));
                break;
            case "between the promotion and the link":
                await service.Log.WaitForAsync(0, EventIds.SuccessorSpawned);
                await Killing.StopAsync(deploy.Pid); // it never reads the receipt
                Releases.Unmark("2", SampleMarks.HoldBeforeHello);
                await service.Log.WaitForAsync(0, EventIds.ReloadPromoted);
                await KillAsync(deploy);
                await AssertCutOffAsync(service);
                break;
            case "right after the link":
                await Eventually.TrueAsync(() => Current == "releases/2", "a switch of the link");
                await KillAsync(deploy);
                break;
            default:
                await service.Log.WaitForAsync(0, EventIds.SuccessorSpawned);
                await KillAsync(deploy);
                Assert.Equal("releases/1", Current);
                Releases.Unmark("2", SampleMarks.HoldBeforeHello);
                await service.Log.WaitForAsync(0, EventIds.ReloadPromoted, EventIds.ReloadFailed);
                if (moment == "while it waits for the promotion") await AssertCutOffAsync(service);
                break;
        }

        // The next one mends first, says so, and does its own work.
        var next = await DeployAsync(service, Build("3"), "3");
        AssertCode(0, next);
        if (moment == "while it copies") AssertSays("which a command that was killed has left", next);
        await AssertInPlaceAsync(service, "3");
        Assert.Equal(moment == "while it copies" ? ["1", "3"] : ["1", "2", "3"], Shelved);
        Assert.DoesNotContain("deploy was cut off", (await DoctorAsync(service)).ToString(), StringComparison.Ordinal);

        // The release before it is the one that was promoted last, also by a command that could not write it down.
        AssertCode(0, await RollbackAsync(service));
        await AssertInPlaceAsync(service, moment is "while it copies" or "while it waits for a refusal" ? "1" : "2");
        var report = await load.StopAsync();
        Output.WriteLine(report.ToString());
        Assert.Equal(0, report.FailedRequests);
    }

    [Fact]
    public async Task Kill_BetweenThePromotionAndTheLink_TheSameDeployAgainOnlyMends()
    {
        var service = await StartOneAsync();
        await CutOffAsync(service, BeginDeploy(service, Build("2", SampleMarks.HoldBeforeHello), "2"));
        var generation = (await service.StatusAsync()).Generation;
        var again = await DeployAsync(service, Releases.PathOf("2"));
        AssertCode(0, again);
        AssertSays("release 2 was promoted, and 'current' names it now", again);
        await AssertInPlaceAsync(service, "2");
        Assert.Equal(generation, (await service.StatusAsync()).Generation);
    }

    [Fact]
    public async Task Kill_OfARollback_IsMendedWithItsPin()
    {
        var service = await StartOneAsync();
        AssertCode(0, await DeployAsync(service, Build("2"), "2"));
        Releases.Mark("1", SampleMarks.HoldBeforeHello);
        var mark = service.Log.Mark;
        await using var rollback = DaemonProcess.Start(Binaries.IpsPath, ["rollback", "--pid-file", service.PidFile]);
        await service.Log.WaitForAsync(mark, EventIds.SuccessorSpawned);
        await Killing.StopAsync(rollback.Pid);
        Releases.Unmark("1", SampleMarks.HoldBeforeHello);
        await service.Log.WaitForAsync(mark, EventIds.ReloadPromoted);
        await KillAsync(rollback);
        Assert.Equal("releases/2", Current);
        AssertCode(1, await RollbackAsync(service)); // nothing is before 1; but what was cut off is mended
        await AssertInPlaceAsync(service, "1");
        Assert.NotNull((await service.StatusAsync()).Deployment!.PinnedSince);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Interrupt_LeavesNothingHalfDone(bool whileCopying)
    {
        var service = await StartOneAsync();
        var build = Build("2", whileCopying ? [] : [SampleMarks.HoldBeforeHello]);
        if (whileCopying) Fill(Path.Combine(build, "large"), 256);
        var deploy = BeginDeploy(service, build, "2");
        if (whileCopying) await Eventually.TrueAsync(() => Shelved.Count > 1, "a copy");
        else await service.Log.WaitForAsync(0, EventIds.SuccessorSpawned);
        Assert.True(ProcessTable.Signal(deploy.Pid, ProcessTable.SigInt));
        Assert.Equal(130, await deploy.WaitForExitAsync(Limits.Step));
        Assert.Equal("releases/1", Current);
        if (whileCopying)
        {
            Assert.Equal(["1"], Shelved);
            await AssertInPlaceAsync(service, "1");
            return;
        }

        Assert.Contains(deploy.Lines, line => line.Text.Contains("the next 'ips deploy' points 'current' at it", StringComparison.Ordinal));
        Releases.Unmark("2", SampleMarks.HoldBeforeHello);
        await service.Log.WaitForAsync(0, EventIds.ReloadPromoted);
        AssertCode(0, await DeployAsync(service, Releases.PathOf("2")));
        await AssertInPlaceAsync(service, "2");
    }

    [TmpfsFact]
    public async Task Deploy_DiskFull_RemovesWhatItCopiedAndTouchesNothing()
    {
        Directory.CreateDirectory(Shelf);
        Tmpfs.Mount(Shelf, 48 * 1024);
        File.SetUnixFileMode(Shelf, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        _mounted = Shelf;
        var service = await StartOneAsync();
        var fill = Path.Combine(Shelf, "fill");
        Fill(fill, 20);
        await using var load = StrictLoad.Start(FaultScene.LightLoad(service.Target));
        await load.WaitForRequestsAsync(1, Limits.Step);
        var build = Build("2");
        var refused = await DeployAsync(service, build, "2");
        AssertCode(1, refused);
        AssertSays("No space left on device", refused);
        AssertSays("Nothing was changed.", refused);
        Assert.Equal(["1", "fill"], Shelved);
        await AssertInPlaceAsync(service, "1");
        File.Delete(fill);
        AssertCode(0, await DeployAsync(service, build, "2"));
        await AssertInPlaceAsync(service, "2");
        Assert.Equal(0, (await load.StopAsync()).FailedRequests);
    }

    private async Task AssertCutOffAsync(Service service)
    {
        Assert.Equal(("releases/1", "2"), (Current, await ServingAsync(service)));
        await Eventually.TrueAsync(async () => (await service.StatusAsync()).Phase is null, "an end of the reload");
        Assert.Contains("2 serves, but ", (await IpsCommand.RunAsync("status", "--pid-file", service.PidFile)).ToString(),
            StringComparison.Ordinal);
        Assert.Contains("release 2 serves, but ", (await DoctorAsync(service)).ToString(), StringComparison.Ordinal);
    }

    private async Task CutOffAsync(Service service, DaemonProcess deploy)
    {
        await service.Log.WaitForAsync(0, EventIds.SuccessorSpawned);
        await KillAsync(deploy);
        Releases.Unmark("2", SampleMarks.HoldBeforeHello);
        await service.Log.WaitForAsync(0, EventIds.ReloadPromoted);
    }

    private static Task<CommandResult> DoctorAsync(Service service) =>
        IpsCommand.RunAsync("doctor", "--pid", $"{service.MainPid}");

    private static void Fill(string path, int megabytes)
    {
        using var file = File.Create(path);
        var block = new byte[1 << 20];
        Random.Shared.NextBytes(block);
        for (var i = 0; i < megabytes; i++) file.Write(block);
    }
}
