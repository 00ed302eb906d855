using System.Runtime.InteropServices;

namespace Ips.Actors.Posix;

/// <summary>A place in the file system that was reached folder by folder, without following a link that another user may have put in the
/// way.</summary>
/// <remarks>
/// A symbolic link is followed if it belongs to root or to this process's user, and nobody else may replace it: the folder that holds it is
/// root's or this user's, and only they (and this process's own group) may write to it, or it is sticky as /tmp is. So /var/run and a
/// release's <c>current</c> work, and a link that a service user puts in its own folder does not lead root away. All that is done at the
/// place is done by the folder's descriptor, so it stays the folder that was found. See path_resolution(7), openat(2).
/// </remarks>
[SupportedOSPlatform("linux")]
internal sealed unsafe class GuardedPath : IDisposable
{
    private const int MostLinks = 40; // as the kernel
    private const int MostLinkBytes = 4096;

    private readonly bool _wayIsContested; // another user could replace Folder with another folder
    private bool _disposed;

    private GuardedPath(string path, int folder, string name, bool wayIsContested, bool contested) =>
        (FullName, Folder, Name, _wayIsContested, IsContested) = (path, folder, name, wayIsContested, contested);

    /// <summary>The path as it was given.</summary>
    internal string FullName { get; }

    /// <summary>Descriptor of the folder, opened with O_PATH; owned by this object.</summary>
    internal int Folder { get; }

    /// <summary>The name in there. It was no link when it was looked at, unless the last link was not to be followed.</summary>
    internal string Name { get; }

    /// <summary>Somebody other than root and this process's user could put another file, or another folder, at this path.</summary>
    internal bool IsContested { get; }

    /// <summary>The path for bind(2), which takes no folder but follows no link in the last place. Where others could swap a folder on the
    /// way, root goes by the one that was found; elsewhere the path is as people know it, since the kernel reports of a socket what it was
    /// bound by.</summary>
    internal string CallPath => _wayIsContested && ProcessAttributes.EffectiveUserId == 0 ? $"/proc/self/fd/{Folder}/{Name}" : FullName;

