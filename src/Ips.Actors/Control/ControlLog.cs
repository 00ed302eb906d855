using Ips.Actors.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Ips.Actors.Control;

internal static partial class ControlLog
{
    [LoggerMessage(EventIds.ControlRequested, LogLevel.Debug, "PID {Pid} of user {User} asks for {Verb}.")]
    public static partial void Requested(this ILogger logger, int pid, int user, string verb);

    [LoggerMessage(EventIds.ControlFailed, LogLevel.Debug, "A client of the control socket is gone: {Reason}")]
    public static partial void ClientGone(this ILogger logger, string reason);

    [LoggerMessage(EventIds.ControlDenied, LogLevel.Warning, "Denied the control socket to PID {Pid} of user {User}: only the daemon's own user and root may use it.")]
    public static partial void Denied(this ILogger logger, int pid, int user);

    [LoggerMessage(EventIds.AcceptFailed, LogLevel.Warning, "Accepting on the control socket failed: {Reason}")]
    public static partial void AcceptFailed(this ILogger logger, string reason);
}
