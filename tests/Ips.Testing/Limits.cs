namespace Ips.Testing;

/// <summary>How long tests wait before they fail. Generous: the machine may be busy with other things, and a test that passes does not
/// wait.</summary>
internal static class Limits
{
    /// <summary>For one step: a start, a reload, an end.</summary>
    public static TimeSpan Step { get; } = TimeSpan.FromSeconds(60);
}
