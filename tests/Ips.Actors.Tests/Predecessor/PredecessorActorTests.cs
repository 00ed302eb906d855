using Akka.Actor;
using Akka.TestKit;
using Ips.Actors.Diagnostics;
using Ips.Actors.Handover;
using Ips.Actors.HttpFront;
using Ips.Actors.Lifecycle;
using Ips.Actors.Posix;
using Ips.Actors.Predecessor;
using Ips.Actors.Tests.Reloader;
using Ips.Actors.Tests.Support;

namespace Ips.Actors.Tests.Predecessor;

/// <summary>A successor's side of the channel, with a predecessor that is only pretended.</summary>
public sealed class PredecessorActorTests : ActorTest
{
    private readonly RecordingLog _log = new();
    private readonly TestProbe _lifecycle;
    private readonly TestProbe _front;
    private readonly TestProbe _listeners;
    private readonly TestProbe _mover;
    private readonly TestProbe _sent;
    private readonly FakeSuccessor _channel;
    private readonly IActorRef _actor;

    public PredecessorActorTests()
    {
        (_lifecycle, _front, _listeners, _mover, _sent) = (CreateTestProbe(), CreateTestProbe(), CreateTestProbe(), CreateTestProbe(), CreateTestProbe());
        _channel = new FakeSuccessor(1, _sent.Ref);
        var link = new PredecessorLink(_channel, TimeSpan.FromSeconds(1));
        _actor = Supervise(Props.Create(() => new PredecessorActor(link, _front.Ref, _listeners.Ref, _mover.Ref, _lifecycle.Ref, _log)));
    }

    [Fact]
    public async Task Frames_OfThePredecessor_AreLifecycleEvents()
    {
        _channel.Say(new ServeFrame());
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.ServeReceived>();
        _channel.Say(new PromoteFrame());
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.PromoteReceived>();
        _channel.Say(new StopFrame("SIGTERM", 5000));
        Assert.Equal("the predecessor: SIGTERM", (await _lifecycle.ExpectMsgAsync<LifecycleEvent.StopReceived>()).Reason);
    }

    [Fact]
    public async Task Orders_OfTheLifecycle_AreFrames()
    {
        _actor.Tell(new PredecessorProtocol.SendReady([]));
        Assert.Equal([], Assert.IsType<ReadyFrame>((await _sent.ExpectMsgAsync<FakeSuccessor.Sent>()).Frame).Endpoints);
        _actor.Tell(new PredecessorProtocol.AcknowledgePromotion());
        Assert.IsType<PromotedFrame>((await _sent.ExpectMsgAsync<FakeSuccessor.Sent>()).Frame);
        _actor.Tell(new PredecessorProtocol.SendFailed("SIGTERM"));
        Assert.Equal(new FailedFrame("SIGTERM"), (await _sent.ExpectMsgAsync<FakeSuccessor.Sent>()).Frame);
    }

    [Fact]
    public async Task Closed_WithoutStopOrFarewell_IsTheLossOfThePredecessor()
    {
        _channel.CloseChannel();
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.PredecessorLost>();
        Assert.True(_channel.Disposed);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Closed_AfterStopOrFarewell_IsNoSurprise(bool stop)
    {
        _channel.Say(stop ? new StopFrame("SIGTERM", 5000) : new FarewellFrame(3, 1));
        _channel.CloseChannel();
        await RoundTrip();
        Assert.DoesNotContain(Drain(_lifecycle), message => message is LifecycleEvent.PredecessorLost);
        Assert.True(_log.Has(stop ? EventIds.PredecessorStops : EventIds.PredecessorFarewell));
    }

    [Fact]
    public async Task Reports_EachInterval_UntilThePromotion()
    {
        _actor.Tell(new PredecessorProtocol.BeginHealthReports());
        await RoundTrip();
        Clock.Advance(TimeSpan.Zero);
        for (var i = 1; i <= 3; i++)
        {
            await _front.ExpectMsgAsync<HttpFrontProtocol.GetHealth>();
            _front.Reply(new HttpFrontProtocol.Health(i != 3, i == 3 ? "unhealthy" : null, i, 1));
            Assert.Equal(new HealthFrame(i != 3, i, 1, i == 3 ? "unhealthy" : null), (await _sent.ExpectMsgAsync<FakeSuccessor.Sent>()).Frame);
            Clock.Advance(TimeSpan.FromSeconds(1));
        }

        await _front.ExpectMsgAsync<HttpFrontProtocol.GetHealth>();
        _actor.Tell(new PredecessorProtocol.AcknowledgePromotion());
        await _sent.ExpectMsgAsync<FakeSuccessor.Sent>();
        _front.Reply(new HttpFrontProtocol.Health(true, null, 9, 9)); // asked for before, answered after: not sent any more
        await RoundTrip();
        Clock.Advance(TimeSpan.FromSeconds(1));
        await RoundTrip();
        Assert.False(_sent.HasMessages || _front.HasMessages);
    }

    [Fact]
    public async Task Restart_WhileReporting_GoesOnReporting()
    {
        _actor.Tell(new PredecessorProtocol.BeginHealthReports());
        await RoundTrip();
        Clock.Advance(TimeSpan.Zero);
        await _front.ExpectMsgAsync<HttpFrontProtocol.GetHealth>();
        _actor.Tell(Kill.Instance);
        await RoundTrip();
        Clock.Advance(TimeSpan.FromSeconds(1));
        await _front.ExpectMsgAsync<HttpFrontProtocol.GetHealth>();
        _channel.Say(new PromoteFrame());
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.PromoteReceived>();
    }

    [Fact]
    public async Task Frame_ThatOnlyASuccessorSends_IsLoggedAndItsDescriptorsClosed()
    {
        var (a, b) = FdPassing.SocketPair();
        _channel.Say(new ReadyFrame(), a, b);
        await RoundTrip();
        Assert.True(_log.Has(EventIds.FrameUnexpected));
        Assert.Throws<PosixException>(() => FileDescriptors.IsCloseOnExec(a));
        Assert.Throws<PosixException>(() => FileDescriptors.IsCloseOnExec(b));
    }

    [Fact]
    public async Task FirstGeneration_AnyOrder_IsNothing()
    {
        var link = new PredecessorLink(null, TimeSpan.FromSeconds(1));
        var actor = Supervise(Props.Create(() => new PredecessorActor(link, _front.Ref, _listeners.Ref, _mover.Ref, _lifecycle.Ref, _log)));
        actor.Tell(new PredecessorProtocol.SendReady([]));
        actor.Tell(new PredecessorProtocol.AcknowledgePromotion());
        actor.Tell(new PredecessorProtocol.SendFailed("x"));
        await actor.Ask<ActorIdentity>(new Identify(null), Patience);
        Assert.False(_lifecycle.HasMessages || _sent.HasMessages);
    }

    private Task RoundTrip() => RoundTrip(_actor);
}
