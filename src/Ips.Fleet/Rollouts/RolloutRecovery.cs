namespace Ips.Fleet.Rollouts;

/// <summary>What an agent has told a new coordinator.</summary>
/// <param name="Node">Its name.</param>
/// <param name="Record">What it has on its disk.</param>
/// <param name="Restarted">It was started after it had promised.</param>
internal sealed record Recollection(string Node, FleetRecord Record, bool Restarted);

/// <summary>What a new coordinator makes of what the agents have told it. Pure.</summary>
/// <param name="Highest">The highest epoch that was promised.</param>
/// <param name="ToClose">Agents that have not written down that a rollout is over, with its receipt.</param>
internal sealed record RolloutRecovery(Epoch Highest, IReadOnlyList<(string Node, RolloutReceipt Receipt)> ToClose)
{
    /// <summary>The rollout to continue; null for none.</summary>
    public RolloutPlan? Plan { get; init; }

    /// <summary>What is wanted of it.</summary>
    public RolloutAim Aim { get; init; }

    /// <summary>Why it is not to advance, for a person.</summary>
    public string? Reason { get; init; }

    /// <summary>Receipts of past rollouts, oldest first.</summary>
    public IReadOnlyList<RolloutReceipt> History { get; init; } = [];

    /// <summary>Puts the answers together. A plan is on every node that takes part before its first order, so one answer is enough to
    /// know it; and the answer of the highest epoch has the newest aim.</summary>
    internal static RolloutRecovery Of(IReadOnlyList<Recollection> answers)
    {
        var history = answers.SelectMany(answer => answer.Record.History).DistinctBy(receipt => receipt.Plan.Id)
            .OrderBy(receipt => receipt.EndedAt).ToList();
        var over = history.ToDictionary(receipt => receipt.Plan.Id);
        var open = answers.Where(answer => answer.Record.Plan is { } plan && !over.ContainsKey(plan.Id)).ToList();
        var newest = open.MaxBy(answer => answer.Record.Promised);
        // Nobody has been there all the time: what was wanted an hour ago may not be wanted now.
        var abandoned = newest is not null && open.All(answer => answer.Restarted);
        return new(answers.Select(answer => answer.Record.Promised).DefaultIfEmpty(Epoch.None).Max(),
            [.. from answer in answers
                where answer.Record.Plan is { } plan && over.ContainsKey(plan.Id)
                select (answer.Node, over[answer.Record.Plan!.Id])])
        {
            Plan = newest?.Record.Plan,
            Aim = abandoned ? RolloutAim.Halt : newest?.Record.Aim ?? RolloutAim.Advance,
            Reason = abandoned ? "every agent was restarted" : null,
            History = history,
        };
    }
}
