using System.Net.Sockets;
using Akka.Actor;
using Akka.TestKit;
using Ips.Actors.Diagnostics;
using Ips.Actors.Handover;
using Ips.Actors.Posix;
using Ips.Actors.Tests.HttpFront;
using Ips.Actors.Tests.Support;
using Ips.Actors.Transport;

namespace Ips.Actors.Tests.Transport;

/// <summary>The mover, with real connections and a carrier that only takes them.</summary>
public sealed class MoverActorTests : ActorTest
{
    private static readonly EndpointKey Here = new("127.0.0.1:0", 0);

    private readonly RecordingLog _log = new();
    private readonly MoveProgress _progress = new();
    private readonly ConnectionRegistry _connections = new();
    private readonly OpenConnections _open;
    private readonly TestProbe _carrier;
    private readonly TestProbe _lifecycle;
    private readonly CanaryGate _canary;
    private readonly IActorRef _mover;

    public MoverActorTests()
    {
        _canary = new CanaryGate(_connections);
        _open = new OpenConnections(_connections);
        (_carrier, _lifecycle) = (CreateTestProbe(), CreateTestProbe());
        var ledger = new MoveLedger();
        _mover = Supervise(Props.Create(() =>
            new MoverActor(ledger, _connections, _progress, _canary, _lifecycle.Ref, TimeProvider.System, _log)));
    }

    [Fact]
    public async Task Begin_NothingOpen_IsSettledAtOnce()
    {
        Begin();
        await ExpectSettledAsync(moved: 0, busy: 0);
        Assert.True(_progress.Moving);
    }

    [Fact]
    public async Task Begin_IdleConnections_LeaveAndSettleWhenTheyHaveArrived()
    {
        var opened = new[] { _open.Open(origin: Here), _open.Open(origin: Here), _open.Open(origin: Here) };
        Begin();
        var carried = await CarriedAsync(3);
        Assert.All(carried, connection => Assert.Equal(Here, connection.Origin));
        Assert.False(_lifecycle.HasMessages); // on their way
        _mover.Tell(new MoverProtocol.Delivered(2));
        await RoundTrip(_mover);
        Assert.False(_lifecycle.HasMessages);
        _mover.Tell(new MoverProtocol.Delivered(1));
        await ExpectSettledAsync(moved: 3, busy: 0);
        await Until(() => _log.Has(EventIds.ConnectionsMoved));
        Assert.Equal(3, _progress.Moved);
        Assert.All(opened, served => Assert.False(served.Client.Poll(0, SelectMode.SelectRead))); // no client saw an end
        CloseAll(carried);
    }

    [Fact]
    public async Task Begin_BusyConnection_SettlesWithoutItAndTakesItAlongLater()
    {
        var busy = _open.Open(requests: 1, origin: Here);
        Begin();
        await ExpectSettledAsync(moved: 0, busy: 1);
        await busy.EndRequestAsync();
        CloseAll(await CarriedAsync(1));
        _mover.Tell(new MoverProtocol.Delivered(1));
        await RoundTrip(_mover);
        Assert.Equal(1, _progress.Moved);
    }

    [Fact]
    public async Task Begin_EndpointThatTheSuccessorDoesNotServe_Stays()
    {
        _open.Open(origin: new EndpointKey("[::]:443", 0));
        Begin(Here);
        var settled = await ExpectSettledAsync(moved: 0, busy: 0);
        Assert.Equal(1, settled.Staying[nameof(UnmovableReason.EndpointGone)]);
    }

    [Fact]
    public async Task Begin_ConnectionThatComesLater_LeavesToo()
    {
        Begin();
        await ExpectSettledAsync(moved: 0, busy: 0);
        _open.Open(origin: Here); // accepted before the release, taken by Kestrel after it
        CloseAll(await CarriedAsync(1));
    }

    [Fact]
    public async Task Begin_ClientIsGoneMeanwhile_IsNotCounted()
    {
        var served = _open.Open(origin: Here);
        served.Client.Dispose();
        await served.EndAsync().WaitAsync(Patience);
        Begin();
        var settled = await ExpectSettledAsync(moved: 0, busy: 0);
        Assert.Empty(settled.Staying);
    }

