namespace Ips.Actors.Systemd;

/// <summary>The way to the service manager.</summary>
internal interface INotifySocket
{
    /// <summary>Sends one datagram from this process.</summary>
    /// <exception cref="System.Net.Sockets.SocketException">Nobody listens, or does not read for a second.</exception>
    void Send(ReadOnlySpan<byte> datagram);
}
