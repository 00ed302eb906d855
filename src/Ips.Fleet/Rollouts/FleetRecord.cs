namespace Ips.Fleet.Rollouts;

/// <summary>What an agent has on its disk of one fleet.</summary>
/// <param name="Promised">The highest epoch that it has promised.</param>
/// <param name="Steps">The steps of the open rollout, in the order in which they were taken.</param>
/// <param name="History">The receipts of past rollouts, newest last; at most <see cref="MostReceipts"/>.</param>
/// <param name="KnownNodes">The nodes of the fleet that were seen, by name.</param>
internal sealed record FleetRecord(
    Epoch Promised, IReadOnlyList<StepState> Steps, IReadOnlyList<RolloutReceipt> History, IReadOnlyList<string> KnownNodes)
{
    /// <summary>The rollout that is open; null for none.</summary>
    public RolloutPlan? Plan { get; init; }

    /// <summary>What is wanted of it.</summary>
    public RolloutAim Aim { get; init; }

    /// <summary>The most receipts that are kept.</summary>
    public const int MostReceipts = 20;

    /// <summary>Of a fleet that was never asked for anything.</summary>
    public static FleetRecord Empty { get; } = new(Epoch.None, [], [], []);
}
