namespace Ips.Actors.Configuration;

/// <summary>Everything an app can set for Ips. Nothing is required. HOCON block <c>ips</c> in the daemon's file, section <c>Ips</c> of an app's
/// configuration.</summary>
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
    /// <value>Default true.</value>
    public bool GenerationHeader { get; set; } = true;

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

    /// <summary>Gets or sets how a process that this service did not start takes it over.</summary>
    public TakeoverOptions Takeover { get; set; } = new();
}
