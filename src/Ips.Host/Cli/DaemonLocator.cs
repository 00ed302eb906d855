using System.Globalization;
using Ips.Actors.Control;
using Ips.Actors.Files;
using Ips.Host.Configuration;

namespace Ips.Host.Cli;

/// <summary>Finds the daemon that a command means, and says what is wrong when it cannot be reached.</summary>
internal static class DaemonLocator
{
    private const int MostPidBytes = 64;
    private const string NotKnown = "The PID file is not known; give it with --pid-file, or the process with --pid.";

    /// <summary>The process that a PID file names, if it runs; only for what a message says. Nobody is signalled by it.</summary>
    /// <returns>Null if it names none, or cannot be read.</returns>
    internal static int? RunningPid(string pidFile)
    {
        try
        {
            return ServiceFiles.TryReadText(pidFile, MostPidBytes) is { } text
                && int.TryParse(text.AsSpan().Trim(), CultureInfo.InvariantCulture, out var pid) && pid > 0
                && ProcessWatch.TryOpen(pid) is not null ? pid : null;
        }
        catch (IOException)
        {
            return null; // not a daemon of ours, or the fault of its folder is reported elsewhere
        }
    }

    /// <summary>Where the daemon is, and what its configuration says.</summary>
    /// <param name="target">Which one is meant.</param>
    /// <param name="currentDirectory">For relative paths.</param>
    /// <param name="follow">Take the process that has replaced the one meant, if that one is gone: for verbs that only show.</param>
    /// <exception cref="CliException">It cannot be found.</exception>
    internal static (DaemonAddress Address, DaemonSettings Settings) Find(DaemonTarget target, string currentDirectory, bool follow = false)
    {
        var (settings, problems) = SettingsLoader.Load(target.Daemon, currentDirectory, needsLogFile: false);
        if (target.Pid is { } pid) return (ByPid(pid, settings.Ips.PidFile, follow), settings);

        if (target.Daemon.PidFile is null && RunAs.ConfigurationFault(settings) is { } fault)
            throw new CliException(CliExitCode.Configuration, $"{fault}{Environment.NewLine}{NotKnown}");

        // A broken configuration must not keep a daemon from being stopped; only the PID file matters, and it may be on the command line.
        var decisive = target.Daemon.PidFile is not null
            ? problems.Where(problem => problem.Source is "--pid-file" or "--directory")
            : problems.Where(problem => problem.Key is null or DaemonKeys.PidFile);
        return decisive.Any()
            ? throw new CliException(CliExitCode.Configuration,
                $"{SettingsLoader.Describe([.. decisive])}{Environment.NewLine}{NotKnown}")
            : (new($"{settings.Ips.PidFile}.sock", settings.Ips.PidFile), settings);
    }

    // A process that was replaced is gone, or drains, and may keep a copy of the socket until it ends; its PID may be another program's by
    // now.
    private static DaemonAddress ByPid(int pid, string? pidFile, bool follow)
    {
        CliException gone;
        try
        {
            var socket = ProcSockets.ControlSocketOf(pid);
            pidFile = socket[..^RuntimePaths.ControlSuffix.Length];
            if (RunningPid(pidFile) is not { } main || main == pid) return new(socket, null);
            gone = new CliException(CliExitCode.Failed, $"Process {pid} is not the main process of its service.");
            if (Succession.Find(pid, pidFile) is null) return new(socket, null); // such as a supervisor's, or of an older build
        }
        catch (CliException e)
        {
            gone = e;
        }

        return Succession.Find(pid, pidFile) switch
        {
            null => throw gone,
            { } found when follow => new($"{found.PidFile}{RuntimePaths.ControlSuffix}", found.PidFile) { Note = found.Text },
            { } found => throw new CliException(gone.ExitCode, $"{gone.Message} {found.Text}"),
        };
    }

    /// <summary>The message of a daemon that could not be reached: from its PID file it can be told whether it runs at all.</summary>
    internal static string Explain(DaemonAddress address, ControlException failure)
    {
        if (address.PidFile is not { } file || failure.Failure
            is not (ControlFailure.SocketMissing or ControlFailure.NobodyListens)) return failure.Message;
        string? text;
        try
        {
            text = ServiceFiles.TryReadText(file, MostPidBytes);
        }
        catch (IOException e)
        {
            return $"{failure.Message} The PID file {file} cannot be read: {e.Message}";
        }
        if (text is null) return $"No daemon is running: there is no PID file {file}.";
        if (!int.TryParse(text.AsSpan().Trim(),
            out var pid) || pid < 1) return $"No daemon is running: the PID file {file} holds no process id.";
        return ProcessWatch.TryOpen(pid) is null
            ? $"No daemon is running: the PID file {file} is stale, there is no process {pid}."
            : $"Process {pid}, which the PID file {file} names, cannot be asked: {failure.Message} It may be another program that got "
                + "the PID of a daemon that was killed.";
    }
}

/// <summary>Where a running daemon is talked to.</summary>
/// <param name="SocketPath">Its control socket.</param>
/// <param name="PidFile">Its PID file; null if it was named by its PID.</param>
internal sealed record DaemonAddress(string SocketPath, string? PidFile)
{
    /// <summary>What became of the process that was asked for, if this is another one; for the user.</summary>
    internal string? Note { get; init; }
}

/// <summary>A command cannot be carried out. The message is for the user.</summary>
internal sealed class CliException(int exitCode, string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>See <see cref="CliExitCode"/>.</summary>
    internal int ExitCode { get; } = exitCode;
}
