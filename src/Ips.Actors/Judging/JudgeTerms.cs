using Ips.Actors.Configuration;

namespace Ips.Actors.Judging;

/// <summary>What a judge knows before the first window.</summary>
internal sealed record JudgeTerms
{
    /// <summary>Connections that already failed in the seconds before the reload, and how often: their errors are of the client, or were
    /// there before.</summary>
    public IReadOnlyDictionary<long, int> FailedBefore { get; init; } = new Dictionary<long, int>();

    /// <summary>Connections that were open then.</summary>
    public int ConnectionsBefore { get; init; }

    /// <summary>Effects that roll back, and not only appear in the receipt.</summary>
    public MildEffects RollBackOn { get; init; }
}
