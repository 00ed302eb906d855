namespace Ips.Actors.Configuration;

/// <summary>How a generation warms up before it reports ready. HOCON block <c>ips.warmup</c>, section <c>Ips:Warmup</c> of an app's
/// configuration.</summary>
public sealed class WarmupOptions
{
    /// <summary>Gets or sets the paths that are requested with GET through the app's whole pipeline, without the network. A status of 500
    /// or above fails readiness, except 502 and 504: a gateway answers those for a backend that is down.</summary>
    /// <value>Paths that begin with <c>/</c>, without spaces; empty for no warm-up. Default <c>/ping</c>. An app without that route
    /// answers 404, which warms up everything but the endpoint.</value>
    public IReadOnlyList<string> Requests { get; set; } = ["/ping"];

    /// <summary>Gets or sets the longest time of the warm-up. It ends earlier once a round of requests is no faster than the previous
    /// one.</summary>
    /// <value>From 0 (no warm-up) to 1 min. Default 2 s: the first request takes about 100 ms, ten more rounds a few.</value>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(2);
}