    [Fact]
    public async Task CarrierLost_BusyConnections_StayAndAreToldToClose()
    {
        var busy = _open.Open(requests: 1, origin: Here);
        Begin();
        await ExpectSettledAsync(moved: 0, busy: 1);
        _mover.Tell(new MoverProtocol.CarrierLost(0));
        await RoundTrip(_mover);
        Assert.False(_progress.Moving);
        await busy.EndRequestAsync();
        await RoundTrip(_mover);
        await _carrier.ExpectMsgAsync<MoverProtocol.CarryEnded>();
        Assert.False(_carrier.HasMessages);
        Assert.Equal(1, _connections.Open); // served on here
    }

    [Fact]
    public async Task CarrierLost_OnTheWay_IsLoggedAndWaitedForNoMore()
    {
        _open.Open(origin: Here);
        Begin();
        CloseAll(await CarriedAsync(1));
        _mover.Tell(new MoverProtocol.Flush(), TestActor);
        _mover.Tell(new MoverProtocol.CarrierLost(1));
        await ExpectMsgAsync<MoverProtocol.Flushed>();
        await ExpectSettledAsync(moved: 0, busy: 0);
        await Until(() => _log.Has(EventIds.CarrierLost)); // it logs last
    }

    // It had left before the word of it was read: the carrier gives it back.
    [Fact]
    public async Task CarrierLost_OneLeavesAllTheSame_IsCarriedAndWaitedFor()
    {
        var busy = _open.Open(requests: 1, origin: Here);
        Begin();
        await ExpectSettledAsync(moved: 0, busy: 1);
        await busy.EndRequestAsync();
        CloseAll(await CarriedAsync(1));
        _mover.Tell(new MoverProtocol.CarrierLost(0));
        _mover.Tell(new MoverProtocol.Flush(), TestActor);
        await RoundTrip(_mover);
        Assert.False(HasMessages);
        _mover.Tell(new MoverProtocol.Returned(1, UnmovableReason.CarrierGone));
        await ExpectMsgAsync<MoverProtocol.Flushed>();
    }

    [Fact]
    public async Task CarrierLeaving_OnTheWay_IsCarriedAndNothingFollows()
    {
        _open.Open(origin: Here);
        Begin();
        CloseAll(await CarriedAsync(1));
        _mover.Tell(new MoverProtocol.CarrierLeaving(Finish: false));
        await _carrier.ExpectMsgAsync<MoverProtocol.CarryEnded>();
        Assert.False(_progress.Moving);
        _open.Open(origin: Here); // stays, and is told of the close
        _mover.Tell(new MoverProtocol.Delivered(1));
        await ExpectSettledAsync(moved: 1, busy: 0);
        _mover.Tell(new MoverProtocol.CarrierLost(0));
        _mover.Tell(new MoverProtocol.Flush(), TestActor);
        await ExpectMsgAsync<MoverProtocol.Flushed>();
        Assert.False(_log.Has(EventIds.CarrierLost));
    }

    [Fact]
    public async Task CarrierLeaving_ToFinish_CarriesTheBusyAndWhatStillComes()
    {
        var busy = _open.Open(requests: 1, origin: Here);
        Begin();
        await ExpectSettledAsync(moved: 0, busy: 1);
        _mover.Tell(new MoverProtocol.CarrierLeaving(Finish: true));
        await RoundTrip(_mover);
        Assert.True(_progress.Moving); // its response does not say close
        await busy.EndRequestAsync();
        CloseAll(await CarriedAsync(1));
        _open.Open(origin: Here); // from an older generation
        CloseAll(await CarriedAsync(1));
        await RoundTrip(_mover);
        Assert.False(_carrier.HasMessages);

        _mover.Tell(new MoverProtocol.IntakeClosed());
        await _carrier.ExpectMsgAsync<MoverProtocol.CarryEnded>();
        Assert.False(_progress.Moving);
    }

    [Fact]
    public async Task CarrierLeaving_InHasteAfterAll_LeavesTheBusyHere()
    {
        _open.Open(requests: 1, origin: Here);
        Begin();
        await ExpectSettledAsync(moved: 0, busy: 1);
        _mover.Tell(new MoverProtocol.CarrierLeaving(Finish: true));
        _mover.Tell(new MoverProtocol.CarrierLeaving(Finish: false));
        await _carrier.ExpectMsgAsync<MoverProtocol.CarryEnded>();
        Assert.False(_progress.Moving);
    }

