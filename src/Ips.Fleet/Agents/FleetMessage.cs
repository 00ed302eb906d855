using Ips.Fleet.Rollouts;

namespace Ips.Fleet.Agents;

/// <summary>What agents tell each other. On the wire each has a name and a version (<c>FleetCodec</c>); unknown fields are
/// ignored.</summary>
internal abstract record FleetMessage
{
    // ---- Coordinator to agent. ----

    /// <summary>What do you have of this fleet's rollouts? Promises nothing.</summary>
    /// <param name="Fleet">The fleet.</param>
    internal sealed record Recall(string Fleet) : FleetMessage;

    /// <summary>Write this down, and refuse lower epochs from now on.</summary>
    /// <param name="Epoch">Of the one who asks.</param>
    /// <param name="Plan">The rollout.</param>
    /// <param name="Aim">What is wanted of it now.</param>
    internal sealed record Promise(Epoch Epoch, RolloutPlan Plan, RolloutAim Aim) : FleetMessage;

    /// <summary>Take this step; one that was taken before is only answered again.</summary>
    /// <param name="Epoch">Of the one who asks.</param>
    /// <param name="Fleet">The fleet.</param>
    /// <param name="Rollout">The id of its rollout.</param>
    /// <param name="Kind">The step.</param>
    internal sealed record Order(Epoch Epoch, string Fleet, string Rollout, StepKind Kind) : FleetMessage;

    /// <summary>The rollout is over: keep its receipt.</summary>
    /// <param name="Epoch">Of the one who asks.</param>
    /// <param name="Receipt">How it ended.</param>
    internal sealed record Close(Epoch Epoch, RolloutReceipt Receipt) : FleetMessage;

    // ---- Agent to coordinator. ----

    /// <summary>Answers <see cref="Recall"/>.</summary>
    /// <param name="Node">Who answers.</param>
    /// <param name="Record">What it has.</param>
    internal sealed record Recalled(string Node, FleetRecord Record) : FleetMessage
    {
        /// <summary>The agent was started after it had promised: it cannot tell how long the rollout has been left alone.</summary>
        public bool Restarted { get; init; }

        /// <summary>The service of this node, as of now.</summary>
        public ServiceView? Service { get; init; }
    }

    /// <summary>Answers <see cref="Promise"/>: it is on the disk.</summary>
    /// <param name="Node">Who answers.</param>
    /// <param name="Epoch">The epoch that was promised.</param>
    /// <param name="Steps">The steps of this rollout that the node has taken.</param>
    internal sealed record Promised(string Node, Epoch Epoch, IReadOnlyList<StepState> Steps) : FleetMessage;

    /// <summary>Answers an order, and follows when it gets further.</summary>
    /// <param name="Node">Who answers.</param>
    /// <param name="Rollout">The rollout.</param>
    /// <param name="Step">How far the step is.</param>
    internal sealed record Report(string Node, string Rollout, StepState Step) : FleetMessage;

    /// <summary>Answers a request of a lower epoch, or of another rollout than the one that is open.</summary>
    /// <param name="Node">Who answers.</param>
    /// <param name="Asked">The epoch of the request.</param>
    /// <param name="Highest">What the agent has promised.</param>
    /// <param name="Reason">For a person.</param>
    internal sealed record Refused(string Node, Epoch Asked, Epoch Highest, string Reason) : FleetMessage;

    /// <summary>Answers <see cref="Close"/>.</summary>
    /// <param name="Node">Who answers.</param>
    /// <param name="Rollout">The rollout that is over.</param>
    internal sealed record Closed(string Node, string Rollout) : FleetMessage;

    // ---- The agent on an operator's node to the coordinator, and back. ----

    /// <summary>Begin a rollout.</summary>
    /// <param name="Id">Names the request and the rollout: asked again it counts once.</param>
    /// <param name="Fleet">The fleet.</param>
    /// <param name="Terms">How.</param>
    /// <param name="AskedBy">The operator, for a person.</param>
    internal sealed record Begin(string Id, string Fleet, RolloutTerms Terms, string AskedBy) : FleetMessage;

    /// <summary>Change what is wanted of the rollout that is open.</summary>
    /// <param name="Fleet">The fleet.</param>
    /// <param name="Aim">What is wanted.</param>
    /// <param name="AskedBy">The operator, for a person.</param>
    internal sealed record Steer(string Fleet, RolloutAim Aim, string AskedBy) : FleetMessage;

    /// <summary>How does the fleet stand?</summary>
    /// <param name="Fleet">The fleet.</param>
    internal sealed record Look(string Fleet) : FleetMessage;

    /// <summary>Drop a node that does not come back from the nodes that are known.</summary>
    /// <param name="Fleet">The fleet.</param>
    /// <param name="Node">Its name.</param>
    internal sealed record Forget(string Fleet, string Node) : FleetMessage;

    /// <summary>Answers each of these requests.</summary>
    /// <param name="View">The fleet as of now.</param>
    internal sealed record Answer(FleetView View) : FleetMessage
    {
        /// <summary>Why the request was refused, for a person; null if it was not.</summary>
        public string? Refusal { get; init; }
    }
}

/// <summary>A service as its agent sees it.</summary>
/// <param name="State">As in <c>ips status</c>; <c>unreachable</c> if its control socket does not answer.</param>
internal sealed record ServiceView(string State)
{
    /// <summary>The name of the release that serves, or its version where releases have no names.</summary>
    public string? Release { get; init; }

    /// <summary>Its generation.</summary>
    public int? Generation { get; init; }

    /// <summary>Why it cannot be asked, for a person.</summary>
    public string? Fault { get; init; }
}
