namespace Ips.Actors.Launch;

/// <summary>Environment variables by which one process hands descriptors to another. None is passed on.</summary>
internal static class HandoverVariables
{
    /// <summary>The descriptor of the handover channel in a successor.</summary>
    public const string Fd = "IPS_HANDOVER_FD";

    /// <summary>The successor's generation, known before <c>welcome</c>: it is needed should the predecessor die first.</summary>
    public const string Generation = "IPS_HANDOVER_GENERATION";

    /// <summary>A successor's descriptors for stdout and stderr, see <see cref="Ips.Actors.Output.InheritedOutput"/>.</summary>
    public const string OutputFds = "IPS_OUTPUT_FDS";

    /// <summary>The command that reloads start the next generation by, in a process that another generation, a supervisor or <c>ips start
    /// --last-good</c> has
    /// started: how it was typed cannot be seen there. See <see cref="StartCommand.Encode"/>.</summary>
    public const string Command = "IPS_START_COMMAND";

    /// <summary>Set where a service that is gone is started again: by its command line it may have taken over from one that is gone as
    /// well. Then
    /// <c>ips.takeover.from</c> does not count.</summary>
    public const string NoTakeover = "IPS_NO_TAKEOVER";

    /// <summary>The descriptor on which <c>ips start</c> waits for the start report.</summary>
    public const string StartFd = "IPS_START_FD";

    /// <summary>The listening sockets that root has opened for a process that no longer runs as root, see
    /// <see cref="EarlySockets"/>.</summary>
    public const string EarlySockets = "IPS_EARLY_SOCKETS";

    /// <summary>The configuration of the predecessor, see <see cref="FormerSettings"/>.</summary>
    public const string Settings = "IPS_HANDOVER_SETTINGS";

    /// <summary>The descriptor by which a generation tells its supervisor of itself, see
    /// <see cref="Launch.SupervisorLink"/>.</summary>
    public const string SupervisorFd = "IPS_SUPERVISOR_FD";

    /// <summary>Names the supervisor to all generations below it, by its PID.</summary>
    public const string SupervisorPid = "IPS_STABLE_PARENT";
}
