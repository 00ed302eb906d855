using System.Globalization;
using Ips.Actors.Files;
using Ips.Actors.Lifecycle;

namespace Ips.Host.Cli;

/// <summary>What became of a process that a reload has replaced.</summary>
/// <param name="PidFile">The PID file of its service.</param>
/// <param name="Text">Who replaced it, and whether that one still serves; for the user.</param>
internal sealed record Succession(string PidFile, string Text)
{
    /// <summary>Looks into the histories that services keep beside their PID files: of the service of this user's configuration, and of all
    /// that serve on this
    /// machine.</summary>
    /// <param name="pid">The process that was replaced.</param>
    /// <param name="pidFile">The PID file of the configuration; null if there is none.</param>
    /// <returns>Null if no readable history mentions the process.</returns>
    internal static Succession? Find(int pid, string? pidFile)
    {
        IEnumerable<string> candidates = pidFile is null ? ServingPidFiles() : [pidFile, .. ServingPidFiles()];
        return candidates.Distinct(StringComparer.Ordinal).Select(candidate => (PidFile: candidate, Link: Follow(Read(candidate), pid)))
            .Where(found => found.Link is not null).Select(found => Describe(pid, found.PidFile, found.Link!.Value.First,
                found.Link.Value.Last)).FirstOrDefault();
    }

    /// <summary>From one process to the last one that is known to have followed it. Pure.</summary>
    /// <param name="history">Receipts, newest last. PIDs are used again: the newest reload of a process is meant.</param>
    /// <param name="pid">The process.</param>
    /// <returns>The reload that replaced it, and the last one of those that followed; null if none did.</returns>
    internal static (ReloadReceipt First, ReloadReceipt Last)? Follow(IReadOnlyList<ReloadReceipt> history, int pid)
    {
        var promoted = history.Where(receipt => receipt is { Ended: ReloadOutcome.Promoted, NewPid: not null }).ToList();
        var index = promoted.FindLastIndex(receipt => receipt.OldPid == pid);
        if (index < 0) return null;
        var (first, last) = (promoted[index], promoted[index]);
        foreach (var receipt in promoted.Skip(index + 1))
        {
            if (receipt.OldPid == last.NewPid) last = receipt;
        }
        return (first, last);
    }

    private static Succession Describe(int pid, string pidFile, ReloadReceipt first, ReloadReceipt last)
    {
        var text = string.Create(CultureInfo.InvariantCulture,
            $"PID {pid} was replaced by PID {first.NewPid} at {first.StartedAt.UtcDateTime:yyyy-MM-ddTHH:mm:ssZ}");
        if (last != first) text += string.Create(CultureInfo.InvariantCulture, $", and that one, in the end, by PID {last.NewPid}");
        text += DaemonLocator.RunningPid(pidFile) switch
        {
            null => $"; that service does not run any more (PID file {pidFile})",
            { } main when main != last.NewPid => string.Create(CultureInfo.InvariantCulture,
                $", which has ended; the service was started again, as PID {main}"),
            _ => "",
        };

        // By when it started: the process that has this number now may be another one.
        if (ProcessWatch.StartTime(pid) is { } started)
            text += started > first.StartedAt ? $". The process that has PID {pid} now is another one"
                : $". PID {pid} finishes its open requests";
        return new(pidFile, text + ".");
    }

    private static IReadOnlyList<ReloadReceipt> Read(string pidFile)
    {
        try
        {
            return HistoryFile.TryRead(HistoryFile.Find(pidFile)) ?? [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return []; // another user's service: what became of its processes is not this user's to know
        }
    }

    private static IEnumerable<string> ServingPidFiles()
    {
        try
        {
            return ProcNetUnixParser.Parse(File.ReadAllText("/proc/net/unix")).Select(socket => socket.Path)
                .Where(path => path.StartsWith('/') && path.EndsWith(RuntimePaths.ControlSuffix, StringComparison.Ordinal)).Select(path =>
                    path[..^RuntimePaths.ControlSuffix.Length]);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return []; // a container without /proc/net
        }
    }
}
