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
