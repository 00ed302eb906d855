using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Hosting;

namespace Ips.Actors.Transport;

/// <summary>A listening socket of an app in which Ips is inert: nobody shares it.</summary>
internal sealed class PlainListener : IIpsListener
{
    private const int DefaultBacklog = 512; // Kestrel's

    private readonly Socket _socket;

    private PlainListener(Socket socket) => _socket = socket;

    public EndPoint EndPoint => _socket.LocalEndPoint!;

    /// <summary>Opens it.</summary>
    /// <exception cref="SocketException">The address cannot be listened on.</exception>
    public static Task<IIpsListener> OpenAsync(EndPoint endPoint, int? backlog, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var isTcp = endPoint is IPEndPoint;
        var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, isTcp ? ProtocolType.Tcp : ProtocolType.Unspecified);
        try
        {
            if (endPoint is IPEndPoint { Address: var address } && address.Equals(IPAddress.IPv6Any)) socket.DualMode = true;
            socket.Bind(endPoint);
            socket.Listen(backlog ?? DefaultBacklog);
            return Task.FromResult<IIpsListener>(new PlainListener(socket));
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public async ValueTask<Socket?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            return await _socket.AcceptAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (ObjectDisposedException)
        {
            return null;
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.OperationAborted)
        {
            return null;
        }
    }

    public void Dispose() => _socket.Dispose();
}
