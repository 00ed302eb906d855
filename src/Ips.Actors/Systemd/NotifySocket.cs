using System.Net.Sockets;
using System.Text;

namespace Ips.Actors.Systemd;

/// <summary>The socket that NOTIFY_SOCKET names. The kernel attaches this process's credentials, which is how the manager knows who
/// speaks.</summary>
/// <param name="name">An absolute path, or <c>@</c> and a name of the abstract namespace.</param>
internal sealed class NotifySocket(string name) : INotifySocket
{
    // A manager that reads nothing must not hold LifecycleActor for longer than it takes to notice.
    private const int SendTimeoutMs = 1000;

    private const int MaxPathBytes = 107; // sun_path less its NUL, unix(7)

    private readonly string _path = name.StartsWith('@') ? $"\0{name.AsSpan(1)}" : name;

    /// <remarks>A socket for each message, as sd_notify(3) has it: messages are seconds apart, and no descriptor is held that a successor
    /// could inherit.</remarks>
    public void Send(ReadOnlySpan<byte> datagram, bool wait)
    {
        if (Encoding.UTF8.GetByteCount(_path) > MaxPathBytes)
        {
            throw new SocketException((int)SocketError.InvalidArgument,
                $"its path is longer than the {MaxPathBytes} bytes that a socket address holds");
        }

        using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified)
        {
            SendTimeout = SendTimeoutMs,
            Blocking = wait
        };
        socket.SendTo(datagram, new UnixDomainSocketEndPoint(_path));
    }
}

/// <summary>The way to the service manager.</summary>
internal interface INotifySocket
{
    /// <summary>Sends one datagram from this process.</summary>
    /// <param name="datagram">The message.</param>
    /// <param name="wait">Wait up to a second for a manager that does not read. What is said again soon must not: messages would come
    /// faster than they fail.</param>
    /// <exception cref="System.Net.Sockets.SocketException">Nobody listens or reads, or no socket address holds the path.</exception>
    void Send(ReadOnlySpan<byte> datagram, bool wait);
}
