using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Akka.Actor;
using Akka.TestKit;
using Ips.Actors.Diagnostics;
using Ips.Actors.Handover;
using Ips.Actors.Lifecycle;
using Ips.Actors.Listener;
using Ips.Actors.Posix;
using Ips.Actors.Tests.Support;
using Ips.Actors.Transport;

namespace Ips.Actors.Tests.Listener;

/// <summary>The owner of the listening sockets, on real loopback and Unix sockets.</summary>
[Collection(DescriptorNumbers.Name)]
public sealed class ListenerActorTests : ActorTest
{
    private static readonly IPEndPoint AnyPort = new(IPAddress.Loopback, 0);

    private readonly RecordingLog _log = new();
    private readonly BlockingCollection<int> _accepted = [];
    private readonly ConcurrentQueue<ListenerProtocol.Bound> _attached = new();
    private readonly ConcurrentQueue<string> _leftovers = new();
    private readonly List<ListenerTable> _tables = [];
    private readonly TemporaryFolder _folder = new();
    private readonly TestProbe _lifecycle;
    private readonly ListenerTable _table;
    private readonly IActorRef _listener;

    public ListenerActorTests()
    {
        _lifecycle = CreateTestProbe();
        (_listener, _table) = Start([]);
    }

    [Fact]
    public async Task Bind_Port0_TellsTheRealPortAndAcceptsOnlyWhenTold()
    {
        var bound = await BindAsync(AnyPort);
        Assert.NotEqual(0, ((IPEndPoint)bound.EndPoint).Port);
        using var client = Connect(bound.EndPoint);
        await RoundTrip(_listener);
        Assert.Empty(_accepted);
        _listener.Tell(new ListenerOrder.StartAccepting());
        FileDescriptors.Close(TakeAccepted());
    }

    [Fact]
    public async Task Bind_PortInUse_FailsWithErrno()
    {
        using var other = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        other.Bind(AnyPort);
        other.Listen();
        var failed = await _listener.Ask<ListenerProtocol.BindFailed>(Bind(other.LocalEndPoint!), Patience);
        Assert.Equal(Errno.EADDRINUSE, Assert.IsType<PosixException>(failed.Error).Errno);
    }

    [Fact]
    public async Task Bind_EndpointOfAnotherKind_Fails()
    {
        var failed = await _listener.Ask<ListenerProtocol.BindFailed>(Bind(new DnsEndPoint("localhost", 80)), Patience);
        Assert.IsType<NotSupportedException>(failed.Error);
    }

    [Fact]
    public async Task Quiesce_ConnectionsComeMeanwhile_WaitForResume()
    {
        var bound = await BindAsync(AnyPort);
        _listener.Tell(new ListenerOrder.StartAccepting());
        _listener.Tell(new ListenerOrder.QuiesceAccepting());
        await RoundTrip(_listener);
        using var client = Connect(bound.EndPoint);
        Assert.Empty(_accepted);
        _listener.Tell(new ListenerOrder.QuiesceAccepting()); // asked again after a restart
        await RoundTrip(_listener);
        _listener.Tell(new ListenerOrder.StartAccepting());
        FileDescriptors.Close(TakeAccepted());
        Assert.Single(_log.Entries, entry => entry.Id.Id == EventIds.AcceptingQuiesced);
    }

    [Fact]
    [Trait("issue", "16")]
    public async Task MainOnly_Accepts_OnlyWhileThisIsTheMainProcess()
    {
        var port = ((IPEndPoint)(await BindAsync(AnyPort)).EndPoint).Port;
        _listener.Tell(new ListenerOrder.ReleaseListeners(HandedOver: false));
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.ListenersReleased>();
        var (listener, table) = Start([], $"http://127.0.0.1:{port}");
        var ordinary = await BindAsync(AnyPort, listener);
        var mainOnly = await BindAsync(new IPEndPoint(IPAddress.Loopback, port), listener);
        listener.Tell(new ListenerOrder.StartAccepting());
        using var scraper = Connect(mainOnly.EndPoint);
        using var client = Connect(ordinary.EndPoint);
        FileDescriptors.Close(TakeAccepted());
        Assert.Empty(_accepted); // the scraper waits in the kernel's queue

        table.AcceptAsMain(true);
        FileDescriptors.Close(TakeAccepted());
        listener.Tell(new ListenerOrder.QuiesceAccepting());
        await RoundTrip(listener);
        using var second = Connect(mainOnly.EndPoint);
        FileDescriptors.Close(TakeAccepted()); // a successor is on probation: this is still the main process

        table.AcceptAsMain(false);
        using var third = Connect(mainOnly.EndPoint);
        await RoundTrip(listener);
        Assert.Empty(_accepted);
    }

