namespace Ips.Actors.Configuration;

/// <summary>How a generation stops serving. HOCON block <c>ips.drain</c>, section <c>Ips:Drain</c> of an app's configuration.</summary>
public sealed class DrainOptions
{
    /// <summary>Gets or sets how long open connections may take to finish after the generation has stopped accepting. Connections that
    /// remain are then closed; in-flight requests on them are aborted.</summary>
    /// <value>From 1 s to 1 h. Default 30 s, the same as <c>HostOptions.ShutdownTimeout</c>.</value>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Gets or sets how long a stopping generation keeps accepting while <c>/readyz</c> already fails, so that load balancers
    /// stop sending traffic first. Applies to a stop, not to a reload.</summary>
    /// <value>From 0 (off) to less than <see cref="Timeout"/>. Default 0.</value>
    public TimeSpan LameDuck { get; set; } = TimeSpan.Zero;

    /// <summary>Gets or sets how long a client that was told to close has to do so before the socket is closed. Each connection gets a
    /// random extra of up to half of it. Bytes that arrive meanwhile are read and dropped: closing over unread bytes resets the
    /// connection, and the reset could overtake the response.</summary>
    /// <value>From 0 to 1 min. Default 5 s, like nginx's <c>lingering_timeout</c>.</value>
    public TimeSpan IdleGrace { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Gets or sets the time between the first and the final HTTP/2 GOAWAY, during which requests that were already on their way
    /// are still answered.</summary>
    /// <value>From 0 to 1 min. Default 250 ms, longer than a round trip from any place on earth.</value>
    public TimeSpan H2Pause { get; set; } = TimeSpan.FromMilliseconds(250);

    /// <summary>Gets or sets the time over which WebSockets, and requests that use <c>HttpContext.IpsLeaving()</c>, are told to end, each
    /// at a random moment, so that their clients do not all reconnect at once. At most half of <see cref="Timeout"/> is used.</summary>
    /// <value>From 0 (all at once) to 1 h. Default 5 s.</value>
    public TimeSpan WebsocketSpread { get; set; } = TimeSpan.FromSeconds(5);
}
