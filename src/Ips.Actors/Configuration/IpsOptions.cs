namespace Ips.Actors.Configuration;

/// <summary>Everything an app can set for Ips. Nothing is required. HOCON block <c>ips</c> in the daemon's file, section <c>Ips</c> of an
/// app's configuration.</summary>
public sealed class IpsOptions
{
    /// <summary>Gets or sets the path of the PID file. Next to it are the lock <c>&lt;path&gt;.lock</c> and the control socket
    /// <c>&lt;path&gt;.sock</c>. A reload with another path moves the service there.</summary>
    /// <value>A path. Default null: <c>&lt;app name&gt;.pid</c> in <c>$RUNTIME_DIRECTORY</c>, else in <c>$XDG_RUNTIME_DIR</c>, else in a
    /// folder of mode 0700 below the temporary directory.</value>
    public string? PidFile { get; set; }

    /// <summary>Gets or sets the path of the log file that SIGUSR1 reopens on stdout and stderr. A reload can name another file, but is
    /// refused if it names none any longer.</summary>
    /// <value>A path. Default null: stdout and stderr stay as they were inherited.</value>
    public string? LogFile { get; set; }

    /// <summary>Gets or sets whether each response carries the header <c>X-Ips-Generation</c>.</summary>
    /// <value>Default false in an app: its responses are its own. The daemon's default is true.</value>
    public bool GenerationHeader { get; set; }

    /// <summary>Gets or sets a function that returns the errors of the configuration that a reload would use, one line each. It is called
    /// before a reload by SIGHUP or <c>ips reload</c>; any error refuses the reload.</summary>
    /// <value>Default null: no check precedes a reload.</value>
    public Func<IReadOnlyList<string>>? CheckConfiguration { get; set; }

    /// <summary>Gets or sets a function that returns the app's own configuration by key. A successor logs which keys its reload changed.
    /// The values travel in the environment, so leave secrets out.</summary>
    /// <value>Default null: only the keys of Ips are compared.</value>
    public Func<IReadOnlyDictionary<string, string>>? DescribeConfiguration { get; set; }

    /// <summary>Gets the types of connection features that the app sets and that a connection may lose when it moves to the next
    /// generation, for example one that connection middleware rebuilds from the addresses. Set in code only.</summary>
    /// <value>Default empty: a connection with a feature that Kestrel does not set itself stays and is closed gracefully. A feature that
    /// replaces one of the transport's own, and any entry in <c>Items</c>, always makes a connection stay.</value>
    public ISet<Type> MovableFeatures { get; } = new HashSet<Type>();

    /// <summary>Gets or sets how a generation stops serving.</summary>
    public DrainOptions Drain { get; set; } = new();

    /// <summary>Gets or sets how a successor is started and judged.</summary>
    public ReloadOptions Reload { get; set; } = new();

    /// <summary>Gets or sets how a generation warms up before it reports ready.</summary>
    public WarmupOptions Warmup { get; set; } = new();

    /// <summary>Gets or sets how listening sockets are opened.</summary>
    public ListenerOptions Listener { get; set; } = new();

    /// <summary>Gets or sets how WebSockets live through a reload.</summary>
    public WebSocketsOptions Websockets { get; set; } = new();

    /// <summary>Gets or sets how a process that this service did not start takes it over.</summary>
    public TakeoverOptions Takeover { get; set; } = new();

    /// <summary>These options come from a HOCON file, so messages name its keys.</summary>
    internal bool HasHoconKeys { get; init; }
}

/// <summary>How a generation stops serving. HOCON block <c>ips.drain</c>, section <c>Ips:Drain</c> of an app's configuration.</summary>
public sealed class DrainOptions
{
    /// <summary>The variable that Kubernetes sets in each container.</summary>
    internal const string KubernetesVariable = "KUBERNETES_SERVICE_HOST";

    private static readonly TimeSpan KubernetesLameDuck = TimeSpan.FromSeconds(5);

    private TimeSpan? _lameDuck;

    /// <summary>Gets or sets how long open connections may take to finish after the generation has stopped accepting. Connections that
    /// remain are then closed; in-flight requests on them are aborted.</summary>
    /// <value>From 1 s to 1 h. Default 30 s, the same as <c>HostOptions.ShutdownTimeout</c>.</value>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Gets or sets how long a stopping generation keeps accepting while <c>/readyz</c> already fails, so that load balancers
    /// stop sending traffic first. Applies to a stop, not to a reload.</summary>
    /// <value>From 0 (off) to less than <see cref="Timeout"/>. Default 0; in Kubernetes, where <c>KUBERNETES_SERVICE_HOST</c> is set, 5 s,
    /// or half of <see cref="Timeout"/> if that is shorter.</value>
    public TimeSpan LameDuck
    {
        get => _lameDuck ?? DefaultLameDuck(InKubernetes, Timeout);
        set => _lameDuck = value;
    }

