namespace Ips.Actors.Posix;

/// <summary>Opens files in folders where others may have prepared something: a link, a second name of another file, a FIFO that nobody
/// reads.</summary>
[SupportedOSPlatform("linux")]
internal static class GuardedFile
{
    private const int LogMode = 0b110_100_000, PrivateMode = 0b110_000_000, LogFolderMode = 0b111_101_000; // 0640, 0600, 0750

    /// <summary>Opens a log file to append to it; it is made with mode 0640 if it is not there, and its folder with mode 0750 if nobody
    /// else may write to the one
    /// above it.</summary>
    /// <param name="path">Where links are followed as <see cref="GuardedPath"/> has it.</param>
    /// <param name="owner">A user whose file it may be beside root and this process's own: the one that the service is to run as.</param>
    /// <exception cref="UnsafePathException">It is something else, or somebody else's.</exception>
    /// <exception cref="PosixException">It cannot be opened.</exception>
    internal static int OpenLog(string path, uint? owner = null) => OpenLog(path, owner, Ownership.Unchanged);

    private static int OpenLog(string path, uint? owner, uint group)
    {
        MakeLogFolder(path, owner ?? Ownership.Unchanged, group);
        using var place = GuardedPath.Walk(path);
        return Checked(place, place.Open(Libc.O_WRONLY | Libc.O_CREAT | Libc.O_APPEND, LogMode), owner);
    }

    private static string? MissingFolderOf(string path) => Path.GetDirectoryName(path) is { Length: > 0 } folder
        && !Directory.Exists(folder) ? folder : null;

    // One folder, and only where nobody else could have a say in it: what is missing above it is more likely a typing error, or a disk that
    // is not mounted.
    private static void MakeLogFolder(string path, uint owner, uint group)
    {
        if (MissingFolderOf(path) is not { } folder) return;
        GuardedPath place;
        try
        {
            place = GuardedPath.Walk(folder);
        }
        catch (PosixException e) when (e.Errno == Errno.ENOENT)
        {
            throw new IOException($"its folder {folder} does not exist, nor does the one above it; make it", e);
        }

        using (place)
        {
            if (place.Status() is not null) return; // made in this moment, or no folder: the log is opened next
            if (place.IsContested)
                throw new UnsafePathException(
                    $"its folder {folder} does not exist, and is not made where others may write to the folder above it; make it");
            place.MakeFolder(LogFolderMode);
            if (ProcessAttributes.EffectiveUserId != 0 || owner == Ownership.Unchanged) return;
            var made = place.Open(Libc.O_PATH);
            try
            {
                Ownership.Give(made, owner, group, folder);
            }
            finally
            {
                FileDescriptors.Close(made);
            }
        }
    }

    /// <summary>Gives a log file, which is made if it is not there, to the user that the service is to run as, unless it is somebody else's
    /// than root's.</summary>
    internal static void GiveLog(string path, uint userId, uint groupId)
    {
        // In a folder of its own the user makes the log's folder itself, by no more rights than it has.
        if (MissingFolderOf(path) is { } folder && Path.GetDirectoryName(folder) is { } above
            && FileStatus.Of(Libc.AT_FDCWD, above, 0, above) is { } holder && holder.UserId == (int)userId) return;
        var fd = OpenLog(path, userId, groupId);
        try
        {
            if (FileIdentity.IsRootsAlone(fd)) Ownership.Give(fd, userId, groupId, path);
        }
        finally
        {
            FileDescriptors.Close(fd);
        }
    }

    /// <summary>Opens a file to read it.</summary>
    /// <exception cref="UnsafePathException">It is no regular file, or a link leads there that is not to be trusted.</exception>
    internal static int OpenToRead(string path)
    {
        using var place = GuardedPath.Walk(path);
        var fd = place.Open(Libc.O_RDONLY);
        return FileStatus.Of(fd).IsRegular ? fd : throw Refused(fd, path, "is not a regular file.");
    }

    /// <summary>Reads a file whose content decides nothing, such as what an error says.</summary>
    /// <returns>Null if there is none.</returns>
    internal static byte[]? Read(string path, int limitBytes)
    {
        try
        {
            return ReadAll(OpenToRead(path), path, limitBytes);
        }
        catch (PosixException e) when (e.Errno is Errno.ENOENT or Errno.ENOTDIR)
        {
            return null;
        }
    }

    /// <summary>Reads a file that decides what is executed.</summary>
    /// <param name="path">Where links are followed as <see cref="GuardedPath"/> has it.</param>
    /// <param name="limitBytes">The largest size.</param>
    /// <param name="owner">A user whose file it may be beside root and this process's own, if nothing is done for it with more than that
    /// user's rights.</param>
    /// <returns>Null if there is none.</returns>
    /// <exception cref="UnsafePathException">Somebody else can have written it.</exception>
    internal static byte[]? ReadTrusted(string path, int limitBytes, uint? owner = null)
    {
        try
        {
            using var place = GuardedPath.Walk(path);
            return ReadAll(Trusted(place, place.Open(Libc.O_RDONLY), owner), path, limitBytes);
        }
        catch (PosixException e) when (e.Errno is Errno.ENOENT or Errno.ENOTDIR)
        {
            return null;
        }
    }

