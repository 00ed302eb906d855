using System.Runtime.InteropServices;

namespace Ips.Actors.Posix;

[SupportedOSPlatform("linux")]
internal static unsafe partial class Libc
{
    internal const int AF_UNIX = 1, AF_INET = 2, AF_INET6 = 10;
    internal const int SOCK_STREAM = 1, SOCK_SEQPACKET = 5, SOCK_NONBLOCK = 0x800, SOCK_CLOEXEC = 0x80000;
    internal const int SOL_SOCKET = 1, SO_REUSEADDR = 2, SO_TYPE = 3, SO_SNDBUF = 7, SO_LINGER = 13, SO_PASSCRED = 16, SO_PEERCRED = 17;
    internal const int SO_SNDTIMEO = 21, SO_ACCEPTCONN = 30, SO_DOMAIN = 39, SO_PEERGROUPS = 59, SO_PEERPIDFD = 77;
    internal const int IPPROTO_IPV6 = 41, IPV6_V6ONLY = 26;
    internal const int SCM_RIGHTS = 1, SCM_CREDENTIALS = 2;
    internal const int MSG_CTRUNC = 0x8, MSG_TRUNC = 0x20, MSG_DONTWAIT = 0x40, MSG_NOSIGNAL = 0x4000, MSG_CMSG_CLOEXEC = 0x40000000;

    [LibraryImport("libc", EntryPoint = "socket", SetLastError = true)]
    internal static partial int Socket(int domain, int type,
        int protocol);
    [LibraryImport("libc", EntryPoint = "socketpair", SetLastError = true)]
    internal static partial int SocketPair(int domain, int type, int protocol, int* pair);
    [LibraryImport("libc", EntryPoint = "bind", SetLastError = true)] internal static partial int Bind(int fd, byte* address, uint length);
    [LibraryImport("libc", EntryPoint = "listen", SetLastError = true)] internal static partial int Listen(int fd, int backlog);
    [LibraryImport("libc", EntryPoint = "connect", SetLastError = true)]
    internal static partial int Connect(int fd, byte* address,
        uint length);
    [LibraryImport("libc", EntryPoint = "accept4", SetLastError = true)]
    internal static partial int Accept4(int fd, byte* address, uint* length, int flags);
    [LibraryImport("libc", EntryPoint = "getsockname", SetLastError = true)]
    internal static partial int GetSockName(int fd, byte* address,
        uint* length);
    [LibraryImport("libc", EntryPoint = "getsockopt", SetLastError = true)]
    internal static partial int GetSockOpt(int fd, int level, int name, void* value, uint* length);
    [LibraryImport("libc", EntryPoint = "setsockopt", SetLastError = true)]
    internal static partial int SetSockOpt(int fd, int level, int name, void* value, uint length);
    [LibraryImport("libc", EntryPoint = "sendmsg", SetLastError = true)]
    internal static partial nint SendMsg(int fd,
        MessageHeader* message, int flags);
    [LibraryImport("libc", EntryPoint = "recvmsg", SetLastError = true)]
    internal static partial nint RecvMsg(int fd,
        MessageHeader* message, int flags);

    /// <summary>struct msghdr on a 64-bit little-endian system. musl has 32-bit counts with padding where glibc has 64-bit ones: the same
    /// bytes.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct MessageHeader
    {
        internal void* Name;
        internal uint NameLength;
        internal IoVector* Vectors;
        internal nuint VectorCount;
        internal void* Control;
        internal nuint ControlLength;
        internal int Flags;
    }

    /// <summary>struct iovec.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct IoVector
    {
        internal void* Base;
        internal nuint Length;
    }

    /// <summary>struct cmsghdr; its data follows at once, and the next header at the next multiple of 8.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct ControlHeader
    {
        internal nuint Length;
        internal int Level;
        internal int Type;
    }
}
