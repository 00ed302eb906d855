namespace Ips.Actors.Posix;

/// <summary>Small files that are replaced as a whole: a reader sees the old or the new content, never half of one.</summary>
[SupportedOSPlatform("linux")]
internal static class AtomicFile
{
    /// <summary>Writes a temporary file beside it, then renames. A symbolic link at the path is replaced, not followed.</summary>
    /// <exception cref="PosixException">The folder is missing (ENOENT) or not writable (EACCES, EROFS), or the disk is full
    /// (ENOSPC).</exception>
    /// <exception cref="UnsafePathException">The way to the folder leads through a link that is not to be trusted.</exception>
    /// <param name="path">The file.</param>
    /// <param name="content">What is to be in it.</param>
    /// <param name="mode">Its permissions.</param>
    /// <param name="durable">Return only when it is on the disk, so that it outlives a loss of power.</param>
    internal static void Write(string path, ReadOnlySpan<byte> content, int mode, bool durable = false)
    {
        using var place = GuardedPath.Walk(Path.GetFullPath(path), followLast: false);
        // In the same folder, because rename(2) does not cross file systems. The name is this process's own and never read.
        using var temporary = place.Beside($".{place.Name}.{Environment.ProcessId}.tmp");
        temporary.TryRemove(); // left over by a process that had the same id and was killed here
        var fd = temporary.Open(Libc.O_WRONLY | Libc.O_CREAT | Libc.O_EXCL, mode);
        try
        {
            try
            {
                FileDescriptors.WriteAll(fd, content);
                if (durable) FileDescriptors.Flush(fd);
            }
            finally
            {
                FileDescriptors.Close(fd);
            }

            place.Take(temporary.Name);
            if (durable) FolderTree.Sync(Path.GetDirectoryName(Path.GetFullPath(path))!);
        }
        catch
        {
            temporary.TryRemove();
            throw;
        }
    }

    /// <summary>Removes a file, or a symbolic link itself.</summary>
    /// <returns>False if there is none.</returns>
    internal static bool TryRemove(string path)
    {
        try
        {
            using var place = GuardedPath.Walk(path, followLast: false);
            return place.TryRemove();
        }
        catch (PosixException e) when (e is { Call: "open", Errno: Errno.ENOENT })
        {
            return false; // nor its folder
        }
    }
}
