using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Akka.Actor;
using Ips.Actors.Handover;
using Ips.Actors.Posix;
using Microsoft.AspNetCore.Connections;

namespace Ips.Actors.Transport;

/// <summary>
/// One endpoint as Kestrel sees it. <see cref="AcceptAsync"/> delivers accepted and adopted connections alike, and waits through a quiesce:
/// Kestrel's accept loop never resumes once it returns null or throws, so null comes only after <see cref="UnbindAsync"/> and an error
/// never.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class HandoverListener(
    IActorRef listeners, HandoverConnectionFactory factory, ConnectionRegistry connections)
    : IConnectionListener, ListenerProtocol.IConnectionTaker
{
    private static readonly TimeSpan UnbindTimeout = TimeSpan.FromSeconds(5);

    private readonly Channel<Arrival> _arrivals = Channel.CreateUnbounded<Arrival>(new UnboundedChannelOptions { SingleReader = true });
    private ListenerProtocol.Bound? _bound;
    private AcceptedSockets? _sockets;
    private Func<bool, bool>? _accept;
    private bool _ready; // somebody may wait to be accepted; known to the reader alone

    public EndPoint EndPoint => Bound.EndPoint;

    private ListenerProtocol.Bound Bound => _bound ?? throw new InvalidOperationException("The listener is not bound.");

    public void Ready() => _arrivals.Writer.TryWrite(Arrival.Ready);

    public void Deliver(int fd, ReadOnlyMemory<byte> leftover, IPEndPoint? peer, UpgradeParcel? upgrade = null)
    {
        connections.Arrived();
        if (!_arrivals.Writer.TryWrite(new Arrival(fd, leftover, peer, upgrade)))
        {
            MovedConnection.Close(fd, upgrade); // unbound meanwhile
            connections.Left();
        }
    }

    public void Attach(ListenerProtocol.Bound bound, AcceptedSockets sockets, Func<bool, bool> accept) =>
        (_bound, _sockets, _accept) = (bound, sockets, accept);

    public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        do
        {
            // Accepted here, where the connection is then made, and not on the thread that knows of it: who connects while others are
            // served wakes nobody. Each one that is accepted is among the arrivals.
            for (var looked = false; ;)
            {
                while (_arrivals.Reader.TryRead(out var arrival))
                {
                    if (arrival.Fd < 0)
                    {
                        _ready = true;
                    }
                    else if (TryOpen(arrival) is { } connection)
                    {
                        return connection;
                    }
                }

                if (!_ready) break;
                if (_accept!(looked))
                {
                    looked = false;
                }
                else if (looked)
                {
                    _ready = false;
                    break;
                }
                else
                {
                    // Once more behind what is queued: under load somebody has connected by then, and no thread wakes for that.
                    looked = true;
                    await Task.Yield();
                }
            }
        }
        while (await _arrivals.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false));
        return null;
    }

    public async ValueTask UnbindAsync(CancellationToken cancellationToken = default)
    {
        if (_bound is { } bound)
        {
            var unbind = new ListenerProtocol.Unbind(bound.Id);
            if (cancellationToken.IsCancellationRequested)
            {
                // Kestrel is disposed of after a start that failed: it does not wait, and the reason must not be lost in this
                listeners.Tell(unbind);
            }
            else
            {
                await listeners.Ask<ListenerProtocol.Unbound>(unbind, UnbindTimeout, cancellationToken).ConfigureAwait(false);
            }
        }

        _arrivals.Writer.TryComplete();
    }

    public ValueTask DisposeAsync()
    {
        _arrivals.Writer.TryComplete();
        while (_arrivals.Reader.TryRead(out var arrival))
        {
            if (arrival.Fd < 0) continue;
            MovedConnection.Close(arrival.Fd, arrival.Upgrade);
            connections.Left();
        }

        return ValueTask.CompletedTask;
    }

    // A client that is gone already must not end Kestrel's accept loop.
    private HandoverConnection? TryOpen(Arrival arrival)
    {
        Socket? socket = null;
        try
        {
            socket = _sockets!.Open(arrival.Fd, arrival.Peer, nonBlocking: arrival.Peer is not null); // accepted here
            return factory.Create(socket, arrival.Leftover, Bound.Key, arrival.Upgrade);
        }
        catch (SocketException)
        {
            socket?.Dispose();
            if (arrival.Upgrade is { Backend: >= 0 and var backend }) FileDescriptors.Close(backend);
            return null;
        }
        finally
        {
            connections.Left(); // from here on the connection counts itself
        }
    }

    private sealed record Arrival(int Fd, ReadOnlyMemory<byte> Leftover, IPEndPoint? Peer, UpgradeParcel? Upgrade = null)
    {
        /// <summary>None yet: somebody can be accepted.</summary>
        public static readonly Arrival Ready = new(-1, default, null);
    }
}
