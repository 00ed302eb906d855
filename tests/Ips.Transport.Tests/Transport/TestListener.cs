using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Ips.Actors.Handover;
using Ips.Actors.Posix;
using Ips.Actors.Transport;
using Microsoft.AspNetCore.Connections;

namespace Ips.Transport.Tests.Transport;

/// <summary>Accepts from an ordinary socket, and delivers connections that moved here as if they had been accepted.</summary>
internal sealed class TestListener(HandoverConnectionFactory connections) : IConnectionListenerFactory, IConnectionListener
{
    private readonly Channel<ConnectionContext> _accepted = Channel.CreateUnbounded<ConnectionContext>();
    private Socket? _socket;

    public EndPoint EndPoint => _socket!.LocalEndPoint!;

    /// <summary>Makes a connection of a descriptor that left another host.</summary>
    public HandoverConnection Adopt(MoveResult.Moved moved)
    {
        var connection = connections.Create(new Socket(new SafeSocketHandle(moved.Descriptor, ownsHandle: true)), moved.Leftover,
            upgrade: moved.Upgrade is { } upgrade ? Travel(upgrade) : null);
        Assert.True(_accepted.Writer.TryWrite(connection));
        return connection;
    }

    // As between two processes.
    private static UpgradeParcel Travel(UpgradeParcel parcel)
    {
        var fd = SealedMemory.Create("test", UpgradeParcelCodec.Encode(parcel));
        try
        {
            return UpgradeParcelCodec.Decode(SealedMemory.TryRead(fd, UpgradeParcel.MaxBytes)) with { Backend = parcel.Backend };
        }
        finally
        {
            FileDescriptors.Close(fd);
        }
    }

    /// <summary>Makes a connection of the server's end of a pair.</summary>
    public HandoverConnection DeliverWarmup(Socket server, EndPoint localEndPoint)
    {
        var connection = connections.CreateWarmup(server, localEndPoint);
        Assert.True(_accepted.Writer.TryWrite(connection));
        return connection;
    }

    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        _socket = new Socket(endpoint.AddressFamily, SocketType.Stream,
            endpoint is UnixDomainSocketEndPoint ? ProtocolType.Unspecified : ProtocolType.Tcp);
        _socket.Bind(endpoint);
        _socket.Listen(4096);
        _ = AcceptAllAsync(_socket);
        return ValueTask.FromResult<IConnectionListener>(this);
    }

    public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default) =>
        await _accepted.Reader.WaitToReadAsync(cancellationToken) && _accepted.Reader.TryRead(out var connection) ? connection : null;

    public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
    {
        _socket?.Dispose();
        _accepted.Writer.TryComplete();
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync() => UnbindAsync();

    private async Task AcceptAllAsync(Socket socket)
    {
        while (true)
        {
            try
            {
                var connection = connections.Create(await socket.AcceptAsync());
                if (!_accepted.Writer.TryWrite(connection)) connection.Abort();
            }
            catch (SocketException e) when (e.SocketErrorCode is SocketError.OperationAborted)
            {
                return; // unbound
            }
            catch (SocketException)
            {
                // This one was reset before it was accepted.
            }
            catch (ObjectDisposedException)
            {
                return;
            }
        }
    }
}
