using Ips.Actors.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Ips.Actors.Control;

internal static partial class IdentityLog
{
    [LoggerMessage(EventIds.PrivilegesDropped, LogLevel.Information, "Gave up root: runs as {User}.")]
    public static partial void PrivilegesDropped(this ILogger logger, string user);

    [LoggerMessage(EventIds.IdentityPublished, LogLevel.Information, "PID {Pid} is the main process; written to {PidFile}.")]
    public static partial void IdentityPublished(this ILogger logger, int pid, string pidFile);

    [LoggerMessage(EventIds.IdentityFailed, LogLevel.Error, "The PID file {PidFile} could not be changed, the service goes on: {Reason}")]
    public static partial void IdentityFailed(this ILogger logger, string pidFile, string reason);

    [LoggerMessage(EventIds.ControlRebound, LogLevel.Information, "The control socket {Path} was another user's; this process has put its own in its place.")]
    public static partial void ControlRebound(this ILogger logger, string path);
}
