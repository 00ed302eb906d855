using Ips.Actors.Launch;
using Ips.Actors.Lifecycle;

namespace Ips.Actors.Supervise;

/// <summary>What a frame must be like before the supervisor looks at it twice. Pure.</summary>
[SupportedOSPlatform("linux")]
internal static class SupervisorRules
{
    /// <summary>Highest number of a generation: one more is still a number.</summary>
    internal const int MaxGeneration = 1_000_000_000;

    /// <summary>Longest path, as the kernel takes it.</summary>
    internal const int MaxPathChars = 4096;

    /// <summary>What is wrong.</summary>
    /// <param name="frame">A decoded frame: no field of it is null that must not be, but elements of lists may.</param>
    /// <param name="descriptors">How many descriptors came with it.</param>
    /// <param name="lost">They were lost on the way, for want of room here.</param>
    /// <returns>Null if nothing is.</returns>
    public static string? FaultOf(SupervisorFrame frame, int descriptors, bool lost)
    {
        if (frame.Subject <= 0) return $"its pid is {frame.Subject}; it must be 1 or more";
        if (frame is JoinedFrame { Generation: var joined } && !IsGeneration(joined)) return FaultOfGeneration(joined);
        if (frame is not MainFrame main) return descriptors > 0 ? $"it came with {descriptors} descriptors; it takes none" : null;
        if (!IsGeneration(main.Generation)) return FaultOfGeneration(main.Generation);
        if (main.Endpoints.Count > SupervisorLink.MaxEndpoints)
            return $"it has {main.Endpoints.Count} endpoints; at most {SupervisorLink.MaxEndpoints} can be";
        if (main.Endpoints.Any(endpoint => endpoint is not { Endpoint: { Length: > 0 and <= MaxPathChars }, Ordinal: >= 0 }))
            return "an endpoint is null, has no address or a negative ordinal";
        var expected = main.Endpoints.Count + (main.Control ? 1 : 0);
        if (!lost && descriptors != expected) return $"it came with {descriptors} of {expected} descriptors";
        return !IsPath(main.PidFile) ? "pidFile is no absolute path"
            : main.EnvironmentFile is { } file && !IsPath(file) ? "environmentFile is no absolute path" : FaultOf(main.Release);
    }

    private static string? FaultOf(LastGoodRelease release) =>
        !IsPath(release.FileName) ? "release.fileName is no absolute path"
        : !IsPath(release.WorkingDirectory) ? "release.workingDirectory is no absolute path"
        : !IsPath(release.CommandDirectory) ? "release.commandDirectory is no absolute path"
        : release.Command.Count == 0 || !IsPath(release.Command[0]) ? "release.command begins with no absolute path"
        : !release.Arguments.All(IsText) || !release.Command.All(IsText) || !IsText(release.Release)
            ? "a text of the release is null or has a NUL character" : null;

    private static bool IsGeneration(int number) => number is >= 1 and <= MaxGeneration;

    private static string FaultOfGeneration(int number) => $"its generation is {number}; it must be from 1 to {MaxGeneration}";

    private static bool IsPath(string? text) => text is ['/', ..] && text.Length <= MaxPathChars && IsText(text);

    private static bool IsText(string? text) => text is not null && !text.Contains('\0', StringComparison.Ordinal);
}
