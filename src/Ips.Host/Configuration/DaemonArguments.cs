namespace Ips.Host.Configuration;

/// <summary>What the command line says about the daemon, as it was typed; null is "not given". It overrides the configuration
/// file.</summary>
internal sealed record DaemonArguments
{
    /// <summary>The configuration file.</summary>
    public string? Config { get; init; }

    /// <summary>The addresses to serve, with semicolons between them.</summary>
    public string? Urls { get; init; }

    /// <summary>The PID file.</summary>
    public string? PidFile { get; init; }

    /// <summary>The log file.</summary>
    public string? LogFile { get; init; }

    /// <summary>The user to run as.</summary>
    public string? User { get; init; }

    /// <summary>The socket of the running daemon that is to be taken over.</summary>
    public string? Takeover { get; init; }

    /// <summary>Where metrics are served; empty for nowhere.</summary>
    public string? MetricsUrl { get; init; }

    /// <summary>The directory that relative paths are relative to.</summary>
    public string? Directory { get; init; }

    /// <summary>The form of the log's lines.</summary>
    public string? LogFormat { get; init; }
}
