using System.Globalization;
using Ips.Actors.Posix;

namespace Ips.Actors.Handover;

/// <summary>Environment variables from one process of a service to the next one that it starts. All but <see cref="SupervisorPid"/> are
/// for that process only.</summary>
internal static class HandoverVariables
{
    /// <summary>The descriptor of the handover channel in a successor.</summary>
    public const string Fd = "IPS_HANDOVER_FD";

    /// <summary>The successor's generation, known before <c>welcome</c>: it is needed should the predecessor die first.</summary>
    public const string Generation = "IPS_HANDOVER_GENERATION";

    /// <summary>A successor's descriptors for stdout and stderr, see <c>InheritedOutput</c>.</summary>
    public const string OutputFds = "IPS_OUTPUT_FDS";

    /// <summary>The command that reloads start the next generation by, in a process that another generation, a supervisor or <c>ips start
    /// --last-good</c> has
    /// started: how it was typed cannot be seen there. See <c>StartCommand.Encode</c>.</summary>
    public const string Command = "IPS_START_COMMAND";

    /// <summary>Set where a service that is gone is started again: by its command line it may have taken over from one that is gone as
    /// well. Then
    /// <c>ips.takeover.from</c> does not count.</summary>
    public const string NoTakeover = "IPS_NO_TAKEOVER";

    /// <summary>The descriptor on which <c>ips start</c> waits for the start report.</summary>
    public const string StartFd = "IPS_START_FD";

    /// <summary>The listening sockets that root has opened for a process that no longer runs as root, see
    /// <c>EarlySockets</c>.</summary>
    public const string EarlySockets = "IPS_EARLY_SOCKETS";

    /// <summary>The configuration of the predecessor, see <c>FormerSettings</c>.</summary>
    public const string Settings = "IPS_HANDOVER_SETTINGS";

    /// <summary>The descriptor by which a generation tells its supervisor of itself, see
    /// <c>SupervisorLink</c>.</summary>
    public const string SupervisorFd = "IPS_SUPERVISOR_FD";

    /// <summary>Names the supervisor to all generations below it, by its PID.</summary>
    public const string SupervisorPid = "IPS_STABLE_PARENT";

    /// <summary>Takes a variable out of the environment, so that no child of this process finds it there.</summary>
    /// <returns>Its value; null if it is not set.</returns>
    public static string? Take(string name)
    {
        var value = Environment.GetEnvironmentVariable(name);
        Environment.SetEnvironmentVariable(name, null);
        return value;
    }

    /// <summary>The descriptor that a value names, which from now on no child of this process inherits.</summary>
    /// <returns>Null if it is not the number of an open descriptor above those of the standard streams.</returns>
    [SupportedOSPlatform("linux")]
    public static int? ToDescriptor(string? value)
    {
        if (!int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var fd) || fd <= StandardStreams.Error
            || !FileDescriptors.IsOpen(fd))
        {
            return null;
        }

        FileDescriptors.SetCloseOnExec(fd);
        return fd;
    }
}
