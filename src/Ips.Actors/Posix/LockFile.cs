using System.Runtime.InteropServices;

namespace Ips.Actors.Posix;

/// <summary>A held lock of flock(2), by which one daemon keeps others off its PID file.</summary>
/// <remarks>
/// The lock belongs to the open file: it passes to a successor with the descriptor and ends when the last duplicate is closed, so this
/// class never unlocks. The file is never renamed nor removed: whoever opened it before would then lock another file than those after.
/// </remarks>
internal sealed class LockFile : IDisposable
{
    private bool _disposed;

    private LockFile(int fd) => Fd = fd;

    /// <summary>The open file, with FD_CLOEXEC. Owned by this object: send it, but do not close it.</summary>
    internal int Fd { get; }

    /// <summary>Locks a file, which is made (mode 0644) if it is not there.</summary>
    /// <param name="path">By custom the PID file's path and <c>.lock</c>. A symbolic link is refused (ELOOP).</param>
    /// <returns>Null if another open file holds the lock.</returns>
    /// <exception cref="PosixException">The file cannot be opened: EACCES, ENOENT, EROFS.</exception>
    internal static LockFile? TryAcquire(string path)
    {
        while (true)
        {
            var fd = Open(path);
            try
            {
                if (!TryLock(fd, path))
                {
                    FileDescriptors.Close(fd);
                    return null;
                }

                // Somebody (a cleaner of temporary folders) may have removed the file meanwhile: a lock on it would keep nobody off.
                if (FileIdentity.OfPath(path) == FileIdentity.OfDescriptor(fd)) return new LockFile(fd);
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

    /// <summary>Closes this process's descriptor. The lock ends only with the last duplicate.</summary>
    public void Dispose()
    {
        if (_disposed) return;
        _disposed = true;
        FileDescriptors.Close(Fd);
    }

    // After a takeover by another user the file still is the former one's; flock(2) is content with a descriptor that only reads.
    private static int Open(string path)
    {
        try
        {
            return FileDescriptors.Open(path, Libc.O_RDWR | Libc.O_CREAT | Libc.O_NOFOLLOW, 0b110_100_100);
        }
        catch (PosixException e) when (e.Errno == Errno.EACCES && File.Exists(path))
        {
            return FileDescriptors.Open(path, Libc.O_RDONLY | Libc.O_NOFOLLOW);
        }
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
