namespace Ips.Actors.Configuration;

/// <summary>Everything an app may set for Ips; nothing is required. HOCON block <c>ips</c> in the daemon's file, section <c>Ips</c> of an app's configuration.</summary>
public sealed class IpsOptions
{
    /// <summary>Path of the PID file; the lock is <c>&lt;path&gt;.lock</c> and the control socket <c>&lt;path&gt;.sock</c>.
    /// A reload moves the service to another one.
    /// Default: <c>&lt;app name&gt;.pid</c> in <c>$RUNTIME_DIRECTORY</c>, <c>$XDG_RUNTIME_DIR</c>, or a folder of mode 0700 in the temporary directory.</summary>
    public string? PidFile { get; set; }

    /// <summary>Path of the log file that SIGUSR1 opens again on stdout and stderr. Default none: stdout and stderr stay as they were inherited.
    /// A reload can name another file, but not none again: it is refused.</summary>
    public string? LogFile { get; set; }

    /// <summary>Whether each response carries <c>X-Ips-Generation</c>. Default true.</summary>
    public bool GenerationHeader { get; set; } = true;

    /// <summary>Errors of the configuration that a reload would use, one line each; asked before a reload by SIGHUP or <c>ips reload</c>.
    /// Default none: a reload is not preceded by a check.</summary>
    public Func<IReadOnlyList<string>>? CheckConfiguration { get; set; }

    /// <summary>The app's own configuration, key by key, beside the keys of Ips: a successor logs which of them its reload has changed. It
    /// travels in the environment, so a password has no place in it. Default none.</summary>
    public Func<IReadOnlyDictionary<string, string>>? DescribeConfiguration { get; set; }

    /// <summary>Types of connection features that the app sets and that a connection may leave behind when it moves to the next generation, such
    /// as one that connection middleware makes again from the addresses alone. Set in code only. Default none: a connection with a feature that
    /// Kestrel does not set itself stays, and is closed politely. A feature in the place of one of the transport's own always makes it stay, and so
    /// does whatever is in <c>Items</c>.</summary>
    public ISet<Type> MovableFeatures { get; } = new HashSet<Type>();

    /// <summary>How a generation stops serving.</summary>
    public DrainOptions Drain { get; set; } = new();

    /// <summary>How a successor is started and judged.</summary>
    public ReloadOptions Reload { get; set; } = new();

    /// <summary>How a generation warms up before it says ready.</summary>
    public WarmupOptions Warmup { get; set; } = new();

    /// <summary>How listening sockets are opened.</summary>
    public ListenerOptions Listener { get; set; } = new();

    /// <summary>How a process that this service has not started takes it over.</summary>
    public TakeoverOptions Takeover { get; set; } = new();
}

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

/// <summary>How listening sockets are opened. HOCON block <c>ips.listener</c>.</summary>
public sealed class ListenerOptions
{
    /// <summary>Length of the kernel's queue of connections not yet accepted, capped by <c>net.core.somaxconn</c>; see listen(2).
    /// From 1 to 65535. Default 4096, the kernel's own default cap since Linux 5.4.</summary>
    public int Backlog { get; set; } = 4096;

    /// <summary>Permissions of the path of a Unix socket, in octal (<c>0660</c>), whatever the umask is; who may write to it may connect. From 0000 to
    /// 0777. Default null: 0777 less the umask. As the owner, the group and the backlog, a generation sets it on the sockets that it takes
    /// over as well, when it becomes the main process; not on those of a service manager.</summary>
    public string? UnixMode { get; set; }

    /// <summary>The user who owns the path of a Unix socket, by name or number; only root may give it to another one. Default null: who runs the service.</summary>
    public string? UnixOwner { get; set; }

    /// <summary>The group of the path of a Unix socket, by name or number; without root, one that who runs the service is in. Default null: that of who runs the service.</summary>
    public string? UnixGroup { get; set; }
}

/// <summary>How a process that was not started by the running service takes it over: another unit, a container over a shared volume, another user.
/// HOCON block <c>ips.takeover</c>.</summary>
public sealed class TakeoverOptions
{
    /// <summary>Path of the Unix socket on which this service can be taken over; the path follows to whoever takes over. Default null: it cannot, as
    /// whoever may connect there may become the service.</summary>
    public string? Socket { get; set; }

    /// <summary>The group, by name or number, whose members may take over as well; the socket then has mode 0660 and this group. Default null: mode 0600,
    /// for root and the user of this service alone.</summary>
    public string? Group { get; set; }

    /// <summary>Path of the socket of a running service that this process takes over at its start; without one, or if it is refused, it does not start.
    /// A process that a reload starts does not ask. Default null: it starts as a service of its own.</summary>
    public string? From { get; set; }
}
