using Ips.Actors.Diagnostics;
using Ips.Testing.Load;
using Ips.Testing.Processes;

namespace Ips.Host.ProcessTests.Harness;

/// <summary>A service of releases under the strict load that faults are put to in turn, and all that must hold after each.</summary>
internal sealed class FaultScene : IAsyncDisposable
{
    public const string Good = "good", Bad = "bad";
    private const int LoadConnections = 15; // of BadSuccessorFixture.LightLoad

    private IReadOnlyList<string> _descriptors = [];
    private Task<CommandResult>? _reload;
    private int _pid, _mark, _generation, _failures;

    private FaultScene(Service service, Releases releases, StrictLoad load) => (Service, Releases, Load) = (service, releases, load);

    public Service Service { get; }

    public Releases Releases { get; }

    public StrictLoad Load { get; }

    /// <summary>The requests that failed since the fault began.</summary>
    public IReadOnlyList<LoadFailure> Failures => [.. Load.Snapshot().Failures.Skip(_failures)];

    /// <summary>Starts a service of the good release.</summary>
    public static async Task<FaultScene> StartAsync(Service service, Releases releases)
    {
        releases.AddBuild(Good, Binaries.SampleAppFolder);
        releases.AddBuild(Bad, Binaries.SampleAppFolder);
        releases.SwitchTo(Good);
        await service.StartAsync();
        var load = StrictLoad.Start(BadSuccessorFixture.LightLoad(service.Target) with { RecordedFailuresMax = 100_000 });
        await load.WaitForRequestsAsync(1, Limits.Step);
        return new FaultScene(service, releases, load);
    }

    /// <summary>Begins a reload of the bad release, by <c>ips reload</c>.</summary>
    /// <param name="marks">What the bad release does.</param>
    /// <returns>The successor's PID, once it accepts.</returns>
    public async Task<int> ReachProbationAsync(params IReadOnlyList<string> marks)
    {
        (_pid, _mark, _generation, _failures) = (Service.MainPid, Service.Log.Mark, (await Service.StatusAsync()).Generation, Load.Snapshot().Failures.Count);
        // Its clients come and go, and one that has left may be there for a moment beside the one that has come.
        _descriptors = [.. Descriptors.Of(_pid), .. Enumerable.Repeat("socket", LoadConnections)];
        foreach (var mark in SampleMarks.All) Releases.Unmark(Bad, mark);
        foreach (var mark in marks) Releases.Mark(Bad, mark);
        Releases.SwitchTo(Bad);
        _reload = IpsCommand.RunAsync("reload", "--pid-file", Service.PidFile);
        return (await Service.Log.WaitForAsync(e => e.Id == EventIds.AcceptingStarted && e.Generation == _generation + 1, "the bad release accepting", _mark)).Pid;
    }

    /// <summary>The predecessor serves again, has told why, and has nothing left of the bad release.</summary>
    public async Task AssertRolledBackAsync(string reason)
    {
        var receipt = await _reload!;
        Assert.True(receipt.ExitCode == 4, $"'ips reload': {receipt}");
        var text = string.Join('\n', receipt.Output);
        Assert.Contains("rolled back", text, StringComparison.OrdinalIgnoreCase);
        Assert.Contains(reason, text, StringComparison.Ordinal);
        var failure = Assert.Single(Service.Log.Of(EventIds.ReloadFailed, _mark));
        Assert.Contains(reason, failure["Reason"], StringComparison.Ordinal);
        Assert.Equal(_pid, Service.MainPid);
        Assert.Equal(_generation, await Service.AnsweringGenerationAsync());
        Assert.Equal("Serving", (await Service.StatusAsync()).State);
        await Service.WaitForMainAloneAsync();
        await Eventually.TrueAsync(() => ProcessTable.ChildrenOf(_pid).Count == 0, "an end of the children");
        await Descriptors.WaitForNoMoreThanAsync(_pid, _descriptors);
    }

    /// <summary>A good release takes over right after.</summary>
    public async Task AssertNextReloadWorksAsync()
    {
        Releases.SwitchTo(Good);
        Assert.Equal(await Service.ReloadAsync(), Service.MainPid);
        Assert.Equal(_generation + 1, await Service.AnsweringGenerationAsync());
        await Service.WaitForMainAloneAsync();
    }

    /// <summary>Each request that failed since the fault began was one on a connection of the dead process, broken off, and no connection has more than one: so
    /// they are at most as many as it was answering.</summary>
    public void AssertOnlyCost(IReadOnlySet<int> clientsOfTheDead)
    {
        var failures = Failures;
        Assert.All(failures, failure =>
        {
            Assert.Contains(failure.Kind, new[] { FailureKind.Reset, FailureKind.EofBeforeResponse, FailureKind.EofInsideResponse });
            Assert.Contains(failure.LocalPort, clientsOfTheDead);
        });
        Assert.Equal(failures.Count, failures.DistinctBy(failure => failure.LocalPort).Count());
    }

    public ValueTask DisposeAsync() => Load.DisposeAsync();
}
