using System.Globalization;
using System.Text;
using Ips.Actors.Diagnostics;
using Ips.Actors.Lifecycle;

namespace Ips.Host.Cli;

/// <summary>Shows past reloads to a person, one a line, newest last. Pure.</summary>
internal static class HistoryText
{
    private const int MaxReasonLength = 100;

    /// <summary>The table.</summary>
    /// <param name="history">The reloads that have ended, newest last.</param>
    /// <param name="pending">The one that waits for another; null if none does.</param>
    internal static string Write(IReadOnlyList<ReloadReceipt> history, PendingReload? pending = null)
    {
        if (history.Count == 0 && pending is null) return "No reload yet.";
        List<string[]> rows =
        [
            ["TIME", "OUTCOME", "FROM", "TO", "RELEASE", "TOOK", "NOTE"],
            .. history.Select(Row).Concat(pending is null ? [] : [Row(pending)]).Select(row => row.Select(TerminalText.Line).ToArray()),
        ];
        var widths = Enumerable.Range(0, rows[0].Length).Select(column => rows.Max(row => row[column].Length)).ToArray();
        var text = new StringBuilder();
        foreach (var row in rows)
            text.AppendLine(string.Join("  ", row.Select((cell, column) => cell.PadRight(widths[column]))).TrimEnd());
        return text.ToString().TrimEnd();
    }

    private static string[] Row(ReloadReceipt receipt) =>
    [
        receipt.StartedAt.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture),
        receipt.DryRun && receipt.Ended is not ReloadOutcome.Checked ? "check failed" : receipt.Outcome,
        Generation(receipt.OldGeneration, receipt.OldPid),
        Generation(receipt.NewGeneration, receipt.NewPid),
        receipt.NewRelease ?? "-",
        ReceiptText.Duration(receipt.ElapsedMs),
        Note(receipt),
    ];

    private static string[] Row(PendingReload pending) =>
    [
        pending.AskedAt.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture), "pending", "-", "-", "-",
        ReceiptText.Duration(pending.WaitedMs), $"by {pending.AskedBy}; waits for the reload under way",
    ];

    private static string Generation(int generation, int? pid) =>
        pid is null ? generation.ToString(CultureInfo.InvariantCulture)
            : string.Create(CultureInfo.InvariantCulture, $"{generation} ({pid})");

    private static string Note(ReloadReceipt receipt)
    {
        List<string> notes = [];
        if (receipt.Reason is { } reason) notes.Add(reason.Length > MaxReasonLength ? string.Concat(reason.AsSpan(0, MaxReasonLength), "…")
            : reason);
        if (receipt.WaitedMs is { } waited) notes.Add($"waited {ReceiptText.Duration(waited)}");
        if (receipt.AbortedGenerations is { Count: > 0 } aborted) notes.Add($"aborted generation {string.Join(", ", aborted)}");
        if (receipt.Warnings is { Count: > 0 }) notes.Add("warning: see --json");
        if (receipt.Drain is { } drain)
            notes.Add(string.Create(CultureInfo.InvariantCulture,
                $"moved {Wording.Counted(drain.Moved, "connection")}, drained {drain.Connections}, cut "
                    + $"{Wording.Counted(drain.AbortedRequests, "request")}"));
        return string.Join("; ", notes);
    }
}
