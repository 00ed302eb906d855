using System.Globalization;
using Ips.Actors.Diagnostics;
using Ips.Actors.Judging;

namespace Ips.Host.Cli;

/// <summary>Tells a person how a successor compared with its predecessor: the verdict, notes, and a table. Pure.</summary>
internal static class JudgementText
{
    /// <summary>The lines.</summary>
    internal static IEnumerable<string> Lines(Judgement judgement)
    {
        yield return TerminalText.Line($"Compared: {judgement.Text}.");
        foreach (var note in judgement.Notes ?? []) yield return TerminalText.Line(note);
        if (judgement.Routes.Count == 0) yield break;
        string[][] rows = [["route", "before", "after", "verdict"], .. judgement.Routes.Select(row =>
            (string[])[TerminalText.Line(row.Route), Figures(row.Before), Figures(row.After), TerminalText.Line(row.Verdict)])];
        var widths = Enumerable.Range(0, 3).Select(column => rows.Max(row => row[column].Length)).ToArray();
        foreach (var row in rows)
        {
            yield return $"  {row[0].PadRight(widths[0])}  {row[1].PadRight(widths[1])}  {row[2].PadRight(widths[2])}  {row[3]}";
        }
    }

    private static string Figures(RouteFigures figures) => string.Create(CultureInfo.InvariantCulture,
        $"{figures.Requests} req, {figures.Errors} failed")
        + (figures.P50Ms is { } median ? string.Create(CultureInfo.InvariantCulture, $", {median:0.##}/{figures.P99Ms:0.##} ms") : "");
}
