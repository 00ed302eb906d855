using System.Runtime.InteropServices;

namespace Ips.Actors.Posix;

/// <summary>Unix SOCK_SEQPACKET sockets with a path, for handover channels between processes that are not related.</summary>
[SupportedOSPlatform("linux")]
internal static unsafe class HandoverSockets
{
    private const int OwnerOnly = 0b110_000_000, OwnerAndGroup = 0b110_110_000;
    private const int ConnectTimeoutSeconds = 5;

    /// <summary>Listens at a path in place of what is there: at no moment is there nothing, nor somebody who may not be.</summary>
    /// <param name="path">Made under another name first, in the same folder, and renamed.</param>
    /// <param name="group">Whose members may connect (mode 0660); null for the owner alone (0600).</param>
    /// <param name="backlog">Length of the queue of connections not yet accepted.</param>
    /// <param name="keep">False only tries: what was made is removed, the path is as it was, and -1 is given.</param>
    /// <returns>A non-blocking socket with FD_CLOEXEC; the caller owns it.</returns>
    /// <exception cref="PosixException">EACCES, ENOENT, EROFS: the folder. EPERM: the group is not this process's to give.</exception>
    internal static int Listen(string path, uint? group, int backlog, bool keep = true)
    {
        using var place = GuardedPath.Walk(path, followLast: false);
        using var temporary = place.Beside($"{place.Name}.{Environment.ProcessId}");
        var fd = Create(Libc.SOCK_NONBLOCK, path);
        try
        {
            temporary.TryRemove(); // of a process that was killed, and had this PID
            // bind(2) makes the path with the socket's own mode less the umask, so it is at no time wider than asked for.
            if (Libc.Fchmod(fd, OwnerOnly) < 0) throw PosixException.Last("fchmod", path);
            using (var address = new UnixSocketAddress(temporary.CallPath)) ListeningSockets
                .Bind(fd, address.Bytes.Span, temporary.FullName);
            try
            {
                Protect(temporary, group);
                ListeningSockets.Listen(fd, backlog, path);
                if (keep)
                {
                    place.Take(temporary.Name);
                    return fd;
                }
            }
            catch
            {
                temporary.TryRemove();
                throw;
            }

            temporary.TryRemove();
            FileDescriptors.Close(fd);
            return -1;
        }
        catch
        {
            FileDescriptors.Close(fd);
            throw;
        }
    }

    private static void Protect(GuardedPath place, uint? group)
    {
        var bound = Ownership.OpenBound(place);
        try
        {
            if (group is { } members) Ownership.Give(bound, Ownership.Unchanged, members, $"{place.FullName} for group {members}");
            Ownership.SetMode(bound, group is null ? OwnerOnly : OwnerAndGroup, place.FullName);
        }
        finally
        {
            FileDescriptors.Close(bound);
        }
    }

    /// <summary>Whether a process listens at a path for handover channels.</summary>
    /// <exception cref="PosixException">Something else is there (EPROTOTYPE, ENOTSOCK), or it may not be asked (EACCES).</exception>
    internal static bool IsServed(string path)
    {
        var fd = Create(Libc.SOCK_NONBLOCK, path);
        try
        {
            using var address = new UnixSocketAddress(path);
            return UnixSockets.TryConnect(fd, address.Bytes.Span) switch
            {
                0 or Errno.EAGAIN => true, // the latter: its queue is full
                Errno.ENOENT => false,
                Errno.ECONNREFUSED when FileIdentity.OfSocketPath(path) is null =>
                    throw new PosixException("connect", Errno.ENOTSOCK, path),
                Errno.ECONNREFUSED => false,
                var errno => throw new PosixException("connect", errno, path),
            };
        }
        finally
        {
            FileDescriptors.Close(fd);
        }
    }

    /// <summary>Connects; the caller owns the socket.</summary>
    /// <exception cref="PosixException">ENOENT: no such path. ECONNREFUSED: nobody listens. EACCES: this user may not. EPROTOTYPE: a socket
    /// of another type. EAGAIN: the queue stayed full for 5 s.</exception>
    internal static int Connect(string path)
    {
        var fd = Create(0, path);
        try
        {
            SocketOptions.SetStruct(fd, Libc.SOL_SOCKET, Libc.SO_SNDTIMEO, new TimeValue(ConnectTimeoutSeconds));
            using (var address = new UnixSocketAddress(path))
            {
                var errno = UnixSockets.TryConnect(fd, address.Bytes.Span);
                if (errno != 0) throw new PosixException("connect", errno, path);
            }

            SocketOptions.SetStruct(fd, Libc.SOL_SOCKET, Libc.SO_SNDTIMEO, new TimeValue(0));
            Prepare(fd);
            return fd;
        }
        catch
        {
            FileDescriptors.Close(fd);
            throw;
        }
    }

    /// <summary>Readies an accepted or connected socket for packets of the protocol's size.</summary>
    internal static void Prepare(int fd) => SocketOptions.RaiseSendBuffer(fd, PacketChannel.MaxPacketSizeBytes);

    private static int Create(int flags, string subject)
    {
        var fd = Libc.Socket(Libc.AF_UNIX, Libc.SOCK_SEQPACKET | Libc.SOCK_CLOEXEC | flags, 0);
        return fd >= 0 ? fd : throw PosixException.Last("socket", subject);
    }

    [StructLayout(LayoutKind.Sequential)]
    private readonly record struct TimeValue(long Seconds, long Microseconds = 0);
}
