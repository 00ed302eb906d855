using System.Net;
using System.Net.Sockets;

namespace Ips.Testing.Load;

/// <summary>Where the server under load listens: a TCP endpoint (IPv4 or IPv6) or a Unix socket.</summary>
internal sealed record LoadTarget
{
    private LoadTarget(EndPoint endPoint, string host, bool tls = false) => (EndPoint, Host, Tls) = (endPoint, host, tls);

    /// <summary>The endpoint that each connection connects to.</summary>
    public EndPoint EndPoint { get; }

    /// <summary>The value of the <c>Host</c> header.</summary>
    public string Host { get; }

    /// <summary>Whether each connection speaks TLS. Any certificate is taken: what is tested is the connection.</summary>
    public bool Tls { get; }

    /// <summary>A TCP endpoint.</summary>
    public static LoadTarget Tcp(IPEndPoint endPoint) => new(endPoint, endPoint.ToString());

    /// <summary>A TCP port on 127.0.0.1.</summary>
    public static LoadTarget Loopback(int port) => Tcp(new IPEndPoint(IPAddress.Loopback, port));

    /// <summary>A TCP port on 127.0.0.1 that speaks TLS.</summary>
    public static LoadTarget LoopbackTls(int port) => new(new IPEndPoint(IPAddress.Loopback, port), $"localhost:{port}", tls: true);

    /// <summary>A Unix socket, by its path (at most 107 bytes).</summary>
    public static LoadTarget Unix(string path) => new(new UnixDomainSocketEndPoint(path), "localhost");

    /// <inheritdoc/>
    public override string ToString() => EndPoint.ToString() ?? Host;

    internal Socket CreateSocket(int? receiveBufferBytes)
    {
        var unix = EndPoint is UnixDomainSocketEndPoint;
        var socket = new Socket(EndPoint.AddressFamily, SocketType.Stream, unix ? ProtocolType.Unspecified : ProtocolType.Tcp);
        // Before connect: the window is negotiated from it.
        if (receiveBufferBytes is { } bytes) socket.ReceiveBufferSize = bytes;
        if (!unix) socket.NoDelay = true;
        return socket;
    }
}
