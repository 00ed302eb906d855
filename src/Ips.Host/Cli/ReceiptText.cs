using System.Globalization;
using System.Text;
using Ips.Actors.Diagnostics;
using Ips.Actors.Lifecycle;

namespace Ips.Host.Cli;

/// <summary>Tells the outcome of a reload to a person, in one paragraph. Pure.</summary>
internal static class ReceiptText
{
    /// <summary>The paragraph; a failed successor's last lines of output follow it.</summary>
    internal static string Write(ReloadReceipt receipt)
    {
        var text = new StringBuilder();
        var old = Generation(receipt.OldGeneration, receipt.OldPid, receipt.OldRelease);
        var successor = Generation(receipt.NewGeneration, receipt.NewPid, receipt.NewRelease);
        var elapsed = Duration(receipt.ElapsedMs);
        text.Append(receipt.Ended switch
        {
            ReloadOutcome.Stopped when receipt.NewPid is null => $"Stopped: {old} was told to stop before this reload had begun.",
            ReloadOutcome.Stopped => $"Stopped after {elapsed}: {old} was told to stop, and {successor} ended with it.",
            ReloadOutcome.Checked => $"Checked in {elapsed}: {successor} got ready and was ended; {old} serves on.",
            ReloadOutcome.Refused or ReloadOutcome.RolledBack when receipt.DryRun =>
                $"Check failed after {elapsed}: a reload would be refused; {old} serves on.",
            ReloadOutcome.Promoted => $"Reloaded in {elapsed}: {successor} took over from {old}.",
            ReloadOutcome.RolledBack => $"Rolled back after {elapsed}: {successor} failed its probation, {old} serves on.",
            ReloadOutcome.Refused => $"Refused after {elapsed}: {old} serves on.",
            _ => $"Reload ended as '{receipt.Outcome}' after {elapsed}; it was to go from {old} to {successor}.",
        });
        if (receipt.Reason is not null) text.Append(CultureInfo.InvariantCulture, $" Reason: {receipt.Reason.TrimEnd('.')}.");
        if (receipt.Cause is { } cause) text.Append(CultureInfo.InvariantCulture, $" It reloaded by itself: {cause}.");
        if (receipt.WaitedMs is { } waited) text.Append(CultureInfo.InvariantCulture,
            $" It waited {Duration(waited)} for the reload before it.");
        if (receipt.AbortedGenerations is { Count: > 0 } aborted)
            text.Append(CultureInfo.InvariantCulture,
                $" Generation {string.Join(", ", aborted)} was still draining and was aborted to make room.");
        foreach (var warning in receipt.Warnings ?? []) text.Append(CultureInfo.InvariantCulture, $" Warning: {warning.TrimEnd('.')}.");
        if (receipt.NoCanary is { } why) text.Append(CultureInfo.InvariantCulture, $" Not as a canary: {why.TrimEnd('.')}.");
        text.Append(Connections(receipt));
        if (receipt.PhasesMs is { Count: > 0 } phases)
            text.Append(CultureInfo.InvariantCulture,
                $" Phases: {string.Join(", ", phases.OrderBy(p => p.Value).Select(p => $"{p.Key} {Duration(p.Value)}"))}.");
        var paragraph = TerminalText.Line(text.ToString());
        if (receipt.Judgement is { } judgement)
            paragraph = string.Join(Environment.NewLine, [paragraph, .. JudgementText.Lines(judgement)]);
        if (receipt.Output is not { Count: > 0 } output) return paragraph;
        var lines = output.SelectMany(line => TerminalText.Lines(line).Split('\n')).Select(line => $"  {line}");
        return string.Join(Environment.NewLine, [paragraph, "The last lines it wrote:", .. lines]);
    }

    private static string Generation(int generation, int? pid, string? release)
    {
        var details = string.Join(", ", new[] { pid is null ? null : $"PID {pid}",
            release is null ? null : $"release {release}" }.OfType<string>());
        return details.Length == 0 ? $"generation {generation}" : $"generation {generation} ({details})";
    }

    // The drain's counts are those of the end; the connections' are what was known at the promotion.
    private static string Connections(ReloadReceipt receipt) => receipt switch
    {
        { Drain: { } drain } => string.Create(CultureInfo.InvariantCulture,
            $" Generation {receipt.OldGeneration} moved {Wording.Counted(drain.Moved, "connection")}, drained {drain.Connections} "
                + $"({drain.ClosedPolitely} closed politely) with {Wording.Counted(drain.Requests, "request")}, cut "
                + $"{Wording.Counted(drain.AbortedRequests, "request")} and closed "
                + $"{Wording.Counted(drain.ClosedIdle, "idle connection")}."),
        { Connections: { } at } when at.Moved + at.Busy + at.Staying.Count > 0 => string.Create(CultureInfo.InvariantCulture,
            $" {Wording.Counted(at.Moved, "connection")} moved, {at.Busy} to follow after the current response, "
                + $"{at.Staying.Values.Sum(count => (long)count)} to be closed politely."),
        _ => "",
    };

    internal static string Duration(double ms) => ms < 1000
        ? string.Create(CultureInfo.InvariantCulture, $"{ms:0} ms") : string.Create(CultureInfo.InvariantCulture, $"{ms / 1000:0.0} s");
}
