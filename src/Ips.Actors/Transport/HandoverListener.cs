using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Akka.Actor;
using Ips.Actors.Listener;
using Ips.Actors.Posix;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace Ips.Actors.Transport;

/// <summary>
/// One endpoint as Kestrel sees it. <see cref="AcceptAsync"/> waits through a quiesce: Kestrel's accept loop ends for good when it
/// returns null or throws, so null comes only after <see cref="UnbindAsync"/> and an error never.
/// </summary>
internal sealed class HandoverListener(IActorRef listeners, SocketConnectionContextFactory connectionFactory, ConnectionRegistry connections)
    : IConnectionListener
{
    private static readonly TimeSpan UnbindTimeout = TimeSpan.FromSeconds(5);

    private readonly Channel<int> _accepted = Channel.CreateUnbounded<int>(new UnboundedChannelOptions { SingleReader = true });
    private ListenerProtocol.Bound? _bound;

    /// <inheritdoc/>
    public EndPoint EndPoint => _bound?.EndPoint ?? throw new InvalidOperationException("The listener is not bound.");

    /// <summary>Takes over an accepted descriptor; called on the accept thread.</summary>
    public void Deliver(int fd)
    {
        connections.Arrive();
        if (!_accepted.Writer.TryWrite(fd))
        {
            FileDescriptors.Close(fd); // unbound meanwhile
            connections.Leave();
        }
    }

    /// <summary>The socket is there; its real address and id are known.</summary>
    public void Attach(ListenerProtocol.Bound bound) => _bound = bound;

    /// <inheritdoc/>
    public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        while (await _accepted.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false))
        {
            while (_accepted.Reader.TryRead(out var fd))
            {
                if (TryOpen(fd) is { } connection)
                {
                    return connection;
                }
            }
        }

        return null;
    }

    /// <inheritdoc/>
    public async ValueTask UnbindAsync(CancellationToken cancellationToken = default)
    {
        if (_bound is { } bound)
        {
            await listeners.Ask<ListenerProtocol.Unbound>(
                new ListenerProtocol.Unbind(bound.Id), UnbindTimeout, cancellationToken).ConfigureAwait(false);
        }

        _accepted.Writer.TryComplete();
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _accepted.Writer.TryComplete();
        while (_accepted.Reader.TryRead(out var fd))
        {
            FileDescriptors.Close(fd);
            connections.Leave();
        }

        return ValueTask.CompletedTask;
    }

    // A client that is gone already must not end Kestrel's accept loop.
    private TrackedConnection? TryOpen(int fd)
    {
        Socket? socket = null;
        try
        {
            socket = new Socket(new SafeSocketHandle(fd, ownsHandle: true));
            if (socket.ProtocolType == ProtocolType.Tcp)
            {
                socket.NoDelay = true; // as the stock transport's default
            }

            return connections.Track(connectionFactory.Create(socket));
        }
        catch (SocketException)
        {
            socket?.Dispose();
            connections.Leave();
            return null;
        }
    }
}
