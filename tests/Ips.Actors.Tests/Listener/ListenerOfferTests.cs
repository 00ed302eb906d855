using System.Net;
using System.Net.Sockets;
using Akka.Actor;
using Ips.Actors.Diagnostics;
using Ips.Actors.Handover;
using Ips.Actors.Lifecycle;
using Ips.Actors.Listener;
using Ips.Actors.Posix;
using Ips.Actors.Tests.Support;
using Ips.Actors.Transport;

namespace Ips.Actors.Tests.Listener;

/// <summary>What a predecessor offers, and a successor adopts.</summary>
[Collection(DescriptorNumbers.Name)]
public sealed class ListenerOfferTests : ListenerActorTest
{
    [Fact]
    public async Task Offer_EqualEndpoints_CountFromZeroAndFreedOrdinalsAreUsedAgain()
    {
        var first = await BindAsync(AnyPort);
        await BindAsync(AnyPort);
        Assert.Equal(["127.0.0.1:0 0", "127.0.0.1:0 1"], await OfferedKeys());
        await _listener.Ask<ListenerProtocol.Unbound>(new ListenerProtocol.Unbind(first.Id), Patience);
        await BindAsync(AnyPort);
        Assert.Equal(["127.0.0.1:0 1", "127.0.0.1:0 0"], await OfferedKeys());
    }

    [Fact]
    public async Task Adopt_PortZero_GetsThePortsOfThePredecessorInOrder()
    {
        var ports = new[] { (await BindAsync(AnyPort)).EndPoint, (await BindAsync(AnyPort)).EndPoint };
        var offered = await _listener.Ask<ListenerProtocol.Offered>(new ListenerProtocol.Offer(), Patience);
        var (successor, table) = Start(offered.Sockets);
        var adopted = new[] { (await BindAsync(AnyPort, successor)).EndPoint, (await BindAsync(AnyPort, successor)).EndPoint };
        Assert.Equal(ports, adopted);
        Assert.Empty(table.UnusedOffers);
        Assert.Equal(2, _log.Entries.Count(entry => entry.Id.Id == EventIds.Adopted));

        // The predecessor closes its copies; the connection goes to the successor all the same.
        _listener.Tell(new ListenerOrder.ReleaseListeners(HandedOver: true));
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.ListenersReleased>();
        successor.Tell(new ListenerOrder.StartAccepting());
        using var client = Connect(ports[1]);
        FileDescriptors.Close(TakeAccepted());
    }

    [Fact]
    public async Task Adopt_SocketWithLingerOn_TurnsItOff()
    {
        await BindAsync(AnyPort);
        var offered = await _listener.Ask<ListenerProtocol.Offered>(new ListenerProtocol.Offer(), Patience);
        var fd = offered.Sockets[0].Fd;
        SocketOptions.SetStruct(fd, Libc.SOL_SOCKET, Libc.SO_LINGER, (1, 0)); // what an owner's abortive close leaves behind
        Assert.True(ListeningSockets.Linger(fd).On);
        var (successor, _) = Start(offered.Sockets);
        await BindAsync(AnyPort, successor);
        Assert.False(ListeningSockets.Linger(fd).On);
    }

    [Fact]
    public async Task HandoverEnded_OffersThatNobodyAskedFor_AreLoggedAndClosed()
    {
        await BindAsync(AnyPort);
        var offered = await _listener.Ask<ListenerProtocol.Offered>(new ListenerProtocol.Offer(), Patience);
        var (successor, table) = Start(offered.Sockets);
        successor.Tell(new ListenerOrder.StartAccepting());
        await RoundTrip(successor);
        Assert.True(_log.Has(EventIds.OfferUnused));
        Assert.Single(table.UnusedOffers);
        successor.Tell(new ListenerOrder.HandoverEnded());
        await RoundTrip(successor);
        Assert.Empty(table.UnusedOffers);
        Assert.Throws<PosixException>(() => FileDescriptors.IsCloseOnExec(offered.Sockets[0].Fd));
    }

    [Fact]
    public async Task Adopt_MovedConnections_GoToTheEndpointsThatTheyCameBy()
    {
        var bound = await BindAsync(AnyPort);
        var (here, hereToo) = FdPassing.SocketPair();
        var (gone, goneToo) = FdPassing.SocketPair();
        var adopted = await _listener.Ask<ListenerProtocol.Adopted>(
            new ListenerProtocol.Adopt(
            [
                new MovedConnection(bound.Key, here, "GET "u8.ToArray()), new MovedConnection(new EndpointKey("[::]:0", 0), gone, default),
                new MovedConnection(bound.Key, hereToo, default),
            ]),
            Patience);
        Assert.Equal(new ListenerProtocol.Adopted(3, 1), adopted);
        Assert.Equal([here, hereToo], [TakeAccepted(), TakeAccepted()]);
        Assert.Equal(["GET ", ""], _leftovers);
        Assert.Throws<PosixException>(() => FileDescriptors.IsCloseOnExec(gone)); // its endpoint is not bound here: closed
        Assert.True(_log.Has(EventIds.AdoptionFailed));
        Array.ForEach([here, hereToo, goneToo], FileDescriptors.Close);
    }

    [Fact]
    public async Task Adopt_AfterTheRelease_StillReachesKestrel()
    {
        var bound = await BindAsync(AnyPort);
        _listener.Tell(new ListenerOrder.ReleaseListeners(HandedOver: true));
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.ListenersReleased>();
        var (here, other) = FdPassing.SocketPair();
        var adopted = await _listener.Ask<ListenerProtocol.Adopted>(new ListenerProtocol
            .Adopt([new MovedConnection(bound.Key, here, default)]), Patience);
        Assert.Equal(0, adopted.Lost);
        Array.ForEach([TakeAccepted(), other], FileDescriptors.Close);
    }

    [Fact]
    public async Task Pinned_ChangesOfTheSet_WaitForTheEndOfTheHandover()
    {
        var path = _folder.File("a.sock");
        var bound = await BindAsync(new UnixDomainSocketEndPoint(path));
        _listener.Tell(new ListenerOrder.StartAccepting());
        CloseAll(await _listener.Ask<ListenerProtocol.Offered>(new ListenerProtocol.Offer(), Patience));
        await _listener.Ask<ListenerProtocol.Unbound>(new ListenerProtocol.Unbind(bound.Id), Patience); // answered, not done
        var binding = _listener.Ask<ListenerProtocol.Bound>(Bind(AnyPort), Patience);
        await RoundTrip(_listener);
        Clock.Advance(ListenerActor.RebindTimeout);
        await RoundTrip(_listener);
        Assert.True(File.Exists(path));
        Assert.False(binding.IsCompleted);

        _listener.Tell(new ListenerOrder.HandoverEnded());
        await binding;
        _listener.Tell(Kill.Instance); // it arms its timers again
        await RoundTrip(_listener);
        Clock.Advance(ListenerActor.RebindTimeout);
        await RoundTrip(_listener);
        Assert.False(File.Exists(path));
        Assert.Single(_table.Entries);
    }
}
