using System.Runtime.InteropServices;

namespace Ips.Actors.Posix;

/// <summary>Small files that are replaced as a whole: a reader sees the old or the new content, never half of one.</summary>
internal static unsafe class AtomicFile
{
    /// <summary>Writes a temporary file beside it, then renames. A symbolic link at the path is replaced, not followed.</summary>
    /// <exception cref="PosixException">The folder is missing (ENOENT) or not writable (EACCES, EROFS), or the disk is full (ENOSPC).</exception>
    internal static void Write(string path, ReadOnlySpan<byte> content, int mode)
    {
        var full = Path.GetFullPath(path);
        // In the same folder, because rename(2) does not cross file systems. The name is this process's own and never read.
        var temporary = Path.Combine(Path.GetDirectoryName(full) ?? "/", $".{Path.GetFileName(full)}.{Environment.ProcessId}.tmp");
        TryRemove(temporary); // left over by a process that had the same id and was killed here
        var fd = FileDescriptors.Open(temporary, Libc.O_WRONLY | Libc.O_CREAT | Libc.O_EXCL | Libc.O_NOFOLLOW, mode);
        try
        {
            try
            {
                FileDescriptors.WriteAll(fd, content);
            }
            finally
            {
                FileDescriptors.Close(fd);
            }

            fixed (byte* from = NativeText.EncodeWithNul(temporary), to = NativeText.EncodeWithNul(full))
            {
                if (Libc.Rename(from, to) < 0) throw PosixException.Last("rename", $"{temporary} to {full}");
            }
        }
        catch
        {
            TryRemove(temporary);
            throw;
        }
    }

    /// <summary>Removes a file.</summary>
    /// <returns>False if there is none.</returns>
    internal static bool TryRemove(string path)
    {
        fixed (byte* bytes = NativeText.EncodeWithNul(path))
        {
            if (Libc.Unlink(bytes) == 0) return true;
            var errno = Marshal.GetLastPInvokeError();
            return errno == Errno.ENOENT ? false : throw new PosixException("unlink", errno, path);
        }
    }
}