    /// <summary>Finds the place.</summary>
    /// <param name="path">Absolute, or relative to the working directory. Each <c>..</c> is the parent of the folder that was
    /// reached.</param>
    /// <param name="followLast">Whether a link in the last place is followed as well; else it is the link that is meant.</param>
    /// <exception cref="UnsafePathException">A link on the way is not to be trusted.</exception>
    /// <exception cref="PosixException">A folder on the way is missing (ENOENT), no folder (ENOTDIR), or closed to this user
    /// (EACCES).</exception>
    internal static GuardedPath Walk(string path, bool followLast = true)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var rest = new Stack<string>();
        Push(rest, path);
        var folder = OpenAt(Libc.AT_FDCWD, path[0] == '/' ? "/" : ".", Libc.O_PATH | Libc.O_DIRECTORY, 0, path);
        var (links, contested) = (0, false);
        try
        {
            while (true)
            {
                var name = rest.TryPop(out var next) ? next : "."; // of the root itself
                var isLast = rest.Count == 0;
                var holder = FileStatus.Of(folder);
                if (isLast && !followLast) return new GuardedPath(path, folder, name, contested, contested || !IsOursAlone(holder));
                var found = TryOpenAt(folder, name, Libc.O_PATH | Libc.O_NOFOLLOW, path);
                if (found < 0) return isLast ? new GuardedPath(path, folder, name, contested, contested || !IsOursAlone(holder))
                    : throw new PosixException("open", Errno.ENOENT, path);
                try
                {
                    var status = FileStatus.Of(found);
                    if (status.IsLink)
                    {
                        if (++links > MostLinks) throw new PosixException("open", Errno.ELOOP, path);
                        if (!MayFollow(holder, status)) throw Refuse(path, name, holder, status);
                        var target = ReadLink(found, path);
                        Push(rest, target);
                        if (target[0] != '/') continue;
                        (folder, var former) = (OpenAt(Libc.AT_FDCWD, "/", Libc.O_PATH | Libc.O_DIRECTORY, 0, path), folder);
                        FileDescriptors.Close(former);
                        continue;
                    }

                    var replaceable = !IsOursAlone(holder) && !(holder is { IsSticky: true, IsOurs: true } && status.IsOurs);
                    if (isLast) return new GuardedPath(path, folder, name, contested, contested || replaceable);
                    contested |= replaceable;
                    (folder, found) = (found, folder);
                }
                finally
                {
                    FileDescriptors.Close(found);
                }
            }
        }
        catch
        {
            FileDescriptors.Close(folder);
            throw;
        }
    }

    /// <summary>Opens what is at the place, which must be no link, and never waits for a FIFO's other end.</summary>
    /// <param name="flags">As of open(2); O_CLOEXEC and O_NOFOLLOW come on top, and O_NONBLOCK for the open itself.</param>
    /// <param name="mode">Permissions of a file that is made.</param>
    /// <exception cref="PosixException">ELOOP: it is a link by now. ENXIO: it is a FIFO.</exception>
    internal int Open(int flags, int mode = 0)
    {
        if ((flags & Libc.O_PATH) != 0) return OpenAt(Folder, Name, flags | Libc.O_NOFOLLOW, mode, FullName);
        var fd = OpenAt(Folder, Name, flags | Libc.O_NOFOLLOW | Libc.O_NONBLOCK, mode, FullName);
        FileDescriptors.SetBlocking(fd);
        return fd;
    }

    /// <summary>What is at the place, a link itself; null if there is nothing.</summary>
    internal FileStatus? Status() => FileStatus.Of(Folder, Name, Libc.AT_SYMLINK_NOFOLLOW, FullName);

    /// <summary>Removes the file at the place, a link itself.</summary>
    /// <returns>False if there is none.</returns>
    internal bool TryRemove() => TryRemove(Name);

    /// <summary>Removes another file of the same folder.</summary>
    internal bool TryRemove(string name)
    {
        fixed (byte* bytes = NativeText.EncodeWithNul(name))
        {
            if (Libc.UnlinkAt(Folder, bytes, 0) == 0) return true;
            var errno = Marshal.GetLastPInvokeError();
            return errno == Errno.ENOENT ? false : throw new PosixException("unlink", errno, FullName);
        }
    }

    /// <summary>Puts another file of the same folder at the place; a link there is replaced.</summary>
    internal void Take(string name)
    {
        fixed (byte* from = NativeText.EncodeWithNul(name), to = NativeText.EncodeWithNul(Name))
        {
            if (Libc.RenameAt(Folder, from, Folder, to) < 0) throw PosixException.Last("rename", $"{name} to {FullName}");
        }
    }

    /// <summary>Makes a folder at the place, if there is nothing.</summary>
    internal void MakeFolder(int mode)
    {
        fixed (byte* bytes = NativeText.EncodeWithNul(Name))
        {
            if (Libc.MkdirAt(Folder, bytes, (uint)mode) < 0 && Marshal.GetLastPInvokeError() is var errno and not Errno.EEXIST)
                throw new PosixException("mkdir", errno, FullName);
        }
    }

    /// <summary>Another file of the same folder, as this class gives it.</summary>
    internal GuardedPath Beside(string name) =>
        new(FullName.EndsWith(Name, StringComparison.Ordinal) ? FullName[..^Name.Length] + name : name, FileDescriptors.Duplicate(Folder),
            name, _wayIsContested, IsContested);

    public void Dispose()
    {
        if (_disposed) return;
        _disposed = true;
        FileDescriptors.Close(Folder);
    }

    private static bool IsOursAlone(FileStatus folder) => folder is { IsOurs: true, OthersMayWrite: false };

    private static bool MayFollow(FileStatus folder, FileStatus link) => link.IsOurs && folder.IsOurs
        && (!folder.OthersMayWrite || folder.IsSticky);

    private static UnsafePathException Refuse(string path, string name, FileStatus folder, FileStatus link) => new(
        $"{path} leads through the symbolic link '{name}' of uid {link.UserId}, in a folder of uid {folder.UserId} with mode "
            + $"{Octal(folder.Permissions)}. "
        + $"Only links of root and of uid {ProcessAttributes.EffectiveUserId} are followed, in folders that nobody else may write to: "
        + "name the path without that link, or change who owns the folder (chown, chmod).");

    internal static string Octal(int permissions) => Convert.ToString(permissions, 8).PadLeft(4, '0');

    // The last component ends up at the bottom. Empty ones (//) and . say nothing, but for a / at the end, which wants a folder.
    private static void Push(Stack<string> rest, string path)
    {
        var parts = path.Split('/');
        for (var i = parts.Length - 1; i >= 0; i--)
        {
            if (parts[i] is not ("" or ".")) rest.Push(parts[i]);
            else if (i == parts.Length - 1 && rest.Count == 0 && i > 0 && path.Trim('/').Length > 0) rest.Push(".");
        }
    }

    private static string ReadLink(int link, string path)
    {
        var target = stackalloc byte[MostLinkBytes];
        fixed (byte* nothing = NativeText.EncodeWithNul(""))
        {
            var length = Libc.ReadLinkAt(link, nothing, target, MostLinkBytes);
            return length > 0 ? NativeText.Decode(new ReadOnlySpan<byte>(target, (int)length))
                : throw PosixException.Last("readlink", path);
        }
    }

    private static int TryOpenAt(int folder, string name, int flags, string path)
    {
        try
        {
            return OpenAt(folder, name, flags, 0, path);
        }
        catch (PosixException e) when (e.Errno == Errno.ENOENT)
        {
            return -1;
        }
    }

    private static int OpenAt(int folder, string name, int flags, int mode, string path)
    {
        fixed (byte* bytes = NativeText.EncodeWithNul(name))
        {
            int fd;
            while ((fd = Libc.OpenAt(folder, bytes, flags | Libc.O_CLOEXEC, (uint)mode)) < 0)
            {
                var errno = Marshal.GetLastPInvokeError();
                if (errno != Errno.EINTR) throw new PosixException("open", errno, path);
            }

            return fd;
        }
    }
}

/// <summary>A path leads through, or to, what another user may have put there.</summary>
/// <param name="message">What, whose it is, and what to change.</param>
[SupportedOSPlatform("linux")]
internal sealed class UnsafePathException(string message) : IOException(message);
