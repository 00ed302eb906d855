namespace Ips.Host.Cli.Doctor;

/// <summary>What <c>ips doctor</c> has found out.</summary>
internal sealed record DoctorFacts
{
    /// <summary>Version of the daemon.</summary>
    public string Release { get; init; } = "";

    /// <summary>Version of the .NET runtime.</summary>
    public string Runtime { get; init; } = "";

    /// <summary>Version of the actor runtime.</summary>
    public string ActorRuntime { get; init; } = "";

    /// <summary>Version of the kernel, as <c>uname -r</c> has it.</summary>
    public string Kernel { get; init; } = "";

    /// <summary>The name of the process that is PID 1.</summary>
    public string Init { get; init; } = "";

    /// <summary>systemd is the machine's init.</summary>
    public bool Systemd { get; init; }

    /// <summary>This process was started by a systemd unit.</summary>
    public bool SystemdUnit { get; init; }

    /// <summary>A container engine has left its marks.</summary>
    public bool Container { get; init; }

    /// <summary>This process's id.</summary>
    public int Pid { get; init; }

    /// <summary>SIGHUP is ignored, as under nohup.</summary>
    public bool HangupIgnored { get; init; }

    /// <summary><c>ips run</c> from here would be a supervisor.</summary>
    public bool SupervisorProcess { get; init; }

    /// <summary>Who runs this.</summary>
    public string User { get; init; } = "";

    /// <summary>Whom the daemon would run as; null if nobody is configured.</summary>
    public string? RunAs { get; init; }

    /// <summary>Why it would not start as that user; null if it would.</summary>
    public string? UserFault { get; init; }

    /// <summary>The limit of open files, after the runtime raised it to the hard one.</summary>
    public long OpenFiles { get; init; }

    /// <summary>The kernel's cap of a listening queue; 0 if not known.</summary>
    public int MaxBacklog { get; init; }

    /// <summary>The configured length of that queue.</summary>
    public int Backlog { get; init; }

    /// <summary>The process that the PID file names, if it runs.</summary>
    public int? RunningPid { get; init; }

    /// <summary>The configuration file; null if none.</summary>
    public string? ConfigFile { get; init; }

    /// <summary>What is wrong with the configuration.</summary>
    public IReadOnlyList<string> ConfigProblems { get; init; } = [];

    /// <summary>What the daemon would write to: its meaning, its path, and why that would fail (null if it would not).</summary>
    public IReadOnlyList<(string What, string Path, string? Fault)> Paths { get; init; } = [];

    /// <summary>The store, without a password, and what is wrong with it (null if nothing is).</summary>
    public (string Place, string? Fault)? Store { get; init; }

    /// <summary>What a running service says that is wrong with its runtime and its releases.</summary>
    public IReadOnlyList<DoctorProblem> Status { get; init; } = [];

    /// <summary>Where it would listen, and why that would fail (null if it would not).</summary>
    public IReadOnlyList<(string Url, string? Fault)> Endpoints { get; init; } = [];
}
