namespace Ips.Actors.Files;

/// <summary>Another process holds the lock of this PID file.</summary>
internal sealed class AlreadyRunningException : IOException
{
    /// <param name="pidFile">The PID file that both were given.</param>
    /// <param name="pid">The process that it names, if it names one.</param>
    public AlreadyRunningException(string pidFile, int? pid)
        : base(pid is { } running
            ? $"Already running as PID {running}: it holds the lock of {pidFile}. Stop it, reload it with SIGUSR2, or use another "
                + "ips.pid-file."
            : $"Another process holds the lock of {pidFile}. Stop it, or use another ips.pid-file.") => Pid = pid;

    /// <summary>The process that runs, if the PID file names one.</summary>
    public int? Pid { get; }
}
