using Ips.Fleet.Security;

namespace Ips.Fleet.Cluster;

/// <summary>How an agent joins again that was counted out. Pure.</summary>
/// <remarks>The first agent of <c>seeds</c> founds a cluster when the others do not answer within 5 s. Counted out by a partition, it would
/// found a second one, and two clusters never become one. So from then on it founds only when every agent that it knows has answered and
/// belongs to no cluster, as after an outage of all of them.</remarks>
internal static class FleetRejoin
{
    /// <summary>The same agent with all that it has seen as its seeds.</summary>
    public static AgentOptions Options(AgentOptions options, IEnumerable<FleetAddress> seen) =>
        options with { Seeds = [.. options.Seeds.Union(seen)] };

    /// <summary>Settings for <see cref="FleetSystem.Start"/>: how long the first agent waits for those that do not answer. Of any other
    /// agent the setting means how often it asks.</summary>
    public static string? Overrides(AgentOptions options) =>
        options.Seeds is [var first, _, ..] && first == options.Address ? "akka.cluster.seed-node-timeout = 365d" : null;
}
