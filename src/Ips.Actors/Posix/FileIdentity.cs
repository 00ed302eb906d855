using System.Runtime.InteropServices;

namespace Ips.Actors.Posix;

/// <summary>Which file a path names: to tell the one that was made from another that took its path. See statx(2).</summary>
/// <param name="Device">The file system's device number.</param>
/// <param name="Inode">The inode number, which a file system may give to a new file as soon as the old one is gone.</param>
/// <param name="BornAtNs">Time of creation in ns since 1970, which tells such files apart; 0 on a file system that keeps none.</param>
internal readonly record struct FileIdentity(ulong Device, ulong Inode, long BornAtNs)
{
    private const int TypeMask = 0xF000, TypeSocket = 0xC000, TypeFile = 0x8000, TypeFolder = 0x4000;

    /// <summary>The file at a path, a symbolic link itself; null if there is none.</summary>
    internal static FileIdentity? OfPath(string path) => Query(path, out _);

    /// <summary>The file that a descriptor has open. For a socket this is not the file at its path.</summary>
    internal static FileIdentity OfDescriptor(int fd) => Statx(fd, "", Libc.AT_EMPTY_PATH, FileDescriptors.Describe(fd), out _)!.Value;

    /// <summary>The file at a path, if it is a socket; else null.</summary>
    internal static FileIdentity? OfSocketPath(string path) => Query(path, out var mode) is { } found && (mode & TypeMask) == TypeSocket ? found : null;

    /// <summary>The user who owns what is at a path, a symbolic link itself.</summary>
    /// <exception cref="PosixException">There is nothing (ENOENT), or it may not be looked at.</exception>
    internal static int OwnerOf(string path)
    {
        _ = Statx(Libc.AT_FDCWD, path, Libc.AT_SYMLINK_NOFOLLOW, path, out _, out var owner, out _) ?? throw new PosixException("statx", Errno.ENOENT, path);
        return owner;
    }

    /// <summary>Whether what a descriptor names belongs to root, and is a folder or a file that has no other name.</summary>
    internal static bool IsRootsAlone(int fd)
    {
        _ = Statx(fd, "", Libc.AT_EMPTY_PATH, FileDescriptors.Describe(fd), out var mode, out var owner, out var links);
        return owner == 0 && ((mode & TypeMask) == TypeFolder || ((mode & TypeMask) == TypeFile && links == 1));
    }

    /// <summary>The file that a path leads to, symbolic links followed; null if there is none.</summary>
    internal static FileIdentity? OfTarget(string path) => Statx(Libc.AT_FDCWD, path, 0, path, out _);

    private static FileIdentity? Query(string path, out int mode) => Statx(Libc.AT_FDCWD, path, Libc.AT_SYMLINK_NOFOLLOW, path, out mode);

    private static FileIdentity? Statx(int directory, string path, int flags, string subject, out int mode) =>
        Statx(directory, path, flags, subject, out mode, out _, out _);

    private static unsafe FileIdentity? Statx(int directory, string path, int flags, string subject, out int mode, out int owner, out uint links)
    {
        // struct statx is the same on all architectures: 256 bytes, fields found by offset.
        var result = stackalloc byte[256];
        (mode, owner, links) = (0, 0, 0);
        fixed (byte* bytes = NativeText.EncodeWithNul(path))
        {
            var mask = Libc.STATX_TYPE | Libc.STATX_NLINK | Libc.STATX_UID | Libc.STATX_INO | Libc.STATX_BTIME;
            if (Libc.Syscall(Libc.SYS_statx, directory, (nint)bytes, flags, (nint)mask, (nint)result) < 0)
            {
                var errno = Marshal.GetLastPInvokeError();
                return errno is Errno.ENOENT or Errno.ENOTDIR ? null : throw new PosixException("statx", errno, subject);
            }
        }

        links = *(uint*)(result + 16);
        owner = *(int*)(result + 20);
        mode = *(ushort*)(result + 28);
        var inode = *(ulong*)(result + 32);
        var born = (*(uint*)result & Libc.STATX_BTIME) == 0 ? 0 : *(long*)(result + 80) * 1_000_000_000 + *(uint*)(result + 88);
        var device = (ulong)*(uint*)(result + 136) << 32 | *(uint*)(result + 140);
        return new FileIdentity(device, inode, born);
    }
}
