using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Ips.Actors.Posix;

/// <summary>Listening sockets as plain descriptors: never in a <see cref="Socket"/>, whose disposal would poison the one that generations
/// share (docs/pitfalls.md, 1).</summary>
/// <remarks>Sockets made here are non-blocking and have FD_CLOEXEC; the caller closes them.</remarks>
[SupportedOSPlatform("linux")]
internal static unsafe class ListeningSockets
{
    private const int AddressBytes = 128; // sockaddr_storage

    /// <summary>Listens on a TCP address, as Kestrel's own transport does: SO_REUSEADDR; <c>[::]</c> takes IPv4 as well, no other IPv6
    /// address does.</summary>
    /// <param name="endPoint">Where; port 0 lets the kernel choose.</param>
    /// <param name="backlog">Length of the queue of connections not yet accepted; net.core.somaxconn limits it.</param>
    /// <param name="actual">The address with the port that the kernel chose.</param>
    /// <exception cref="PosixException">EADDRINUSE, EACCES (a port below net.ipv4.ip_unprivileged_port_start), EADDRNOTAVAIL, EAFNOSUPPORT
    /// (no IPv6).</exception>
    internal static int OpenTcp(IPEndPoint endPoint, int backlog, out IPEndPoint actual)
    {
        var subject = endPoint.ToString();
        var isIPv6 = endPoint.AddressFamily == AddressFamily.InterNetworkV6;
        var fd = Create(isIPv6 ? Libc.AF_INET6 : Libc.AF_INET, subject);
        try
        {
            SocketOptions.Set(fd, Libc.SOL_SOCKET, Libc.SO_REUSEADDR, 1);
            if (isIPv6) SocketOptions.Set(fd, Libc.IPPROTO_IPV6, Libc.IPV6_V6ONLY, endPoint.Address.Equals(IPAddress.IPv6Any) ? 0 : 1);
            var address = endPoint.Serialize();
            Bind(fd, address.Buffer.Span[..address.Size], subject);
            Listen(fd, backlog, subject);
            actual = (IPEndPoint)LocalEndPoint(fd);
            return fd;
        }
        catch
        {
            FileDescriptors.Close(fd);
            throw;
        }
    }

    /// <summary>Listens on a Unix socket.</summary>
    /// <param name="path">Of any length; or a NUL character and an abstract name.</param>
    /// <param name="backlog">Length of the queue of connections not yet accepted.</param>
    /// <param name="access">Permissions and owner of the path, set before anybody can connect; null for those by the umask.</param>
    /// <exception cref="PosixException">EADDRINUSE: the path exists, also if nobody listens there, as with Kestrel's own
    /// transport.</exception>
    internal static int OpenUnix(string path, int backlog, UnixAccess? access = null)
    {
        var fd = Create(Libc.AF_UNIX, path);
        try
        {
            if (path.StartsWith('\0'))
            {
                using var address = new UnixSocketAddress(path);
                Bind(fd, address.Bytes.Span, path);
            }
            else
            {
                using var place = GuardedPath.Walk(path, followLast: false);
                using (var address = new UnixSocketAddress(place.CallPath)) Bind(fd, address.Bytes.Span, path);
                access?.Apply(place);
            }

            Listen(fd, backlog, path); // last: until then a connect is refused
            return fd;
        }
        catch
        {
            FileDescriptors.Close(fd);
            throw;
        }
    }

    /// <summary>Removes the path of a Unix stream socket that nobody listens on any more.</summary>
    /// <remarks>Only for who holds the lock that keeps others from listening there, or has bound the path: between the test and the removal
    /// they could begin to.</remarks>
    /// <param name="path">The path.</param>
    /// <param name="expected">The file that it must be; null for any.</param>
    /// <returns>Whether it was removed; false if there is none, it is no socket or somebody listens.</returns>
    internal static bool RemoveStaleUnixSocket(string path, FileIdentity? expected = null)
    {
        if (FileIdentity.OfSocketPath(path) is not { } found || (expected is { } bound && bound != found)) return false;
        var fd = Create(Libc.AF_UNIX, path);
        try
        {
            using var address = new UnixSocketAddress(path);
            return UnixSockets.TryConnect(fd, address.Bytes.Span) == Errno.ECONNREFUSED && UnlinkIfSame(path, found);
        }
        finally
        {
            FileDescriptors.Close(fd);
        }
    }

    /// <summary>Readies a listening socket that came from a predecessor or a service manager: FD_CLOEXEC, O_NONBLOCK, and SO_LINGER off,
    /// which an owner's abortive close may have left on and every accepted connection would inherit (docs/pitfalls.md, 1).</summary>
    internal static void PrepareAdopted(int fd)
    {
        FileDescriptors.SetCloseOnExec(fd);
        FileDescriptors.SetNonBlocking(fd);
        SocketOptions.SetStruct(fd, Libc.SOL_SOCKET, Libc.SO_LINGER, default(LingerValue));
    }

    /// <summary>The address that a socket is bound to: <see cref="IPEndPoint"/> or <see cref="UnixDomainSocketEndPoint"/>.</summary>
    /// <remarks>A Unix path of more than 107 bytes was bound by another name (<c>/proc/self/fd/N/...</c>), which is what this gives:
    /// remember the path.</remarks>
    /// <exception cref="NotSupportedException">Neither an IP nor a Unix socket, or a Unix socket without a name.</exception>
    internal static EndPoint LocalEndPoint(int fd)
    {
        var bytes = stackalloc byte[AddressBytes];
        uint length = AddressBytes;
        if (Libc.GetSockName(fd, bytes, &length) < 0) throw PosixException.Last("getsockname", FileDescriptors.Describe(fd));
        var address = new ReadOnlySpan<byte>(bytes, (int)length);
        if (ParseIPEndPoint(address) is { } ip) return ip;
        if (*(ushort*)bytes != Libc.AF_UNIX || length <= sizeof(ushort))
            throw new NotSupportedException(
                $"The socket ({FileDescriptors.Describe(fd)}) of address family {*(ushort*)bytes} has no address that can be listened on.");
        var unix = new SocketAddress(AddressFamily.Unix, (int)length);
        address.CopyTo(unix.Buffer.Span);
        return new UnixDomainSocketEndPoint("/").Create(unix);
    }

