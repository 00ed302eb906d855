using Ips.Actors.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Ips.Actors.Files;

internal static partial class RuntimeFilesLog
{
    [LoggerMessage(EventIds.PrivilegesDropped, LogLevel.Information, "Dropped root privileges; running as {User}.")]
    public static partial void PrivilegesDropped(this ILogger logger, string user);

    [LoggerMessage(EventIds.RunFolderReplaced, LogLevel.Warning,
        "{Folder} holds the PID file and sockets this time; set ips.pid-file instead: {Reason}")]
    public static partial void RunFolderReplaced(this ILogger logger, string reason, string folder);

    [LoggerMessage(EventIds.FilesUnavailable, LogLevel.Warning,
        "No PID file and control socket: only signals reach PID {Pid}. Set Ips:PidFile. {Reason}")]
    public static partial void FilesUnavailable(this ILogger logger, int pid, string reason);

    [LoggerMessage(EventIds.IdentityPublished, LogLevel.Information, "PID {Pid} is the main process (PID file {PidFile}).")]
    public static partial void IdentityPublished(this ILogger logger, Quantity pid, string pidFile);

    [LoggerMessage(EventIds.IdentityMoved, LogLevel.Information,
        "The PID file moved from {Former} to {PidFile} (ips.pid-file); the old path is removed.")]
    public static partial void IdentityMoved(this ILogger logger, string former, string pidFile);

    [LoggerMessage(EventIds.IdentityFailed, LogLevel.Error, "{PidFile} could not be changed; the service keeps running: {Reason}")]
    public static partial void IdentityFailed(this ILogger logger, string pidFile, string reason);

    [LoggerMessage(EventIds.IdentityRenewed, LogLevel.Information,
        "{LockFile} and {Path} were replaced, as the failed takeover may have kept copies of the old ones.")]
    public static partial void IdentityRenewed(this ILogger logger, string lockFile, string path);

    [LoggerMessage(EventIds.ControlRebound, LogLevel.Information,
        "{Path} belonged to another user; replaced it with a control socket of this process.")]
    public static partial void ControlRebound(this ILogger logger, string path);
}
