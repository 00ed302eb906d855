using Ips.Actors.Posix;

namespace Ips.Host.Cli;

/// <summary>A daemon process to launch: it gets a session of its own.</summary>
/// <param name="FileName">The executable's path, absolute, with the symbolic links that the user named.</param>
/// <param name="Arguments">All arguments, without the program's own name.</param>
/// <param name="Environment">The whole environment.</param>
/// <param name="Descriptors">The descriptors to pass: ours, and the number in the daemon. Nothing else is inherited.</param>
internal sealed record DaemonLaunch(
    string FileName, IReadOnlyList<string> Arguments, IReadOnlyDictionary<string, string> Environment,
        IReadOnlyList<(int Fd, int TargetFd)> Descriptors)
{
    /// <summary>Its working directory.</summary>
    public string WorkingDirectory { get; init; } = "/";
}

/// <summary>The operating system's part of <c>ips start</c>, which a test fakes.</summary>
internal interface IDaemonLauncher
{
    /// <summary>Starts the process.</summary>
    /// <returns>Its PID.</returns>
    /// <exception cref="IOException">It cannot be started; the message says why.</exception>
    int Start(DaemonLaunch launch);

    /// <summary>Reaps the process if it has ended; does not wait.</summary>
    /// <returns>Null while it runs.</returns>
    ProcessExit? TryReap(int pid);

    /// <summary>Sends it a signal.</summary>
    void Signal(int pid, int signal);
}
