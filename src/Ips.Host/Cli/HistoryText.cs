using System.Globalization;
using System.Text;
using Ips.Actors.Control;

namespace Ips.Host.Cli;

/// <summary>Shows past reloads to a person, one a line, newest last. Pure.</summary>
internal static class HistoryText
{
    private const int MaxReasonLength = 100;

    /// <summary>The table.</summary>
    internal static string Write(IReadOnlyList<ReloadReceipt> history)
    {
        if (history.Count == 0) return "No reload yet.";
        List<string[]> rows = [["TIME", "OUTCOME", "FROM", "TO", "RELEASE", "TOOK", "NOTE"], .. history.Select(Row)];
        var widths = Enumerable.Range(0, rows[0].Length).Select(column => rows.Max(row => row[column].Length)).ToArray();
        var text = new StringBuilder();
        foreach (var row in rows)
            text.AppendLine(string.Join("  ", row.Select((cell, column) => cell.PadRight(widths[column]))).TrimEnd());
        return text.ToString().TrimEnd();
    }

    private static string[] Row(ReloadReceipt receipt) =>
    [
        receipt.StartedAt.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture),
        receipt.DryRun && receipt.Outcome != ReceiptText.Checked ? "check failed" : receipt.Outcome,
        Generation(receipt.OldGeneration, receipt.OldPid),
        Generation(receipt.NewGeneration, receipt.NewPid),
        receipt.NewRelease ?? "-",
        ReceiptText.Duration(receipt.ElapsedMs),
        Note(receipt),
    ];

    private static string Generation(int generation, int? pid) =>
        pid is null ? generation.ToString(CultureInfo.InvariantCulture) : string.Create(CultureInfo.InvariantCulture, $"{generation} ({pid})");

    private static string Note(ReloadReceipt receipt)
    {
        List<string> notes = [];
        if (receipt.Reason is { } reason) notes.Add(reason.Length > MaxReasonLength ? string.Concat(reason.AsSpan(0, MaxReasonLength), "…") : reason);
        if (receipt.AbortedGenerations is { Count: > 0 } aborted) notes.Add($"aborted generation {string.Join(", ", aborted)}");
        if (receipt.Drain is { } drain)
            notes.Add(string.Create(CultureInfo.InvariantCulture, $"moved {drain.Moved} connections, drained {drain.Connections}, cut {Requests(drain.AbortedRequests)}"));
        return string.Join("; ", notes);
    }

    private static string Requests(int count) => string.Create(CultureInfo.InvariantCulture, $"{count} request{(count == 1 ? "" : "s")}");
}
