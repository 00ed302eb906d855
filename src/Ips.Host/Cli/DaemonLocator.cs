using Ips.Actors.Control;
using Ips.Host.Configuration;

namespace Ips.Host.Cli;

/// <summary>Finds the daemon that a command means, and says what is wrong when it cannot be reached.</summary>
internal static class DaemonLocator
{
    /// <summary>Where the daemon is, and what its configuration says.</summary>
    /// <exception cref="CliException">It cannot be found.</exception>
    internal static (DaemonAddress Address, DaemonSettings Settings) Find(DaemonTarget target, string currentDirectory)
    {
        var (settings, problems) = SettingsLoader.Load(target.Daemon, currentDirectory, needsLogFile: false);
        if (target.Pid is { } pid) return (new(ProcSockets.ControlSocketOf(pid), null), settings);

        // A broken configuration must not keep a daemon from being stopped; only the PID file matters, and it may be on the command line.
        var decisive = target.Daemon.PidFile is not null
            ? problems.Where(problem => problem.Source is "--pid-file" or "--directory")
            : problems.Where(problem => problem.Key is null or DaemonKeys.PidFile);
        return decisive.Any()
            ? throw new CliException(CliExitCode.Configuration,
                $"{SettingsLoader.Describe([.. decisive])}{Environment.NewLine}The PID file is not known; give it with --pid-file, or the process with --pid.")
            : (new($"{settings.Ips.PidFile}.sock", settings.Ips.PidFile), settings);
    }

    /// <summary>The message of a daemon that could not be reached: from its PID file it can be told whether it runs at all.</summary>
    internal static string Explain(DaemonAddress address, ControlException failure)
    {
        if (address.PidFile is not { } file || failure.Failure is not (ControlFailure.SocketMissing or ControlFailure.NobodyListens)) return failure.Message;
        string text;
        try
        {
            text = File.ReadAllText(file).Trim();
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return $"ips is not running: there is no PID file {file}.";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return $"{failure.Message} The PID file {file} cannot be read: {e.Message}";
        }
        if (!int.TryParse(text, out var pid) || pid < 1) return $"ips is not running: the PID file {file} holds no process id.";
        return ProcessWatch.TryOpen(pid) is null
            ? $"ips is not running: the PID file {file} is stale, there is no process {pid}."
            : $"Process {pid}, which the PID file {file} names, cannot be asked: {failure.Message} It may be another program that got the PID of a daemon that was killed.";
    }
}
