using System.Globalization;

namespace Ips.Actors.Launch;

/// <summary>How the service manager wants to hear of this service.</summary>
/// <param name="Socket">Where: an absolute path, or <c>@</c> and a name of the abstract namespace.</param>
/// <param name="WatchdogInterval">How often it wants a sign of life, at least; null if it does not.</param>
/// <param name="Supervised">A supervisor is the manager's main process, and stays it.</param>
internal sealed record NotifySettings(string Socket, TimeSpan? WatchdogInterval, bool Supervised)
{
    internal const string SocketVariable = "NOTIFY_SOCKET", WatchdogVariable = "WATCHDOG_USEC", WatchdogPidVariable = "WATCHDOG_PID";

    /// <summary>Reads them out of the environment. Pure.</summary>
    /// <param name="variable">The value of an environment variable; null if there is none.</param>
    /// <param name="pid">This process.</param>
    /// <param name="inherits">This process is a successor: what is meant for the main process is meant for it once it is that.</param>
    /// <param name="supervisorPid">The PID of the supervisor that started this generation's line, as text; null if there is none.</param>
    /// <returns>Null if no manager wants to hear of us.</returns>
    public static NotifySettings? Read(Func<string, string?> variable, int pid, bool inherits, string? supervisorPid)
    {
        if (variable(SocketVariable) is not { Length: > 1 } socket || socket[0] is not ('/' or '@')) return null;
        var watched = variable(WatchdogPidVariable) is not { Length: > 0 } watchedPid
            || inherits || watchedPid == supervisorPid || watchedPid == pid.ToString(CultureInfo.InvariantCulture);
        var interval = watched && long.TryParse(variable(WatchdogVariable), NumberStyles.None, CultureInfo.InvariantCulture, out var usec)
            && usec > 0
            ? TimeSpan.FromMicroseconds(usec) : (TimeSpan?)null;
        return new NotifySettings(socket, interval, supervisorPid is not null);
    }
}
