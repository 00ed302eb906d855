using System.Net;
using System.Net.Sockets;
using Akka.Actor;
using Akka.Hosting;
using Akka.TestKit;
using Ips.Actors.Handover;
using Ips.Actors.Lifecycle;
using Ips.Actors.Listener;
using Ips.Actors.Posix;
using Ips.Actors.Tests.Support;
using Ips.Actors.Transport;
using Microsoft.Extensions.Hosting;

namespace Ips.Actors.Tests.Listener;

/// <summary>Listening sockets that the app accepts from and Ips hands over, on real loopback sockets.</summary>
[Collection(DescriptorNumbers.Name)]
public sealed class OwnListenerTests : ActorTest
{
    private static readonly IPEndPoint AnyPort = new(IPAddress.Loopback, 0);

    private readonly RecordingLog _log = new();
    private readonly List<ListenerTable> _tables = [];
    private readonly TestProbe _lifecycle;
    private readonly ActorRegistry _actors;
    private readonly IActorRef _owner;
    private readonly ListenerTable _table;

    public OwnListenerTests()
    {
        _lifecycle = CreateTestProbe();
        (_actors, _owner, _table) = Start([]);
    }

    [Fact]
    public async Task Accept_OneCall_TakesOneConnectionAndOthersWait()
    {
        using var listener = await ListenAsync(AnyPort);
        using var first = Connect(listener);
        using var second = Connect(listener);
        using var accepted = await Accept(listener);
        Assert.Equal(first.LocalEndPoint, accepted.RemoteEndPoint);
        Assert.Equal(1, Queued());
        using var next = await Accept(listener);
        Assert.Equal(second.LocalEndPoint, next.RemoteEndPoint);

        int Queued()
        {
            var fd = _table.Entries.Single().Fd;
            var entries = new PollEntry[] { new(fd, PollEvents.Readable) };
            Poll.Wait(entries, 0);
            return entries[0].Returned == PollEvents.None ? 0 : 1;
        }
    }

    [Fact]
    public async Task Accept_Accepted_IsAnOrdinaryBlockingSocket()
    {
        using var listener = await ListenAsync(AnyPort);
        using var client = Connect(listener);
        using var accepted = await Accept(listener);
        var received = Task.Run(() =>
        {
            var buffer = new byte[10];
            return accepted.Receive(buffer); // waits: not EAGAIN
        });
        client.Send("abc"u8);
        Assert.Equal(3, await received.WaitAsync(Patience));
    }

    [Fact]
    public async Task Accept_Cancelled_LosesNoConnection()
    {
        using var listener = await ListenAsync(AnyPort);
        for (var round = 0; round < 200; round++)
        {
            using var cancel = new CancellationTokenSource();
            var accepting = listener.AcceptAsync(cancel.Token).AsTask();
            using var client = Connect(listener);
            await cancel.CancelAsync();
            Socket accepted;
            try
            {
                accepted = Assert.IsType<Socket>(await accepting.WaitAsync(Patience));
            }
            catch (OperationCanceledException)
            {
                accepted = await Accept(listener);
            }

            Assert.Equal(client.LocalEndPoint, accepted.RemoteEndPoint);
            accepted.Dispose();
        }
    }

    [Fact]
    public async Task Listen_OfferedByThePredecessor_IsTheSameSocketWhoeverAccepts()
    {
        using var listener = await ListenAsync(AnyPort);
        var offered = await _owner.Ask<ListenerProtocol.Offered>(new ListenerProtocol.Offer(), Patience);
        var (successors, successor, table) = Start(offered.Sockets);
        using var adopted = await ListenAsync(AnyPort, successors);
        Assert.Equal(listener.EndPoint, adopted.EndPoint);
        Assert.Empty(table.UnusedOffers);

        // A rollback: the successor's copy is closed, and the predecessor accepts as before.
        using var waiting = Connect(listener);
        adopted.Dispose();
        using (await Accept(listener))
        {
        }

        // A promotion: the predecessor's copy is closed, and the successor accepts a client that waits.
        _owner.Tell(new ListenerOrder.HandoverEnded());
        var again = await _owner.Ask<ListenerProtocol.Offered>(new ListenerProtocol.Offer(), Patience);
        using var next = await ListenAsync(AnyPort, Start(again.Sockets).Actors);
        var pending = listener.AcceptAsync().AsTask();
        _owner.Tell(new ListenerOrder.ReleaseListeners(HandedOver: true));
        Assert.Null(await pending.WaitAsync(Patience));
        Assert.Null(await listener.AcceptAsync());
        using var late = Connect(next);
        using var taken = await Accept(next);
        Assert.Equal(late.LocalEndPoint, taken.RemoteEndPoint);
    }