    [Fact]
    public async Task CarrierLeaving_ConnectionsComeBack_StayAndCountAsDeclined()
    {
        _open.Open(origin: Here);
        _open.Open(origin: Here);
        Begin();
        CloseAll(await CarriedAsync(2));
        Assert.Equal(2, _progress.OnTheWay);
        _mover.Tell(new MoverProtocol.Flush(), TestActor);
        _mover.Tell(new MoverProtocol.CarrierLeaving(Finish: false));
        _mover.Tell(new MoverProtocol.Delivered(1));
        await RoundTrip(_mover);
        Assert.False(HasMessages); // the other is on its way back
        Assert.Equal(1, _progress.OnTheWay);
        _mover.Tell(new MoverProtocol.Returned(1, UnmovableReason.Declined));
        await ExpectMsgAsync<MoverProtocol.Flushed>();
        var settled = await _lifecycle.ExpectMsgAsync<MoverProtocol.Settled>();
        Assert.Equal((1, 1), (settled.Moved, settled.Staying[nameof(UnmovableReason.Declined)]));
        Assert.False(_progress.Moving); // its next response says close
    }

    [Fact]
    public async Task CarrierLost_NeverBegun_IsSettled() // the successor died right after its promotion
    {
        _open.Open();
        _mover.Tell(new MoverProtocol.CarrierLost(0));
        await ExpectSettledAsync(moved: 0, busy: 0);
    }

    [Fact]
    public async Task Flush_NothingOnTheWay_IsAnsweredAtOnce()
    {
        _mover.Tell(new MoverProtocol.Flush(), TestActor);
        await ExpectMsgAsync<MoverProtocol.Flushed>();
    }

    [Fact]
    public async Task Flush_OnTheWay_IsAnsweredWhenItHasArrived()
    {
        _open.Open(origin: Here);
        Begin();
        CloseAll(await CarriedAsync(1));
        _mover.Tell(new MoverProtocol.Flush(), TestActor);
        await RoundTrip(_mover);
        Assert.False(HasMessages);
        _mover.Tell(new MoverProtocol.Delivered(1));
        await ExpectMsgAsync<MoverProtocol.Flushed>();
    }

    [Fact]
    public async Task Killed_MoveUnderWay_GoesOn()
    {
        var busy = _open.Open(requests: 1, origin: Here);
        Begin();
        await ExpectSettledAsync(moved: 0, busy: 1);
        _mover.Tell(Kill.Instance);
        Begin(); // asked again
        _mover.Tell(Kill.Instance);
        await busy.EndRequestAsync();
        var carried = await CarriedAsync(1);
        _mover.Tell(Kill.Instance);
        _mover.Tell(new MoverProtocol.Delivered(1));
        await RoundTrip(_mover);
        Assert.Equal(1, _progress.Moved);
        _open.Open(origin: Here);
        CloseAll(await CarriedAsync(1));
        CloseAll(carried);
        Assert.False(_lifecycle.HasMessages); // settled once
    }

    protected override void AfterAll()
    {
        base.AfterAll();
        _open.Dispose();
    }

    private void Begin(params EndpointKey[] endpoints) =>
        _mover.Tell(new MoverProtocol.Begin(_carrier.Ref, endpoints.Length > 0 ? endpoints.ToHashSet() : null));

    private async Task<List<MovedConnection>> CarriedAsync(int count)
    {
        var carried = new List<MovedConnection>();
        while (carried.Count < count)
        {
            carried.AddRange((await _carrier.ExpectMsgAsync<MoverProtocol.Carry>()).Connections);
        }

        return carried;
    }

    private async Task<MoverProtocol.Settled> ExpectSettledAsync(int moved, int busy)
    {
        var settled = await _lifecycle.ExpectMsgAsync<MoverProtocol.Settled>();
        Assert.Equal((moved, busy), (settled.Moved, settled.Busy));
        return settled;
    }

    private static void CloseAll(List<MovedConnection> connections) =>
        connections.ForEach(connection => FileDescriptors.Close(connection.Fd));
}
