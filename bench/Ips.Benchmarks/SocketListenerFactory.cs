using System.Net;
using System.Net.Sockets;
using Ips.Actors.Transport;
using Microsoft.AspNetCore.Connections;

namespace Ips.Benchmarks;

/// <summary>A listener as plain as Kestrel's own, so that only the connections differ.</summary>
internal sealed class SocketListenerFactory(HandoverConnectionFactory connections) : IConnectionListenerFactory
{
    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        var socket = new Socket(endpoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(endpoint);
        socket.Listen(512);
        return ValueTask.FromResult<IConnectionListener>(new Listener(socket, connections));
    }

    private sealed class Listener(Socket socket, HandoverConnectionFactory connections) : IConnectionListener
    {
        public EndPoint EndPoint { get; } = socket.LocalEndPoint!;

        public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
        {
            try
            {
                return connections.Create(await socket.AcceptAsync(cancellationToken));
            }
            catch (SocketException e) when (e.SocketErrorCode is SocketError.OperationAborted)
            {
                return null;
            }
        }

        public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
        {
            socket.Dispose();
            return ValueTask.CompletedTask;
        }

        public ValueTask DisposeAsync()
        {
            socket.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
