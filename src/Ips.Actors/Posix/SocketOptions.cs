namespace Ips.Actors.Posix;

/// <summary>Options of a socket. See socket(7).</summary>
internal static unsafe class SocketOptions
{
    /// <summary>Reads an option of type int.</summary>
    internal static int Get(int fd, int level, int name) => GetStruct<int>(fd, level, name);

    /// <summary>Sets an option of type int.</summary>
    internal static void Set(int fd, int level, int name, int value) => SetStruct(fd, level, name, value);

    internal static T GetStruct<T>(int fd, int level, int name) where T : unmanaged
    {
        T value = default;
        var length = (uint)sizeof(T);
        return Libc.GetSockOpt(fd, level, name, &value, &length) == 0 ? value : throw PosixException.Last("getsockopt", FileDescriptors.Describe(fd));
    }

    internal static void SetStruct<T>(int fd, int level, int name, T value) where T : unmanaged
    {
        if (Libc.SetSockOpt(fd, level, name, &value, (uint)sizeof(T)) < 0) throw PosixException.Last("setsockopt", FileDescriptors.Describe(fd));
    }

    /// <summary>Raises a send buffer below what a packet needs (net.core.wmem_default may be lower); net.core.wmem_max limits it.</summary>
    internal static void RaiseSendBuffer(int fd, int packetSizeBytes)
    {
        // The kernel keeps 32 bytes for itself and takes half of the number asked for as overhead.
        if (Get(fd, Libc.SOL_SOCKET, Libc.SO_SNDBUF) < packetSizeBytes + 32) Set(fd, Libc.SOL_SOCKET, Libc.SO_SNDBUF, packetSizeBytes);
    }
}
