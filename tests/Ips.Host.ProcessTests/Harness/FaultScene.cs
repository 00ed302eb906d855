using System.Globalization;
using Ips.Actors.Diagnostics;
using Ips.Testing.Load;
using Ips.Testing.Processes;

namespace Ips.Host.ProcessTests.Harness;

/// <summary>A service of releases under the strict load that faults are put to in turn, and all that must hold after each.</summary>
internal sealed class FaultScene : IAsyncDisposable
{
    public const string Good = "good", Bad = "bad";

    private IReadOnlyList<string> _descriptors = [], _descriptorsAfterReload = [];
    private Task<CommandResult>? _reload;
    private int _pid, _mark, _generation, _failures;

    private FaultScene(Service service, Releases releases, StrictLoad load) => (Service, Releases, Load) = (service, releases, load);

    public Service Service { get; }

    public Releases Releases { get; }

    public StrictLoad Load { get; }

    /// <summary>The requests that failed since the fault began.</summary>
    public IReadOnlyList<LoadFailure> Failures => [.. Load.Snapshot().Failures.Skip(_failures)];

    /// <summary>What was logged since the fault began.</summary>
    public IReadOnlyList<ServiceEvent> Events => [.. Service.Log.Events.Skip(_mark)];

    /// <summary>Each kind of client, but few of them. What they ask for is short, as a generation's end waits for it.</summary>
    public static LoadOptions LightLoad(LoadTarget target) => new()
    {
        Target = target,
        OneShotWorkers = 2,
        BusyWorkers = 2,
        IdleWorkers = 8,
        StreamWorkers = 2,
        UploadWorkers = 1,
        OneShotThinkTime = TimeSpan.FromMilliseconds(20),
        BusyThinkTime = TimeSpan.FromMilliseconds(10),
        Paths = new LoadPaths { Stream = "/stream?ms=500&chunks=10" },
        UploadTime = TimeSpan.FromMilliseconds(500),
        RecordedFailuresMax = 100_000,
    };

    /// <summary>The same for the daemon, which serves no streams and takes no uploads.</summary>
    public static LoadOptions LightDaemonLoad(LoadTarget target) =>
        LightLoad(target) with { StreamWorkers = 0, UploadWorkers = 0, Paths = new LoadPaths { PingBody = "pong\n" } };

    /// <summary>What a process may have open under that load if it had <paramref name="descriptors"/> open under it: one client that has
    /// come and one that is about to leave, for each of them.</summary>
    public static IReadOnlyList<string> WithClients(IReadOnlyList<string> descriptors) =>
        [.. descriptors, .. Enumerable.Repeat(Descriptors.Tcp, 15)];

    /// <summary>What the process that follows may have open. It knows the one before it by a pidfd, until it looks whether that one still
    /// lives; and the first generation has the test's own output, where the others have the log file, twice for each stream at
    /// most.</summary>
    public static IReadOnlyList<string> AfterReload(IReadOnlyList<string> descriptors, bool ofFirst, Service service) =>
        [.. descriptors, "anon_inode:[pidfd]", .. Enumerable.Repeat(service.Log.Path, ofFirst ? 4 : 0)];

    /// <summary>Starts a service of the good release.</summary>
    public static async Task<FaultScene> StartAsync(Service service, Releases releases)
    {
        releases.AddBuild(Good, Binaries.SampleAppFolder);
        releases.AddBuild(Bad, Binaries.SampleAppFolder);
        releases.SwitchTo(Good);
        await service.StartAsync();
        var load = StrictLoad.Start(LightLoad(service.Target));
        await load.WaitForRequestsAsync(1, Limits.Step);
        return new FaultScene(service, releases, load);
    }

    /// <summary>Begins a reload of a release, by <c>ips reload</c>.</summary>
    public async Task BeginAsync(string release)
    {
        (_pid, _mark, _failures) = (Service.MainPid, Service.Log.Mark, Load.Snapshot().Failures.Count);
        _descriptors = WithClients(Descriptors.Of(_pid));
        _descriptorsAfterReload = AfterReload(_descriptors, _pid == Service.First.Pid, Service);
        _generation = (await Service.StatusAsync()).Generation;
        Releases.SwitchTo(release);
        _reload = IpsCommand.RunAsync("reload", "--pid-file", Service.PidFile);
    }

    /// <summary>Begins a reload of the bad release.</summary>
    /// <param name="marks">What it does.</param>
    /// <returns>The successor's PID, once it accepts.</returns>
    public async Task<int> ReachProbationAsync(params IReadOnlyList<string> marks)
    {
        foreach (var mark in SampleMarks.All) Releases.Unmark(Bad, mark);
        foreach (var mark in marks) Releases.Mark(Bad, mark);
        await BeginAsync(Bad);
        return (await Service.Log.WaitForAsync(e => e.Id == EventIds.AcceptingStarted && e.Generation == _generation + 1,
            "the bad release accepting", _mark)).Pid;
    }

    /// <summary>The predecessor serves again, has told why, and has nothing left of the bad release, which was accepting.</summary>
    public Task AssertRolledBackAsync(string reason) => AssertFailedAsync("rolled back", reason);

    /// <summary>The predecessor serves on, has told why, and has nothing left of the bad release, which never accepted.</summary>
    public Task AssertRefusedAsync(string reason) => AssertFailedAsync("refused", reason);

    /// <summary>A good release takes over right after, and its predecessor leaves in good order.</summary>
    public async Task AssertNextReloadWorksAsync()
    {
        Releases.SwitchTo(Good);
        Assert.Equal(await Service.ReloadAsync(), Service.MainPid);
        Assert.Equal(_generation + 1, await Service.AnsweringGenerationAsync());
        await Service.WaitForMainAloneAsync();
        Assert.Equal("0", Assert.Single(Events, e => e.Id == EventIds.Exiting && e.Pid == _pid)["Code"]);
        if (_pid == Service.First.Pid) Assert.Equal(0, await Service.First.WaitForExitAsync(Limits.Step));
        await Load.WaitForGenerationAsync(_generation + 1, Limits.Step);
        await Descriptors.WaitForNoMoreThanAsync(Service.MainPid, _descriptorsAfterReload);
    }

    public ValueTask DisposeAsync() => Load.DisposeAsync();

    private async Task AssertFailedAsync(string outcome, string reason)
    {
        var receipt = await _reload!;
        Assert.True(receipt.ExitCode == 4, $"'ips reload': {receipt}");
        var text = string.Join('\n', receipt.Output);
        Assert.Contains(outcome, text, StringComparison.OrdinalIgnoreCase);
        Assert.Contains(reason, text, StringComparison.Ordinal);
        var failure = Assert.Single(Events, e => e.Id == EventIds.ReloadFailed);
        Assert.Contains(reason, failure["Reason"], StringComparison.Ordinal);
        Assert.Equal(_pid, Service.MainPid);
        Assert.Equal(_generation, await Service.AnsweringGenerationAsync());
        Assert.Equal("Serving", (await Service.StatusAsync()).State);
        await Service.WaitForMainAloneAsync();
        // neither a survivor nor a zombie
        await Eventually.TrueAsync(() => ProcessTable.ChildrenOf(_pid).Count == 0, "an end of the children");
        await Descriptors.WaitForNoMoreThanAsync(_pid, _descriptors);
    }
}
