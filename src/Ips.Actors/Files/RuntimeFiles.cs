using Ips.Actors.Handover;
using Ips.Actors.Launch;
using Ips.Actors.Lifecycle;
using Ips.Actors.Posix;
using Microsoft.Extensions.Logging;

namespace Ips.Actors.Files;

/// <summary>
/// This service on the file system: the lock that lets one generation at a time be the main process, the PID file that names it,
/// and the control socket. Lock and control socket travel to a successor; it outlives every actor.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class RuntimeFiles : IDisposable
{
    private readonly ILogger _log;
    private readonly uint? _group;
    private readonly ControlSocket _control;
    private readonly Lock _formerGate = new(); // what is heard of the predecessor, and the promotion, come from two actors
    private FormerRuntimeFiles? _former;
    private bool _formerOver;
    private LockFile? _lock;
    private bool _published;

    private RuntimeFiles(string? pidFile, uint? group, ILogger log) =>
        (PidFile, _group, _log, _control) = (pidFile, group, log, new ControlSocket(ControlOf(pidFile ?? "")));

    /// <summary>Path of the PID file; null for a service without files, which only signals reach.</summary>
    public string? PidFile { get; }

    /// <summary>Path of the lock: a file of its own that is never renamed, and removed only by a first start that failed and where the
    /// service has moved to another PID file.</summary>
    public string LockPath => LockOf(PidFile ?? "");

    /// <summary>Path of the control socket.</summary>
    public string ControlPath => ControlOf(PidFile ?? "");

    /// <summary>The lock's descriptor, while held.</summary>
    public int? LockFd => _lock?.Fd;

    /// <summary>The control socket's listening descriptor, while held.</summary>
    public int? ControlFd => _control.Fd;

    /// <summary>A process that is no generation of this service yet was given copies of lock and control socket.</summary>
    public bool Lent { get; set; }

    /// <summary>Path of a PID file's lock.</summary>
    public static string LockOf(string pidFile) => pidFile + RuntimePaths.LockSuffix;

    /// <summary>Path of a PID file's control socket.</summary>
    public static string ControlOf(string pidFile) => pidFile + RuntimePaths.ControlSuffix;

    /// <summary>Which file the lock is; null if there is none.</summary>
    public FileEntry? LockEntry() => _lock is null ? null : Entry(FileIdentity.OfDescriptor(_lock.Fd));

    /// <summary>A service without PID file, lock and control socket.</summary>
    public static RuntimeFiles None(ILogger log) => new(null, null, log);

    /// <summary>Takes the lock and opens the control socket.</summary>
    /// <param name="pidFile">The PID file.</param>
    /// <param name="log">For what comes later.</param>
    /// <param name="group">The group whose members may take the service over, and so use the lock; null for none.</param>
    /// <exception cref="AlreadyRunningException">Another process holds the lock.</exception>
    /// <exception cref="PosixException">A path cannot be used.</exception>
    public static RuntimeFiles Claim(string pidFile, ILogger log, uint? group = null)
    {
        var files = new RuntimeFiles(pidFile, group, log);
        files._lock = LockFile.TryAcquire(files.LockPath) ?? throw new AlreadyRunningException(pidFile, Posix.PidFile.Read(pidFile));
        try
        {
            files._lock.Protect(group);
            files._control.Open(); // the lock is ours, so the process that left a socket there is gone
        }
        catch (IOException)
        {
            files._lock.Dispose();
            throw;
        }

        return files;
    }

    /// <summary>Takes over what the predecessor handed over; what it did not have is missing here as well.</summary>
    public static RuntimeFiles Adopt(string pidFile, int? lockFd, int? controlFd, ILogger log, uint? group = null)
    {
        var files = new RuntimeFiles(pidFile, group, log);
        files._lock = lockFd is { } fd ? LockFile.Adopt(fd) : null;
        files._control.Adopt(controlFd);
        return files;
    }

    /// <summary>Takes the lock and opens the control socket of another PID file than the predecessor's, as <see cref="Claim"/> does. As
    /// long as the predecessor can take the role back, it keeps its own, so that no other process can start at either place.</summary>
    /// <param name="pidFile">The PID file.</param>
    /// <param name="former">The predecessor's.</param>
    /// <param name="lockFd">Its lock; null if it had none. Owned from here on, as is the next.</param>
    /// <param name="controlFd">Its control socket; null if it had none.</param>
    /// <param name="log">For what comes later.</param>
    /// <param name="group">The group whose members may take the service over; null for none.</param>
    /// <exception cref="IOException">The new place is taken, or not this user's to use; the message names the key and both
    /// places.</exception>
    public static RuntimeFiles Move(string pidFile, string former, int? lockFd, int? controlFd, ILogger log, uint? group = null)
    {
        try
        {
            var there = new FormerRuntimeFiles(former, lockFd is { } fd ? LockFile.Adopt(fd) : null, controlFd);
            var files = Claim(pidFile, log, group);
            files._former = there;
            return files;
        }
        catch (IOException e)
        {
            throw new IOException($"ips.pid-file is {pidFile}, and the running service has {former}: it cannot move there. {e.Message}", e);
        }
    }

    /// <summary>Called when the predecessor can no longer take the role back: if this generation has moved to another PID file, it removes
    /// everything at the old place.</summary>
    public void LeaveFormer()
    {
        lock (_formerGate)
        {
            _formerOver = true;
            RemoveFormer();
        }
    }

    /// <summary>Takes over lock and control socket, which come with the promotion to a process that the predecessor has not
    /// started.</summary>
    /// <param name="lockFd">The lock; owned from here on, also if this throws.</param>
    /// <param name="controlFd">The control socket; the same.</param>
    /// <exception cref="IOException">The lock is another PID file's, or somebody else's.</exception>
    public void Accept(int? lockFd, int? controlFd)
    {
        try
        {
            if (_lock is not null || ControlFd is not null) throw new IOException("this process has them already");
            if (lockFd is { } fd)
            {
                if (FileIdentity.OfPath(LockPath) != FileIdentity.OfDescriptor(fd)) throw new IOException($"the lock is not {LockPath}");
                _lock = LockFile.Adopt(fd);
                lockFd = null;
            }

            if (controlFd is { } socket && !ListeningSockets
                .IsListening(socket)) throw new IOException("the control socket is not one that listens");
            _control.Adopt(controlFd);
            controlFd = null;
        }
        finally
        {
            foreach (var left in ((int?[])[lockFd, controlFd]).OfType<int>()) FileDescriptors.Close(left);
        }
    }

    /// <summary>Takes the identity back from a process that was given it and has not become the main process: the lock moves to another
    /// open file, and the control socket's path to another socket. What that process keeps, or passed on, is worth nothing then. What goes
    /// wrong is logged.</summary>
    public void Renew()
    {
        if (!Lent) return;
        Lent = false;
        try
        {
            if (_lock is { } lent)
            {
                lent.Release();
                _lock = LockFile.TryAcquire(LockPath);
                if (_lock is null) _log.IdentityFailed(LockPath, "another process took the lock in the moment in which it was free");
            }

            if (ControlFd is null) return;
            _control.Rebind();
            _log.IdentityRenewed(LockPath, ControlPath);
        }
        catch (IOException e)
        {
            _log.IdentityFailed(LockPath, e.Message);
        }
    }

    /// <summary>Names this process as the main one. A full disk or a lost right is logged: it must not cost the service.</summary>
    public void Publish(int pid)
    {
        if (PidFile is null) return;
        ClaimMissing();
        PublishControl();

        try
        {
            Posix.PidFile.Write(PidFile, pid);
            _log.IdentityPublished(pid, PidFile);
            _lock?.Protect(_group); // an earlier release may have left it open, or another group may be configured
        }
        catch (IOException e)
        {
            _log.IdentityFailed(PidFile, e.Message);
        }

        lock (_formerGate)
        {
            _published = true;
            RemoveFormer();
        }
    }

    /// <summary>Makes again what somebody has removed, such as a cleaner of temporary files: the lock, without which a second service
    /// could start, the PID file and
    /// the control socket. Does nothing in a process that is not the main one.</summary>
    /// <returns>Whether the control socket is a new one: who accepts from it must look again.</returns>
    public bool Restore(int pid)
    {
        if (!_published || _lock is null || PidFile is null) return false;
        RestoreOne(LockPath, () => FileIdentity.OfPath(LockPath) is null, () =>
        {
            var next = LockFile.TryAcquire(LockPath) ?? throw new IOException("another process has made it and holds it.");
            _lock.Dispose();
            _lock = next;
            _lock.Protect(_group);
        });
        RestoreOne(PidFile, () => FileIdentity.OfPath(PidFile) is null, () => Posix.PidFile.Write(PidFile, pid));
        return ControlFd is not null && RestoreOne(ControlPath, () => FileIdentity.OfPath(ControlPath) is null, _control.Rebind);
    }

    private bool RestoreOne(string path, Func<bool> isGone, Action restore)
    {
        try
        {
            if (!isGone()) return false;
            restore();
            _log.PathRestored(path);
            return true;
        }
        catch (IOException e)
        {
            _log.PathNotRestored(path, e.Message);
            return false;
        }
    }

    /// <summary>Fails if this process, which its predecessor has not started, could not become the main process under this PID
    /// file.</summary>
    /// <param name="lockFile">The predecessor's lock, which comes later; null if it came, or there is none.</param>
    /// <exception cref="IOException">The predecessor's PID file is another, or the folder is not this user's to write to.</exception>
    public void CheckOfTakeover(FileEntry? lockFile)
    {
        if (PidFile is null && lockFile is null) return; // neither has one
        if ((lockFile ?? LockEntry()) is { } expected && (FileIdentity.OfPath(LockPath) is not { } own || Entry(own) != expected))
            throw new IOException($"The running service has another PID file than {PidFile ?? "none"}; give this process the same one "
                + "(--pid-file, ips.pid-file).");
        if (Path.GetDirectoryName(PidFile) is { } folder && !Credentials.MayWriteTo(folder))
            throw new IOException(
                $"The folder {folder} of the PID file is not this user's to write to: a process that takes over replaces the PID file and "
                + "the sockets beside it (ips.pid-file).");
    }

    private void PublishControl()
    {
        try
        {
            if (_control.Publish()) _log.ControlRebound(ControlPath);
        }
        catch (IOException e)
        {
            _log.IdentityFailed(ControlPath, e.Message);
        }
    }

    /// <inheritdoc cref="ControlSocket.TakeLateClients"/>
    public IReadOnlyList<int> TakeLateClients() => _control.TakeLateClients();

    private void RemoveFormer()
    {
        if (!_published || !_formerOver || _former is not { } former) return;
        _former = null;
        try
        {
            former.Remove();
            _log.IdentityMoved(former.PidFile, PidFile!); // who has moved has one
        }
        catch (IOException e)
        {
            _log.IdentityFailed(former.PidFile, e.Message);
        }
    }

    // A predecessor that died before it could give them: the lock has been free since. If another process has it, the paths are that one's.
    private void ClaimMissing()
    {
        if (_lock is not null) return;
        try
        {
            _lock = LockFile.TryAcquire(LockPath);
            if (_lock is null) _log.IdentityFailed(LockPath, "another process holds the lock of the PID file");
            else if (ControlFd is null) _control.OpenInPlace();
        }
        catch (IOException e)
        {
            _log.IdentityFailed(LockPath, e.Message);
        }
    }

    private static FileEntry Entry(FileIdentity file) => new(file.Device, file.Inode, file.BornAtNs);

    /// <summary>Clients of the control socket are answered by this generation.</summary>
    public bool ControlServed
    {
        get => _control.Served;
        set => _control.Served = value;
    }

    /// <summary>Leaves everything to a promoted successor: the lock is given up, nothing is removed here from now on.</summary>
    public void HandOver()
    {
        _lock?.Dispose(); // closes our copy; the lock itself lives on in the successor's
        _lock = null;
        _control.LeavePath();
    }

    /// <summary>Closes our copy of the control socket, once no process accepts from it.</summary>
    public void CloseControl() => _control.Close();

    /// <summary>Removes PID file and control socket if they are still ours, then gives up the lock.</summary>
    /// <param name="pid">This process.</param>
    /// <param name="handedOver">The service lives on in another generation, which may share the lock; otherwise the lock is released,
    /// even if another process holds a copy of it.</param>
    public void Retract(int pid, bool handedOver)
    {
        if (_lock is null || PidFile is null)
        {
            return;
        }

        try
        {
            // A published successor may find the PID file to name its predecessor again, who took the role back and answers the socket.
            var main = Posix.PidFile.Read(PidFile);
            Posix.PidFile.RemoveIfNames(PidFile, pid);
            if (!_published || main is null || main == pid) _control.Unlink();
        }
        catch (IOException e)
        {
            _log.IdentityFailed(PidFile, e.Message);
        }

        RemoveUnused(handedOver);
        if (!handedOver) _lock.Release();
        HandOver();
    }

    /// <summary>This generation ends without having become the main process: nothing of it stays at a PID file that the service was to move
    /// to.</summary>
    public void Abandon(int pid)
    {
        lock (_formerGate)
        {
            if (_former is null || _published) return;
        }

        Retract(pid, handedOver: true);
    }

    // A first start that failed leaves no file that it made. A successor at a place that the service was to move to leaves none either: the
    // predecessor keeps the service, at its own place. Only if this generation was promoted and stops before it learns that its
    // predecessor cannot return does it remove the old place instead. It holds the lock meanwhile: a process that waits for the lock finds
    // that its path now leads to another file, or to none.
    private void RemoveUnused(bool handedOver)
    {
        FormerRuntimeFiles? former;
        lock (_formerGate)
        {
            (former, _former) = (_former, null); // its descriptors end with the process, which the predecessor waits for
        }

        if (former is null && (_lock is not { IsNew: true } || _published || Lent)) return;
        try
        {
            if (former is not null && _published && !handedOver)
            {
                former.Remove();
                return;
            }

            if (former is not null && _published && PidFile is not null) // else they are an earlier service's
            {
                AtomicFile.TryRemove(LastGoodFile.PathOf(PidFile));
                AtomicFile.TryRemove(HistoryFile.PathOf(PidFile));
            }

            AtomicFile.TryRemove(LockPath);
        }
        catch (IOException e)
        {
            _log.IdentityFailed(LockPath, e.Message);
        }
    }

    public void Dispose() => Retract(Environment.ProcessId, handedOver: true);
}
