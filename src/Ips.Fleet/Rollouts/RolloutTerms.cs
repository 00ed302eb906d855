namespace Ips.Fleet.Rollouts;

/// <summary>A rollout as an operator asks for it.</summary>
/// <param name="Bake">See <see cref="RolloutPlan.Bake"/>.</param>
/// <param name="Deadline">See <see cref="RolloutPlan.Deadline"/>.</param>
internal sealed record RolloutTerms(TimeSpan Bake, TimeSpan Deadline)
{
    /// <summary>The release; null for the one in place.</summary>
    public string? Release { get; init; }

    /// <summary>How many nodes are reloaded first, alone; 0 for none.</summary>
    public int Canary { get; init; }

    /// <summary>Nodes of each further wave: a number, from 1.</summary>
    public int? WaveNodes { get; init; }

    /// <summary>The same as a share of all nodes in percent, from 1 to 100, rounded up.</summary>
    public int? WavePercent { get; init; }

    /// <summary>See <see cref="RolloutPlan.RollsBack"/>.</summary>
    public bool RollsBack { get; init; }

    /// <summary>See <see cref="RolloutPlan.ChecksOnly"/>.</summary>
    public bool ChecksOnly { get; init; }

    /// <summary>How many known nodes may be missing.</summary>
    public int AllowMissing { get; init; }
}
