using Mono.Unix.Native;

namespace Ips.Host.Cli;

/// <summary>Launches a real process.</summary>
/// <param name="spawn">Spawns it in a new session with <c>/</c> as its directory, and answers the PID.</param>
internal sealed class PosixDaemonLauncher(Func<DaemonLaunch, int> spawn) : IDaemonLauncher
{
    /// <inheritdoc/>
    public int Start(DaemonLaunch launch) => spawn(launch);

    /// <inheritdoc/>
    public DaemonEnd? TryReap(int pid)
    {
        while (true)
        {
            var reaped = Syscall.waitpid(pid, out var status, WaitOptions.WNOHANG);
            if (reaped == 0) return null;
            if (reaped == pid)
                return Syscall.WIFSIGNALED(status) ? new(null, NativeConvert.FromSignum(Syscall.WTERMSIG(status))) : new(Syscall.WEXITSTATUS(status), null);
            var errno = Stdlib.GetLastError();
            if (errno != Errno.EINTR) throw new IOException($"waitpid({pid}) failed: {Stdlib.strerror(errno)}.");
        }
    }

    /// <inheritdoc/>
    public void Signal(int pid, int signal)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(pid, 1); // 0 and below mean process groups to kill(2)
        if (Syscall.kill(pid, NativeConvert.ToSignum(signal)) == 0) return;
        var errno = Stdlib.GetLastError();
        if (errno != Errno.ESRCH) throw new IOException($"kill({pid}, {signal}) failed: {Stdlib.strerror(errno)}.");
    }
}
