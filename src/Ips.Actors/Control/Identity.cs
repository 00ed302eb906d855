using Ips.Actors.Posix;
using Microsoft.Extensions.Logging;

namespace Ips.Actors.Control;

/// <summary>
/// This service on the file system: the lock that lets one generation at a time be the main process, the PID file that names it,
/// and the control socket. Lock and control socket travel to a successor; it outlives every actor.
/// </summary>
internal sealed class Identity : IDisposable
{
    private const int ControlMode = 0b110_000_000; // 0600
    private const int ControlBacklog = 64;

    private readonly ILogger _log;
    private LockFile? _lock;
    private FileIdentity? _controlFile; // of a path that is ours to remove
    private bool _published;

    private Identity(string pidFile, ILogger log) => (PidFile, _log) = (pidFile, log);

    /// <summary>Path of the PID file.</summary>
    public string PidFile { get; }

    /// <summary>Path of the lock: a file of its own that is never renamed or removed.</summary>
    public string LockPath => PidFile + ".lock";

    /// <summary>Path of the control socket.</summary>
    public string ControlPath => PidFile + ".sock";

    /// <summary>The lock's descriptor, while held.</summary>
    public int? LockFd => _lock?.Fd;

    /// <summary>The control socket's listening descriptor, while held.</summary>
    public int? ControlFd { get; private set; }

    /// <summary>Takes the lock and opens the control socket.</summary>
    /// <exception cref="AlreadyRunningException">Another process holds the lock.</exception>
    /// <exception cref="PosixException">A path cannot be used.</exception>
    public static Identity Claim(string pidFile, ILogger log)
    {
        var identity = new Identity(pidFile, log);
        identity._lock = LockFile.TryAcquire(identity.LockPath) ?? throw new AlreadyRunningException(pidFile, Posix.PidFile.Read(pidFile));
        try
        {
            // The lock is ours, so whoever left this socket is gone.
            File.Delete(identity.ControlPath);
            identity.ControlFd = UnixSockets.Listen(identity.ControlPath, ControlMode, ControlBacklog);
            identity._controlFile = FileIdentity.OfSocketPath(identity.ControlPath);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            identity._lock.Dispose();
            throw;
        }

        return identity;
    }

    /// <summary>Takes over what the predecessor handed over; what it did not have is missing here as well.</summary>
    public static Identity Adopt(string pidFile, int? lockFd, int? controlFd, ILogger log)
    {
        var identity = new Identity(pidFile, log);
        identity._lock = lockFd is { } fd ? LockFile.Adopt(fd) : null;
        identity.ControlFd = controlFd; // the path stays the predecessor's until we publish
        return identity;
    }

    /// <summary>Names this process as the main one. A full disk or a lost right is logged: it must not cost the service.</summary>
    public void Publish(int pid)
    {
        _published = true;
        PublishControl();

        try
        {
            Posix.PidFile.Write(PidFile, pid);
            _log.IdentityPublished(pid, PidFile);
        }
        catch (IOException e)
        {
            _log.IdentityFailed(PidFile, e.Message);
        }
    }

    /// <summary>Fails if this process, which its predecessor has not started, could not become the main process under this PID file.</summary>
    /// <exception cref="IOException">The predecessor's PID file is another, or the folder is not this user's to write to.</exception>
    public void CheckOfOutsider()
    {
        if (_lock is not null && FileIdentity.OfPath(LockPath) != FileIdentity.OfDescriptor(_lock.Fd))
            throw new IOException($"The running service has another PID file than {PidFile}; give this process the same one (--pid-file, ips.pid-file).");
        if (Path.GetDirectoryName(PidFile) is { } folder && !Credentials.MayWriteTo(folder))
            throw new IOException($"The folder {folder} of the PID file is not this user's to write to: whoever takes over replaces the PID file and the sockets beside it (ips.pid-file).");
    }

    // A predecessor of another user leaves a control socket that is that user's alone: in its place comes one of our own. The same when such a
    // successor has put its socket there and the role was taken back.
    private void PublishControl()
    {
        if (ControlFd is not { } fd) return;
        var there = FileIdentity.OfSocketPath(ControlPath);
        var foreign = _controlFile is { } bound ? there != bound : there is not null && FileIdentity.OwnerOf(ControlPath) != ProcessAttributes.EffectiveUserId;
        if (!foreign)
        {
            _controlFile ??= there;
            return;
        }

        try
        {
            var next = UnixSockets.ListenInPlace(ControlPath, ControlMode, ControlBacklog);
            _controlFile = FileIdentity.OfSocketPath(ControlPath);
            FileDescriptors.ReplaceCloseOnExec(fd, next); // who accepts from it knows the number
            FileDescriptors.Close(next);
            _log.ControlRebound(ControlPath);
        }
        catch (IOException e)
        {
            _log.IdentityFailed(ControlPath, e.Message);
        }
    }

    /// <summary>Clients of the control socket are answered by this generation.</summary>
    public bool ControlServed { get; set; }

    /// <summary>Leaves everything to a promoted successor: the lock is given up, nothing is removed here from now on.</summary>
    public void HandOver()
    {
        _lock?.Dispose(); // closes our copy; the lock itself lives on in the successor's
        _lock = null;
        _controlFile = null;
    }

    /// <summary>Closes our copy of the control socket, when nobody accepts from it any more.</summary>
    public void CloseControl()
    {
        ControlServed = false;
        if (ControlFd is { } fd)
        {
            ControlFd = null;
            FileDescriptors.Close(fd);
        }
    }

    /// <summary>Removes PID file and control socket if they are still ours, then gives up the lock.</summary>
    public void Retract(int pid)
    {
        if (_lock is null)
        {
            return;
        }

        try
        {
            // A published successor may find the PID file to name its predecessor again, who took the role back and answers the socket.
            var main = Posix.PidFile.Read(PidFile);
            Posix.PidFile.RemoveIfNames(PidFile, pid);
            if (_controlFile is { } bound && (!_published || main is null || main == pid))
            {
                ListeningSockets.UnlinkIfSame(ControlPath, bound);
            }
        }
        catch (IOException e)
        {
            _log.IdentityFailed(PidFile, e.Message);
        }

        HandOver();
    }

    /// <inheritdoc/>
    public void Dispose() => Retract(Environment.ProcessId);
}
