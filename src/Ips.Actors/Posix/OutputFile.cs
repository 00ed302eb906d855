using Microsoft.Win32.SafeHandles;

namespace Ips.Actors.Posix;

/// <summary>Writes what a person asked for to the path that was named. A regular file is replaced as a whole; into anything else it is
/// written.</summary>
[SupportedOSPlatform("linux")]
internal static class OutputFile
{
    private const int NewMode = 0b110_110_110; // 0666, less the umask
    private const int PrivateMode = 0b110_000_000; // until the mode of the file that is replaced is known to hold

    /// <summary>Writes.</summary>
    /// <param name="path">A trusted link is followed, see <see cref="GuardedPath"/>: what it leads to is replaced, and it stays.</param>
    /// <param name="write">Writes the content. If it throws, a regular file is as it was.</param>
    /// <param name="cancellation">Ends the wait for who reads a FIFO.</param>
    internal static async Task WriteAsync(string path, Func<Stream, Task> write, CancellationToken cancellation)
    {
        if (OwnDescriptor(path) is { } own)
        {
            if (!FileDescriptors.IsOpen(own)) throw new PosixException("open", Errno.ENOENT, path);
            await write(new DescriptorStream(own));
            return;
        }

        using var place = GuardedPath.Walk(path);
        if (place.Status() is { IsRegular: false } other) await IntoAsync(place, other, write, cancellation);
        else await ReplaceAsync(place, write);
    }

    // What /dev/stdout and bash's >(command) lead to is no path, but a descriptor that this process already has.
    private static int? OwnDescriptor(string path)
    {
        if (path == "/dev/stdout") return StandardStreams.Output;
        if (path == "/dev/stderr") return StandardStreams.Error;
        foreach (var folder in (ReadOnlySpan<string>)["/dev/fd/", "/proc/self/fd/"])
        {
            if (path.StartsWith(folder, StringComparison.Ordinal) && int.TryParse(path.AsSpan(folder.Length), out var fd)
                && fd >= 0) return fd;
        }

        return null;
    }

    private static async Task ReplaceAsync(GuardedPath place, Func<Stream, Task> write)
    {
        // In the same folder, because rename(2) does not cross file systems; of a name that fits where any name does.
        using var temporary = place.Beside($".ips-{Environment.ProcessId}.part");
        temporary.TryRemove(); // left over by a process that had the same id and was killed here
        var old = place.Status();
        var fd = temporary.Open(Libc.O_WRONLY | Libc.O_CREAT | Libc.O_EXCL, old is null ? NewMode : PrivateMode);
        try
        {
            try
            {
                if (old is { } former) Keep(fd, former, place.FullName);
                await write(new DescriptorStream(fd));
                FileDescriptors.Flush(fd);
            }
            finally
            {
                FileDescriptors.Close(fd);
            }

            place.Take(temporary.Name);
        }
        catch
        {
            temporary.TryRemove();
            throw;
        }
    }

    // The owner first: chown(2) may take permissions away.
    private static void Keep(int fd, FileStatus former, string path)
    {
        var made = FileStatus.Of(fd);
        try
        {
            if (made.UserId != former.UserId || made.GroupId != former.GroupId) Ownership.Give(fd, (uint)former.UserId,
                (uint)former.GroupId, path);
        }
        catch (PosixException e) when (e.Errno == Errno.EPERM)
        {
            throw new IOException(
                $"{path} belongs to uid {former.UserId} and gid {former.GroupId}, and only root could give them a new file: "
                + "remove it first, or name another.", e);
        }

        Ownership.SetMode(fd, former.Permissions, path);
    }

    private static async Task IntoAsync(GuardedPath place, FileStatus status, Func<Stream, Task> write, CancellationToken cancellation)
    {
        if (status.IsFolder) throw new IOException($"{place.FullName} is a folder.");
        if (status.IsSocket) throw new IOException($"{place.FullName} is a socket.");
        var found = place.Open(Libc.O_PATH);
        try
        {
            var opened = FileStatus.Of(found);
            if (opened.IsRegular || opened.IsLink || (place.IsContested && !opened.IsOurs))
            {
                throw new UnsafePathException(
                    $"{place.FullName} belongs to uid {opened.UserId} and is not a regular file, in a folder that others may write to: "
                        + "name another.");
            }

            // By the descriptor, so that it is what was looked at. A FIFO waits here for who reads it.
            var way = $"/proc/self/fd/{found}";
            var opening = Task.Run(
                () => new SafeFileHandle(FileDescriptors.Open(way, Libc.O_WRONLY | Libc.O_NOCTTY), ownsHandle: true),
                    CancellationToken.None);
            using var handle = await opening.WaitAsync(cancellation);
            await write(new DescriptorStream((int)handle.DangerousGetHandle()));
        }
        finally
        {
            FileDescriptors.Close(found);
        }
    }
}