    /// <summary>Why a file must not decide what this process does; null if it may, or there is none.</summary>
    internal static string? TrustFault(string path)
    {
        try
        {
            using var place = GuardedPath.Walk(path);
            FileDescriptors.Close(Trusted(place, place.Open(Libc.O_RDONLY), owner: null));
            return null;
        }
        catch (PosixException e) when (e.Errno is Errno.ENOENT or Errno.ENOTDIR)
        {
            return null;
        }
        catch (Exception e) when (e is UnsafePathException or PosixException)
        {
            return e.Message;
        }
    }

    /// <summary>Readies a file that a library opens by its path: it is made, with mode 0600, if it is not there, and what others can have
    /// put in its place is refused. Made by root in another user's folder, it is that user's.</summary>
    /// <param name="path">The file.</param>
    /// <param name="companions">What the library's other files add to its name: they may be missing, and are checked.</param>
    /// <exception cref="UnsafePathException">It is something else, or somebody else's.</exception>
    internal static void Ready(string path, params ReadOnlySpan<string> companions)
    {
        using var place = GuardedPath.Walk(path);
        var folder = FileStatus.Of(place.Folder);
        if (place.Status() is null) Make(place, folder);
        if (!place.IsContested) return;
        FileDescriptors.Close(Checked(place, place.Open(Libc.O_PATH), (uint)folder.UserId));
        foreach (var companion in companions)
        {
            using var other = place.Beside(place.Name + companion);
            if (other.Status() is not null) FileDescriptors.Close(Checked(other, other.Open(Libc.O_PATH), (uint)folder.UserId));
        }
    }

    /// <summary>Makes a folder, and those above it that are missing.</summary>
    internal static void MakeFolders(string path, int mode)
    {
        path = Path.TrimEndingDirectorySeparator(path);
        if (Path.GetDirectoryName(path) is { Length: > 0 } above && !Directory.Exists(above)) MakeFolders(above, mode);
        using var place = GuardedPath.Walk(path, followLast: false);
        place.MakeFolder(mode);
    }

    private static void Make(GuardedPath place, FileStatus folder)
    {
        int fd;
        try
        {
            fd = place.Open(Libc.O_WRONLY | Libc.O_CREAT | Libc.O_EXCL, PrivateMode);
        }
        catch (PosixException e) when (e.Errno == Errno.EEXIST)
        {
            return; // another process made it in this moment
        }

        try
        {
            if (ProcessAttributes.EffectiveUserId == 0 && folder.UserId != 0) Ownership
                .Give(fd, (uint)folder.UserId, (uint)folder.GroupId, place.FullName);
        }
        finally
        {
            FileDescriptors.Close(fd);
        }
    }

    // Where nobody else can put a file, it is as the operator made it: a second name, another owner, or /dev/null.
    private static int Checked(GuardedPath place, int fd, uint? owner)
    {
        var status = FileStatus.Of(fd);
        if (!place.IsContested)
            return status.IsRegular || status.IsCharacterDevice ? fd
                : throw Refused(fd, place.FullName, "is neither a regular file nor a character device.");
        if (status.IsLink) throw Refused(fd, place.FullName, "is a symbolic link in a folder that others may write to.");
        if (!status.IsRegular) throw Refused(fd, place.FullName, "is not a regular file, in a folder that others may write to.");
        if (status.Links > 1) throw Refused(fd, place.FullName,
            $"is a hard link, one of {status.Links}, in a folder that others may write to: it may be anybody's file.");
        if (!status.IsOurs && status.UserId != owner) throw Refused(fd, place.FullName,
            $"belongs to uid {status.UserId}, in a folder that others may write to.");
        return fd;
    }

    private static int Trusted(GuardedPath place, int fd, uint? owner)
    {
        var status = FileStatus.Of(fd);
        if (!status.IsRegular) throw Refused(fd, place.FullName, "is not a regular file.");
        if (place.IsContested && status.Links > 1)
            throw Refused(fd, place.FullName,
                $"is a hard link, one of {status.Links}, in a folder that others may write to: it may be anybody's file.");
        if (!status.IsOurs && status.UserId != owner)
            throw Refused(fd, place.FullName,
                $"belongs to uid {status.UserId}. It decides what is run as uid {ProcessAttributes.EffectiveUserId}, so only root or "
                + "that user may own it (chown).");
        if (status.OthersMayWrite)
            throw Refused(fd, place.FullName,
                $"has mode {GuardedPath.Octal(status.Permissions)}: others may write to it, and it decides what is run as uid "
                + $"{ProcessAttributes.EffectiveUserId} (chmod go-w).");
        return fd;
    }

    private static UnsafePathException Refused(int fd, string path, string why)
    {
        FileDescriptors.Close(fd);
        return new UnsafePathException($"{path} {why}");
    }

    private static byte[] ReadAll(int fd, string path, int limitBytes)
    {
        using var file = new FileStream(new Microsoft.Win32.SafeHandles.SafeFileHandle(fd, ownsHandle: true), FileAccess.Read,
            bufferSize: 0);
        var content = new byte[limitBytes + 1];
        var length = file.ReadAtLeast(content, content.Length, throwOnEndOfStream: false);
        return length <= limitBytes ? content[..length] : throw new UnsafePathException($"{path} has more than {limitBytes} bytes.");
    }
}
