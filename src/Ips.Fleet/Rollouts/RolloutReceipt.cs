namespace Ips.Fleet.Rollouts;

/// <summary>A rollout that is over.</summary>
/// <param name="Plan">What it was to do.</param>
/// <param name="Outcome">How it ended.</param>
/// <param name="Nodes">What became of each node.</param>
/// <param name="EndedAt">When.</param>
internal sealed record RolloutReceipt(
    RolloutPlan Plan, RolloutOutcome Outcome, IReadOnlyList<NodeView> Nodes, DateTimeOffset EndedAt)
{
    /// <summary>Why it ended so, for a person; null if it was done.</summary>
    public string? Reason { get; init; }
}

/// <summary>The fleet as an operator sees it.</summary>
/// <param name="Fleet">Its name.</param>
/// <param name="Coordinator">The node that decides; null if none can be reached.</param>
/// <param name="Nodes">Every known node.</param>
internal sealed record FleetView(string Fleet, string? Coordinator, IReadOnlyList<NodeView> Nodes)
{
    /// <summary>The rollout that is open; null for none.</summary>
    public RolloutPlan? Rollout { get; init; }

    /// <summary>What is wanted of it.</summary>
    public RolloutAim Aim { get; init; }

    /// <summary>What it waits for, for a person.</summary>
    public string? Phase { get; init; }

    /// <summary>Past rollouts, newest last.</summary>
    public IReadOnlyList<RolloutReceipt> History { get; init; } = [];
}

/// <summary>One node as an operator sees it.</summary>
/// <param name="Node">Its name.</param>
/// <param name="State"><c>waiting</c>, <c>checking</c>, <c>checked</c>, <c>reloading</c>, <c>baking</c>, <c>done</c>, <c>failed</c>,
/// <c>silent</c>, <c>rolling-back</c>, <c>rolled-back</c>, or without a rollout <c>up</c> or <c>missing</c>.</param>
internal sealed record NodeView(string Node, string State)
{
    /// <summary>The release that serves there, if it is known.</summary>
    public string? Release { get; init; }

    /// <summary>Why it failed, for a person.</summary>
    public string? Reason { get; init; }

    /// <summary>Its wave, from 1.</summary>
    public int? Wave { get; init; }
}
