namespace Ips.Fleet.Rollouts;

/// <summary>What a rollout is to do. It does not change while the rollout runs; every agent that takes part has a copy on its
/// disk.</summary>
/// <param name="Id">Names the rollout: part of the id of every order.</param>
/// <param name="Fleet">The fleet, a role of the cluster.</param>
/// <param name="Waves">The nodes by name, in the order in which they are reloaded; those of one wave at the same time. The first wave is
/// the canary, if there is one.</param>
/// <param name="Bake">How long a node must stay healthy after its promotion until it counts.</param>
/// <param name="Deadline">How long a node may take for one order, the bake not included. A node that is silent longer counts as
/// failed.</param>
/// <param name="AskedBy">Who asked: the operator's user and the node, for a person.</param>
/// <param name="AskedAt">When.</param>
internal sealed record RolloutPlan(
    string Id, string Fleet, IReadOnlyList<IReadOnlyList<string>> Waves, TimeSpan Bake, TimeSpan Deadline, string AskedBy,
    DateTimeOffset AskedAt)
{
    /// <summary>The name of the release to start, a folder in <c>releases/</c> of each node; null for the release in place.</summary>
    public string? Release { get; init; }

    /// <summary>At the first failure, take the promoted nodes back, newest first; otherwise halt.</summary>
    public bool RollsBack { get; init; }

    /// <summary>Only check every node; change none.</summary>
    public bool ChecksOnly { get; init; }

    /// <summary>Nodes of the fleet that are down, and are left as they are.</summary>
    public IReadOnlyList<string> Missing { get; init; } = [];

    /// <summary>Every node that takes part, in order.</summary>
    public IEnumerable<string> Nodes => Waves.SelectMany(wave => wave);
}

/// <summary>What is wanted of a rollout now. A change of it is told to every agent with a higher epoch, so that it outlives its
/// coordinator.</summary>
internal enum RolloutAim
{
    /// <summary>Reload the nodes, wave after wave.</summary>
    Advance,

    /// <summary>Let running orders end, and begin none.</summary>
    Pause,

    /// <summary>Let running orders end, and leave every node as it is then.</summary>
    Halt,

    /// <summary>Let running orders end, then take the promoted nodes back.</summary>
    RollBack,
}

/// <summary>How a rollout ended.</summary>
internal enum RolloutOutcome
{
    /// <summary>Every node was promoted and stayed healthy.</summary>
    Done,

    /// <summary>Every node passed its check; nothing was to be changed.</summary>
    Checked,

    /// <summary>No node was changed.</summary>
    Refused,

    /// <summary>Every node that was changed was taken back.</summary>
    RolledBack,

    /// <summary>Some nodes are changed and others are not.</summary>
    Halted,
}

/// <summary>Who may give orders: agents refuse a lower one than they have promised. A coordinator raises the counter when it
/// takes over and when the aim changes.</summary>
/// <param name="Counter">From 1.</param>
/// <param name="Node">The coordinator's node: tells two coordinators of the same counter apart.</param>
internal readonly record struct Epoch(long Counter, string Node) : IComparable<Epoch>
{
    /// <summary>Below every epoch.</summary>
    public static Epoch None => new(0, "");

    /// <inheritdoc/>
    public int CompareTo(Epoch other) =>
        Counter != other.Counter ? Counter.CompareTo(other.Counter) : string.CompareOrdinal(Node, other.Node);

    public static bool operator <(Epoch left, Epoch right) => left.CompareTo(right) < 0;

    public static bool operator >(Epoch left, Epoch right) => left.CompareTo(right) > 0;

    public static bool operator <=(Epoch left, Epoch right) => left.CompareTo(right) <= 0;

    public static bool operator >=(Epoch left, Epoch right) => left.CompareTo(right) >= 0;

    /// <inheritdoc/>
    public override string ToString() => $"{Counter}/{Node}";
}