    /// <summary>Whether the descriptor is a socket on which listen(2) was called.</summary>
    internal static bool IsListening(int fd)
    {
        try
        {
            return SocketOptions.Get(fd, Libc.SOL_SOCKET, Libc.SO_ACCEPTCONN) != 0;
        }
        catch (PosixException e) when (e.Errno == Errno.ENOTSOCK)
        {
            return false;
        }
    }

    /// <summary>Whether the descriptor is a Unix stream socket on which listen(2) was called.</summary>
    internal static bool IsListeningUnix(int fd) => IsListening(fd) && IsStream(fd)
        && SocketOptions.Get(fd, Libc.SOL_SOCKET, Libc.SO_DOMAIN) == Libc.AF_UNIX;

    /// <summary>Whether the descriptor is a stream socket.</summary>
    internal static bool IsStream(int fd) => SocketOptions.Get(fd, Libc.SOL_SOCKET, Libc.SO_TYPE) == Libc.SOCK_STREAM;

    /// <summary>SO_LINGER: whether close(2) lingers, and for how many seconds; on with 0 s means that it resets the connection.</summary>
    internal static (bool On, int Seconds) Linger(int fd)
    {
        var linger = SocketOptions.GetStruct<LingerValue>(fd, Libc.SOL_SOCKET, Libc.SO_LINGER);
        return (linger.On != 0, linger.Seconds);
    }

    /// <summary>Removes the path of a Unix socket if it still is the file that was bound, and not one that another process put in its place
    /// (docs/pitfalls.md, 5).</summary>
    /// <param name="path">The path that was bound.</param>
    /// <param name="bound">What <see cref="FileIdentity.OfPath"/> gave right after the bind.</param>
    /// <returns>Whether it was removed.</returns>
    internal static bool UnlinkIfSame(string path, FileIdentity bound)
    {
        if (FileIdentity.OfPath(path) != bound) return false;
        using var place = GuardedPath.Walk(path, followLast: false);
        return place.Status()?.Identity == bound && place.TryRemove();
    }

    /// <summary>Accepts one connection, non-blocking and with FD_CLOEXEC.</summary>
    /// <returns>Its descriptor, or -1 with the errno.</returns>
    internal static int Accept(int listenFd, out int errno)
    {
        var fd = Libc.Accept4(listenFd, null, null, Libc.SOCK_CLOEXEC | Libc.SOCK_NONBLOCK);
        errno = fd < 0 ? Marshal.GetLastPInvokeError() : 0;
        return fd;
    }

    /// <summary>The same, with the address of who connects, which the kernel would have to be asked for later.</summary>
    /// <param name="listenFd">The listening socket.</param>
    /// <param name="peer">The address over IP; null otherwise.</param>
    /// <param name="errno">Why there is none.</param>
    /// <returns>Its descriptor, or -1 with the errno.</returns>
    internal static int AcceptFrom(int listenFd, out IPEndPoint? peer, out int errno)
    {
        var bytes = stackalloc byte[AddressBytes];
        uint length = AddressBytes;
        var fd = Libc.Accept4(listenFd, bytes, &length, Libc.SOCK_CLOEXEC | Libc.SOCK_NONBLOCK);
        errno = fd < 0 ? Marshal.GetLastPInvokeError() : 0;
        peer = fd < 0 ? null : ParseIPEndPoint(new ReadOnlySpan<byte>(bytes, (int)length));
        return fd;
    }

    // sockaddr_in and sockaddr_in6 of netinet/in.h: family, port in network order, then (flow and) address, of IPv6 the scope as well.
    private static IPEndPoint? ParseIPEndPoint(ReadOnlySpan<byte> address) =>
        address.Length < sizeof(ushort) ? null : MemoryMarshal.Read<ushort>(address) switch
        {
            Libc.AF_INET => new IPEndPoint(new IPAddress(address.Slice(4, 4)), BinaryPrimitives.ReadUInt16BigEndian(address[2..])),
            Libc.AF_INET6 => new IPEndPoint(new IPAddress(address.Slice(8, 16), MemoryMarshal.Read<uint>(address[24..])),
                BinaryPrimitives.ReadUInt16BigEndian(address[2..])),
            _ => null,
        };

    internal static int Create(int family, string subject)
    {
        var fd = Libc.Socket(family, Libc.SOCK_STREAM | Libc.SOCK_CLOEXEC | Libc.SOCK_NONBLOCK, 0);
        return fd >= 0 ? fd : throw PosixException.Last("socket", subject);
    }

    internal static void Bind(int fd, ReadOnlySpan<byte> address, string subject)
    {
        fixed (byte* bytes = address)
        {
            if (Libc.Bind(fd, bytes, (uint)address.Length) < 0) throw PosixException.Last("bind", subject);
        }
    }

    internal static void Listen(int fd, int backlog, string subject)
    {
        if (Libc.Listen(fd, backlog) < 0) throw PosixException.Last("listen", subject);
    }

    private readonly record struct LingerValue(int On, int Seconds);
}
