namespace Ips.Actors.Posix;

/// <summary>Options of a socket. See socket(7).</summary>
[SupportedOSPlatform("linux")]
internal static unsafe class SocketOptions
{
    /// <summary>Reads an option of type int.</summary>
    internal static int Get(int fd, int level, int name) => GetStruct<int>(fd, level, name);

    /// <summary>Sets an option of type int.</summary>
    internal static void Set(int fd, int level, int name, int value) => SetStruct(fd, level, name, value);

    /// <summary>Whether a descriptor is a stream socket that does not listen: of a peer's, anything may come.</summary>
    internal static bool IsStreamConnection(int fd) => Is(fd, Libc.SO_TYPE, Libc.SOCK_STREAM) && Is(fd, Libc.SO_ACCEPTCONN, 0);

    /// <summary>Whether a descriptor is a socket of packets, as a handover channel is.</summary>
    internal static bool IsPacketSocket(int fd) => Is(fd, Libc.SO_TYPE, Libc.SOCK_SEQPACKET);

    internal static T GetStruct<T>(int fd, int level, int name) where T : unmanaged
    {
        T value = default;
        var length = (uint)sizeof(T);
        return Libc.GetSockOpt(fd, level, name, &value, &length) == 0 ? value
            : throw PosixException.Last("getsockopt", FileDescriptors.Describe(fd));
    }

    internal static void SetStruct<T>(int fd, int level, int name, T value) where T : unmanaged
    {
        if (Libc.SetSockOpt(fd, level, name, &value, (uint)sizeof(T)) < 0) throw PosixException
            .Last("setsockopt", FileDescriptors.Describe(fd));
    }

    private static bool Is(int fd, int name, int expected)
    {
        int value;
        uint length = sizeof(int);
        return Libc.GetSockOpt(fd, Libc.SOL_SOCKET, name, &value, &length) == 0 && value == expected;
    }

    /// <summary>A pidfd of who connected, since Linux 6.5; null if there is none.</summary>
    internal static int? TryGetPeerPidFd(int fd)
    {
        int pidFd;
        uint length = sizeof(int);
        return Libc.GetSockOpt(fd, Libc.SOL_SOCKET, Libc.SO_PEERPIDFD, &pidFd, &length) == 0 ? pidFd : null;
    }

    /// <summary>The supplementary groups of who connected, as they were then; since Linux 4.13.</summary>
    /// <exception cref="PosixException">ENOPROTOOPT: an older kernel.</exception>
    internal static uint[] GetPeerGroups(int fd)
    {
        var groups = new uint[32];
        while (true)
        {
            var length = (uint)(groups.Length * sizeof(uint));
            fixed (uint* start = groups)
            {
                if (Libc.GetSockOpt(fd, Libc.SOL_SOCKET, Libc.SO_PEERGROUPS, start,
                    &length) == 0) return groups[..(int)(length / sizeof(uint))];
            }

            if (System.Runtime.InteropServices.Marshal.GetLastPInvokeError() != Errno.ERANGE) throw PosixException
                .Last("getsockopt", FileDescriptors.Describe(fd));
            groups = new uint[Math.Max((int)(length / sizeof(uint)), groups.Length * 2)];
        }
    }

    /// <summary>Raises a send buffer below what a packet needs (net.core.wmem_default may be lower); net.core.wmem_max limits it.</summary>
    internal static void RaiseSendBuffer(int fd, int packetSizeBytes)
    {
        // The kernel keeps 32 bytes for itself and takes half of the number asked for as overhead.
        if (Get(fd, Libc.SOL_SOCKET, Libc.SO_SNDBUF) < packetSizeBytes + 32) Set(fd, Libc.SOL_SOCKET, Libc.SO_SNDBUF, packetSizeBytes);
    }
}
