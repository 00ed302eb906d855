using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Akka.Actor;
using Akka.TestKit;
using Ips.Actors.Handover;
using Ips.Actors.Lifecycle;
using Ips.Actors.Listener;
using Ips.Actors.Posix;
using Ips.Actors.Tests.Support;
using Ips.Actors.Transport;

namespace Ips.Actors.Tests.Listener;

/// <summary>The owner of the listening sockets, on real loopback and Unix sockets.</summary>
public abstract class ListenerActorTest : ActorTest
{
    private protected static readonly IPEndPoint AnyPort = new(IPAddress.Loopback, 0);

    private protected readonly RecordingLog _log = new();
    private protected readonly BlockingCollection<int> _accepted = [];
    private protected readonly ConcurrentQueue<ListenerProtocol.Bound> _attached = new();
    private protected readonly ConcurrentQueue<string> _leftovers = new();
    private readonly List<ListenerTable> _tables = [];
    private protected readonly TemporaryFolder _folder = new();
    private protected readonly TestProbe _lifecycle;
    private protected readonly ListenerTable _table;
    private protected readonly IActorRef _listener;

    protected ListenerActorTest()
    {
        _lifecycle = CreateTestProbe();
        (_listener, _table) = Start([]);
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

    private protected (IActorRef Actor, ListenerTable Table) Start(IEnumerable<OfferedSocket> offers, params string[] mainOnly)
    {
        var table = new ListenerTable(offers, 16, error => _log
            .Log(Microsoft.Extensions.Logging.LogLevel.Error, default, error, error, (e, _) => e.Message))
        {
            MainOnly = mainOnly,
        };
        _tables.Add(table);
        return (Supervise(Props.Create(() => new ListenerActor(table, _lifecycle.Ref, _log))), table);
    }

    private protected ListenerProtocol.Bind Bind(EndPoint endPoint) =>
        new(endPoint, new EagerTaker(Deliver, _attached.Enqueue));

    private protected Task<ListenerProtocol.Bound> BindAsync(EndPoint endPoint, IActorRef? listener = null) =>
        (listener ?? _listener).Ask<ListenerProtocol.Bound>(Bind(endPoint), Patience);

    private protected async Task<IEnumerable<string>> OfferedKeys()
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

    private protected int TakeAccepted() =>
        _accepted.TryTake(out var fd, Patience) ? fd : throw new TimeoutException("Nothing was accepted.");

    private protected static void CloseAll(ListenerProtocol.Offered offered)
    {
        foreach (var socket in offered.Sockets)
        {
            FileDescriptors.Close(socket.Fd);
        }
    }

    private protected static Socket Connect(EndPoint endPoint)
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
