namespace Ips.Fleet.Agents;

/// <summary>Names of nodes and fleets, and ids of rollouts: safe as a file name, as a role of the cluster, and in a certificate.
/// Pure.</summary>
internal static class FleetName
{
    /// <summary>The most characters: those of a certificate's common name (RFC 5280, ub-common-name).</summary>
    public const int MaxLength = 64;

    /// <summary>Why a name is not possible; null if it is.</summary>
    /// <param name="what">What it names, such as <c>node</c>.</param>
    /// <param name="name">The name.</param>
    public static string? Fault(string what, string? name) => name switch
    {
        null or "" => $"the {what}'s name is empty",
        { Length: > MaxLength } => $"the {what}'s name has {name.Length} characters; at most {MaxLength} are possible",
        _ when !char.IsAsciiLetterOrDigit(name[0]) || name.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('.' or '_' or '-')) =>
            $"the {what}'s name must begin with a letter or digit, and have only letters, digits and . _ - in it",
        _ => null,
    };
}
