using Ips.Actors.Configuration;
using Ips.Actors.Launch;
using Ips.Actors.Lifecycle;

namespace Ips.Actors.HttpFront;

/// <summary>How long a successor waits for its health checks, and for which.</summary>
/// <param name="patience">How long from now.</param>
/// <param name="judged">The predecessor judges failing checks by name.</param>
/// <param name="excused">The checks that the predecessor does not expect to pass.</param>
/// <param name="time">The clock.</param>
internal sealed class ReadinessTerms(TimeSpan patience, bool judged, IReadOnlyList<string> excused, TimeProvider time)
{
    private const string ReadyTimeoutKey = "ips.reload.ready-timeout";

    // The predecessor runs its own checks before it judges, and all that must end before its timer does.
    private static readonly TimeSpan MaxMargin = HealthCheckProbe.ReadinessLimit + TimeSpan.FromSeconds(1);

    private readonly long _since = time.GetTimestamp();

    /// <summary>The predecessor judges failing checks by name.</summary>
    public bool Judged => judged;

    /// <summary>What is left of the time to wait.</summary>
    public TimeSpan Left => patience - time.GetElapsedTime(_since) is var left && left > TimeSpan.Zero ? left : TimeSpan.Zero;

    /// <summary>Whether waiting is of no use, as nothing fails but checks that the predecessor fails too, or that are ignored.</summary>
    public bool Excuses(ProbeResult result) => judged && result.FailingForJudge is { } failing && failing.Keys.All(excused.Contains);

    /// <summary>The terms of a generation; null if it has no predecessor.</summary>
    /// <param name="generation">Who it is.</param>
    /// <param name="options">Its own options.</param>
    /// <param name="age">How long its process has existed: the predecessor has counted since then.</param>
    /// <param name="time">The clock.</param>
    public static ReadinessTerms? Of(GenerationContext generation, ReloadOptions options, TimeSpan age, TimeProvider time)
    {
        if (!generation.IsSuccessor) return null;
        // The predecessor ends the wait by its own value. A takeover process does not know that one.
        var timeout = generation.FormerSettings?.GetValueOrDefault(ReadyTimeoutKey) is { } former
            && DurationText.TryParse(former, out var value, out _) ? value : options.ReadyTimeout;
        var margin = timeout / 4 < MaxMargin ? timeout / 4 : MaxMargin;
        return new(timeout - margin - age, generation.Welcome?.Judges ?? false, generation.Welcome?.Excused ?? [], time);
    }
}
