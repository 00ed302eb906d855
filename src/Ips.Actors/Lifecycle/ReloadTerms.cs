namespace Ips.Actors.Lifecycle;

/// <summary>What an operator allows one reload beyond the rules.</summary>
/// <param name="Accept">Facts that the successor is not told, so that it may differ in them.</param>
/// <param name="IgnoreChecks">Health checks that do not count against the successor.</param>
internal sealed record ReloadTerms(IReadOnlyList<string> Accept, IReadOnlyList<string> IgnoreChecks)
{
    /// <summary>Nothing beyond the rules.</summary>
    public static ReloadTerms None { get; } = new([], []);
}
