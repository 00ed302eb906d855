using Akka.Actor;
using Akka.TestKit;
using Ips.Actors.Configuration;
using Ips.Actors.Files;
using Ips.Actors.Handover;
using Ips.Actors.Lifecycle;
using Ips.Actors.Reloader;
using Ips.Actors.Tests.Support;
using Ips.Actors.Transport;

namespace Ips.Actors.Tests.Reloader;

/// <summary>The owner of the successor with one that came from outside.</summary>
public sealed class TakeoverSuccessorTests : ActorTest
{
    private readonly IpsOptions _options = new();
    private readonly RecordingLog _log = new();
    private readonly FakeOlderGenerations _older = new();
    private readonly FakeLauncher _launcher;
    private readonly TestProbe _lifecycle;
    private readonly TestProbe _listeners;
    private readonly TestProbe _told;
    private readonly FakeSuccessor _process;
    private readonly FakeTakeoverProcess _takeover;
    private readonly IActorRef _reloader;

    public TakeoverSuccessorTests()
    {
        (_lifecycle, _listeners, _told) = (CreateTestProbe(), CreateTestProbe(), CreateTestProbe());
        _listeners.Offering(() => new ListenerProtocol.Offered([]));
        (_launcher, _process) = (new FakeLauncher(_told.Ref), new FakeSuccessor(0, _told.Ref)); // of a namespace that is not seen from here
        _takeover = new FakeTakeoverProcess(_process);
        var (slot, identity) = (new SuccessorSlot { Older = _older }, RuntimeFiles.Adopt("/nowhere/ips.pid", null, null, _log));
        _reloader = Supervise(Props.Create(() =>
            new ReloaderActor(slot, _launcher, identity, _listeners.Ref, _told.Ref, _lifecycle.Ref, _options, _log)));
    }

    [Fact]
    public async Task Spawn_Takeover_StartsNothingAndWelcomesIt()
    {
        _process.Say(new HelloFrame(1, 1, 12, "2.0"));
        _reloader.Tell(new ReloaderOrder.SpawnSuccessor(Takeover: true) { Generation = 2, TakeoverCandidate = _takeover });
        Assert.Equal(new LifecycleEvent.SuccessorSpawned(0, Takeover: true),
            await _lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorSpawned>());
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorGreeted>();
        Assert.Equal(2, Assert.IsType<WelcomeFrame>((await _told.ExpectMsgAsync<FakeSuccessor.Sent>()).Frame).Generation);
        Assert.Empty(_launcher.Launched);
    }

    // Two in a row may have the same PID, 0: what the first one leaves behind must not count for the second.
    [Fact]
    public async Task Spawn_TakeoverAfterAnother_HearsNothingOfTheFirst()
    {
        _reloader.Tell(new ReloaderOrder.SpawnSuccessor(Takeover: true) { Generation = 2, TakeoverCandidate = _takeover });
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorSpawned>();
        _process.CloseChannel();
        _process.End(1);
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorFailed>();
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorGone>();

        var second = new FakeSuccessor(0, _told.Ref);
        _reloader.Tell(new ReloaderOrder.SpawnSuccessor(Takeover: true)
        {
            Generation = 2,
            TakeoverCandidate = new FakeTakeoverProcess(second),
        });
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorSpawned>();
        _process.Say(new FailedFrame("late"));
        second.Say(new HelloFrame(1, 1, 12, "2.0"));
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorGreeted>();
    }

    [Fact]
    public async Task Spawn_NoRoom_TellsTheTakeoverWhy()
    {
        (_options.Reload.MaxGenerations, _options.Reload.WhenFull) = (2, WhenFull.Refuse);
        _older.Generations.Add(new GenerationEntry(1, 11, 111));
        _reloader.Tell(new ReloaderOrder.SpawnSuccessor(Takeover: true) { Generation = 3, TakeoverCandidate = _takeover });
        var failed = await _lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorFailed>();
        Assert.Equal(failed.Reason, _takeover.Refusal);
        Assert.Contains("ips.reload.max-generations", failed.Reason, StringComparison.Ordinal);
    }
}
