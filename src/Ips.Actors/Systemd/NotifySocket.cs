using System.Net.Sockets;

namespace Ips.Actors.Systemd;

/// <summary>The socket that NOTIFY_SOCKET names. The kernel attaches this process's credentials, which is how the manager knows who speaks.</summary>
/// <param name="name">An absolute path, or <c>@</c> and a name of the abstract namespace.</param>
internal sealed class NotifySocket(string name) : INotifySocket
{
    // A manager that reads nothing must not hold LifecycleActor for longer than it takes to notice.
    private const int SendTimeoutMs = 1000;

    private readonly string _path = name.StartsWith('@') ? $"\0{name.AsSpan(1)}" : name;

    /// <inheritdoc/>
    /// <remarks>A socket for each message, as sd_notify(3) has it: messages are seconds apart, and no descriptor is held that a successor could inherit.</remarks>
    public void Send(ReadOnlySpan<byte> datagram)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { SendTimeout = SendTimeoutMs };
        socket.SendTo(datagram, new UnixDomainSocketEndPoint(_path));
    }
}
