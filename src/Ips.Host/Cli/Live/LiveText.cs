using System.Globalization;
using Ips.Actors.Control;
using Ips.Actors.Diagnostics;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Ips.Host.Cli.Live;

/// <summary>A service as of one moment, for a terminal. Pure. Every text of the daemon is cleaned: it may be anybody's.</summary>
internal static class LiveText
{
    private static readonly string[] s_phases = ["spawned", "hello", "ready", "serving", "promoted"];

    /// <summary>The block that is drawn again and again.</summary>
    public static IRenderable Draw(WatchSnapshot snapshot)
    {
        List<IRenderable> rows = [Plain(Headline(snapshot)), Generations(snapshot.Generations)];
        if (snapshot.Reload is { } reload) rows.Add(Plain(Phases(reload, snapshot.At)));
        rows.AddRange(Drains(snapshot).Select(Plain));
        if (snapshot.Pending is { } pending)
            rows.Add(Plain($"A reload by {pending.AskedBy} has waited for {ReceiptText.Duration(pending.WaitedMs)}."));
        return new Rows(rows);
    }

    /// <summary>The same as one line, for an output that is no terminal.</summary>
    public static string Line(WatchSnapshot snapshot) => TerminalText.Line(string.Join(" | ", [
        $"{snapshot.At.UtcDateTime:HH:mm:ss}Z {Headline(snapshot)}",
        .. snapshot.Generations.Select(one => string.Join(", ", Cells(one).Where(cell => cell.Value != "").Select(cell =>
            cell.Title is "gen" or "state" ? cell.Value : $"{cell.Title} {cell.Value}"))),
        .. Drains(snapshot)]));

    /// <summary>What the service does, in a few words.</summary>
    private static string Headline(WatchSnapshot snapshot) =>
        $"Generation {snapshot.Generation} (PID {snapshot.Pid}, release {snapshot.Release}) {snapshot.State}"
        + (snapshot.Phase is { } phase ? $": {phase}" : "") + (snapshot.Paused ? ", paused" : "");

    /// <summary>How far a reload is, with the time of each phase and what is left of the probation.</summary>
    internal static string Phases(WatchedReload reload, DateTimeOffset now)
    {
        var what = reload.DryRun ? "Check" : "Reload";
        var reached = s_phases.Where(reload.PhasesMs.ContainsKey)
            .Select(phase => $"{phase} {ReceiptText.Duration(reload.PhasesMs[phase])}");
        var left = reload.ProbationEndsAt is { } end && end > now
            ? $" Probation: {ReceiptText.Duration((end - now).TotalMilliseconds)} left." : "";
        return $"{what} by {reload.Source}, {ReceiptText.Duration(reload.ElapsedMs)}: "
            + $"{string.Join(", ", reached.DefaultIfEmpty("begins"))}.{left}";
    }

    private static IEnumerable<string> Drains(WatchSnapshot snapshot) =>
        snapshot.Generations.Where(one => one.Drain is not null).Select(one => Drain(one.Number, one.Drain!));

    private static string Drain(int generation, WatchedDrain drain)
    {
        var waiting = drain.Waiting.Select(kind =>
            $"{kind.Count} {kind.Kind} ({kind.Busy} busy, oldest {ReceiptText.Duration(kind.OldestMs)})");
        return $"Generation {generation} drains for up to {ReceiptText.Duration(drain.LeftMs)}: "
            + $"{string.Join(", ", waiting.DefaultIfEmpty("nothing is open"))}.";
    }

    private static Table Generations(IReadOnlyList<WatchedGeneration> generations)
    {
        var table = new Table().Border(TableBorder.Simple).BorderStyle(new Style(decoration: Decoration.Dim));
        foreach (var (title, _) in Cells(new WatchedGeneration(0, 0, "")))
        {
            table.AddColumn(new TableColumn(new Text(title))
            {
                Alignment = title is "state" or "release" ? Justify.Left : Justify.Right, NoWrap = true, Padding = new Padding(0, 0, 1, 0),
            });
        }

        foreach (var one in generations)
        {
            var style = new Style(one.State switch
            {
                "serving" => Color.Green,
                "probation" or "ready" => Color.Yellow,
                "draining" => Color.Grey,
                _ => Color.Aqua,
            });
            table.AddRow(Cells(one).Select(cell => new Text(
                TerminalText.Line(cell.Value), cell.Title == "state" ? style : Style.Plain)
            { Overflow = Overflow.Ellipsis }));
        }

        return table;
    }

    private static (string Title, string Value)[] Cells(WatchedGeneration one) =>
    [
        ("gen", Number(one.Number)), ("state", one.State), ("pid", Number(one.Pid)),
        ("conn", one.Connections is { } open ? Number(open) : ""),
        ("run", one.RunningRequests is { } running ? Number(running) : ""),
        ("req/s", one.Requests is { } rate ? rate.PerSecond.ToString("0.0", CultureInfo.InvariantCulture) : ""),
        ("5xx", one.Requests is { } errors ? errors.Errors.ToString(CultureInfo.InvariantCulture) : ""),
        ("p50 ms", Milliseconds(one.Requests?.P50Ms)), ("p99 ms", Milliseconds(one.Requests?.P99Ms)),
        ("release", one.Release ?? ""),
    ];

    private static Text Plain(string text) => new(TerminalText.Line(text));

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Milliseconds(double? value) => value?.ToString("0.##", CultureInfo.InvariantCulture) ?? "";
}