    [Fact]
    public async Task Listen_NotAmongThePassedSockets_IsOpened()
    {
        _table.Passed = Ips.Actors.Launch.SocketActivation.Take([]);
        using var listener = await ListenAsync(AnyPort);
        using var client = Connect(listener);
        using var accepted = await Accept(listener);
        Assert.Equal(client.LocalEndPoint, accepted.RemoteEndPoint);
    }

    [Fact]
    public async Task Listen_AddressInUse_IsASocketException()
    {
        using var other = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        other.Bind(AnyPort);
        other.Listen();
        var error = await Assert.ThrowsAsync<SocketException>(() => ListenAsync(other.LocalEndPoint!));
        Assert.Equal(SocketError.AddressAlreadyInUse, error.SocketErrorCode);
    }

    [Fact]
    public async Task Listen_BeforeTheStart_SaysWhenToCallIt()
    {
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() =>
            OwnListener.OpenAsync(null, AnyPort, null, _ => { }, CancellationToken.None));
        Assert.Contains("StartAsync of a hosted service", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Dispose_WhileAccepting_EndsTheWait()
    {
        var listener = await ListenAsync(AnyPort);
        var pending = listener.AcceptAsync().AsTask();
        listener.Dispose();
        Assert.Null(await pending.WaitAsync(Patience));
        listener.Dispose();
        await RoundTrip(_owner);
        Assert.Empty(_table.Entries);
    }

    // Where Ips does nothing.
    [Fact]
    public async Task PlainListener_AcceptAndDispose_AsTheOther()
    {
        var listener = await PlainListener.OpenAsync(AnyPort, null, CancellationToken.None);
        using var client = Connect(listener);
        using var accepted = await Accept(listener);
        Assert.Equal(client.LocalEndPoint, accepted.RemoteEndPoint);
        var pending = listener.AcceptAsync().AsTask();
        listener.Dispose();
        Assert.Null(await pending.WaitAsync(Patience));
        Assert.Null(await listener.AcceptAsync());
    }

    protected override void AfterAll()
    {
        base.AfterAll();
        foreach (var table in _tables)
        {
            foreach (var id in table.Entries.Select(entry => entry.Id).ToList()) table.Close(id, unlink: true);
            foreach (var parked in table.Parked.ToList()) table.CloseParked(parked.Key, unlink: true);
            table.CloseUnusedOffers();
            table.Dispose();
        }
    }

    private (ActorRegistry Actors, IActorRef Owner, ListenerTable Table) Start(IEnumerable<OfferedSocket> offers)
    {
        var table = new ListenerTable(offers, 16, _ => { });
        _tables.Add(table);
        var owner = Supervise(Props.Create(() => new ListenerActor(table, _lifecycle.Ref, _log)));
        var actors = new ActorRegistry();
        actors.Register<ListenerProtocol>(owner);
        return (actors, owner, table);
    }

    private Task<IIpsListener> ListenAsync(EndPoint endPoint, ActorRegistry? actors = null) =>
        OwnListener.OpenAsync(actors ?? _actors, endPoint, null, _ => { }, CancellationToken.None).WaitAsync(Patience);

    private static async Task<Socket> Accept(IIpsListener listener) =>
        await listener.AcceptAsync().AsTask().WaitAsync(Patience) ?? throw new InvalidOperationException("The listener is closed.");

    private static Socket Connect(IIpsListener listener)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Connect(listener.EndPoint);
        return socket;
    }
}
