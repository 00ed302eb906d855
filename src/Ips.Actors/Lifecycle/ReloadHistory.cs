using System.Text.Json;

namespace Ips.Actors.Lifecycle;

/// <summary>The receipts of the daemon's whole life: those of earlier generations come with the handover.</summary>
internal sealed class ReloadHistory
{
    /// <summary>Receipts kept.</summary>
    public const int MaxReceipts = 100;

    // Of what travels: so that a batch of receipts fits a packet whatever is in them.
    private const int MaxTextLength = 500;

    private readonly List<ReloadReceipt> _receipts = [];
    private volatile ReloadReceipt? _lastReload; // a health check looks at it from another thread

    /// <summary>All of them, newest last.</summary>
    public IReadOnlyList<ReloadReceipt> Receipts => [.. _receipts];

    /// <summary>The newest receipt; null before the first.</summary>
    public ReloadReceipt? Newest => _receipts is [.., var newest] ? newest : null;

    /// <summary>The newest reload that was more than a check; null before the first.</summary>
    public ReloadReceipt? LastReload => _lastReload;

    /// <summary>Adds a receipt, dropping the oldest above <see cref="MaxReceipts"/>, or replaces what was known of the same reload. Only
    /// the newest keeps its
    /// output.</summary>
    public void Remember(ReloadReceipt receipt)
    {
        var known = _receipts.FindIndex(other => IsSameReload(other, receipt));
        if (known >= 0)
        {
            _receipts[known] = receipt with { Output = receipt.Output ?? _receipts[known].Output };
            NoteLast();
            return;
        }

        if (_receipts is [.., { Output: not null } last])
        {
            _receipts[^1] = last with { Output = null };
        }

        _receipts.Add(receipt);
        if (_receipts.Count > MaxReceipts)
        {
            _receipts.RemoveAt(0);
        }

        NoteLast();
    }

    /// <summary>Notes how the drain of a predecessor ended.</summary>
    /// <param name="successorPid">The process that it handed over to.</param>
    /// <param name="drain">The counts.</param>
    public void NoteDrain(int successorPid, DrainCounts drain)
    {
        if (_receipts.FindLast(receipt => receipt.NewPid == successorPid && receipt.Ended is ReloadOutcome.Promoted) is { } receipt)
        {
            Remember(receipt with { Drain = drain });
        }
    }

    /// <summary>What a successor gets: without output, with one warning, ten rows of the table, and no
    /// text longer than 500 characters.</summary>
    public static JsonElement Pack(ReloadReceipt receipt) => JsonSerializer.SerializeToElement(
        receipt with
        {
            Output = null,
            Reason = Cut(receipt.Reason),
            OldRelease = Cut(receipt.OldRelease),
            NewRelease = Cut(receipt.NewRelease),
            Judgement = receipt.Judgement?.Cut(),
            Warnings = receipt.Warnings is [var first, ..] ? [Cut(first)!] : null,
        },
        ReceiptJson.Default.ReloadReceipt);

    /// <summary>What a predecessor packed; null if this build cannot read it.</summary>
    public static ReloadReceipt? Unpack(JsonElement packed)
    {
        try
        {
            return packed.Deserialize(ReceiptJson.Default.ReloadReceipt) is { Outcome: not null } receipt ? receipt : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private void NoteLast() => _lastReload = _receipts.FindLast(receipt => !receipt.DryRun);

    private static bool IsSameReload(ReloadReceipt one, ReloadReceipt other) =>
        (one.StartedAt, one.OldPid, one.NewGeneration, one.RequestId) == (other.StartedAt, other.OldPid, other.NewGeneration,
            other.RequestId);

    private static string? Cut(string? text) => text is { Length: > MaxTextLength } ? string.Concat(text.AsSpan(0, MaxTextLength), "…")
        : text;
}
