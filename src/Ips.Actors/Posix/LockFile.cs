using System.Runtime.InteropServices;

namespace Ips.Actors.Posix;

/// <summary>A held lock of flock(2), by which one daemon keeps others off its PID file.</summary>
/// <remarks>
/// The lock belongs to the open file: it passes to a successor with the descriptor and ends when the last duplicate is closed, or with
/// <see cref="Release"/>. The file is never renamed, and not removed once a service has run under it: a process that opened it before
/// would lock a different file than the processes that open it later. <see cref="TryAcquire"/> checks for that, since a cleaner of
/// temporary files may remove it.
/// </remarks>
[SupportedOSPlatform("linux")]
internal sealed class LockFile : IDisposable
{
    private const int OwnerOnly = 0b110_000_000, OwnerAndGroup = 0b110_110_000; // 0600, 0660

    private bool _disposed;

    private LockFile(int fd, bool isNew = false) => (Fd, IsNew) = (fd, isNew);

    /// <summary>The open file, with FD_CLOEXEC. Owned by this object: send it, but do not close it.</summary>
    internal int Fd { get; }

    /// <summary>There was no such file before: this process made it.</summary>
    internal bool IsNew { get; }

    /// <summary>Locks a file, which is made (mode 0600) if it is not there: flock(2) is content with a descriptor that only reads, so who
    /// may read it could keep this service from starting.</summary>
    /// <param name="path">By custom the PID file's path and <c>.lock</c>. A symbolic link is refused (ELOOP).</param>
    /// <returns>Null if another open file holds the lock.</returns>
    /// <exception cref="PosixException">The file cannot be opened: EACCES, ENOENT, EROFS.</exception>
    /// <exception cref="UnsafePathException">It is no regular file, or the way to it leads through a link that is not to be
    /// trusted.</exception>
    internal static LockFile? TryAcquire(string path)
    {
        using var place = GuardedPath.Walk(path, followLast: false);
        while (true)
        {
            var isNew = place.Status() is null;
            var fd = Open(place);
            try
            {
                if (!TryLock(fd, path))
                {
                    FileDescriptors.Close(fd);
                    return null;
                }

                // Somebody (a cleaner of temporary folders) may have removed the file meanwhile: a lock on it would keep nobody off.
                if (place.Status()?.Identity == FileIdentity.OfDescriptor(fd)) return new LockFile(fd, isNew);
            }
            catch
            {
                FileDescriptors.Close(fd);
                throw;
            }

            FileDescriptors.Close(fd);
        }
    }

    /// <summary>Takes over a lock whose descriptor came from the predecessor; this object owns the descriptor from then on.</summary>
    /// <exception cref="PosixException">EAGAIN: the lock is another's; then the descriptor is still the caller's.</exception>
    internal static LockFile Adopt(int fd)
    {
        FileDescriptors.SetCloseOnExec(fd);
        // Free of charge if the open file holds the lock, which it does unless the predecessor made a mistake.
        if (!TryLock(fd, FileDescriptors.Describe(fd))) throw new PosixException("flock", Errno.EAGAIN, FileDescriptors.Describe(fd));
        return new LockFile(fd);
    }

    /// <summary>Releases the lock, even if another process has a duplicate of it, and closes this process's descriptor.</summary>
    internal void Release()
    {
        if (_disposed) return;
        while (Libc.Flock(Fd, Libc.LOCK_UN) < 0)
        {
            if (Marshal.GetLastPInvokeError() is var errno and not Errno.EINTR) throw new PosixException("flock", errno,
                FileDescriptors.Describe(Fd));
        }

        Dispose();
    }

    /// <summary>Sets who may open the file, if it is this user's: the owner alone, or the members of a group as well. One that an earlier
    /// version made with mode 0644 is closed so.</summary>
    /// <param name="group">The group whose members may take the service over; null for none.</param>
    /// <exception cref="IOException">The group is not this process's to give.</exception>
    internal void Protect(uint? group)
    {
        if (FileStatus.Of(Fd).UserId != ProcessAttributes.EffectiveUserId) return;
        try
        {
            if (group is { } members) Ownership.Give(Fd, Ownership.Unchanged, members, FileDescriptors.Describe(Fd));
        }
        catch (PosixException e) when (e.Errno == Errno.EPERM)
        {
            throw new IOException(
                $"The lock of the PID file cannot be given to group {group} (ips.takeover.group): only root, or a member of the group, "
                + "can give it.", e);
        }

        Ownership.SetMode(Fd, group is null ? OwnerOnly : OwnerAndGroup, FileDescriptors.Describe(Fd));
    }

    /// <summary>Closes this process's descriptor. The lock ends only with the last duplicate.</summary>
    public void Dispose()
    {
        if (_disposed) return;
        _disposed = true;
        FileDescriptors.Close(Fd);
    }

    // After a takeover by another user the file still is the former one's; flock(2) is content with a descriptor that only reads.
    private static int Open(GuardedPath place)
    {
        int fd;
        try
        {
            fd = place.Open(Libc.O_RDWR | Libc.O_CREAT, OwnerOnly);
        }
        catch (PosixException e) when (e.Errno == Errno.EACCES && place.Status() is not null)
        {
            fd = place.Open(Libc.O_RDONLY);
        }

        if (FileStatus.Of(fd) is { IsRegular: true } status && (status.Links == 1 || !place.IsContested)) return fd;
        FileDescriptors.Close(fd);
        throw new UnsafePathException(
            $"The lock {place.FullName} is not a regular file of one name: remove it, or choose another ips.pid-file.");
    }

    private static bool TryLock(int fd, string subject)
    {
        while (Libc.Flock(fd, Libc.LOCK_EX | Libc.LOCK_NB) < 0)
        {
            switch (Marshal.GetLastPInvokeError())
            {
                case Errno.EINTR: continue;
                case Errno.EAGAIN: return false;
                case var errno: throw new PosixException("flock", errno, subject);
            }
        }

        return true;
    }
}
