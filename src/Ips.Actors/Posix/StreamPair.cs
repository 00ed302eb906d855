using System.Net.Sockets;

namespace Ips.Actors.Posix;

/// <summary>A connection within this process that no network, path or other process takes part in. See socketpair(2).</summary>
[SupportedOSPlatform("linux")]
internal static unsafe class StreamPair
{
    /// <summary>Both ends, with FD_CLOEXEC.</summary>
    /// <exception cref="PosixException">The process has no descriptors left (EMFILE), or the system (ENFILE).</exception>
    internal static (Socket A, Socket B) Open()
    {
        var pair = stackalloc int[2];
        if (Libc.SocketPair(Libc.AF_UNIX, Libc.SOCK_STREAM | Libc.SOCK_CLOEXEC, 0, pair) < 0) throw PosixException.Last("socketpair");
        // Owned before anything can fail.
        var (a, b) = (new SafeSocketHandle(pair[0], ownsHandle: true), new SafeSocketHandle(pair[1], ownsHandle: true));
        return (new Socket(a), new Socket(b));
    }
}
