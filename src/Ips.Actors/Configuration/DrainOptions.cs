namespace Ips.Actors.Configuration;

/// <summary>How a generation stops serving. HOCON block <c>ips.drain</c>.</summary>
public sealed class DrainOptions
{
    /// <summary>Time open connections get to finish after accepting has ended; what is left then is closed, and aborted if a request runs on it.
    /// From 1 s to 1 h. Default 30 s, the same as <c>HostOptions.ShutdownTimeout</c>.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>On a stop (not on a reload): time from failing readiness to the end of accepting, so that load balancers look away.
    /// From 0 (off) to less than <see cref="Timeout"/>. Default 0.</summary>
    public TimeSpan LameDuck { get; set; } = TimeSpan.Zero;
}
