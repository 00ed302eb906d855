using Akka.Actor;
using Akka.TestKit;
using Ips.Actors.Diagnostics;
using Ips.Actors.Files;
using Ips.Actors.Handover;
using Ips.Actors.Lifecycle;
using Ips.Actors.Listener;
using Ips.Actors.Posix;
using Ips.Actors.Predecessor;
using Ips.Actors.Tests.Reloader;
using Ips.Actors.Tests.Support;
using Ips.Actors.Transport;

namespace Ips.Actors.Tests.Predecessor;

/// <summary>A successor's side of the channel, with a predecessor that is only pretended.</summary>
[Collection(DescriptorNumbers.Name)]
public sealed class PredecessorActorTests : ActorTest
{
    private readonly RecordingLog _log = new();
    private readonly TestProbe _lifecycle;
    private readonly TestProbe _front;
    private readonly TestProbe _sent;
    private readonly TestProbe _listeners;
    private readonly TestProbe _mover;
    private readonly FakeSuccessor _channel;
    private readonly PredecessorLink _link;
    private readonly IActorRef _actor;
    private readonly RuntimeFiles _identity;
    private bool _died;
    private long _descriptorLimit = long.MaxValue;

    public PredecessorActorTests()
    {
        (_lifecycle, _front, _sent) = (CreateTestProbe(), CreateTestProbe(), CreateTestProbe());
        (_listeners, _mover) = (CreateTestProbe(), CreateTestProbe());
        _channel = new FakeSuccessor(1, _sent.Ref);
        var link = _link = new PredecessorLink(_channel, TimeSpan.FromSeconds(1))
        {
            HasDied = () => Task.FromResult(_died),
            DescriptorLimit = () => _descriptorLimit,
        };
        link.Reach(HandoverPhase.Ready);
        var identity = _identity = RuntimeFiles.Adopt("/nowhere/ips.pid", null, null, _log);
        _actor = Supervise(Props
            .Create(() => new PredecessorActor(link, identity, _front.Ref, _listeners.Ref, _mover.Ref, _lifecycle.Ref, _log)));
    }

    [Fact]
    public async Task Frames_OfThePredecessor_AreLifecycleEvents()
    {
        _channel.Say(new ServeFrame());
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.ServeReceived>();
        _channel.Say(new PromoteFrame());
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.PromoteReceived>();
        _channel.Say(new StopFrame("SIGTERM", 5000, Return: true));
        Assert.Equal(new LifecycleEvent.StopReceived("the predecessor: SIGTERM", Return: true),
            await _lifecycle.ExpectMsgAsync<LifecycleEvent.StopReceived>());
        _channel.Say(new FarewellFrame(12, 1, 99, 8, 2, 70));
        Assert.Equal(new DrainCounts(12, 99, 8, 1, 2, 70),
            (await _lifecycle.ExpectMsgAsync<LifecycleProtocol.PredecessorDrained>()).Counts);
    }

