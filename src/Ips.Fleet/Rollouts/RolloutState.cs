namespace Ips.Fleet.Rollouts;

/// <summary>A rollout as its coordinator has it. None of it is kept: a new coordinator asks the agents.</summary>
/// <param name="Plan">What it is to do.</param>
/// <param name="Epoch">By which the agents obey.</param>
/// <param name="Aim">What is wanted of it now.</param>
/// <param name="Stage">How far it is.</param>
/// <param name="Nodes">What is known of each node.</param>
internal sealed record RolloutState(
    RolloutPlan Plan, Epoch Epoch, RolloutAim Aim, RolloutStage Stage, ImmutableSortedDictionary<string, NodeProgress> Nodes)
{
    /// <summary>No agent has been given an order yet: if one does not answer, nothing has happened.</summary>
    public bool IsNew { get; init; }

    /// <summary>Why the aim is no longer to advance, for a person.</summary>
    public string? Reason { get; init; }

    /// <summary>How it ended, once it has.</summary>
    public RolloutReceipt? Receipt { get; init; }

    /// <summary>A deadline is armed.</summary>
    public bool HasDeadline { get; init; }
}

/// <summary>How far a rollout is.</summary>
internal enum RolloutStage
{
    /// <summary>Waits until the agents have promised.</summary>
    Gathering,

    /// <summary>Gives orders and waits for their outcome.</summary>
    Working,

    /// <summary>Is over; the agents are told.</summary>
    Closing,

    /// <summary>Is over, and needs nothing more.</summary>
    Over,
}

/// <summary>What a coordinator knows of a node.</summary>
internal sealed record NodeProgress
{
    /// <summary>Its agent has promised the present epoch.</summary>
    public bool HasPromised { get; init; }

    /// <summary>Its agent has told this coordinator which steps it has taken.</summary>
    public bool IsKnown { get; init; }

    /// <summary>It has not answered in time.</summary>
    public bool IsSilent { get; init; }

    /// <summary>Why it does not do what it is asked, for a person.</summary>
    public string? Refusal { get; init; }

    /// <summary>It has been told that the rollout is over.</summary>
    public bool IsClosed { get; init; }

    /// <summary>Its steps.</summary>
    public ImmutableDictionary<StepKind, StepState> Steps { get; init; } = ImmutableDictionary<StepKind, StepState>.Empty;

    /// <summary>The step whose end is waited for.</summary>
    public StepKind? Open { get; init; }

    /// <summary>A step; null if it was not taken.</summary>
    public StepState? this[StepKind kind] => Steps.GetValueOrDefault(kind);

    /// <summary>It serves another release than before the rollout.</summary>
    public bool IsChanged => this[StepKind.Reload] is { Changed: true } && this[StepKind.RollBack] is not { Phase: StepPhase.Done };

    /// <summary>Nobody knows whether it has changed, or will yet.</summary>
    public bool IsDoubtful => IsSilent && (!IsKnown || Open is StepKind.Reload or StepKind.RollBack);

    /// <summary>A check or a reload failed.</summary>
    public bool HasFailed => Steps.Values.Any(step => step is { Phase: StepPhase.Failed, Kind: not StepKind.RollBack });

    /// <summary>It has promised, and said which steps it has taken. An order that it has not taken by then is one of an epoch that it
    /// refuses from now on.</summary>
    public NodeProgress Promising(IReadOnlyList<StepState> steps)
    {
        var known = steps.Aggregate(this, (node, step) => node.With(step));
        return known with
        {
            Open = known.Steps.Values.FirstOrDefault(step => !step.IsOver)?.Kind,
            HasPromised = true,
            IsKnown = true,
            IsSilent = false,
        };
    }

    /// <summary>The step got further; what is older than what is known changes nothing.</summary>
    public NodeProgress With(StepState step)
    {
        if (this[step.Kind] is { } known && (known.IsOver || step.Phase <= known.Phase)) return this;
        return this with
        {
            Steps = Steps.SetItem(step.Kind, step),
            Open = step.IsOver ? (Open == step.Kind ? null : Open) : step.Kind,
        };
    }
}

/// <summary>What happens to a rollout.</summary>
internal abstract record RolloutEvent
{
    /// <summary>An agent has promised.</summary>
    internal sealed record Promised(string Node, Epoch Epoch, IReadOnlyList<StepState> Steps) : RolloutEvent;

    /// <summary>A step got further.</summary>
    internal sealed record Reported(string Node, StepState Step) : RolloutEvent;

    /// <summary>An agent does not obey.</summary>
    internal sealed record Refused(string Node, Epoch Asked, Epoch Highest, string Reason) : RolloutEvent;

    /// <summary>An agent has written down that the rollout is over.</summary>
    internal sealed record Closed(string Node) : RolloutEvent;

    /// <summary>The deadline has passed.</summary>
    internal sealed record DeadlineElapsed : RolloutEvent;

    /// <summary>Messages may be lost: say again what has no answer yet.</summary>
    internal sealed record RepeatDue : RolloutEvent;

    /// <summary>An operator wants something else of it.</summary>
    /// <param name="Aim">What.</param>
    /// <param name="AskedBy">Who, for a person.</param>
    internal sealed record Steered(RolloutAim Aim, string AskedBy) : RolloutEvent;
}

/// <summary>What a coordinator is to do.</summary>
internal abstract record RolloutEffect
{
    /// <summary>Have the agent promise this epoch.</summary>
    internal sealed record AskPromise(string Node, Epoch Epoch, RolloutPlan Plan, RolloutAim Aim) : RolloutEffect;

    /// <summary>Give an order.</summary>
    internal sealed record GiveOrder(string Node, Epoch Epoch, StepKind Kind) : RolloutEffect;

    /// <summary>Tell the agent that the rollout is over.</summary>
    internal sealed record TellClosed(string Node, Epoch Epoch, RolloutReceipt Receipt) : RolloutEffect;

    /// <summary>Arm the deadline; null disarms it.</summary>
    internal sealed record SetDeadline(TimeSpan? Time) : RolloutEffect;

    /// <summary>The rollout needs nothing more.</summary>
    internal sealed record Finish(RolloutReceipt Receipt) : RolloutEffect;

    /// <summary>Another coordinator may be at work: ask every agent anew.</summary>
    internal sealed record AskAnew(string Reason) : RolloutEffect;
}
