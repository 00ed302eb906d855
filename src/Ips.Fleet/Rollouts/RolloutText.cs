namespace Ips.Fleet.Rollouts;

/// <summary>What a rollout waits for, for a person. Pure.</summary>
internal static class RolloutText
{
    /// <summary>One line.</summary>
    internal static string Phase(RolloutState state)
    {
        var open = state.Plan.Nodes.Where(name => state.Nodes[name] is { Open: not null, IsSilent: false }).ToList();
        var kinds = open.Select(name => state.Nodes[name].Open).Distinct().ToList();
        return state.Stage switch
        {
            RolloutStage.Gathering => $"waiting for {Names(state.Plan.Nodes.Where(name => !state.Nodes[name].HasPromised))} to answer",
            RolloutStage.Closing or RolloutStage.Over => $"telling every agent that it is over ({state.Receipt?.Outcome})",
            _ when open.Count == 0 => state.Aim == RolloutAim.Pause ? "paused" : "deciding",
            _ when kinds is [StepKind.Check] => $"checking {Names(open)}",
            _ when kinds is [StepKind.RollBack] => $"rolling back {Names(open)}",
            _ => $"wave {Wave(state, open)} of {state.Plan.Waves.Count}: {Names(open)}"
                + (state.Aim == RolloutAim.Pause ? ", then paused" : ""),
        };
    }

    private static int Wave(RolloutState state, List<string> open) =>
        1 + state.Plan.Waves.TakeWhile(wave => !wave.Any(open.Contains)).Count();

    private static string Names(IEnumerable<string> names)
    {
        var all = names.ToList();
        return all.Count <= 4 ? string.Join(", ", all) : $"{string.Join(", ", all.Take(3))} and {all.Count - 3} more";
    }
}
