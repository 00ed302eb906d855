namespace Ips.Actors.Configuration;

/// <summary>Everything an app may set for Ips; nothing is required. HOCON block <c>ips</c> in the daemon's file, section <c>Ips</c> of an app's configuration.</summary>
public sealed class IpsOptions
{
    /// <summary>Path of the PID file; the lock is <c>&lt;path&gt;.lock</c> and the control socket <c>&lt;path&gt;.sock</c>.
    /// Default: <c>&lt;app name&gt;.pid</c> in <c>$RUNTIME_DIRECTORY</c>, <c>$XDG_RUNTIME_DIR</c>, or a folder of mode 0700 in the temporary directory.</summary>
    public string? PidFile { get; set; }

    /// <summary>Path of the log file that SIGUSR1 opens again on stdout and stderr. Default none: stdout and stderr stay as they were inherited.</summary>
    public string? LogFile { get; set; }

    /// <summary>Whether each response carries <c>X-Ips-Generation</c>. Default true.</summary>
    public bool GenerationHeader { get; set; } = true;

    /// <summary>Errors of the configuration that a reload would use, one line each; asked before a reload by SIGHUP or <c>ips reload</c>.
    /// Default none: a reload is not preceded by a check.</summary>
    public Func<IReadOnlyList<string>>? CheckConfiguration { get; set; }

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