    [Fact]
    public async Task Orders_OfTheLifecycle_AreFrames()
    {
        _actor.Tell(new PredecessorOrder.SendReady { Endpoints = [new EndpointOffer("127.0.0.1:0", 1)] });
        Assert.Equal([new EndpointOffer("127.0.0.1:0", 1)],
            Assert.IsType<ReadyFrame>((await _sent.ExpectMsgAsync<FakeSuccessor.Sent>()).Frame).Endpoints);
        _actor.Tell(new PredecessorOrder.AcknowledgePromotion());
        Assert.IsType<PromotedFrame>((await _sent.ExpectMsgAsync<FakeSuccessor.Sent>()).Frame);
        _actor.Tell(new PredecessorOrder.SendFailed("SIGTERM"));
        Assert.Equal(new FailedFrame("SIGTERM"), (await _sent.ExpectMsgAsync<FakeSuccessor.Sent>()).Frame);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)] // what was acknowledged keeps nobody from exiting
    public async Task CloseIntake_ConnectionsOnTheirWay_CompletesBehindThem(bool ends)
    {
        await PromoteAsync();
        var (a, b) = ConnectionPair.Open();
        var closed = _link.CloseIntakeAsync(finish: false);
        Assert.IsType<LeavingFrame>((await _sent.ExpectMsgAsync<FakeSuccessor.Sent>()).Frame);
        _channel.Say(new ConnectionsFrame([new ConnectionOffer("127.0.0.1:0", 0)]), a);
        await _listeners.ExpectMsgAsync<ListenerProtocol.Adopt>();
        if (ends) _channel.CloseChannel();
        else _channel.Say(new LeftFrame());
        await RoundTrip();
        Assert.False(closed.IsCompleted); // one is being adopted

        _listeners.Reply(new ListenerProtocol.Adopted(1, 0));
        await closed.WaitAsync(Patience);
        await _link.CloseIntakeAsync(finish: false).WaitAsync(Patience);
        Assert.Equal(new AdoptedFrame(1), (await _sent.ExpectMsgAsync<FakeSuccessor.Sent>()).Frame);
        Assert.False(_sent.HasMessages);
        Array.ForEach([a, b], FileDescriptors.Close);
    }

    [Fact]
    public async Task CloseIntake_ToFinishThenInHaste_SaysEachOnce()
    {
        foreach (var finish in new[] { true, true, false, false, true }) _ = _link.CloseIntakeAsync(finish);
        Assert.Equal(new LeavingFrame(true), (await _sent.ExpectMsgAsync<FakeSuccessor.Sent>()).Frame);
        Assert.Equal(new LeavingFrame(), (await _sent.ExpectMsgAsync<FakeSuccessor.Sent>()).Frame);
        Assert.False(_sent.HasMessages);
    }

    [Fact]
    public async Task CloseIntake_ChannelEnds_Completes()
    {
        var closed = _link.CloseIntakeAsync(finish: false);
        _channel.CloseChannel();
        await closed.WaitAsync(Patience);
    }

    [Fact]
    public async Task Closed_WithoutStopOrFarewell_IsTheLossOfThePredecessor()
    {
        _channel.CloseChannel();
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.PredecessorLost>();
        await _front.ExpectMsgAsync<HttpFrontProtocol.PredecessorLost>();
        Assert.True(_channel.Disposed);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Closed_AfterStopOrFarewell_IsNoSurprise(bool stop)
    {
        await PromoteAsync();
        _channel.Say(stop ? new StopFrame("SIGTERM", 5000) : new FarewellFrame(3, 1));
        _channel.CloseChannel();
        await RoundTrip();
        Assert.DoesNotContain(Drain(_lifecycle), message => message is LifecycleEvent.PredecessorLost);
        Assert.True(_log.Has(stop ? EventIds.PredecessorStops : EventIds.PredecessorFarewell));
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(false, true)]
    [InlineData(true, false)] // it has given up a successor that was stopped
    [InlineData(false, false)]
    public async Task Closed_WhileItTakesTheRoleBack_IsTheLossOfThePredecessorIfItHasDied(bool byItself, bool died)
    {
        _died = died;
        if (byItself) _channel.Say(new StopFrame("it failed", 5000, Return: true));
        else _actor.Tell(new PredecessorOrder.SendFailed("SIGTERM"));
        _channel.CloseChannel();
        await RoundTrip();
        await RoundTrip(); // the answer has come
        var told = Drain(_lifecycle);
        Assert.Equal(died, told.Any(message => message is LifecycleEvent.PredecessorLost));
        // nothing needs to be kept for it
        Assert.Equal(!died, told.Any(message => message is LifecycleEvent.StopReceived { Return: false }));
    }

    [Fact]
    public async Task Reports_EachInterval_UntilThePromotion()
    {
        _actor.Tell(new PredecessorOrder.BeginHealthReports());
        await RoundTrip();
        Clock.Advance(TimeSpan.Zero);
        for (var i = 1; i <= 3; i++)
        {
            var get = await _front.ExpectMsgAsync<HttpFrontProtocol.GetHealth>();
            Assert.Equal(TimeSpan.FromSeconds(3), get.Limit); // after 3.5 s without a report it would be taken back
            _front.Reply(new HttpFrontProtocol.Health(i != 3, i == 3 ? "unhealthy" : null, i, 1));
            Assert.Equal(new HealthFrame(i != 3, i, 1, i == 3 ? "unhealthy" : null),
                (await _sent.ExpectMsgAsync<FakeSuccessor.Sent>()).Frame);
            Clock.Advance(TimeSpan.FromSeconds(1));
        }

        await _front.ExpectMsgAsync<HttpFrontProtocol.GetHealth>();
        _actor.Tell(new PredecessorOrder.AcknowledgePromotion());
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
        _actor.Tell(new PredecessorOrder.BeginHealthReports());
        await RoundTrip();
        Clock.Advance(TimeSpan.Zero);
        await _front.ExpectMsgAsync<HttpFrontProtocol.GetHealth>();
        _actor.Tell(Kill.Instance);
        await RoundTrip();
        Clock.Advance(TimeSpan.FromSeconds(1));
        await _front.ExpectMsgAsync<HttpFrontProtocol.GetHealth>();
        await PromoteAsync();
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
    [Trait("issue", "11")]
    public async Task Identity_OfAnotherPidFile_GivesUpAndIsNotPromoted()
    {
        _channel.Say(new ServeFrame());
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.ServeReceived>();
        var fd = FileDescriptors.Open("/dev/null", 0);
        _channel.Say(new IdentityFrame(true, false), fd);
        _channel.Say(new PromoteFrame()); // was on its way
        Assert.Contains("/nowhere/ips.pid.lock",
            Assert.IsType<FailedFrame>((await _sent.ExpectMsgAsync<FakeSuccessor.Sent>()).Frame).Reason, StringComparison.Ordinal);
        await RoundTrip();
        Assert.False(FileDescriptors.IsOpen(fd));
        Assert.False(_lifecycle.HasMessages);
        Assert.Null(_identity.LockFd);
    }

    // A farewell of such a predecessor was believed: its end was no surprise then, and the successor waited for ever.
    [Fact]
    [Trait("issue", "11")]
    public async Task Promotion_AheadOfReady_IsNotActedOnAndTheEndOfTheChannelIsALoss()
    {
        var (channel, link) = (new FakeSuccessor(1, _sent.Ref), (PredecessorLink?)null);
        link = new PredecessorLink(channel, TimeSpan.FromSeconds(1));
        var actor = Supervise(Props
            .Create(() => new PredecessorActor(link, _identity, _front.Ref, _listeners.Ref, _mover.Ref, _lifecycle.Ref, _log)));
        await RoundTrip(actor);
        channel.Say(new ServeFrame());
        channel.Say(new PromoteFrame());
        channel.Say(new FarewellFrame(2, 0, 5, 0, 0, 2));
        channel.CloseChannel();
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.PredecessorLost>(); // and nothing before it
        Assert.Equal(HandoverPhase.Welcomed, link.Phase);
    }

    [Theory]
    [Trait("issue", "11")]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Connections_BeforeThePromotion_AreClosedAndNotActedOn(bool serving)
    {
        if (serving) _channel.Say(new ServeFrame());
        var (a, b) = ConnectionPair.Open();
        _channel.Say(new ConnectionsFrame([new ConnectionOffer("127.0.0.1:0", 0), new ConnectionOffer("127.0.0.1:0", 0)]), a, b);
        await RoundTrip();
        Assert.True(_log.Has(EventIds.FrameUnexpected));
        Assert.False(FileDescriptors.IsOpen(a) || FileDescriptors.IsOpen(b));
        Assert.False(_listeners.HasMessages || _sent.HasMessages);
    }

    [Fact]
    public async Task FirstGeneration_AnyOrder_IsNothing()
    {
        var link = new PredecessorLink(null, TimeSpan.FromSeconds(1));
        var actor = Supervise(Props
            .Create(() => new PredecessorActor(link, _identity, _front.Ref, _listeners.Ref, _mover.Ref, _lifecycle.Ref, _log)));
        actor.Tell(new PredecessorOrder.SendReady());
        actor.Tell(new PredecessorOrder.ReturnConnections());
        await _mover.ExpectMsgAsync<MoverProtocol.CarrierLost>();
        actor.Tell(new PredecessorOrder.AcknowledgePromotion());
        actor.Tell(new PredecessorOrder.SendFailed("x"));
        await actor.Ask<ActorIdentity>(new Identify(null), Patience);
        Assert.False(_lifecycle.HasMessages || _sent.HasMessages);
    }

    [Fact]
    public async Task History_OneReceiptUnreadable_CostsOnlyThatOne()
    {
        var receipt = new ReloadReceipt("promoted", 1, 1, 2, 2, null, DateTimeOffset.UnixEpoch, 3);
        _channel.Say(new ServeFrame());
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.ServeReceived>();
        _channel.Say(new HistoryFrame([ReloadHistory.Pack(receipt), System.Text.Json.JsonSerializer.SerializeToElement(42),
            ReloadHistory.Pack(receipt with { OldPid = 5 })]));
        Assert.Equal([1, 5], (await _lifecycle.ExpectMsgAsync<LifecycleProtocol.AdoptHistory>()).Receipts.Select(one => one.OldPid));
    }

    [Fact]
    // the peer takes back what was not acknowledged: none of that may have been read
    public async Task Connections_Arrive_AreAcknowledgedAndThenDelivered()
    {
        await PromoteAsync();
        var (a, b) = ConnectionPair.Open();
        var flushed = new TaskCompletionSource();
        _channel.Flushed = flushed.Task;
        _channel.Say(new ConnectionsFrame([new ConnectionOffer("127.0.0.1:0", 0, [71]), new ConnectionOffer("127.0.0.1:0", 1)]), a, b);
        Assert.Equal(new AdoptedFrame(2), (await _sent.ExpectMsgAsync<FakeSuccessor.Sent>()).Frame);
        await RoundTrip();
        Assert.False(_listeners.HasMessages); // not before the word of it has left this process
        flushed.SetResult();
        var adopt = await _listeners.ExpectMsgAsync<ListenerProtocol.Adopt>();
        Assert.Equal([(a, 1), (b, 0)], adopt.Connections.Select(connection => (connection.Fd, connection.Leftover.Length)));
        _listeners.Reply(new ListenerProtocol.Adopted(2, 0));
        Array.ForEach([a, b], FileDescriptors.Close);
    }

    [Fact]
    public async Task Connections_WithoutADescriptorForEach_AreRefusedWhole()
    {
        await PromoteAsync();
        var (a, b) = ConnectionPair.Open();
        _channel.Say(new ConnectionsFrame([new ConnectionOffer("127.0.0.1:0", 0)]), a, b);
        await RoundTrip();
        Assert.Equal(new DeclinedFrame(1), (await _sent.ExpectMsgAsync<FakeSuccessor.Sent>()).Frame);
        Assert.False(_listeners.HasMessages);
        await RoundTrip();
        Assert.Throws<PosixException>(() => FileDescriptors.IsCloseOnExec(a));
        Assert.Throws<PosixException>(() => FileDescriptors.IsCloseOnExec(b));
    }

    // With its last descriptor gone it could accept nobody until its predecessor has ended.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Connections_UpToTheLastDescriptors_AreDeclined(bool taken)
    {
        await PromoteAsync();
        var (a, b) = ConnectionPair.Open();
        var below = Math.Max(a, b) + 1;
        var spare = Math.Max(16, (below / 19) + 1); // a twentieth of the limit, and 16 at least
        _descriptorLimit = below + spare - (taken ? 0 : 3);
        _channel.Say(new ConnectionsFrame([new ConnectionOffer("127.0.0.1:0", 0), new ConnectionOffer("127.0.0.1:0", 1)]), a, b);

        Assert.Equal(taken ? new AdoptedFrame(2) : (HandoverFrame)new DeclinedFrame(1),
            (await _sent.ExpectMsgAsync<FakeSuccessor.Sent>()).Frame);
        if (taken) Array.ForEach([a, b], FileDescriptors.Close);
        else Assert.True(_log.Has(EventIds.ConnectionsDeclined));
    }

    [Fact]
    public async Task MoveConnections_Rollback_CarriesThemBackAndKeepsACopyUntilAcknowledged()
    {
        _channel.Say(new ServeFrame());
        _channel.Say(new StopFrame("unhealthy", 5000, Return: true));
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.ServeReceived>();
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.StopReceived>();
        _actor.Tell(new PredecessorOrder.ReturnConnections());
        var begin = await _mover.ExpectMsgAsync<MoverProtocol.Begin>();
        Assert.Null(begin.Endpoints);
        var (a, b) = FdPassing.SocketPair();
        begin.Carrier.Tell(new MoverProtocol.Carry([new MovedConnection(new EndpointKey("127.0.0.1:0", 0), a, default)]));
        var sent = await _sent.ExpectMsgAsync<FakeSuccessor.Sent>();
        Assert.Equal([new ConnectionOffer("127.0.0.1:0", 0)], Assert.IsType<ConnectionsFrame>(sent.Frame).Connections);
        Assert.True(FileDescriptors.IsCloseOnExec(a)); // still ours
        _channel.Say(new AdoptedFrame(1));
        Assert.Equal(new MoverProtocol.Delivered(1), await _mover.ExpectMsgAsync<MoverProtocol.Delivered>());
        await RoundTrip();
        Assert.Throws<PosixException>(() => FileDescriptors.IsCloseOnExec(a));
        begin.Carrier.Tell(new MoverProtocol.Carry([new MovedConnection(new EndpointKey("127.0.0.1:0", 0), b, default)]), _mover.Ref);
        await _sent.ExpectMsgAsync<FakeSuccessor.Sent>();
        _channel.CloseChannel();
        Assert.Equal(new MoverProtocol.CarrierLost(1), await _mover.ExpectMsgAsync<MoverProtocol.CarrierLost>());
        await RoundTrip();
        Assert.False(FileDescriptors.IsOpen(b)); // the predecessor may live, and answer on it
    }

    [Fact]
    public async Task Carry_PredecessorGone_AreAnsweredHere()
    {
        _actor.Tell(new PredecessorOrder.ReturnConnections());
        var begin = await _mover.ExpectMsgAsync<MoverProtocol.Begin>();
        _channel.CloseChannel();
        await _mover.ExpectMsgAsync<MoverProtocol.CarrierLost>();
        await _mover.ExpectMsgAsync<MoverProtocol.CarrierLeaving>();
        var connection = new MovedConnection(new EndpointKey("127.0.0.1:0", 0), FileDescriptors.Duplicate(0), default);
        begin.Carrier.Tell(new MoverProtocol.Carry([connection]), _mover.Ref);
        await _listeners.ExpectMsgAsync<ListenerProtocol.PredecessorEnded>();
        Assert.Equal([connection], (await _listeners.ExpectMsgAsync<ListenerProtocol.Adopt>()).Connections);
        _listeners.Reply(new ListenerProtocol.Adopted(1, 0));
        await _mover.ExpectMsgAsync<MoverProtocol.CarrierLeaving>();
        Assert.Equal(new MoverProtocol.Returned(1, UnmovableReason.CarrierGone), await _mover.ExpectMsgAsync<MoverProtocol.Returned>());
        FileDescriptors.Close(connection.Fd);
    }

    private async Task PromoteAsync()
    {
        _channel.Say(new ServeFrame());
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.ServeReceived>();
        _channel.Say(new PromoteFrame());
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.PromoteReceived>();
    }

    // Twice: it may not have started before the first, and takes what waits in the channel only then.
    private async Task RoundTrip()
    {
        await RoundTrip(_actor);
        await RoundTrip(_actor);
    }
}
