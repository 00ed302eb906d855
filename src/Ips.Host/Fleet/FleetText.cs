using System.Text;
using Ips.Actors.Configuration;
using Ips.Fleet.Rollouts;

namespace Ips.Host.Fleet;

/// <summary>Fleets and rollouts as text. Pure.</summary>
internal static class FleetText
{
    /// <summary>The fleet, a line for each node.</summary>
    internal static string Write(FleetView view)
    {
        var text = new StringBuilder();
        text.Append($"fleet {view.Fleet}, coordinated by {view.Coordinator ?? "nobody"}");
        if (view.Rollout is { } plan)
        {
            text.Append($"\nrollout {plan.Id} of {plan.Release ?? "the release in place"}, by {plan.AskedBy}, since {plan.AskedAt:u}");
            text.Append($"\n{(view.Aim == RolloutAim.Advance ? "" : $"{Word(view.Aim)}; ")}{view.Phase}");
        }
        else if (view.Phase is { } phase)
        {
            text.Append($"\n{phase}");
        }

        text.Append('\n').Append(Nodes(view.Nodes));
        if (view.Rollout is null && view.History is [.., var last])
        {
            text.Append($"\nlast rollout: {Outcome(last.Outcome)} {last.EndedAt:u}, by {last.Plan.AskedBy}");
            if (last.Reason is { } why) text.Append($": {why}");
        }

        return text.ToString();
    }

    /// <summary>Each node on a line: its wave, name, state, release, and what is wrong.</summary>
    internal static string Nodes(IReadOnlyList<NodeView> nodes)
    {
        if (nodes.Count == 0) return "  no node is known";
        var (name, state) = (nodes.Max(node => node.Node.Length), nodes.Max(node => node.State.Length));
        return string.Join('\n', nodes.Select(node => $"  {(node.Wave is { } wave ? $"{wave,2}" : "  ")}  {node.Node.PadRight(name)}  "
            + $"{node.State.PadRight(state)}  {node.Release}{(node.Reason is { } reason ? $"  {reason}" : "")}".TrimEnd()));
    }

    /// <summary>A rollout that is over, and what an operator can do next.</summary>
    internal static string Write(RolloutReceipt receipt)
    {
        var text = new StringBuilder($"{Outcome(receipt.Outcome)}: rollout {receipt.Plan.Id} of fleet {receipt.Plan.Fleet}");
        if (receipt.Reason is { } reason) text.Append($"\n{reason}");
        text.Append('\n').Append(Nodes(receipt.Nodes));
        if (receipt.Plan.Missing.Count > 0) text.Append($"\nleft out: {string.Join(", ", receipt.Plan.Missing)}");
        if (receipt.Outcome == RolloutOutcome.Halted)
        {
            text.Append($"\nContinue, once it is mended: {Command(receipt.Plan, receipt.Plan.Release)}");
            if (Former(receipt) is { } former) text.Append($"\nUndo: {Command(receipt.Plan, former)}");
        }

        return text.ToString();
    }

    /// <summary>Past rollouts, a line each.</summary>
    internal static string History(IReadOnlyList<RolloutReceipt> receipts) => receipts.Count == 0 ? "no rollout yet"
        : string.Join('\n', receipts.Select(receipt => $"{receipt.EndedAt:u}  {Outcome(receipt.Outcome),-11}  "
            + $"{receipt.Plan.Release ?? "(in place)"}  {receipt.Nodes.Count} nodes  {receipt.Plan.AskedBy}"
            + (receipt.Reason is { } reason ? $"  {reason}" : "")));

    // The release that the nodes which were not changed still serve, if it is one. That of a silent node is not known.
    private static string? Former(RolloutReceipt receipt) => receipt.Plan.Release is not { } wanted ? null
        : receipt.Nodes.Where(node => node is { State: not "silent", Release: { } release } && release != wanted)
            .Select(node => node.Release).Distinct().ToList() is [{ } former] ? former : null;

    private static string Command(RolloutPlan plan, string? release) => $"ips reload --fleet {plan.Fleet}"
        + $"{(release is null ? "" : $" --release {release}")} --bake {DurationText.Format(plan.Bake)}";

    private static string Outcome(RolloutOutcome outcome) => outcome switch
    {
        RolloutOutcome.Done => "done",
        RolloutOutcome.Checked => "checked",
        RolloutOutcome.Refused => "refused",
        RolloutOutcome.RolledBack => "rolled back",
        _ => "halted",
    };

    private static string Word(RolloutAim aim) => aim switch
    {
        RolloutAim.Pause => "paused",
        RolloutAim.Halt => "halting",
        RolloutAim.RollBack => "rolling back",
        _ => "running",
    };
}
