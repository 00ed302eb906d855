namespace Ips.Actors.Configuration;

/// <summary>A key whose value differs between two generations. Pure.</summary>
/// <param name="Key">The whole path.</param>
/// <param name="Old">The predecessor's value, as the file would write it.</param>
/// <param name="New">This generation's.</param>
internal sealed record ConfigurationChange(string Key, string Old, string New)
{
    /// <summary>How a value that is not set is written.</summary>
    public const string Unset = "null";

    /// <summary>What differs, in the order of the new values; a key that only one of them knows is another release's.</summary>
    /// <param name="old">The predecessor's values.</param>
    /// <param name="now">This generation's.</param>
    public static IReadOnlyList<ConfigurationChange> Between(
        IReadOnlyDictionary<string, string> old, IReadOnlyDictionary<string, string> now) =>
    [
        .. now.Where(pair => old.TryGetValue(pair.Key, out var was) && was != pair.Value)
            .Select(pair => new ConfigurationChange(pair.Key, old[pair.Key], pair.Value)),
    ];

    /// <summary>Why a reload cannot make these changes: what a process has inherited cannot be undone. Null if it can.</summary>
    /// <param name="changes">The changes.</param>
    /// <param name="isRoot">This process acts as root, and so may still become another user.</param>
    public static string? Refusal(IReadOnlyList<ConfigurationChange> changes, bool isRoot)
    {
        var reasons = changes.Select(change => Reason(change, isRoot)).OfType<string>().ToList();
        return reasons.Count == 0 ? null : string.Join(' ', reasons);
    }

    private static string? Reason(ConfigurationChange change, bool isRoot) => change switch
    {
        { Key: "ips.log-file", New: Unset } =>
            $"ips.log-file was {change.Old} and is not set now: a reload cannot bring back the stdout that it replaced. "
            + "Name a file, or stop and start the service.",
        { Key: "ips.group", New: Unset } when !isRoot =>
            $"ips.group was {change.Old} and is not set now: only root can change the group of a process. "
            + "Set it again, or stop and start the service.",
        _ => null,
    };
}
