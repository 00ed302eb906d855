namespace Ips.Actors.Posix;

/// <summary>Which file a path names: to tell the one that was made from another that took its path. See statx(2).</summary>
/// <param name="Device">The file system's device number.</param>
/// <param name="Inode">The inode number, which a file system may give to a new file as soon as the old one is gone.</param>
/// <param name="BornAtNs">Time of creation in ns since 1970, which tells such files apart; 0 on a file system that keeps none.</param>
[SupportedOSPlatform("linux")]
internal readonly record struct FileIdentity(ulong Device, ulong Inode, long BornAtNs)
{
    /// <summary>The file at a path, a symbolic link itself; null if there is none.</summary>
    internal static FileIdentity? OfPath(string path) => Query(path)?.Identity;

    /// <summary>The file that a descriptor has open. For a socket this is not the file at its path.</summary>
    internal static FileIdentity OfDescriptor(int fd) => FileStatus.Of(fd).Identity;

    /// <summary>The file at a path, if it is a socket; else null.</summary>
    internal static FileIdentity? OfSocketPath(string path) => Query(path) is { IsSocket: true } found ? found.Identity : null;

    /// <summary>The user who owns what is at a path, a symbolic link itself.</summary>
    /// <exception cref="PosixException">There is nothing (ENOENT), or it may not be looked at.</exception>
    internal static int OwnerOf(string path) => Query(path)?.UserId ?? throw new PosixException("statx", Errno.ENOENT, path);

    /// <summary>Whether what a descriptor names belongs to root, and is a folder or a file that has no other name.</summary>
    internal static bool IsRootsAlone(int fd) => FileStatus.Of(fd) is { UserId: 0 } found
        && (found.IsFolder || found is { IsRegular: true, Links: 1 });

    /// <summary>The file that a path leads to, symbolic links followed; null if there is none.</summary>
    internal static FileIdentity? OfTarget(string path) => FileStatus.Of(Libc.AT_FDCWD, path, 0, path)?.Identity;

    /// <summary>Whether two paths lead to the same file, through whatever links.</summary>
    internal static bool AreSame(string one, string other) => OfTarget(one) is { } file && file == OfTarget(other);

    private static FileStatus? Query(string path) => FileStatus.Of(Libc.AT_FDCWD, path, Libc.AT_SYMLINK_NOFOLLOW, path);
}
