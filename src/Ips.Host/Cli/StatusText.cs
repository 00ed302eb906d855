using System.Globalization;
using System.Text;
using Ips.Actors.Control;
using Ips.Actors.Diagnostics;
using Ips.Actors.Launch;

namespace Ips.Host.Cli;

/// <summary>Shows a running daemon to a person, as a table of two columns. Pure.</summary>
internal static class StatusText
{
    /// <summary>The table.</summary>
    /// <param name="status">The daemon.</param>
    /// <param name="now">The time now, for the age.</param>
    internal static string Write(DaemonStatus status, DateTimeOffset now)
    {
        var state = status.Phase is { } phase ? $"{status.State}: {phase}" : status.State;
        List<(string Name, string Value)> rows =
        [
            ("pid", Number(status.Pid)),
            ("generation", Number(status.Generation)),
            ("state", status.Paused ? $"{state}, paused: readiness fails until 'ips resume'" : state),
            ("release", status.Release),
            ("started", $"{status.StartedAt.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture)} "
                + $"({Age(now - status.StartedAt)} ago)"),
            ("endpoints", status.Endpoints.Count == 0 ? "none" : string.Join(' ', status.Endpoints)),
            ("connections", Number(status.OpenConnections)),
            ("requests", Number(status.RunningRequests)),
        ];
        if (status.RuntimeChange is { } runtime) rows.Add(("runtime", $"{runtime}; a reload starts on what is on disk"));
        if (status.TakeoverSocket is { } takeover) rows.Add(("takeover", takeover));
        if (status.SuccessorPid is { } successor)
        {
            var stands = status.SuccessorState is { } told ? $", {told}" : "";
            rows.Add(("successor", $"pid {Number(successor)}, generation {Number(status.Generation + 1)}{stands}"));
        }

        if (status.Pending is { } pending)
            rows.Add(("pending", $"a reload by {pending.AskedBy}, which has waited for {ReceiptText.Duration(pending.WaitedMs)}"));
        rows.Add(("last reload", status.LastReload is { } receipt ? ReceiptText.Write(receipt with { Output = null, PhasesMs = null })
            : "none yet"));

        if (status.Deployment is { } place) rows.Add(("deployed", Place(place)));
        if (status.LastGood is { } good) rows
            .Add(("last good", $"release {good.Release} (generation {Number(good.Generation)}, since "
            + $"{good.Since.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture)}): {good.FileName}"));

        var width = rows.Max(row => row.Name.Length) + 2;
        var text = new StringBuilder();
        foreach (var (name, value) in rows) text.Append(name.PadRight(width)).AppendLine(TerminalText.Line(value));
        return text.ToString().TrimEnd();
    }

    private static string Place(Deployment place) => place switch
    {
        { Serves: { } serves, PinnedSince: { } since } when serves == place.Current =>
            $"{serves} in {place.Folder}/{ReleaseLink.ReleasesName}, pinned to {serves} by rollback since "
            + $"{since.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture)}, until the next 'ips deploy'",
        { Serves: { } serves } when serves == place.Current => $"{serves} in {place.Folder}/{ReleaseLink.ReleasesName}",
        _ => $"{place.Serves ?? "no release of that folder"} serves, but {place.Folder}/{ReleaseLink.CurrentName} names "
            + $"{place.Current ?? "none"}, which the next start would take: 'ips doctor' tells what to do",
    };

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Age(TimeSpan age) => age switch
    {
        { TotalSeconds: < 1 } => "0s",
        { TotalMinutes: < 1 } => $"{age.Seconds}s",
        { TotalHours: < 1 } => $"{age.Minutes}m {age.Seconds}s",
        { TotalDays: < 1 } => $"{age.Hours}h {age.Minutes}m",
        _ => $"{(int)age.TotalDays}d {age.Hours}h",
    };
}
