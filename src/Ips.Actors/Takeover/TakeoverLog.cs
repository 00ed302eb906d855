using Ips.Actors.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Ips.Actors.Takeover;

internal static partial class TakeoverLog
{
    [LoggerMessage(EventIds.TakeoverOffered, LogLevel.Information, "This service can be taken over on {Path} by {Whom}.")]
    public static partial void Offered(this ILogger logger, string path, string whom);

    [LoggerMessage(EventIds.TakeoverSocketFailed, LogLevel.Error,
        "{Path} (ips.takeover.socket) cannot be used, so no takeover is possible: {Reason}")]
    public static partial void SocketFailed(this ILogger logger, string path, string reason);

    [LoggerMessage(EventIds.TakeoverAsked, LogLevel.Information, "A takeover process ({Peer}, release {Release}) asks to take over.")]
    public static partial void Asked(this ILogger logger, string peer, string release);

    [LoggerMessage(EventIds.TakeoverDenied, LogLevel.Warning, "Refused a takeover by PID {Pid} (uid {Uid}, gid {Gid}): {Reason}")]
    public static partial void Denied(this ILogger logger, int pid, uint uid, uint gid, string reason);

    [LoggerMessage(EventIds.TakeoverSilent, LogLevel.Information,
        "A takeover process ({Peer}) connected and left without a valid message: {Reason}")]
    public static partial void Silent(this ILogger logger, string peer, string reason);

    [LoggerMessage(EventIds.TakeoverOutOfReach, LogLevel.Warning,
        "The takeover process ({Peer}) stays and cannot be signalled ({Reason}). End it by hand.")]
    public static partial void OutOfReach(this ILogger logger, string peer, string reason);

    [LoggerMessage(EventIds.TakeoverAcceptFailed, LogLevel.Warning, "A process that wants to take over could not be accepted: {Reason}")]
    public static partial void AcceptFailed(this ILogger logger, string reason);
}
