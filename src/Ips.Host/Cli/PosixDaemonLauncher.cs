using Ips.Actors.Hosting;
using Ips.Actors.Posix;

namespace Ips.Host.Cli;

/// <summary>Launches a real process.</summary>
internal sealed class PosixDaemonLauncher : IDaemonLauncher
{
    /// <inheritdoc/>
    public int Start(DaemonLaunch launch) =>
        DetachedProcess.Start(launch.FileName, launch.Arguments, launch.Environment, launch.WorkingDirectory, launch.Descriptors);

    /// <inheritdoc/>
    public ProcessExit? TryReap(int pid) => Processes.TryReap(pid);

    /// <inheritdoc/>
    public void Signal(int pid, int signal) => Processes.TrySignal(pid, signal);
}
