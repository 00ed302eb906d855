using Ips.Fleet.Agents;
using Ips.Fleet.Rollouts;

namespace Ips.Fleet.Tests.Rollouts;

/// <summary>What holds in every world.</summary>
internal static class Rules
{
    /// <summary>An agent begins a step.</summary>
    public static void Begun(RolloutPlan plan, RolloutWorld world, string name, StepKind kind, ImmutableSortedSet<StepKind> before,
        RolloutAim aim)
    {
        if (kind == StepKind.Reload && aim != RolloutAim.Advance || kind == StepKind.RollBack && aim != RolloutAim.RollBack)
            throw new RolloutViolation($"{name} begins {kind} and has promised to {aim}");
        if (before.Contains(kind)) throw new RolloutViolation($"{name} begins {kind} a second time");
        if (kind == StepKind.RollBack && StepOf(world, name, StepKind.Reload) is not { Changed: true, IsOver: true })
            throw new RolloutViolation($"{name} is rolled back and was not changed, or is still at it");
        if (kind != StepKind.Reload) return;
        foreach (var other in plan.Nodes)
        {
            if (StepOf(world, other, StepKind.Check) is not { Phase: StepPhase.Done })
                throw new RolloutViolation($"{name} is reloaded before {other} was checked");
        }

        foreach (var other in plan.Waves.TakeWhile(wave => !wave.Contains(name)).SelectMany(wave => wave))
        {
            if (StepOf(world, other, StepKind.Reload) is not { Phase: StepPhase.Done })
                throw new RolloutViolation($"{name} is reloaded before {other}, of a wave before, is done");
            // Who was silent for longer than the deadline may have got its order, and begin late: the outcome then says so.
            if (StepOf(world, other, StepKind.RollBack) is not null && !world.Coordinators.Any(known => known.Nodes[name].IsSilent))
                throw new RolloutViolation($"{name} is reloaded after {other} was rolled back");
        }
    }

    /// <summary>A coordinator gives an order.</summary>
    public static void Ordered(RolloutState before, RolloutState after, RolloutEffect.GiveOrder order)
    {
        if (!after.Nodes[order.Node].HasPromised) throw new RolloutViolation($"{order.Node} is ordered and has not promised");
        if (order.Epoch != after.Epoch) throw new RolloutViolation("an order of another epoch");
        if (before.Nodes[order.Node].Open == order.Kind) return; // said again
        if (order.Kind == StepKind.Reload && after.Aim != RolloutAim.Advance)
            throw new RolloutViolation($"{order.Node} is reloaded although the aim is to {after.Aim}");
        if (order.Kind == StepKind.RollBack && after.Aim != RolloutAim.RollBack)
            throw new RolloutViolation($"{order.Node} is rolled back although the aim is to {after.Aim}");
        if (order.Kind == StepKind.RollBack && after.Nodes.Values.Any(node => node is { Open: StepKind.Reload, IsSilent: false }))
            throw new RolloutViolation($"{order.Node} is rolled back while another node is still reloaded");
        var laterWaves = after.Plan.Waves.SkipWhile(wave => !wave.Contains(order.Node)).Skip(1).SelectMany(wave => wave);
        if (order.Kind == StepKind.RollBack && laterWaves.Select(later => after.Nodes[later])
            .Any(later => later is { IsChanged: true, IsSilent: false } && later[StepKind.RollBack] is null))
            throw new RolloutViolation($"{order.Node} is rolled back before a node of a later wave");
        if (order.Kind == StepKind.Reload && after.Nodes.Values.Any(node => node.HasFailed || node.IsSilent))
            throw new RolloutViolation($"{order.Node} is reloaded after a failure");
    }

    /// <summary>A coordinator says how it ended.</summary>
    public static void Concluded(RolloutPlan plan, RolloutWorld world, RolloutReceipt receipt, HashSet<RolloutOutcome> seen)
    {
        seen.Add(receipt.Outcome);
        var reloads = plan.Nodes.ToDictionary(name => name, name => StepOf(world, name, StepKind.Reload));
        switch (receipt.Outcome)
        {
            case RolloutOutcome.Done when reloads.Values.Any(step => step is not { Phase: StepPhase.Done }):
                throw new RolloutViolation("done, and a node is not");
            case RolloutOutcome.Checked when reloads.Values.Any(step => step is not null):
                throw new RolloutViolation("checked, and a node is reloaded");
            case RolloutOutcome.Refused or RolloutOutcome.RolledBack when plan.Nodes.Any(name => reloads[name] is { Changed: true }
                && StepOf(world, name, StepKind.RollBack) is not { Phase: StepPhase.Done }):
                throw new RolloutViolation($"{receipt.Outcome}, and a node is changed");
            case RolloutOutcome.Refused or RolloutOutcome.RolledBack when plan.Nodes.Any(name => world.Agents[name].State.Running is
            { Kind: StepKind.Reload }):
                throw new RolloutViolation($"{receipt.Outcome}, and a node is still reloaded");
            case RolloutOutcome.Halted when receipt.Nodes.All(node => node.State is "untouched" or "checked"):
                throw new RolloutViolation("halted, and nothing was begun");
            default: break;
        }
    }

    /// <summary>An agent has answered.</summary>
    public static void Obeyed(AgentState before, AgentState after, FleetMessage message)
    {
        var asked = message switch
        {
            FleetMessage.Promise promise => promise.Epoch,
            FleetMessage.Order order => order.Epoch,
            FleetMessage.Close close => close.Epoch,
            _ => Epoch.None,
        };
        if (after.Record.Promised < before.Record.Promised) throw new RolloutViolation($"{before.Node} forgets a promise");
        if (asked < before.Record.Promised && after != before) throw new RolloutViolation($"{before.Node} obeys a coordinator of the past");
    }

    private static StepState? StepOf(RolloutWorld world, string name, StepKind kind) =>
        world.Agents[name].Steps.GetValueOrDefault(kind);
}
