using Akka.Actor;
using Akka.TestKit;
using Ips.Actors.Handover;
using Ips.Actors.Lifecycle;
using Ips.Actors.Listener;
using Ips.Actors.Posix;
using Ips.Actors.Tests.Support;
using Ips.Actors.Transport;

namespace Ips.Actors.Tests.Reloader;

/// <summary>Connections on their way to a successor and back.</summary>
[Collection(DescriptorNumbers.Name)]
public sealed class SuccessorConnectionsTests : ReloaderTest
{
    [Fact]
    public async Task MoveConnections_Promoted_CarriesToTheEndpointsThatItNamed()
    {
        var successor = await ServeAsync();
        await PromoteAsync(successor);
        await Lifecycle.ExpectMsgAsync<LifecycleEvent.PromotionAcknowledged>();
        Reloader.Tell(new ReloaderOrder.MoveConnections());
        var begin = await Mover.ExpectMsgAsync<MoverProtocol.Begin>();
        Assert.Equal([new EndpointKey("127.0.0.1:0", 1)], begin.Endpoints);
        var (a, b) = FdPassing.SocketPair();
        begin.Carrier.Tell(new MoverProtocol.Carry([new MovedConnection(new EndpointKey("127.0.0.1:0", 1), a, "GET "u8.ToArray())]));
        var sent = await Told.ExpectMsgAsync<FakeSuccessor.Sent>();
        Assert.Equal("GET "u8.ToArray(), Assert.Single(Assert.IsType<ConnectionsFrame>(sent.Frame).Connections).Leftover);
        Assert.Equal([a], sent.Fds);
        Assert.True(FileDescriptors.IsCloseOnExec(a)); // kept until it is acknowledged
        successor.Say(new AdoptedFrame(1));
        Assert.Equal(new MoverProtocol.Delivered(1), await Mover.ExpectMsgAsync<MoverProtocol.Delivered>());
        await RoundTrip();
        Assert.Throws<PosixException>(() => FileDescriptors.IsCloseOnExec(a));
        FileDescriptors.Close(b);
    }

    [Fact]
    public async Task MoveConnections_SuccessorHasNoRoom_AreAdoptedHereAgainAndTheMoverHearsOfIt()
    {
        var successor = await ServeAsync();
        await PromoteAsync(successor);
        Reloader.Tell(new ReloaderOrder.MoveConnections());
        var begin = await Mover.ExpectMsgAsync<MoverProtocol.Begin>();
        var (a, b) = FdPassing.SocketPair();
        var connection = new MovedConnection(new EndpointKey("127.0.0.1:0", 1), a, "GET "u8.ToArray());
        begin.Carrier.Tell(new MoverProtocol.Carry([connection]));
        await SentAsync<ConnectionsFrame>();
        successor.Say(new DeclinedFrame(1));
        await Mover.ExpectMsgAsync<MoverProtocol.CarrierLeaving>();
        Assert.Equal([connection], (await Listeners.ExpectMsgAsync<ListenerProtocol.Adopt>()).Connections);
        await RoundTrip();
        Assert.False(Mover.HasMessages); // not before it counts as open here
        Listeners.Reply(new ListenerProtocol.Adopted(1, 0));
        Assert.Equal(new MoverProtocol.Returned(1, UnmovableReason.Declined), await Mover.ExpectMsgAsync<MoverProtocol.Returned>());
        Assert.True(FileDescriptors.IsCloseOnExec(a)); // the listeners' from here on
        FileDescriptors.Close(a);
        FileDescriptors.Close(b);
    }

    [Fact]
    public async Task MoveConnections_SuccessorDiesMeanwhile_TakesBackWhatItHadNotAcknowledged()
    {
        var successor = await ServeAsync();
        await PromoteAsync(successor);
        Reloader.Tell(new ReloaderOrder.MoveConnections());
        var begin = await Mover.ExpectMsgAsync<MoverProtocol.Begin>();
        var (a, b) = FdPassing.SocketPair();
        var onItsWay = new MovedConnection(EndpointKey.None, a, "GET "u8.ToArray());
        var late = new MovedConnection(EndpointKey.None, b, default);
        begin.Carrier.Tell(new MoverProtocol.Carry([onItsWay]));
        await SentAsync<ConnectionsFrame>();
        successor.CloseChannel();
        await RoundTrip();
        Assert.False(Mover.HasMessages || Listeners.HasMessages); // as long as it may live, it may read from it
        successor.End(0, SignalNumbers.SIGKILL);
        await Mover.ExpectMsgAsync<MoverProtocol.CarrierLeaving>();
        Assert.Equal([onItsWay], (await Listeners.ExpectMsgAsync<ListenerProtocol.Adopt>()).Connections);
        Listeners.Reply(new ListenerProtocol.Adopted(1, 0));
        Assert.Equal(new MoverProtocol.Returned(1, UnmovableReason.CarrierGone), await Mover.ExpectMsgAsync<MoverProtocol.Returned>());

        begin.Carrier.Tell(new MoverProtocol.Carry([late]), Mover.Ref);
        await Mover.ExpectMsgAsync<MoverProtocol.CarrierLeaving>();
        Assert.Equal([late], (await Listeners.ExpectMsgAsync<ListenerProtocol.Adopt>()).Connections);
        Assert.All([a, b], fd => Assert.True(FileDescriptors.IsOpen(fd))); // the listeners' from here on
        Array.ForEach([a, b], FileDescriptors.Close);
    }

