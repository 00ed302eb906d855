namespace Ips.Fleet.Rollouts;

/// <summary>What a node is asked to do in a rollout: each of them at most once.</summary>
internal enum StepKind
{
    /// <summary>See whether the release would get ready; nothing changes.</summary>
    Check,

    /// <summary>Reload to the release, and stay healthy through the bake.</summary>
    Reload,

    /// <summary>Return to the release that served before.</summary>
    RollBack,
}

/// <summary>How far a step is.</summary>
internal enum StepPhase
{
    /// <summary>Its order was taken.</summary>
    Running,

    /// <summary>The release is promoted, and must stay healthy for a while.</summary>
    Baking,

    /// <summary>It succeeded.</summary>
    Done,

    /// <summary>It did not.</summary>
    Failed,
}

/// <summary>A step of one node as its agent has it on its disk: the receipt of an order.</summary>
/// <param name="Kind">What was asked.</param>
/// <param name="Phase">How far it is.</param>
internal sealed record StepState(StepKind Kind, StepPhase Phase)
{
    /// <summary>Why it failed, for a person; at most <see cref="LongestReason"/> characters.</summary>
    public string? Reason { get; init; }

    /// <summary>The node now serves another release than before the step. Of a failed reload: it was promoted, and failed in the
    /// bake.</summary>
    public bool Changed { get; init; }

    /// <summary>The release that serves after it, as the node names it; null if that is not known.</summary>
    public string? Serves { get; init; }

    /// <summary>Of a check: the release that it found serving, which a rollback returns to; null where releases have no names.</summary>
    public string? Former { get; init; }

    /// <summary>When the bake began.</summary>
    public DateTimeOffset? BakesSince { get; init; }

    /// <summary>The longest reason that is kept.</summary>
    public const int LongestReason = 500;

    /// <summary>Nothing more comes of it.</summary>
    public bool IsOver => Phase is StepPhase.Done or StepPhase.Failed;
}
