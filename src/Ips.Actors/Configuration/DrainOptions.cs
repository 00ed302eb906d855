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

    /// <summary>Time that the client of a connection which was told of the close gets to close it, before the socket goes; each connection's is longer by a
    /// random part of up to a half. What the client sent before it knew is read and dropped meanwhile: a socket closed over it would be reset, and the
    /// reset could overtake the response. From 0 to 1 min. Default 5 s, as nginx's <c>lingering_timeout</c>.</summary>
    public TimeSpan IdleGrace { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>HTTP/2: time between the first GOAWAY and the end of the stream that was running then, so that requests which were on their way are
    /// answered. From 0 to 1 min. Default 250 ms, a round trip of any client on earth.</summary>
    public TimeSpan H2Pause { get; set; } = TimeSpan.FromMilliseconds(250);

    /// <summary>WebSockets and whatever asked for <c>HttpContext.IpsLeaving()</c> are told of the end at random moments within this time, so that
    /// their clients do not all connect again at once; at most half of <see cref="Timeout"/> is used. From 0 (at once) to 1 h. Default 5 s.</summary>
    public TimeSpan WebsocketSpread { get; set; } = TimeSpan.FromSeconds(5);
}
