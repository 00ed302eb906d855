using Ips.Actors.Control;
using Ips.Actors.Handover;
using Ips.Actors.Lifecycle;
using Microsoft.Extensions.Time.Testing;
using static Ips.Actors.Lifecycle.LifecycleState;

namespace Ips.Actors.Tests.Control;

[Trait("issue", "16")]
public sealed class WatcherTests
{
    private readonly FakeTimeProvider _time = new();
    private HealthFrame? _report;
    private DrainingFrame? _drain;

    [Fact]
    public void Take_DuringAProbation_ShowsBothGenerationsSideBySide()
    {
        using var watcher = Watcher();
        var reload = new ReloadAccount(new LifecycleEffect.BeginReload("SIGUSR2"), _time);
        reload.Note(new LifecycleEvent.SuccessorSpawned(99), 8);
        reload.Note(new LifecycleEvent.SuccessorGreeted("2.0"), 8);
        reload.Note(new LifecycleEvent.SuccessorReady(), 8);
        reload.Note(new LifecycleEvent.SuccessorServes(), 8);
        _report = new HealthFrame(true, 10, 1, Load: new LoadReport(4, 2, 1.5, 9));
        Take(watcher, new OnProbation(), reload, requests: 1000);
        _time.Advance(TimeSpan.FromSeconds(1));
        _report = _report with { Requests = 60, Errors = 6 };
        var snapshot = Take(watcher, new OnProbation(), reload, requests: 1100);

        Assert.Equal(["7 serving 100", "8 probation 50"],
            snapshot.Generations.Select(one => $"{one.Number} {one.State} {one.Requests!.PerSecond}"));
        Assert.Equal(new WatchedRequests(60, 6, 50, 5, 1.5, 9), snapshot.Generations[1].Requests);
        Assert.Equal((99, 4, 2, "2.0"), (snapshot.Generations[1].Pid, snapshot.Generations[1].Connections,
            snapshot.Generations[1].RunningRequests, snapshot.Generations[1].Release));
        Assert.Equal(reload.StartedAt.AddSeconds(5), snapshot.Reload!.ProbationEndsAt);
        Assert.Equal("Reloading", snapshot.State);
    }

    [Fact]
    public void Take_WhileThePredecessorDrains_ShowsWhatItWaitsFor()
    {
        using var watcher = Watcher(new GenerationEntry(5, 50, 1), new GenerationEntry(6, 60, 2));
        _drain = new DrainingFrame(29000, [new WaitingConnections("upgraded", 2, 2, 60000), new WaitingConnections("http2", 1, 0, 5)]);
        var generations = Take(watcher, new Serving(), null, 0).Generations;
        Assert.Equal(["5 draining", "6 draining", "7 serving"], generations.Select(one => $"{one.Number} {one.State}"));
        Assert.Null(generations[0].Connections); // nobody tells
        Assert.Equal((3, 2, 29000), (generations[1].Connections, generations[1].RunningRequests, generations[1].Drain!.LeftMs));
        Assert.Equal("upgraded", generations[1].Drain!.Waiting[0].Kind);
    }

    [Fact]
    public void Take_ReportsThatComeSeldom_DoNotLookLikeAStandstill()
    {
        using var watcher = Watcher();
        var reload = new ReloadAccount(new LifecycleEffect.BeginReload("SIGUSR2"), _time);
        reload.Note(new LifecycleEvent.SuccessorSpawned(99), 8);
        _report = new HealthFrame(true, 0, 0);
        Take(watcher, new OnProbation(), reload, 0);
        double rate = 0;
        for (var i = 0; i < 4; i++) // a report each second, a snapshot each quarter
        {
            _time.Advance(TimeSpan.FromMilliseconds(250));
            if (i == 3) _report = new HealthFrame(true, 80, 0);
            rate = Take(watcher, new OnProbation(), reload, 0).Generations[1].Requests!.PerSecond;
        }

        Assert.Equal(80, rate);
    }

    private Watcher Watcher(params GenerationEntry[] older) => new(
        new Watcher.Facts(4711, 7, "1.0", DateTimeOffset.UnixEpoch, TimeSpan.FromSeconds(5))
        {
            Older = () => older, SuccessorReport = () => _report, PredecessorDrain = () => _drain,
        },
        _time);

    private static WatchSnapshot Take(Watcher watcher, LifecycleState state, ReloadAccount? reload, long requests) =>
        watcher.Take(new LifecycleProtocol.WatchReply(state, reload, null, null, 0), new HttpFrontProtocol.Load(10, 1, requests, 0));
}
