namespace Ips.Fleet.Rollouts;

/// <summary>Makes a plan of what an operator asked for, or says what is wrong with it. Pure.</summary>
internal static class RolloutPlanner
{
    /// <summary>Share of a wave if none is given, in percent.</summary>
    internal const int DefaultWavePercent = 25;

    /// <summary>Limits of the times.</summary>
    internal static readonly TimeSpan LeastDeadline = TimeSpan.FromSeconds(10), MostDeadline = TimeSpan.FromHours(24),
        MostBake = TimeSpan.FromHours(24);

    /// <summary>Makes the plan.</summary>
    /// <param name="id">The rollout's id.</param>
    /// <param name="fleet">The fleet.</param>
    /// <param name="terms">What was asked for.</param>
    /// <param name="present">Nodes whose agents can be reached.</param>
    /// <param name="known">Every node that was ever seen.</param>
    /// <param name="askedBy">Who asked, for a person.</param>
    /// <param name="now">The time.</param>
    /// <returns>The plan, or why there is none.</returns>
    internal static (RolloutPlan? Plan, string? Fault) Plan(string id, string fleet, RolloutTerms terms, IEnumerable<string> present,
        IEnumerable<string> known, string askedBy, DateTimeOffset now)
    {
        List<string> nodes = [.. present.Distinct().Order(StringComparer.Ordinal)];
        List<string> missing = [.. known.Except(nodes).Order(StringComparer.Ordinal)];
        if (nodes.Count == 0) return (null, $"no node of the fleet {fleet} can be reached");
        if (missing.Count > terms.AllowMissing)
        {
            return (null, $"{string.Join(", ", missing)} cannot be reached. Start the agents there, leave them out with --allow-missing "
                + $"{missing.Count}, or drop a node that does not come back with 'ips fleet forget {fleet} NODE'");
        }

        if (Fault(terms, nodes.Count) is { } fault) return (null, fault);
        List<IReadOnlyList<string>> waves = [];
        if (terms.Canary > 0) waves.Add([.. nodes.Take(terms.Canary)]);
        var size = terms.WaveNodes ?? (((terms.WavePercent ?? DefaultWavePercent) * nodes.Count) + 99) / 100;
        waves.AddRange(nodes.Skip(terms.Canary).Chunk(size));
        return (new RolloutPlan(id, fleet, waves, terms.Bake, terms.Deadline, askedBy, now)
        {
            Release = terms.Release,
            RollsBack = terms.RollsBack,
            ChecksOnly = terms.ChecksOnly,
            Missing = missing,
        }, null);
    }

    private static string? Fault(RolloutTerms terms, int nodes) => terms switch
    {
        { Canary: < 0 } => $"--canary is {terms.Canary}; it must be 0 or more",
        _ when terms.Canary > nodes => $"--canary is {terms.Canary}, and only {nodes} nodes can be reached",
        { WaveNodes: < 1 } => $"--wave is {terms.WaveNodes}; it must be from 1, or from 1% to 100%",
        { WavePercent: < 1 or > 100 } => $"--wave is {terms.WavePercent}%; it must be from 1, or from 1% to 100%",
        _ when terms.Bake < TimeSpan.Zero || terms.Bake > MostBake => $"--bake is {terms.Bake}; it must be from 0s to 24h",
        _ when terms.Deadline < LeastDeadline || terms.Deadline > MostDeadline =>
            $"--deadline is {terms.Deadline}; it must be from 10s to 24h",
        _ => null,
    };
}
