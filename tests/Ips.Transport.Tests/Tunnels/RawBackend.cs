using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Ips.Transport.Tests.Tunnels;

/// <summary>A backend that accepts WebSockets and leaves each one's bytes to the test.</summary>
internal sealed class RawBackend : IDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    public RawBackend()
    {
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen(512);
    }

    public int Port => ((IPEndPoint)_listener.LocalEndPoint!).Port;

    /// <summary>Requests that came so far.</summary>
    public int Accepted { get; private set; }

    /// <summary>Accepts one WebSocket.</summary>
    /// <param name="first">What is sent together with the 101.</param>
    /// <param name="receiveBuffer">The window; 0 for the system's.</param>
    public async Task<Socket> AcceptAsync(byte[]? first = null, int receiveBuffer = 0)
    {
        var socket = await _listener.AcceptAsync().WaitAsync(Limits.Step);
        if (receiveBuffer > 0) socket.ReceiveBufferSize = receiveBuffer;
        socket.NoDelay = true;
        var head = new StringBuilder();
        var one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            if (await socket.ReceiveAsync(one, SocketFlags.None).WaitAsync(Limits.Step) == 0) throw new IOException("No request.");
            head.Append((char)one[0]);
        }

        Accepted++;
        await socket.SendAsync((byte[])[.. Encoding.ASCII.GetBytes(
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: accepted\r\n"
            + "Set-Cookie: a=1\r\nSet-Cookie: b=2\r\n\r\n"), .. first ?? []], SocketFlags.None);
        return socket;
    }

    public void Dispose() => _listener.Dispose();
}
