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

/// <summary>Effects that are worth a note.</summary>
[Flags]
internal enum MildEffects
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>Requests take 1.3 times as long.</summary>
    Slower = 1,

    /// <summary>A request takes 1.3 times as much processor time.</summary>
    Processor = 2,

    /// <summary>A request allocates 1.3 times as much memory.</summary>
    Memory = 4,
}
