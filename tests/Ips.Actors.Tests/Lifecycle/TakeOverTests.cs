using Akka.Actor;
using Akka.TestKit;
using Ips.Actors.Configuration;
using Ips.Actors.Lifecycle;
using Ips.Actors.Tests.Reloader;
using Ips.Actors.Tests.Support;
using Microsoft.Extensions.Time.Testing;
using static Ips.Actors.Lifecycle.LifecycleState;

namespace Ips.Actors.Tests.Lifecycle;

/// <summary>A successor from outside before the actor that decides.</summary>
public sealed class TakeOverTests : ActorTest
{
    private readonly RecordingProcess _process = new();
    private readonly RecordingLog _log = new();
    private readonly TestProbe _others;
    private readonly TestProbe _reloader;
    private readonly TestProbe _door;
    private readonly FakeTakeoverProcess _candidate;

    public TakeOverTests()
    {
        (_others, _reloader, _door) = (CreateTestProbe(), CreateTestProbe(), CreateTestProbe());
        _candidate = new FakeTakeoverProcess(new FakeSuccessor(4242, _others.Ref));
    }

    [Fact]
    public async Task TakeOver_WhileServing_IsAReloadByTheOutsider()
    {
        var lifecycle = Start(new Serving());
        lifecycle.Tell(new LifecycleProtocol.TakeOver("PID 4242 (uid 0)", _candidate), _door.Ref);
        Assert.Equal(new LifecycleProtocol.TakeOverReply(_candidate, null), await _door.ExpectMsgAsync<LifecycleProtocol.TakeOverReply>());
        Assert.Equal(new ReloaderOrder.SpawnSuccessor(Takeover: true) { Generation = 8, TakeoverCandidate = _candidate },
            await _reloader.ExpectMsgAsync<ReloaderOrder.SpawnSuccessor>());

        // The order is repeated after a restart, with the same successor: none is spawned in its place.
        lifecycle.Tell(new LifecycleEvent.ActorRestarted("reloader"));
        Assert.Equal(new ReloaderOrder.SpawnSuccessor(Takeover: true, Again: true) { Generation = 8, TakeoverCandidate = _candidate },
            await _reloader.ExpectMsgAsync<ReloaderOrder.SpawnSuccessor>());

        lifecycle.Tell(new LifecycleEvent.SuccessorReady());
        lifecycle.Tell(new LifecycleEvent.SuccessorServes());
        lifecycle.Tell(new LifecycleEvent.ProbationPassed());
        lifecycle.Tell(new LifecycleEvent.RoleYielded());
        lifecycle.Tell(new LifecycleEvent.PromotionAcknowledged());
        await _door.ExpectMsgAsync<ClientOrder.HandedOver>();
        Assert.Contains("HandOverIdentity to a takeover", _process.Calls);
        Assert.DoesNotContain("KeepSockets", _process.Calls); // another manager's
    }

    [Fact]
    public async Task TakeOver_DuringAReload_IsRefusedAndLeavesTheReload()
    {
        var lifecycle = Start(new Serving());
        lifecycle.Tell(new LifecycleProtocol.Reload("test"));
        Assert.Null((await _reloader.ExpectMsgAsync<ReloaderOrder.SpawnSuccessor>()).TakeoverCandidate);
        lifecycle.Tell(new LifecycleProtocol.TakeOver("PID 4242 (uid 0)", _candidate), _door.Ref);
        Assert.Equal("a reload is already under way", (await _door.ExpectMsgAsync<LifecycleProtocol.TakeOverReply>()).Refusal);
        await _reloader.ExpectNoMsgAsync(TimeSpan.Zero);

        // What follows is the reload's own again.
        lifecycle.Tell(new LifecycleEvent.SuccessorFailed("it exited", Responsive: false));
        lifecycle.Tell(new LifecycleProtocol.TakeOver("PID 4242 (uid 0)", _candidate), _door.Ref);
        Assert.Equal("a failed successor is still being ended", (await _door.ExpectMsgAsync<LifecycleProtocol.TakeOverReply>()).Refusal);
        lifecycle.Tell(new LifecycleEvent.SuccessorGone());
        lifecycle.Tell(new LifecycleProtocol.Reload("test"));
        Assert.Null((await _reloader.FishForMessageAsync<ReloaderOrder.SpawnSuccessor>(_ => true)).TakeoverCandidate);
    }

    [Fact]
    public async Task TakeOver_WhileStopping_IsRefused()
    {
        var lifecycle = Start(new Draining(ExitCode.Clean, StopSeen: true));
        lifecycle.Tell(new LifecycleProtocol.TakeOver("PID 4242 (uid 0)", _candidate), _door.Ref);
        Assert.Equal("this generation is stopping", (await _door.ExpectMsgAsync<LifecycleProtocol.TakeOverReply>()).Refusal);
    }

    private IActorRef Start(LifecycleState state)
    {
        var memory = new LifecycleMemory(state);
        var lifecycle = Supervise(Props.Create(() => new LifecycleActor(memory, _process, new IpsOptions(), new FakeTimeProvider(), _log)));
        lifecycle.Tell(new LifecycleProtocol
            .Assemble(new LifecycleCast(_others.Ref, _reloader.Ref, _others.Ref, _others.Ref, _others.Ref, _door.Ref)));
        return lifecycle;
    }
}
