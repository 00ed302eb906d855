using System.Diagnostics.Metrics;
using Akka.Actor;
using Ips.Actors.Lifecycle;
using Ips.Actors.Tests.Receipts;
using Ips.Actors.Transport;
using static Ips.Actors.Lifecycle.LifecycleState;

namespace Ips.Actors.Tests.Lifecycle;

/// <summary>What a listener of the meter sees of a generation's life.</summary>
[Trait("issue", "16")]
public sealed class ServiceMeterTests : LifecycleActorTest
{
    private readonly List<(string Name, double Value, string Tags)> _recorded = [];
    private readonly Meter _meter = new(ServiceMeter.MeterName);
    private readonly MeterListener _listener = new();
    private LifecycleMemory _memory = null!;

    public ServiceMeterTests()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (ReferenceEquals(instrument.Meter, _meter)) listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Note(instrument, value, tags));
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Note(instrument, value, tags));
        _listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Note(instrument, value, tags));
        _listener.Start();
    }

    [Fact]
    public async Task Reload_Refused_IsRecordedByThePredecessor()
    {
        var lifecycle = StartMeasured(new Serving());
        lifecycle.Tell(new LifecycleProtocol.Reload("SIGUSR2") { Trigger = ReloadTrigger.Signal });
        lifecycle.Tell(new LifecycleEvent.SuccessorSpawned(99));
        lifecycle.Tell(new LifecycleEvent.SuccessorFailed("it exited with 1", Responsive: false));
        lifecycle.Tell(new LifecycleEvent.SuccessorGone());
        await StateOf(lifecycle);
        Assert.Equal("error.type=no_hello ips.reload.outcome=refused ips.reload.trigger=signal", Single("ips.reload.duration").Tags);
        Assert.Equal("ips.reload.phase=spawned", Single("ips.reload.phase.duration").Tags);
    }

    [Fact]
    public async Task Reload_Promoted_IsRecordedByTheSuccessorAlone()
    {
        var lifecycle = StartMeasured(new Serving());
        await PromoteAsync(lifecycle);
        Assert.DoesNotContain(_recorded, record => record.Name == "ips.reload.duration");
        Assert.Equal([], Observe("ips.generation.number")); // the successor says it from here on

        var successor = StartMeasured(new Proving());
        var own = ReloadHistoryTests.Receipt(Process.Pid) with
        {
            NewGeneration = Process.Generation,
            ElapsedMs = 7000,
            PhasesMs = new Dictionary<string, double> { ["ready"] = 2000, ["hello"] = 500 },
        };
        successor.Tell(new LifecycleProtocol.AdoptHistory([ReloadHistoryTests.Receipt(1)]));
        successor.Tell(new LifecycleEvent.PromoteReceived());
        successor.Tell(new LifecycleProtocol.AdoptHistory([own]));
        successor.Tell(new LifecycleProtocol.AdoptHistory([own])); // said again after a restart there
        await StateOf(successor);
        Assert.Equal(7, Single("ips.reload.duration").Value);
        Assert.Equal([("ips.reload.phase=hello", .5), ("ips.reload.phase=ready", 1.5)],
            _recorded.Where(record => record.Name == "ips.reload.phase.duration").Select(record => (record.Tags, record.Value)));
        Assert.Equal(Process.Generation, Observe("ips.generation.number").Single().Value);
    }

    [Fact]
    public async Task Drain_OfThePredecessor_AddsToTheCountsThatCameWithThePromotion()
    {
        var lifecycle = StartMeasured(new Proving());
        _memory.Meter!.Counts.Adopt(new Dictionary<string, long> { ["moved/reload"] = 100, ["closed-politely/http2"] = 3 });
        Assert.Equal([], Observe("ips.connection.handovers")); // not the main process yet
        lifecycle.Tell(new LifecycleEvent.PromoteReceived());
        _memory.Meter.Moved(5, isReturn: false, sentAt: null);
        lifecycle.Tell(new LifecycleProtocol.PredecessorDrained(new DrainCounts(9, 8, 4, 2, 1, 5)
        {
            ClosedPolitelyBy = new Dictionary<string, int> { ["http2"] = 3 },
        }));
        await StateOf(lifecycle);
        Assert.Equal(
            ["closed-politely http2 6", "closed-politely other 1", "cut deadline 2", "cut idle 1", "moved reload 105"],
            _memory.Meter.Counts.Handovers.Select(part => $"{part.Result} {part.Reason} {part.Count}").Order(StringComparer.Ordinal));
        Assert.Equal(2, Observe("ips.drain.aborted_requests").Single().Value);
        Single("ips.drain.duration");
    }

    [Fact]
    public async Task Drain_OfAStop_IsRecordedAndStaysVisibleToTheLastScrape()
    {
        var lifecycle = StartMeasured(new Serving());
        lifecycle.Tell(new LifecycleEvent.HostStopping());
        lifecycle.Tell(new LifecycleEvent.ListenersReleased());
        lifecycle.Tell(new LifecycleEvent.ConnectionsDrained(1) { Counts = new DrainCounts(1, 1, 0, 1, 0) });
        await ExpectExit(ExitCode.Aborted);
        Assert.Equal(1, Observe("ips.drain.aborted_requests").Single().Value);
        Assert.Equal("draining", Observe("ips.generation.count").Single(count => count.Value == 1).Tags.Split('=')[1]);
    }

    [Fact]
    public void Moved_WithTheTimeOfSending_RecordsEachConnection()
    {
        StartMeasured(new Serving());
        _memory.Meter!.Moved(3, isReturn: true, System.Diagnostics.Stopwatch.GetTimestamp());
        _memory.Meter.Moved(2, isReturn: true, sentAt: long.MaxValue); // a peer's nonsense
        Assert.Equal(3, _recorded.Count(record => record.Name == "ips.connection.handover.duration"));
        Assert.Equal(5, _memory.Meter.Counts.Of("moved/rollback"));
    }

    protected override void AfterAll()
    {
        _listener.Dispose();
        _meter.Dispose();
        base.AfterAll();
    }

    private IActorRef StartMeasured(LifecycleState state)
    {
        _memory = new LifecycleMemory(state) { IsMain = state.IsMain };
        _memory.Meter = new ServiceMeter(_meter, _memory, Process.Generation, DateTimeOffset.UnixEpoch, () => 0);
        var lifecycle = Supervise(Props(_memory));
        lifecycle.Tell(new LifecycleProtocol.Assemble(Cast()));
        return lifecycle;
    }

    private async Task PromoteAsync(IActorRef lifecycle)
    {
        await ReachProbation(lifecycle, CreateTestProbe());
        lifecycle.Tell(new LifecycleEvent.ProbationPassed());
        lifecycle.Tell(new LifecycleEvent.RoleYielded());
        lifecycle.Tell(new LifecycleEvent.PromotionAcknowledged());
        lifecycle.Tell(new MoverProtocol.Settled(0, 0, new Dictionary<string, int>()));
        await StateOf(lifecycle);
    }

    private (string Name, double Value, string Tags) Single(string name) => _recorded.Single(record => record.Name == name);

    // Of the newest service alone: each has instruments of its own.
    private List<(string Name, double Value, string Tags)> Observe(string name)
    {
        _recorded.RemoveAll(record => record.Name == name);
        _listener.RecordObservableInstruments();
        return [.. _recorded.Where(record => record.Name == name)];
    }

    private void Note<T>(Instrument instrument, T value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        where T : struct
    {
        var text = string.Join(' ', tags.ToArray().Select(tag => $"{tag.Key}={tag.Value}").Order(StringComparer.Ordinal));
        lock (_recorded) _recorded.Add((instrument.Name, Convert.ToDouble(value, System.Globalization.CultureInfo.InvariantCulture), text));
    }
}
