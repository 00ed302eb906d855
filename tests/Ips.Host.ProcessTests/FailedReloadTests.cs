using System.Globalization;
using Ips.Actors.Diagnostics;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Load;
using Ips.Testing.Processes;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests;

/// <summary>Failed reloads that need a service of their own; see <see cref="BadSuccessorTests"/> for the rest.</summary>
[Collection(Waits.Name)]
public sealed class FailedReloadTests(ITestOutputHelper output) : ProcessTest(output)
{
    private const string Good = "good", Bad = "bad";

    // Two services side by side, as both wait for the same time-out: one successor never says a word, the other goes silent with the
    // sockets in its hands.
    [Fact]
    public async Task Reload_SuccessorNeverReady_IsEndedAfterReadyTimeout() =>
        await Task.WhenAll(AssertEndedAfterReadyTimeoutAsync(BadSuccessor.Sleeps),
            AssertEndedAfterReadyTimeoutAsync(BadSuccessor.FallsSilent));

    [Fact]
    public async Task Reload_FailsOverAndOver_LeaksNoDescriptorThreadOrZombie()
    {
        var (service, releases) = await StartReleaseAsync(new ServiceSettings(
            ServiceKind.SampleApp)
        { KillTimeout = ServiceSettings.ShortestKillTimeout }, Folder);
        var pid = service.MainPid;
        List<string> bad = ["exits with 1", "is missing", "sends garbage", "closes the channel and lives on", "speaks another version",
            "is welcomed and exits"];
        foreach (var name in bad) BadSuccessor.All.Single(one => one.Name == name).Put(releases.PathOf(name));

        IReadOnlyList<string> afterFirst = [];
        for (var round = 1; round <= 4; round++)
        {
            foreach (var name in bad)
            {
                releases.SwitchTo(name);
                Assert.Equal(EventIds.ReloadFailed, (await service.TryReloadAsync()).Id);
            }

            Assert.Equal(1, await service.AnsweringGenerationAsync());
            if (round == 1) afterFirst = await Descriptors.SettledAsync(service, open: 0);
        }

        await Descriptors.SettledAsync(service, open: 0);
        await Descriptors.WaitForNoMoreThanAsync(pid, afterFirst);
        await Eventually.TrueAsync(() => ProcessTable.ChildrenOf(pid).Count == 0, "an end of the children");
        await Eventually.TrueAsync(() => !ProcessTable.ThreadNames(pid)
            .Any(name => name.StartsWith("ips-channel", StringComparison.Ordinal)), "an end of the channels' threads");
        releases.SwitchTo(Good);
        await service.ReloadAsync();
    }

    // The successor's own child holds the channel open after the successor has died: its death is seen all the same.
    [Fact]
    public async Task Reload_SuccessorLeavesChildWithChannel_IsRefused()
    {
        var (service, releases) = await StartReleaseAsync(new ServiceSettings(ServiceKind.SampleApp), Folder);
        Directory.CreateDirectory(releases.PathOf(Bad));
        var (script, childPid) = (releases.PathOf(Bad, Binaries.SampleApp), Path.Combine(Folder, "child.pid"));
        Executable.Write(script, $"#!/bin/sh\nsleep 600 &\necho $! > {childPid}\nexit 9\n");
        releases.SwitchTo(Bad);

        var outcome = await service.TryReloadAsync();
        Assert.Equal(EventIds.ReloadFailed, outcome.Id);
        Assert.Contains("exited with 9", outcome["Reason"], StringComparison.Ordinal);

        ProcessTable.Signal(int.Parse(await File.ReadAllTextAsync(childPid), CultureInfo.InvariantCulture), ProcessTable.SigKill);
        releases.SwitchTo(Good);
        await service.ReloadAsync();
        Assert.Equal(2, await service.AnsweringGenerationAsync());
    }

