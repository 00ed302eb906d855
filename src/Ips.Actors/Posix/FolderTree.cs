using System.Runtime.InteropServices;

namespace Ips.Actors.Posix;

/// <summary>Folders that only root and this process's user may write to, and what is done with whole trees in them.</summary>
[SupportedOSPlatform("linux")]
internal static unsafe class FolderTree
{
    /// <summary>Finds a folder that nobody but root and this process's user can write to, or put another folder in the place of.</summary>
    /// <param name="path">Where links are followed as <see cref="GuardedPath"/> has it.</param>
    /// <returns>Its path with all links followed. Nobody else can change what that path means.</returns>
    /// <exception cref="UnsafePathException">It is another user's, others may write to it or to a folder above it, or it is no
    /// folder.</exception>
    internal static string Trusted(string path)
    {
        using var place = GuardedPath.Walk(path);
        var fd = place.Open(Libc.O_PATH);
        try
        {
            var status = FileStatus.Of(fd);
            var fault = status switch
            {
                { IsFolder: false } => "is no folder.",
                { IsOurs: false } => $"belongs to uid {status.UserId}, and this is uid {ProcessAttributes.EffectiveUserId}: run the "
                    + $"command as that user (sudo -u '#{status.UserId}' ips ...), or give the folder to uid "
                    + $"{ProcessAttributes.EffectiveUserId} (chown).",
                { OthersMayWrite: true } => $"has mode {GuardedPath.Octal(status.Permissions)}: others may write to it, and it decides "
                    + "what the service runs (chmod go-w).",
                _ when place.IsContested => "is in a folder that others may write to: they could put another folder in its place. Change "
                    + "who may write to the folders above it (chown, chmod go-w).",
                _ => null,
            };
            return fault is null ? FileDescriptors.RealPath($"/proc/self/fd/{fd}") : throw new UnsafePathException($"{path} {fault}");
        }
        finally
        {
            FileDescriptors.Close(fd);
        }
    }

    /// <summary>What is at a path, a link itself; null if there is nothing.</summary>
    internal static FileStatus? StatusOf(string path) => FileStatus.Of(Libc.AT_FDCWD, path, Libc.AT_SYMLINK_NOFOLLOW, path);

    /// <summary>Opens a file to read it, if it is no link and nothing that an open would wait for.</summary>
    /// <exception cref="PosixException">ELOOP: it is a link.</exception>
    internal static int OpenToRead(string path)
    {
        var fd = FileDescriptors.Open(path, Libc.O_RDONLY | Libc.O_NOFOLLOW | Libc.O_NONBLOCK);
        FileDescriptors.SetBlocking(fd);
        return fd;
    }

    /// <summary>Waits until the disk has a file, or the names in a folder.</summary>
    internal static void Sync(string path)
    {
        var fd = FileDescriptors.Open(path, Libc.O_RDONLY | Libc.O_NOFOLLOW | Libc.O_NONBLOCK);
        try
        {
            if (Libc.Fsync(fd) < 0 && Marshal.GetLastPInvokeError() is var errno and not Errno.EINVAL) // not a kind that can be synced
                throw new PosixException("fsync", errno, path);
        }
        finally
        {
            FileDescriptors.Close(fd);
        }
    }

    /// <summary>Makes a file share the blocks of another one, where the file system can: FICLONE of ioctl_ficlone(2).</summary>
    /// <returns>False if it cannot: the caller copies the bytes.</returns>
    internal static bool TryClone(int from, int to) => Libc.Ioctl(to, Libc.FICLONE, from) == 0;

    /// <summary>Moves what is at a path to another one of the same file system, at which there must be nothing.</summary>
    /// <returns>False if there is something.</returns>
    internal static bool TryMove(string from, string to)
    {
        fixed (byte* source = NativeText.EncodeWithNul(from), target = NativeText.EncodeWithNul(to))
        {
            if (Libc.Syscall(Libc.SYS_renameat2, Libc.AT_FDCWD, (nint)source, Libc.AT_FDCWD, (nint)target, Libc.RENAME_NOREPLACE) == 0)
                return true;
            var errno = Marshal.GetLastPInvokeError();
            if (errno == Errno.EEXIST) return false;
            if (errno is not (Errno.EINVAL or Errno.ENOSYS)) throw new PosixException("rename", errno, $"{from} to {to}");
            // A file system without that flag. Nobody else writes here, and a lock keeps this user's other commands off.
            if (StatusOf(to) is not null) return false;
            if (Libc.RenameAt(Libc.AT_FDCWD, source, Libc.AT_FDCWD, target) < 0)
                throw PosixException.Last("rename", $"{from} to {to}");
            return true;
        }
    }

    /// <summary>Makes a symbolic link, or points one elsewhere, in one step.</summary>
    /// <param name="path">The link.</param>
    /// <param name="target">Where it leads.</param>
    /// <param name="temporary">A path in the same folder for the moment before; what is left there is removed.</param>
    internal static void PointLink(string path, string target, string temporary)
    {
        fixed (byte* to = NativeText.EncodeWithNul(target), made = NativeText.EncodeWithNul(temporary), at = NativeText.EncodeWithNul(path))
        {
            _ = Libc.UnlinkAt(Libc.AT_FDCWD, made, 0);
            if (Libc.SymlinkAt(to, Libc.AT_FDCWD, made) < 0) throw PosixException.Last("symlink", temporary);
            if (Libc.RenameAt(Libc.AT_FDCWD, made, Libc.AT_FDCWD, at) < 0)
            {
                var failure = PosixException.Last("rename", $"{temporary} to {path}");
                _ = Libc.UnlinkAt(Libc.AT_FDCWD, made, 0);
                throw failure;
            }
        }
    }

    /// <summary>Removes a file, a link itself, or a folder with all in it. No link is followed, also none that somebody puts into the tree
    /// meanwhile.</summary>
    /// <returns>False if there is nothing.</returns>
    internal static bool Remove(string path)
    {
        fixed (byte* name = NativeText.EncodeWithNul(path)) return Remove(Libc.AT_FDCWD, name, path);
    }

    private static bool Remove(int folder, byte* name, string path)
    {
        if (Libc.UnlinkAt(folder, name, 0) == 0) return true;
        var errno = Marshal.GetLastPInvokeError();
        if (errno == Errno.ENOENT) return false;
        if (errno is not (Errno.EISDIR or Errno.EPERM)) throw new PosixException("unlink", errno, path);
        var fd = Libc.OpenAt(folder, name, Libc.O_RDONLY | Libc.O_DIRECTORY | Libc.O_NOFOLLOW | Libc.O_CLOEXEC, 0);
        if (fd < 0) throw PosixException.Last("open", path);
        try
        {
            foreach (var entry in Directory.GetFileSystemEntries($"/proc/self/fd/{fd}"))
            {
                var inner = Path.GetFileName(entry);
                fixed (byte* bytes = NativeText.EncodeWithNul(inner)) Remove(fd, bytes, Path.Combine(path, inner));
            }
        }
        finally
        {
            FileDescriptors.Close(fd);
        }

        if (Libc.UnlinkAt(folder, name, Libc.AT_REMOVEDIR) < 0) throw PosixException.Last("rmdir", path);
        return true;
    }
}