    /// <summary>Gets or sets how long a connection without a request stays open after a stop. In-flight requests get
    /// <see cref="Timeout"/>, and their connections close after the response. Applies to a stop that no other generation takes over, not to
    /// a reload.</summary>
    /// <value>From 0 (at once, as an app without Ips does) to 1 h. Default 0.</value>
    public TimeSpan IdleStop { get; set; } = TimeSpan.Zero;

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
    /// at a random moment, so that their clients do not all reconnect at once. At most half of <see cref="Timeout"/> is used. A
    /// stop tells all of them at once.</summary>
    /// <value>From 0 (all at once) to 1 h. Default 5 s.</value>
    public TimeSpan WebsocketSpread { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>The process runs in a container of Kubernetes, where a stop is announced to load balancers only as it begins.</summary>
    internal bool InKubernetes { get; set; }

    /// <summary>The lame duck where none is set. Pure.</summary>
    internal static TimeSpan DefaultLameDuck(bool inKubernetes, TimeSpan timeout) =>
        !inKubernetes ? TimeSpan.Zero : timeout / 2 < KubernetesLameDuck ? timeout / 2 : KubernetesLameDuck;

    /// <summary>The spread that is used.</summary>
    internal TimeSpan Spread => WebsocketSpread < Timeout / 2 ? WebsocketSpread : Timeout / 2;

    /// <summary>How long a reload lets clients take leave before <c>ApplicationStopping</c> is raised, which cuts off those of SignalR: who
    /// is told last has a quarter of <see cref="Timeout"/> for what it runs.</summary>
    internal TimeSpan GoodbyeLimit => Spread + (Timeout / 4);
}

/// <summary>How WebSockets of <c>MapResumableWebSocket</c> live through a reload. HOCON block <c>ips.websockets</c>, section
/// <c>Ips:Websockets</c> of an app's configuration.</summary>
public sealed class WebSocketsOptions
{
    /// <summary>Gets or sets the size of what an app may hand over of one client, in bytes. <c>HandOverAsync</c> throws if a state is
    /// larger.</summary>
    /// <value>From 0 to 1 MiB. Default 16 KiB: ten thousand clients then hold 160 MiB for a moment.</value>
    public long MaxState { get; set; } = 16 * 1024;
}

/// <summary>How a generation warms up before it reports ready. HOCON block <c>ips.warmup</c>, section <c>Ips:Warmup</c> of an app's
/// configuration.</summary>
public sealed class WarmupOptions
{
    /// <summary>Gets or sets the paths that are requested with GET through the app's whole pipeline, without the network and without the
    /// host's own log events, metrics and traces. In a successor, a status of 500 or above delays readiness, and fails it at the deadline;
    /// 502 and 504 do not, because a gateway answers those for a backend that is down. In a first generation such a status is a warning.
    /// </summary>
    /// <value>Paths that begin with <c>/</c>, without spaces. Default empty in an app: a first generation then does not warm up, and in a
    /// successor the requests of the warm-up are answered before any code of the app, except those to the health endpoints that the app
    /// mapped. The daemon's default is <c>/ping</c>.</value>
    public IReadOnlyList<string> Requests { get; set; } = [];

    /// <summary>Gets or sets the longest time of the warm-up. It ends earlier once a round of requests is no faster than the previous
    /// one.</summary>
    /// <value>From 0 (no warm-up) to 1 min. Default 2 s: the first request takes about 100 ms, ten more rounds a few.</value>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(2);
}

/// <summary>How listening sockets are opened. HOCON block <c>ips.listener</c>, section <c>Ips:Listener</c> of an app's
/// configuration.</summary>
/// <remarks>A generation also applies these settings to the sockets that it takes over, once it is the main process. Sockets that a service
/// manager passed in stay as they are.</remarks>
public sealed class ListenerOptions
{
    /// <summary>Gets or sets the length of the kernel's accept queue, see listen(2). The kernel caps it at
    /// <c>net.core.somaxconn</c>.</summary>
    /// <value>From 1 to 65535 connections. Default 4096, the kernel's own default cap since Linux 5.4.</value>
    public int Backlog { get; set; } = 4096;

    /// <summary>Gets or sets the endpoints at which only the main process accepts: a reload hands such a socket over with the promotion,
    /// and a rollback never moves it. For an endpoint whose clients compare what they read with what they read before, such as a metrics
    /// scraper.</summary>
    /// <value>URLs among those that the app serves, told apart by their port or their Unix path, such as <c>http://127.0.0.1:9464</c>.
    /// Default: none.</value>
    public IReadOnlyList<string> MainOnly { get; set; } = [];

    /// <summary>More of them, which another key names.</summary>
    internal IReadOnlyList<string> MoreMainOnly { get; set; } = [];

    /// <summary>Gets or sets the permissions of a Unix socket's path, whatever the umask is. A user who may write to the path may
    /// connect.</summary>
    /// <value>Octal digits from 0000 to 0777, such as <c>0660</c>. Default null: 0777 minus the umask.</value>
    public string? UnixMode { get; set; }

    /// <summary>Gets or sets the owner of a Unix socket's path. Only root can choose another user.</summary>
    /// <value>A user's name or number. Default null: the user that runs the service.</value>
    public string? UnixOwner { get; set; }

    /// <summary>Gets or sets the group of a Unix socket's path. Without root, the user that runs the service must be a member.</summary>
    /// <value>A group's name or number. Default null: the group of the user that runs the service.</value>
    public string? UnixGroup { get; set; }
}

/// <summary>How a process that the running service did not start takes it over: another unit, a container that shares a volume, another
/// user. HOCON block <c>ips.takeover</c>, section <c>Ips:Takeover</c> of an app's configuration.</summary>
public sealed class TakeoverOptions
{
    /// <summary>Gets or sets the path of the Unix socket on which this service can be taken over. After a takeover the new process listens
    /// there.</summary>
    /// <value>A path. Default null: no takeover, because anyone who may connect may become the service.</value>
    public string? Socket { get; set; }

    /// <summary>Gets or sets the group whose members may take over too. The socket then has mode 0660 and this group.</summary>
    /// <value>A group's name or number. Default null: mode 0600, for root and the service's own user only.</value>
    public string? Group { get; set; }

    /// <summary>Gets or sets the path of the socket of a running service that this process takes over at its start. If nothing listens
    /// there, or the takeover is refused, this process does not start. A successor that a reload starts ignores it.</summary>
    /// <value>A path. Default null: this process starts a service of its own.</value>
    public string? From { get; set; }
}
