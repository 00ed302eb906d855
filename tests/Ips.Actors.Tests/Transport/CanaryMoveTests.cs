using System.Net;
using Akka.Actor;
using Akka.TestKit;
using Ips.Actors.Handover;
using Ips.Actors.Posix;
using Ips.Actors.Tests.HttpFront;
using Ips.Actors.Tests.Support;
using Ips.Actors.Transport;

namespace Ips.Actors.Tests.Transport;

/// <summary>The mover while a canary serves: a share of the new connections, and of the live ones at most a quarter.</summary>
public sealed class CanaryMoveTests : ActorTest
{
    private static readonly EndpointKey s_here = new("127.0.0.1:0", 0);
    private static readonly IPEndPoint s_client = new(IPAddress.Loopback, 5000);

    private readonly MoveProgress _progress = new();
    private readonly ConnectionRegistry _connections = new();
    private readonly CanaryGate _gate;
    private readonly OpenConnections _open;
    private readonly TestProbe _carrier;
    private readonly TestProbe _lifecycle;
    private readonly IActorRef _mover;

    public CanaryMoveTests()
    {
        _open = new OpenConnections(_connections);
        (_carrier, _lifecycle, _gate) = (CreateTestProbe(), CreateTestProbe(), new CanaryGate(_connections));
        var ledger = new MoveLedger();
        _mover = Supervise(Props.Create(() => new MoverActor(
            ledger, _connections, _progress, _gate, _lifecycle.Ref, TimeProvider.System, new RecordingLog())));
    }

    [Fact]
    public async Task Share_LiveConnections_AQuarterAtMostAndTheSameOnesWhenAskedAgain()
    {
        for (var i = 0; i < 20; i++) _open.Open(origin: s_here);
        Share(10);
        Close(await CarriedAsync(2));
        Share(10); // asked again after a restart
        await RoundTrip(_mover);
        Assert.False(_carrier.HasMessages);
        _mover.Tell(new MoverProtocol.Delivered(2));
        Share(90);
        Close(await CarriedAsync(1)); // what is left of the quarter has the next rank
        await RoundTrip(_mover);
        Assert.False(_lifecycle.HasMessages); // nothing is settled before all are to move
        Assert.False(_progress.Moving); // a response that goes out now must not promise to move
    }

    [Fact]
    public async Task Share_NewConnections_ArePassedOnAndCountUntilTheyHaveArrived()
    {
        Share(50);
        await RoundTrip(_mover);
        var (a, b) = ConnectionPair.Open();
        Assert.True(_gate.TryPass(s_here, a, s_client)); // the first one is chosen
        Assert.False(_gate.TryPass(s_here, b, s_client));
        Assert.False(_gate.TryPass(new EndpointKey("[::]:443", 0), b, s_client)); // the canary does not serve that
        var passed = Assert.Single(await CarriedAsync(1));
        Assert.Equal((a, s_here), (passed.Fd, passed.Origin));
        Assert.Equal((1, 0), (_progress.OnTheWay, _connections.Open));
        _mover.Tell(new MoverProtocol.Delivered(1));
        await RoundTrip(_mover);
        Assert.Equal(0, _progress.OnTheWay);
        FileDescriptors.Close(a);
        FileDescriptors.Close(b);
    }

    [Fact]
    public async Task EndCanary_SomeOnTheirWay_TheNextBeginsWhenTheyAreBack()
    {
        for (var i = 0; i < 8; i++) _open.Open(origin: s_here);
        Share(50);
        var passed = await CarriedAsync(2);
        _mover.Tell(new MoverProtocol.CarrierLeaving(Finish: false));
        await _carrier.ExpectMsgAsync<MoverProtocol.CarryEnded>();
        _mover.Tell(new MoverProtocol.EndCanary());
        Share(50); // the next canary
        await RoundTrip(_mover);
        Assert.False(_carrier.HasMessages);
        _mover.Tell(new MoverProtocol.Returned(2, UnmovableReason.CarrierGone));
        Close(passed);
        Close(await CarriedAsync(1)); // of those that are left
        _mover.Tell(new MoverProtocol.Delivered(1));

        Begin(); // its promotion: all of them
        Close(await CarriedAsync(5));
        _mover.Tell(new MoverProtocol.Delivered(5));
        var settled = await _lifecycle.ExpectMsgAsync<MoverProtocol.Settled>();
        Assert.Equal((6, 0), (settled.Moved, settled.Staying.Count));
    }

    [Fact]
    public async Task EndCanary_ActorKilledBeforeItIsDone_TheNextBeginsAllTheSame()
    {
        for (var i = 0; i < 4; i++) _open.Open(origin: s_here);
        Share(10);
        Close(await CarriedAsync(1));
        _mover.Tell(new MoverProtocol.CarrierLeaving(Finish: false));
        _mover.Tell(new MoverProtocol.EndCanary());
        _mover.Tell(Kill.Instance);
        _mover.Tell(new MoverProtocol.Returned(1, UnmovableReason.CarrierGone));
        await _carrier.FishForMessageAsync(message => message is MoverProtocol.CarryEnded);
        Share(10);
        Close(await CarriedAsync(1));
    }

    protected override void AfterAll()
    {
        base.AfterAll();
        _open.Dispose();
    }

    private void Begin() => _mover.Tell(new MoverProtocol.Begin(_carrier.Ref, new HashSet<EndpointKey> { s_here }));

    private void Share(int percent) => _mover.Tell(new MoverProtocol.Begin(_carrier.Ref, new HashSet<EndpointKey> { s_here },
        new MoverProtocol.CanaryShare(percent, new HashSet<EndpointKey> { s_here })));

    private async Task<List<MovedConnection>> CarriedAsync(int count)
    {
        List<MovedConnection> carried = [];
        while (carried.Count < count)
        {
            var carry = (MoverProtocol.Carry)await _carrier.FishForMessageAsync(message => message is MoverProtocol.Carry);
            carried.AddRange(carry.Connections);
        }

        return carried;
    }

    private static void Close(List<MovedConnection> connections) =>
        connections.ForEach(connection => FileDescriptors.Close(connection.Fd));
}
