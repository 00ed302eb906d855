namespace Ips.Actors.Systemd;

/// <summary>The way to the service manager.</summary>
internal interface INotifySocket
{
    /// <summary>Sends one datagram from this process.</summary>
    /// <param name="datagram">The message.</param>
    /// <param name="wait">Wait up to a second for a manager that does not read. What is said again soon must not: messages would come faster than they fail.</param>
    /// <exception cref="System.Net.Sockets.SocketException">Nobody listens or reads, or no socket address holds the path.</exception>
    void Send(ReadOnlySpan<byte> datagram, bool wait);
}
