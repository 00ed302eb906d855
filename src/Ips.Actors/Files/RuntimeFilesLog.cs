using Ips.Actors.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Ips.Actors.Files;

internal static partial class RuntimeFilesLog
{
    [LoggerMessage(EventIds.PrivilegesDropped, LogLevel.Information, "Gave up root: runs as {User}.")]
    public static partial void PrivilegesDropped(this ILogger logger, string user);

    [LoggerMessage(EventIds.RunFolderReplaced, LogLevel.Warning,
        "{Reason} The PID file and the sockets are in {Folder} this time: set Ips:PidFile (ips.pid-file) to keep them in one place.")]
    public static partial void RunFolderReplaced(this ILogger logger, string reason, string folder);

    [LoggerMessage(EventIds.IdentityPublished, LogLevel.Information, "PID {Pid} is the main process; written to {PidFile}.")]
    public static partial void IdentityPublished(this ILogger logger, int pid, string pidFile);

    [LoggerMessage(EventIds.IdentityMoved, LogLevel.Information,
        "The service has moved from the PID file {Former} to {PidFile} (ips.pid-file); nothing is left at the old place.")]
    public static partial void IdentityMoved(this ILogger logger, string former, string pidFile);

    [LoggerMessage(EventIds.IdentityFailed, LogLevel.Error, "The PID file {PidFile} could not be changed, the service goes on: {Reason}")]
    public static partial void IdentityFailed(this ILogger logger, string pidFile, string reason);

    [LoggerMessage(EventIds.IdentityRenewed, LogLevel.Information,
        "The process from outside did not take over: {LockFile} is locked anew, and {Path} is a new socket. Its copies are worth nothing.")]
    public static partial void IdentityRenewed(this ILogger logger, string lockFile, string path);

    [LoggerMessage(EventIds.ControlRebound, LogLevel.Information,
        "The control socket {Path} was another user's; this process has put its own in its place.")]
    public static partial void ControlRebound(this ILogger logger, string path);
}