    // It may be answering on what it was sent, so that is lost; what it was not sent is not.
    [Fact]
    public async Task MoveConnections_SuccessorClosesTheChannelAndLives_ClosesWhatItWasSentAndTakesBackTheRest()
    {
        var successor = await ServeAsync();
        await PromoteAsync(successor);
        Reloader.Tell(new ReloaderOrder.MoveConnections());
        var begin = await Mover.ExpectMsgAsync<MoverProtocol.Begin>();
        var fds = Enumerable.Range(0, ConnectionCourier.MaxInFlight + 1).Select(_ => FileDescriptors.Duplicate(0)).ToList();
        begin.Carrier.Tell(new MoverProtocol.Carry(fds.ConvertAll(fd => new MovedConnection(EndpointKey.None, fd, default))));
        successor.CloseChannel();
        await RoundTrip();
        Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(new MoverProtocol.CarrierLost(ConnectionCourier.MaxInFlight), await Mover.ExpectMsgAsync<MoverProtocol.CarrierLost>());
        Assert.Equal([fds[^1]], (await Listeners.ExpectMsgAsync<ListenerProtocol.Adopt>()).Connections.Select(connection => connection.Fd));
        await RoundTrip();
        Assert.All(fds[..^1], fd => Assert.False(FileDescriptors.IsOpen(fd)));
        FileDescriptors.Close(fds[^1]);
    }

    [Fact]
    public async Task MoveConnections_SuccessorGone_TellsTheMoverSo()
    {
        Reloader.Tell(new ReloaderOrder.MoveConnections());
        await Mover.ExpectMsgAsync<MoverProtocol.CarrierLost>();
    }

    [Fact]
    public async Task Connections_GivenBackOnARollback_AreAcknowledgedAndThenDelivered()
    {
        var successor = await ServeAsync();
        Reloader.Tell(new ReloaderOrder.EndSuccessor(true, "unhealthy", Return: true));
        Assert.True((await SentAsync<StopFrame>()).Return);
        var (a, b) = ConnectionPair.Open();
        successor.Say(new ConnectionsFrame([new ConnectionOffer("127.0.0.1:0", 0), new ConnectionOffer("127.0.0.1:0", 0)]), a, b);
        Assert.Equal(new AdoptedFrame(2), await SentAsync<AdoptedFrame>());
        Assert.Equal([a, b], (await Listeners.ExpectMsgAsync<ListenerProtocol.Adopt>()).Connections.Select(connection => connection.Fd));
        Listeners.Reply(new ListenerProtocol.Adopted(2, 0));
        Array.ForEach([a, b], FileDescriptors.Close);
    }

    [Fact]
    public async Task Connections_WithoutAConnectionForEach_AreDeclined()
    {
        var successor = await ServeAsync();
        successor.Say(new FailedFrame("SIGTERM"));
        var (a, b) = ConnectionPair.Open();
        successor.Say(new ConnectionsFrame([new ConnectionOffer("127.0.0.1:0", 0)]), a, b);
        Assert.Equal(new DeclinedFrame(1), await SentAsync<DeclinedFrame>());
        await RoundTrip();
        Assert.False(FileDescriptors.IsOpen(a) || FileDescriptors.IsOpen(b));
        var (c, d) = FdPassing.SocketPair(); // no stream
        successor.Say(new ConnectionsFrame([new ConnectionOffer("127.0.0.1:0", 0), new ConnectionOffer("127.0.0.1:0", 0)]), c, d);
        Assert.Equal(new DeclinedFrame(2), await SentAsync<DeclinedFrame>());
        await RoundTrip();
        Assert.False(FileDescriptors.IsOpen(c) || FileDescriptors.IsOpen(d));
    }

    [Fact]
    [Trait("issue", "11")]
    public async Task Connections_OfASuccessorThatKeepsItsRole_AreAFailureAndClosed()
    {
        var successor = await ServeAsync();
        var (a, b) = ConnectionPair.Open();
        successor.Say(new ConnectionsFrame([new ConnectionOffer("127.0.0.1:0", 0), new ConnectionOffer("127.0.0.1:0", 0)]), a, b);
        Assert.Contains("ConnectionsFrame", (await Lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorFailed>()).Reason,
            StringComparison.Ordinal);
        await RoundTrip();
        Assert.False(FileDescriptors.IsOpen(a) || FileDescriptors.IsOpen(b));
        Assert.False(Listeners.HasMessages);
    }
}
