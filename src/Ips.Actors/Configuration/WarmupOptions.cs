namespace Ips.Actors.Configuration;

/// <summary>How a generation warms up before it says ready. HOCON block <c>ips.warmup</c>.</summary>
public sealed class WarmupOptions
{
    /// <summary>Paths that are asked with GET, through the app's whole pipeline but without the network, each beginning with <c>/</c>.
    /// An answer of 500 or above fails readiness, but for 502 and 504, which a gateway gives for a server behind it. Empty: no warm-up. Default
    /// <c>/ping</c>; an app that has none answers 404, which warms all but its endpoint.</summary>
    public IReadOnlyList<string> Requests { get; set; } = ["/ping"];

    /// <summary>Longest time of the warm-up; it ends earlier when a round of requests is no longer faster than the one before.
    /// From 0 (no warm-up) to 1 min. Default 2 s: the first request takes some 100 ms, ten rounds of warm ones a few.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(2);
}
