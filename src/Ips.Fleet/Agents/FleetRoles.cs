namespace Ips.Fleet.Agents;

/// <summary>The roles of a member of the cluster: what it is known by before any message. Pure.</summary>
internal static class FleetRoles
{
    /// <summary>An agent with services: it can be the coordinator's node. A witness does not have it.</summary>
    public const string Agent = "agent";

    private const string Prefix = "node:"; // no name has a colon in it

    /// <summary>The role that holds a node's name.</summary>
    public static string OfNode(string name) => Prefix + name;

    /// <summary>The node's name by its roles; null if it has none.</summary>
    public static string? NodeOf(IEnumerable<string> roles) =>
        roles.FirstOrDefault(role => role.StartsWith(Prefix, StringComparison.Ordinal))?[Prefix.Length..];

    /// <summary>The fleets among a member's roles.</summary>
    public static IEnumerable<string> FleetsOf(IEnumerable<string> roles) =>
        roles.Where(role => !IsReserved(role) && !role.StartsWith(Prefix, StringComparison.Ordinal));

    /// <summary>No fleet can be named so.</summary>
    public static bool IsReserved(string fleet) => fleet == Agent;

    /// <summary>The roles of an agent.</summary>
    public static IEnumerable<string> Of(string node, bool witness, IEnumerable<string> fleets) =>
        [OfNode(node), .. witness ? Array.Empty<string>() : [Agent], .. fleets];
}
