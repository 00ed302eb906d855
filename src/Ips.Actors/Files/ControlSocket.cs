using Ips.Actors.Posix;

namespace Ips.Actors.Files;

/// <summary>The control socket: its path, its listening descriptor, and the clients of one that it has replaced.</summary>
/// <param name="path">Its path.</param>
[SupportedOSPlatform("linux")]
internal sealed class ControlSocket(string path)
{
    private const int Mode = 0b110_000_000; // 0600
    private const int Backlog = 64;

    private readonly List<int> _lateClients = [];
    private FileIdentity? _file; // of a path that is ours to remove

    /// <summary>The listening descriptor, while held.</summary>
    public int? Fd { get; private set; }

    /// <summary>Clients are answered by this generation.</summary>
    public bool Served { get; set; }

    /// <summary>Opens it; who left one at its path is gone.</summary>
    /// <exception cref="PosixException">The path cannot be used.</exception>
    public void Open()
    {
        AtomicFile.TryRemove(path);
        Fd = UnixSockets.Listen(path, Mode, Backlog);
        _file = FileIdentity.OfSocketPath(path);
    }

    /// <summary>Opens it in the place of one that may still be there.</summary>
    /// <exception cref="PosixException">The path cannot be used.</exception>
    public void OpenInPlace()
    {
        Fd = UnixSockets.ListenInPlace(path, Mode, Backlog);
        _file = FileIdentity.OfSocketPath(path);
    }

    /// <summary>Takes over a descriptor; the path stays its former owner's until <see cref="Publish"/>.</summary>
    public void Adopt(int? fd) => Fd = fd;

    /// <summary>Makes the path ours. A predecessor of another user leaves a socket that is that user's alone: in its place comes one of our
    /// own. The same
    /// when such a successor has put its socket there and the role was taken back.</summary>
    /// <returns>Whether there is a new one.</returns>
    /// <exception cref="PosixException">The path cannot be used.</exception>
    public bool Publish()
    {
        if (Fd is null) return false;
        var there = FileIdentity.OfSocketPath(path);
        var foreign = _file is { } bound ? there != bound
            : there is not null && FileIdentity.OwnerOf(path) != ProcessAttributes.EffectiveUserId;
        if (foreign) Rebind();
        else _file ??= there;
        return foreign;
    }

    /// <summary>Puts a new socket at the path. Who connects from the rename on has it; who waits in the queue of the old one is
    /// kept.</summary>
    /// <exception cref="PosixException">The path cannot be used.</exception>
    public void Rebind()
    {
        if (Fd is not { } fd) return;
        var next = UnixSockets.ListenInPlace(path, Mode, Backlog);
        _file = FileIdentity.OfSocketPath(path);
        var old = FileDescriptors.DuplicateHigh(fd);
        FileDescriptors.ReplaceCloseOnExec(fd, next); // who accepts from it knows the number
        FileDescriptors.Close(next);
        lock (_lateClients)
        {
            // Last, for one that had found the old socket at the path and not yet connected to it.
            for (int late; (late = ListeningSockets.Accept(old, out _)) >= 0;) _lateClients.Add(late);
        }

        FileDescriptors.Close(old);
    }

    /// <summary>Clients that had connected to a socket which was replaced; each is the caller's.</summary>
    public IReadOnlyList<int> TakeLateClients()
    {
        lock (_lateClients)
        {
            int[] late = [.. _lateClients];
            _lateClients.Clear();
            return late;
        }
    }

    /// <summary>Removes the path if it is still ours.</summary>
    /// <exception cref="IOException">The folder is no longer writable.</exception>
    public void Unlink()
    {
        if (_file is { } bound) ListeningSockets.UnlinkIfSame(path, bound);
    }

    /// <summary>The path is a successor's from now on.</summary>
    public void LeavePath() => _file = null;

    /// <summary>Closes our copy of the descriptor, once no process accepts from it.</summary>
    public void Close()
    {
        Served = false;
        if (Fd is not { } fd) return;
        Fd = null;
        FileDescriptors.Close(fd);
    }
}
