namespace Ips.Host.Inventory;

/// <summary>What must hold for a write to happen: the headers If-Match and If-None-Match.</summary>
/// <param name="IfMatch">Versions of which the object must have one; empty with <paramref name="MustExist"/> is <c>*</c>.</param>
/// <param name="MustExist">The object must exist.</param>
/// <param name="MustNotExist">The object must not exist: <c>If-None-Match: *</c>.</param>
internal sealed record WriteCondition(IReadOnlyList<long> IfMatch, bool MustExist, bool MustNotExist)
{
    /// <summary>Always holds.</summary>
    public static WriteCondition None { get; } = new([], false, false);

    /// <summary>Whether an object with <paramref name="version"/> (null: none) may be written.</summary>
    public bool Holds(long? version) => version is { } current
        ? !MustNotExist && (IfMatch.Count == 0 || IfMatch.Contains(current))
        : !MustExist;
}
