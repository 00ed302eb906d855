using System.Runtime.InteropServices;

namespace Ips.Actors.Posix;

/// <summary>Unix stream sockets for the control socket: made for its owner only, with the peer's identity from the kernel.</summary>
[SupportedOSPlatform("linux")]
internal static unsafe class UnixSockets
{
    // A daemon that does not accept must not hold its client for ever.
    private const int ConnectTimeoutSeconds = 5;

    /// <summary>Makes a listening, non-blocking SOCK_STREAM socket; the caller owns it.</summary>
    /// <param name="path">Of any length; must not exist (see <see cref="ListeningSockets.RemoveStaleUnixSocket"/>).</param>
    /// <param name="mode">Permissions of the path, whatever the umask is; nobody can connect before they are set.</param>
    /// <param name="backlog">Length of the queue of connections not yet accepted.</param>
    /// <exception cref="PosixException">EADDRINUSE: the path exists. EACCES, ENOENT, EROFS: the folder.</exception>
    internal static int Listen(string path, int mode, int backlog)
    {
        using var place = GuardedPath.Walk(path, followLast: false);
        return ListenAt(place, mode, backlog);
    }

    /// <summary>Like <see cref="Listen"/>, but replaces the socket at the path: at every moment there is one.</summary>
    /// <exception cref="PosixException">As there.</exception>
    internal static int ListenInPlace(string path, int mode, int backlog)
    {
        using var place = GuardedPath.Walk(path, followLast: false);
        using var temporary = place.Beside($"{place.Name}.{Environment.ProcessId}");
        var fd = ListenAt(temporary, mode, backlog);
        try
        {
            place.Take(temporary.Name);
            return fd;
        }
        catch
        {
            FileDescriptors.Close(fd);
            temporary.TryRemove();
            throw;
        }
    }

    /// <summary>Connects a blocking SOCK_STREAM socket; the caller owns it.</summary>
    /// <exception cref="PosixException">ENOENT: no such path. ECONNREFUSED: nobody listens. EACCES: not the caller's to use.
    /// EAGAIN: the queue stayed full for 5 s.</exception>
    internal static int Connect(string path)
    {
        var fd = Libc.Socket(Libc.AF_UNIX, Libc.SOCK_STREAM | Libc.SOCK_CLOEXEC, 0);
        if (fd < 0) throw PosixException.Last("socket", path);
        try
        {
            SocketOptions.SetStruct(fd, Libc.SOL_SOCKET, Libc.SO_SNDTIMEO, new TimeValue(ConnectTimeoutSeconds));
            using (var address = new UnixSocketAddress(path))
            {
                var errno = TryConnect(fd, address.Bytes.Span);
                if (errno != 0) throw new PosixException("connect", errno, path);
            }

            SocketOptions.SetStruct(fd, Libc.SOL_SOCKET, Libc.SO_SNDTIMEO, new TimeValue(0));
            return fd;
        }
        catch
        {
            FileDescriptors.Close(fd);
            throw;
        }
    }

    /// <summary>Who connected, as the kernel saw it at connect(2). See SO_PEERCRED in unix(7).</summary>
    internal static (int Pid, int Uid, int Gid) PeerCredentials(int fd)
    {
        var peer = SocketOptions.GetStruct<Credentials>(fd, Libc.SOL_SOCKET, Libc.SO_PEERCRED);
        return (peer.Pid, (int)peer.Uid, (int)peer.Gid);
    }

    /// <summary>connect(2); 0 or the errno.</summary>
    internal static int TryConnect(int fd, ReadOnlySpan<byte> address)
    {
        fixed (byte* bytes = address)
        {
            while (Libc.Connect(fd, bytes, (uint)address.Length) < 0)
            {
                var errno = Marshal.GetLastPInvokeError();
                if (errno != Errno.EINTR) return errno; // a Unix socket's connect can be repeated after EINTR: it is not under way
            }
        }

        return 0;
    }

    private static int ListenAt(GuardedPath place, int mode, int backlog)
    {
        var fd = ListeningSockets.Create(Libc.AF_UNIX, place.FullName);
        try
        {
            // bind(2) makes the path with the socket's own mode less the umask, so it is at no time wider than asked for.
            if (Libc.Fchmod(fd, (uint)mode) < 0) throw PosixException.Last("fchmod", place.FullName);
            using (var address = new UnixSocketAddress(place.CallPath)) ListeningSockets.Bind(fd, address.Bytes.Span, place.FullName);
            var bound = Ownership.OpenBound(place);
            try
            {
                Ownership.SetMode(bound, mode, place.FullName); // what the umask took
            }
            finally
            {
                FileDescriptors.Close(bound);
            }

            ListeningSockets.Listen(fd, backlog, place.FullName);
            return fd;
        }
        catch
        {
            FileDescriptors.Close(fd);
            throw;
        }
    }

    private readonly record struct TimeValue(long Seconds, long Microseconds = 0);

    private readonly record struct Credentials(int Pid, uint Uid, uint Gid);
}