    [Fact]
    public async Task Reload_ConfigurationBecameInvalid_ChangesNothing()
    {
        var service = await StartAsync(new ServiceSettings(ServiceKind.Daemon));
        await using var load = StrictLoad.Start(FaultScene.LightDaemonLoad(service.Target));
        await load.WaitForRequestsAsync(1, Limits.Step);
        var before = FaultScene.WithClients(Descriptors.Of(service.MainPid));
        var (pid, valid) = (service.MainPid, await File.ReadAllTextAsync(service.ConfigFile));
        await File.WriteAllTextAsync(service.ConfigFile, $"{valid}ips.drain.timeout = 2h\nips.no-such-key = 1\n");

        // Asked for by HUP or `ips reload`, it is checked first, and nothing is started.
        var hangup = await service.TryReloadAsync(ProcessTable.SigHup);
        Assert.Equal(EventIds.ConfigurationInvalid, hangup.Id);
        Assert.Contains("ips.drain.timeout", hangup["Errors"], StringComparison.Ordinal);
        Assert.Contains("no-such-key", hangup["Errors"], StringComparison.Ordinal);
        var receipt = await IpsCommand.RunAsync("reload", "--pid-file", service.PidFile);
        Assert.True(receipt.ExitCode == 4, $"'ips reload': {receipt}");
        Assert.Contains("ips.drain.timeout", string.Join('\n', receipt.Output), StringComparison.Ordinal);
        Assert.Empty(service.Log.Of(EventIds.SuccessorSpawned));

        // By USR2 the new release says so itself, with the exit code for it.
        var outcome = await service.TryReloadAsync();
        Assert.Equal(EventIds.ReloadFailed, outcome.Id);
        Assert.Contains("ips.drain.timeout is 2h; it must be", outcome["Reason"], StringComparison.Ordinal);
        Assert.Contains(service.Log.Of(EventIds.SuccessorGone), e => e["Exit"] == "exited with 2");
        Assert.Equal(pid, service.MainPid);
        Assert.Equal(1, await service.AnsweringGenerationAsync());

        // What is valid may still not work: a store in a folder that is none.
        await File.WriteAllTextAsync(service.ConfigFile, $"{valid}ips.store.path = \"{service.PidFile}/inventory.db\"\n");
        var store = await IpsCommand.RunAsync("reload", "--pid-file", service.PidFile);
        Assert.True(store.ExitCode == 4, $"'ips reload': {store}");
        Assert.Contains("inventory.db", string.Join('\n', store.Output), StringComparison.Ordinal);
        Assert.Equal(pid, service.MainPid);
        Assert.Equal(1, await service.AnsweringGenerationAsync());
        Assert.Contains("inventory.db", service.Log.Of(EventIds.ReloadFailed)[^1]["Reason"], StringComparison.Ordinal);
        await service.WaitForMainAloneAsync();
        await Eventually.TrueAsync(() => ProcessTable.ChildrenOf(pid).Count == 0, "an end of the children");
        await Descriptors.WaitForNoMoreThanAsync(pid, before);

        await File.WriteAllTextAsync(service.ConfigFile, valid);
        await service.ReloadAsync(ProcessTable.SigHup);
        Assert.Equal(2, await service.AnsweringGenerationAsync());
        Assert.Equal(0, await service.First.WaitForExitAsync(Limits.Step));
        await service.WaitForMainAloneAsync();
        await Descriptors.WaitForNoMoreThanAsync(service.MainPid, FaultScene.AfterReload(before, ofFirst: true, service));
        await load.WaitForGenerationAsync(2, Limits.Step);
        var report = await load.StopAsync();
        Output.WriteLine(report.ToString());
        Assert.Equal(0, report.FailedRequests);
    }

    private async Task AssertEndedAfterReadyTimeoutAsync(BadSuccessor bad)
    {
        var releases = new Releases(Directory.CreateDirectory(Path.Combine(Folder, bad.Name)).FullName);
        var settings = new ServiceSettings(ServiceKind.SampleApp)
        {
            ReadyTimeout = TimeSpan.FromSeconds(15),
            Program = Path.Combine(releases.Current, Binaries.SampleApp)
        };
        await using var scene = await FaultScene.StartAsync(Prepare(settings), releases);
        bad.Put(releases.PathOf(bad.Name));
        await scene.BeginAsync(bad.Name);
        await scene.AssertRefusedAsync(bad.Reason);
        var elapsed = double.Parse(Assert.Single(scene.Events, e => e.Id == EventIds.ReloadFailed)["ElapsedMs"],
            CultureInfo.InvariantCulture);
        Assert.InRange(elapsed, settings.ReadyTimeout.TotalMilliseconds, Limits.Step.TotalMilliseconds);
        await scene.AssertNextReloadWorksAsync();
        Assert.Empty(scene.Failures);
        Output.WriteLine((await scene.Load.StopAsync()).ToString());
    }

    private async Task<(Service Service, Releases Releases)> StartReleaseAsync(ServiceSettings settings, string folder)
    {
        var releases = new Releases(folder);
        releases.AddBuild(Good, Binaries.SampleAppFolder);
        releases.SwitchTo(Good);
        return (await StartAsync(settings with { Program = Path.Combine(releases.Current, Binaries.SampleApp) }), releases);
    }
}