    [Fact]
    [Trait("issue", "16")]
    public async Task MainOnly_ServiceManagerPassedOtherSockets_IsOpenedAllTheSame()
    {
        var port = ((IPEndPoint)(await BindAsync(AnyPort)).EndPoint).Port;
        _listener.Tell(new ListenerOrder.ReleaseListeners(HandedOver: false));
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.ListenersReleased>();
        var (listener, table) = Start([], $"http://127.0.0.1:{port}");
        table.Passed = Ips.Actors.Launch.SocketActivation.Take([]);
        await BindAsync(new IPEndPoint(IPAddress.Loopback, port), listener);
        var refused = await listener.Ask<ListenerProtocol.BindFailed>(Bind(AnyPort), Patience);
        Assert.IsType<Ips.Actors.Launch.SocketActivationException>(refused.Error); // any other one would be nobody's to reach
    }

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
    public async Task Unbind_UnixSocket_RemovesItsPathUnlessAnotherTookIt()
    {
        var (ours, replaced) = (_folder.File("a.sock"), _folder.File("b.sock"));
        var first = await BindAsync(new UnixDomainSocketEndPoint(ours));
        var second = await BindAsync(new UnixDomainSocketEndPoint(replaced));
        File.Delete(replaced);
        using var other = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        other.Bind(new UnixDomainSocketEndPoint(replaced));
        await _listener.Ask<ListenerProtocol.Unbound>(new ListenerProtocol.Unbind(first.Id), Patience);
        await _listener.Ask<ListenerProtocol.Unbound>(new ListenerProtocol.Unbind(second.Id), Patience);
        Assert.False(File.Exists(ours));
        Assert.True(File.Exists(replaced));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Release_UnixSocket_KeepsItsPathOnlyForASuccessor(bool handedOver)
    {
        var path = _folder.File("a.sock");
        await BindAsync(new UnixDomainSocketEndPoint(path));
        var ofSuccessor = await _listener.Ask<ListenerProtocol.Offered>(new ListenerProtocol.Offer(), Patience);
        _listener.Tell(new ListenerOrder.ReleaseListeners(handedOver));
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.ListenersReleased>();
        Assert.Equal(handedOver, File.Exists(path));
        Assert.Empty(_table.Entries);
        CloseAll(ofSuccessor);
        _listener.Tell(new ListenerProtocol.PredecessorEnded());
        await RoundTrip(_listener);
        Assert.False(File.Exists(path), "The path outlived the last who listened there.");
        _listener.Tell(new ListenerOrder.ReleaseListeners(handedOver)); // asked again after a restart: answered again
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.ListenersReleased>();
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

    [Fact]
    public async Task Pinned_Promoted_LeavesThePathOfADroppedEndpointToTheSuccessor()
    {
        var path = _folder.File("a.sock");
        var bound = await BindAsync(new UnixDomainSocketEndPoint(path));
        var ofSuccessor = await _listener.Ask<ListenerProtocol.Offered>(new ListenerProtocol.Offer(), Patience);
        await _listener.Ask<ListenerProtocol.Unbound>(new ListenerProtocol.Unbind(bound.Id), Patience);
        _listener.Tell(new ListenerOrder.ReleaseListeners(HandedOver: true));
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.ListenersReleased>();
        Assert.True(File.Exists(path));
        CloseAll(ofSuccessor);
    }

    [Fact]
    public async Task Killed_SocketsAndAcceptingAndWhatWaits_Survive()
    {
        var bound = await BindAsync(AnyPort);
        _listener.Tell(new ListenerOrder.StartAccepting());
        CloseAll(await _listener.Ask<ListenerProtocol.Offered>(new ListenerProtocol.Offer(), Patience));
        var binding = _listener.Ask<ListenerProtocol.Bound>(Bind(AnyPort), Patience); // stashed
        await RoundTrip(_listener);
        for (var i = 0; i < 3; i++)
        {
            _listener.Tell(Kill.Instance);
            using var client = Connect(bound.EndPoint);
            FileDescriptors.Close(TakeAccepted());
        }

        await RoundTrip(_listener);
        Assert.True(_table.Pinned);
        _listener.Tell(new ListenerOrder.HandoverEnded());
        using var late = Connect((await binding).EndPoint);
        FileDescriptors.Close(TakeAccepted());
    }

    [Fact]
    public async Task Bind_Endpoint_IsAttachedBeforeAnythingIsDelivered()
    {
        var bound = await BindAsync(AnyPort);
        Assert.Equal(bound, Assert.Single(_attached));
        Assert.Equal(new EndpointKey("127.0.0.1:0", 0), bound.Key);
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
    public async Task Close_ConnectionJustAccepted_StillReachesItsEndpoint()
    {
        var bound = await BindAsync(AnyPort);
        _listener.Tell(new ListenerOrder.StartAccepting());
        await RoundTrip(_listener);
        using var client = Connect(bound.EndPoint);
        var fd = TakeAccepted();
        await _listener.Ask<ListenerProtocol.Unbound>(new ListenerProtocol.Unbind(bound.Id), Patience);
        FileDescriptors.WriteAll(fd, "still here"u8);
        FileDescriptors.Close(fd);
        var buffer = new byte[32];
        Assert.Equal(10, client.Receive(buffer));
        Clock.Advance(ListenerActor.RebindTimeout);
        await RoundTrip(_listener);
        Assert.Throws<SocketException>(() => Connect(bound.EndPoint));
    }

    // As Kestrel does when a certificate has changed, or it thinks so; the predecessor listens there too, so a new socket could not be
    // opened.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Unbind_BoundAgain_IsTheSameSocketAndWhoWaitsIsAccepted(bool adopted)
    {
        var (listener, bound) = (_listener, await BindAsync(AnyPort));
        if (adopted)
        {
            listener = Start((await _listener.Ask<ListenerProtocol.Offered>(new ListenerProtocol.Offer(), Patience)).Sockets).Actor;
            bound = await BindAsync(AnyPort, listener);
        }
        else
        {
            listener.Tell(new ListenerOrder.StartAccepting());
        }

        await listener.Ask<ListenerProtocol.Unbound>(new ListenerProtocol.Unbind(bound.Id), Patience);
        using var client = Connect(bound.EndPoint); // neither refused nor delivered to nobody
        Assert.Equal(bound.EndPoint, (await BindAsync(AnyPort, listener)).EndPoint);
        listener.Tell(new ListenerOrder.StartAccepting());
        FileDescriptors.Close(TakeAccepted());
        Clock.Advance(ListenerActor.RebindTimeout);
        await RoundTrip(listener);
        using var late = Connect(bound.EndPoint);
        FileDescriptors.Close(TakeAccepted());
    }

    protected override void AfterAll()
    {
        base.AfterAll();
        foreach (var table in _tables)
        {
            foreach (var id in table.Entries.Select(entry => entry.Id).ToList())
            {
                table.Close(id, unlink: true);
            }

            foreach (var parked in table.Parked.ToList()) table.CloseParked(parked.Key, unlink: true);
            table.CloseUnusedOffers();
            table.Dispose();
        }

        _folder.Dispose();
        _accepted.Dispose();
    }

    private (IActorRef Actor, ListenerTable Table) Start(IEnumerable<OfferedSocket> offers, params string[] mainOnly)
    {
        var table = new ListenerTable(offers, 16, error => _log
            .Log(Microsoft.Extensions.Logging.LogLevel.Error, default, error, error, (e, _) => e.Message))
        {
            MainOnly = mainOnly,
        };
        _tables.Add(table);
        return (Supervise(Props.Create(() => new ListenerActor(table, _lifecycle.Ref, _log))), table);
    }

    private ListenerProtocol.Bind Bind(EndPoint endPoint) =>
        new(endPoint, new EagerTaker(Deliver, _attached.Enqueue));

    private Task<ListenerProtocol.Bound> BindAsync(EndPoint endPoint, IActorRef? listener = null) =>
        (listener ?? _listener).Ask<ListenerProtocol.Bound>(Bind(endPoint), Patience);

    private async Task<IEnumerable<string>> OfferedKeys()
    {
        var offered = await _listener.Ask<ListenerProtocol.Offered>(new ListenerProtocol.Offer(), Patience);
        CloseAll(offered);
        _listener.Tell(new ListenerOrder.HandoverEnded());
        return offered.Sockets.Select(socket => $"{socket.Endpoint} {socket.Ordinal}");
    }

    private void Deliver(int fd, ReadOnlyMemory<byte> leftover)
    {
        _leftovers.Enqueue(System.Text.Encoding.ASCII.GetString(leftover.Span));
        _accepted.Add(fd);
    }

    private int TakeAccepted() => _accepted.TryTake(out var fd, Patience) ? fd : throw new TimeoutException("Nothing was accepted.");

    private static void CloseAll(ListenerProtocol.Offered offered)
    {
        foreach (var socket in offered.Sockets)
        {
            FileDescriptors.Close(socket.Fd);
        }
    }

    private static Socket Connect(EndPoint endPoint)
    {
        var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Connect(endPoint);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
