using System.Formats.Tar;
using System.IO.Compression;
using System.Text.Json;
using Ips.Actors.Control;
using Ips.Actors.Diagnostics;
using Ips.Actors.Launch;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Load;
using Ips.Testing.Processes;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests.Deploy;

/// <summary><c>ips deploy</c> and <c>ips rollback</c>: the link names a release only once it was promoted.</summary>
[Trait("issue", "17")]
public sealed class DeployTests(ITestOutputHelper output) : DeployTest(output)
{
    [Fact]
    public async Task Deploy_UnderLoad_FailsNoRequestClosesNoConnectionAndMovesTheLink()
    {
        var service = await StartOneAsync();
        await using var load = StrictLoad.Start(FaultScene.LightLoad(service.Target));
        await load.WaitForRequestsAsync(1, Limits.Step);
        foreach (var name in new[] { "2", "3" }) AssertCode(0, await DeployAsync(service, Build(name), name));
        AssertCode(0, await RollbackAsync(service));
        await load.WaitForGenerationAsync(4, Limits.Step);
        var report = await load.StopAsync();
        Output.WriteLine(report.ToString());
        Assert.Equal(0, report.FailedRequests);
        Assert.Equal(0, report.PoliteCloses + report.ClosedIdle + report.Resets);
        await AssertInPlaceAsync(service, "2");
        Assert.Equal(["1", "2", "3"], Shelved);
    }

    [Theory]
    [InlineData("exec \"$LINK/Ips.SampleApp\" \"$@\"")]
    [InlineData("cd \"$LINK\" && exec ./Ips.SampleApp \"$@\"")]
    [InlineData("cd \"$LINK/..\" && exec current/Ips.SampleApp \"$@\"")]
    [InlineData("cd \"$LINK\" && exec \"$DOTNET\" Ips.SampleApp.dll \"$@\"")]
    [InlineData("cd \"$LINK/..\" && exec \"$DOTNET\" current/Ips.SampleApp.dll \"$@\"")]
    [InlineData("exec \"$DOTNET\" \"$LINK/Ips.SampleApp.dll\" \"$@\"")]
    public async Task Deploy_HoweverTheServiceWasStarted_ServesAndTheNextReloadGoesByTheLink(string shellCommand)
    {
        var service = await StartOneAsync(new ServiceSettings(ServiceKind.SampleApp)
        {
            Program = "/bin/sh",
            Prefix = ["-c", $"LINK='{Releases.Current}' DOTNET='{Binaries.DotNet}'; {shellCommand}", "sh"],
            WorkingDirectory = Folder,
        });
        var deployed = await DeployAsync(service, Build("2"), "2");
        AssertCode(0, deployed);
        Assert.Equal(("releases/2", "2"), (Current, await ServingAsync(service)));
        await service.ReloadAsync();
        Assert.Equal("2", await ServingAsync(service));

        // The link by hand still works as ever: the start command was not forgotten.
        Releases.SwitchTo("1");
        await service.ReloadAsync();
        Assert.Equal("1", await ServingAsync(service));
        var status = await service.StatusAsync();
        Assert.Equal(("1", "1"), (status.Deployment!.Serves, status.Deployment.Current));
    }

