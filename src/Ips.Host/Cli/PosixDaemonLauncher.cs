using Ips.Actors.Posix;

namespace Ips.Host.Cli;

/// <summary>Launches a real process: in a session of its own, and until it has registered its handlers, SIGHUP, SIGUSR1 and SIGUSR2
/// wait.</summary>
internal sealed class PosixDaemonLauncher : IDaemonLauncher
{
    public int Start(DaemonLaunch launch) =>
        Spawn.Start(new SpawnRequest(
            launch.FileName, [launch.FileName, .. launch.Arguments], launch.Environment, launch.WorkingDirectory,
            launch.Descriptors, NewSession: true));

    public ProcessExit? TryReap(int pid) => Processes.TryReap(pid);

    public void Signal(int pid, int signal) => Processes.TrySignal(pid, signal);
}
