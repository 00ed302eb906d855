using Ips.Actors.Launch;
using Ips.Actors.Posix;

namespace Ips.Actors.Files;

/// <summary>The PID file that the service had before a reload moved it to another one: kept until the predecessor cannot take the role
/// back.</summary>
/// <param name="PidFile">Its path.</param>
/// <param name="Lock">Its lock, shared with the predecessor; null if that one had lost it, and then the paths may be another
/// daemon's.</param>
/// <param name="ControlFd">The control socket, shared with the predecessor; null if there was none.</param>
[SupportedOSPlatform("linux")]
internal sealed record FormerRuntimeFiles(string PidFile, LockFile? Lock, int? ControlFd)
{
    /// <summary>Removes all of it, the lock last: a process that starts at this place finds nothing left, or a lock that is soon
    /// free.</summary>
    /// <exception cref="IOException">The folder is no longer writable. The lock is released nevertheless.</exception>
    public void Remove()
    {
        if (ControlFd is { } fd) FileDescriptors.Close(fd);
        if (Lock is null) return;
        try
        {
            AtomicFile.TryRemove(PidFile);
            AtomicFile.TryRemove(RuntimeFiles.ControlOf(PidFile));
            AtomicFile.TryRemove(LastGoodFile.PathOf(PidFile));
            AtomicFile.TryRemove(HistoryFile.PathOf(PidFile)); // the main process has written it at the new place
            AtomicFile.TryRemove(RuntimeFiles.LockOf(PidFile)); // who has opened it meanwhile looks again once it is locked
        }
        finally
        {
            Lock.Release();
        }
    }
}