    [Fact]
    public async Task Deploy_OfTheDaemon_ServesFromTheNewFolder()
    {
        Releases.AddBuild("1", Binaries.IpsFolder);
        Releases.SwitchTo("1");
        var service = await StartAsync(new ServiceSettings(ServiceKind.Daemon) { Program = Path.Combine(Releases.Current, "ips") });
        var deployed = await DeployAsync(service, Binaries.IpsFolder, null, "--json");
        AssertCode(0, deployed);
        var receipt = JsonSerializer.Deserialize(Assert.Single(deployed.Output), ControlJson.Default.ReloadReceipt)!;
        var name = receipt.Deployed!; // its version
        Assert.Equal(("promoted", $"releases/{name}"), (receipt.Outcome, Current));
        Assert.StartsWith("0.1.0", name, StringComparison.Ordinal);
        Assert.Equal(Releases.PathOf(name, "ips"), ProcFs.Program(service.MainPid));
        // The same version again: nobody need make up a name.
        AssertCode(0, await DeployAsync(service, Binaries.IpsFolder));
        Assert.StartsWith($"releases/{name}-2", Current, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Deploy_UnderASupervisor_ServesAndACrashStartsTheNewRelease()
    {
        Releases.AddBuild("1", Binaries.IpsFolder);
        Releases.SwitchTo("1");
        var service = await StartAsync(new ServiceSettings(ServiceKind.Daemon)
        {
            Program = Path.Combine(Releases.Current, "ips"), Verb = "supervise",
        });
        AssertCode(0, await DeployAsync(service, Binaries.IpsFolder, "2"));
        await service.Processes.WaitForOnlyAsync(service.First.Pid, service.MainPid);
        var main = service.MainPid;
        var mark = service.Log.Mark;
        Assert.True(ProcessTable.Signal(main, ProcessTable.SigKill));
        await service.Log.WaitForAsync(mark, EventIds.IdentityPublished);
        Assert.Equal(Releases.PathOf("2", "ips"), ProcFs.Program(service.MainPid));
    }

    [Theory]
    [InlineData("tar.gz")]
    [InlineData("zip")]
    public async Task Deploy_OfAnArchive_Serves(string ending)
    {
        var service = await StartOneAsync();
        var archive = Path.Combine(Folder, $"app-2.{ending}");
        var build = Build("2");
        if (ending == "zip") ZipFile.CreateFromDirectory(build, archive, CompressionLevel.Fastest, includeBaseDirectory: false);
        else
        {
            await using var file = File.Create(archive);
            await using var zipped = new GZipStream(file, CompressionLevel.Fastest);
            await TarFile.CreateFromDirectoryAsync(build, zipped, includeBaseDirectory: true);
        }

        AssertCode(0, await DeployAsync(service, archive, "2"));
        await AssertInPlaceAsync(service, "2");
    }

    [Theory]
    [InlineData(SampleMarks.ThrowsInMain, "throws this is thrown by Main")]
    [InlineData(SampleMarks.ThrowsInStart, "throws this is thrown by StartAsync")]
    [InlineData(SampleMarks.DiesWhenServing, "SIGKILL")]
    public async Task Deploy_OfABadRelease_TouchesNothingAndKeepsItForALook(string mark, string reason)
    {
        var service = await StartOneAsync();
        await using var load = StrictLoad.Start(FaultScene.LightLoad(service.Target));
        await load.WaitForRequestsAsync(1, Limits.Step);
        var link = new FileInfo(Releases.Current).LastWriteTimeUtc;
        var refused = await DeployAsync(service, Build("bad", mark), "bad");
        AssertCode(4, refused);
        AssertSays(reason, refused);
        AssertSays("release bad was not promoted. 'current' still names 1", refused);
        Assert.Equal((link, "releases/1"), (new FileInfo(Releases.Current).LastWriteTimeUtc, Current));
        Assert.Equal(["1", "bad"], Shelved);
        await AssertInPlaceAsync(service, "1");

        // A name that is taken; the folder itself once it is mended; and the way back from there.
        var taken = await DeployAsync(service, Build("x"), "bad");
        AssertCode(1, taken);
        AssertSays("There is a release 'bad' already", taken);
        Releases.Unmark("bad", mark);
        AssertCode(0, await DeployAsync(service, Releases.PathOf("bad")));
        await AssertInPlaceAsync(service, "bad");
        var report = await load.StopAsync();
        if (mark != SampleMarks.DiesWhenServing) Assert.Equal(0, report.FailedRequests); // it dies with what it had accepted
    }

    [Fact]
    public async Task Deploy_OfWhatIsNoRelease_StartsNothingAndSaysWhy()
    {
        var service = await StartOneAsync();
        var generation = (await service.StatusAsync()).Generation;
        var elsewhere = Build("elsewhere");
        var program = Path.Combine(elsewhere, Binaries.SampleApp);
        var bytes = await File.ReadAllBytesAsync(program);
        var other = System.Runtime.InteropServices.RuntimeInformation.ProcessArchitecture
            == System.Runtime.InteropServices.Architecture.X64 ? (byte)183 : (byte)62;
        bytes[18] = other;
        await File.WriteAllBytesAsync(program, bytes);
        var empty = Directory.CreateDirectory(Path.Combine(Folder, "empty")).FullName;
        var linked = Build("linked");
        File.CreateSymbolicLink(Path.Combine(linked, "x"), "../../secret");
        var fifo = Build("fifo");
        Assert.Equal(0, Mono.Unix.Native.Syscall.mkfifo(Path.Combine(fifo, "x"), Mono.Unix.Native.FilePermissions.S_IRUSR));
        foreach (var (source, code, why) in new[]
        {
            (elsewhere, 1, "publish for it"), (empty, 1, "it has no Ips.SampleApp"), (linked, 1, "out of the release's folder"),
            (fifo, 1, "FIFO"), (Path.Combine(Folder, "none"), 1, "There is no folder"), (Folder, 2, "has the releases in it"),
            (Tar("up.tar", "../x"), 1, "'..' in its path"), (Tar("absolute.tar", "/tmp/ips-absolute"), 1, "absolute path"),
            (Tar("through.tar", "out/x", link: Folder), 1, "absolute path"), (Tar("twice.tar", "d/x", link: "."), 1, "is in there twice"),
        })
        {
            var refused = await DeployAsync(service, source, "2");
            AssertCode(code, refused);
            AssertSays(why, refused);
            Assert.Equal(["1"], Shelved);
        }

        Assert.False(File.Exists(Path.Combine(Folder, "x")) || File.Exists("/tmp/ips-absolute"));
        AssertCode(2, await DeployAsync(service, Build("x"), "../x"));
        AssertCode(2, await DeployAsync(service, Build("y"), ".x"));
        await AssertInPlaceAsync(service, "1");
        Assert.Equal(generation, (await service.StatusAsync()).Generation);
    }

    [Fact]
    public async Task Deploy_WhileAnotherIsAtWork_IsRefusedAndSaysWho()
    {
        var service = await StartOneAsync();
        var first = BeginDeploy(service, Build("2", SampleMarks.HoldBeforeHello), "2");
        await service.Log.WaitForAsync(0, EventIds.SuccessorSpawned);
        foreach (var second in new[] { await DeployAsync(service, Build("3"), "3"), await RollbackAsync(service) })
        {
            AssertCode(1, second);
            AssertSays($"PID {first.Pid} of {Environment.UserName}, since 20", second);
        }

        Releases.Unmark("2", SampleMarks.HoldBeforeHello);
        Assert.Equal(0, await first.WaitForExitAsync(Limits.Step));
        await AssertInPlaceAsync(service, "2");
        Assert.Equal(["1", "2"], Shelved);
    }

    // A deploy does not queue in the service: it waits outside. A reload that comes in the middle of it does not bring the old one back.
    [Fact]
    public async Task Deploy_BesideReloads_WaitsForTheOneBeforeAndOutlastsTheOneAfter()
    {
        var service = await StartOneAsync();
        Releases.Mark("1", SampleMarks.HoldBeforeHello);
        service.Signal(ProcessTable.SigUsr2);
        await service.Log.WaitForAsync(0, EventIds.SuccessorSpawned);
        var mark = service.Log.Mark;
        var deploy = BeginDeploy(service, Build("2", SampleMarks.HoldBeforeHello), "2");
        await Eventually.TrueAsync(() => deploy.Lines.Any(line => line.Text.StartsWith("waits for", StringComparison.Ordinal)), "a wait");
        Releases.Unmark("1", SampleMarks.HoldBeforeHello);
        await service.Log.WaitForAsync(mark, EventIds.ReloadPromoted);
        await service.Log.WaitForAsync(mark, EventIds.SuccessorSpawned);
        service.Signal(ProcessTable.SigUsr2);
        await service.Log.WaitForAsync(mark, EventIds.ReloadDeferred);
        Releases.Unmark("2", SampleMarks.HoldBeforeHello);
        Assert.Equal(0, await deploy.WaitForExitAsync(Limits.Step));
        await Eventually.TrueAsync(async () => await service.StatusAsync() is { Phase: null, Pending: null }, "an end of all reloads");
        await AssertInPlaceAsync(service, "2");
    }

    [Fact]
    public async Task Rollback_GoesBackPinsAndNeverForwardToWhatWasTakenBack()
    {
        var service = await StartOneAsync();
        AssertCode(0, await DeployAsync(service, Build("2"), "2"));
        AssertCode(0, await DeployAsync(service, Build("3"), "3"));
        var back = await RollbackAsync(service);
        AssertCode(0, back);
        AssertSays("'current' names 2, pinned by rollback", back);
        await AssertInPlaceAsync(service, "2");
        var status = await IpsCommand.RunAsync("status", "--pid-file", service.PidFile);
        Assert.Contains(status.Output, line => line.StartsWith("deployed", StringComparison.Ordinal)
            && line.Contains("pinned to 2 by rollback since 20", StringComparison.Ordinal));

        // A reload, and a crash and start, keep what was pinned, and the log says so.
        await service.ReloadAsync();
        await AssertInPlaceAsync(service, "2");
        Assert.Contains(service.Log.Of(EventIds.Pinned), e => e.Text.Contains("to 2 by rollback since", StringComparison.Ordinal));
        Assert.True(ProcessTable.Signal(service.MainPid, ProcessTable.SigKill));
        await service.Processes.WaitForOnlyAsync();
        await service.StartAsync();
        await AssertInPlaceAsync(service, "2");

        AssertCode(0, await RollbackAsync(service)); // not to 3
        await AssertInPlaceAsync(service, "1");
        AssertCode(1, await RollbackAsync(service));
        AssertCode(0, await RollbackAsync(service, "3")); // unless it is named
        await AssertInPlaceAsync(service, "3");
        AssertCode(0, await DeployAsync(service, Build("4"), "4"));
        Assert.Null((await service.StatusAsync()).Deployment!.PinnedSince);
    }

    [Fact]
    public async Task Rollback_ToAReleaseThatFailsNow_TouchesNothing()
    {
        var service = await StartOneAsync();
        AssertCode(0, await DeployAsync(service, Build("2"), "2"));
        Releases.Mark("1", SampleMarks.ThrowsInStart);
        AssertCode(4, await RollbackAsync(service));
        await AssertInPlaceAsync(service, "2");
        Assert.Null((await service.StatusAsync()).Deployment!.PinnedSince);
    }

    [Fact]
    public async Task Prune_KeepsFiveAndWhatRunsServesOrIsGood()
    {
        var service = await StartOneAsync(new ServiceSettings(ServiceKind.SampleApp)
        {
            Program = Path.Combine(Releases.Current, Binaries.SampleApp), More = ["--Ips:Reload:MaxGenerations=10"],
            DrainTimeout = 2 * Limits.Step,
        });
        // A generation that still drains runs from release 1, however old it is.
        using var held = await RawClient.ConnectAsync(service.Port);
        await held.SendGetAsync("/stream?ms=600000&chunks=6000"); // until it is let go
        await held.ReadUntilAsync(text => text.Length > 0);
        AssertCode(4, await DeployAsync(service, Build("bad", SampleMarks.ThrowsInMain), "bad"));
        for (var i = 2; i <= 7; i++) AssertCode(0, await DeployAsync(service, Build($"{i}"), $"{i}"));
        // Nor those between, which pass its connection on.
        string[] running = [.. service.Processes.Alive().Select(pid => Path.GetFileName(Path.GetDirectoryName(ProcFs.Program(pid))!))];
        Assert.Contains("1", running);
        Assert.Equal(new[] { "3", "4", "5", "6", "7" }.Union(running).Order(StringComparer.Ordinal), Shelved);

        held.Dispose();
        await service.WaitForMainAloneAsync();
        AssertCode(0, await DeployAsync(service, Build("8"), "8"));
        Assert.Equal(["4", "5", "6", "7", "8"], Shelved);
        await AssertInPlaceAsync(service, "8");
    }

    [Fact]
    public async Task Check_OfAFolder_TriesItAndChangesNothing()
    {
        var service = await StartOneAsync();
        var good = await IpsCommand.RunAsync("reload", "--check", Build("2"), "--pid-file", service.PidFile);
        AssertCode(0, good);
        var bad = await IpsCommand.RunAsync("reload", "--check", Build("bad", SampleMarks.ThrowsInStart), "--pid-file", service.PidFile);
        AssertCode(4, bad);
        AssertSays("thrown by StartAsync", bad);
        AssertCode(1, await IpsCommand.RunAsync("reload", "--check", Path.Combine(Folder, "none"), "--pid-file", service.PidFile));
        AssertCode(0, await IpsCommand.RunAsync("reload", "--check", "--pid-file", service.PidFile)); // as ever
        await AssertInPlaceAsync(service, "1");
        Assert.Equal(["1"], Shelved);
    }

    [Fact]
    public async Task Deploy_ServiceNotStartedByTheLink_SaysHowToBegin()
    {
        var service = await StartAsync(new ServiceSettings(ServiceKind.SampleApp));
        Assert.Null((await service.StatusAsync()).Deployment);
        var refused = await DeployAsync(service, Build("2"));
        AssertCode(1, refused);
        AssertSays("docs/deploying.md", refused);
    }

    private string Tar(string name, string entry, string? link = null)
    {
        var path = Path.Combine(Folder, name);
        using var file = File.Create(path);
        using var writer = new TarWriter(file, TarEntryFormat.Pax);
        var folder = Path.GetDirectoryName(entry)!;
        if (link is not null) writer.WriteEntry(new PaxTarEntry(TarEntryType.SymbolicLink, folder) { LinkName = link });
        if (link is ".") writer.WriteEntry(new PaxTarEntry(TarEntryType.Directory, folder));
        writer.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, entry) { DataStream = new MemoryStream("x"u8.ToArray()) });
        return path;
    }
}
