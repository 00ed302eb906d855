using Ips.Actors.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Ips.Actors.Reloader;

internal static partial class ReloaderLog
{
    [LoggerMessage(EventIds.SuccessorSpawned, LogLevel.Information, "Spawned generation {Successor} as PID {Pid}.")]
    public static partial void Spawned(this ILogger logger, int successor, int pid);

    [LoggerMessage(EventIds.SuccessorTakeover, LogLevel.Information, "Generation {Successor} is PID {Pid}, which came from outside.")]
    public static partial void TakeoverBegun(this ILogger logger, int successor, int pid);

    [LoggerMessage(EventIds.SpawnFailed, LogLevel.Error, "Generation {Successor} could not be spawned: {Reason}")]
    public static partial void SpawnFailed(this ILogger logger, int successor, string reason);

    [LoggerMessage(EventIds.SuccessorHello, LogLevel.Information,
        "Generation {Successor} (PID {Pid}, release {Release}) said hello by protocol version {Version}. Listening sockets to hand over: "
            + "{Sockets}.")]
    public static partial void Hello(this ILogger logger, int successor, int pid, string release, int sockets, int version);

    [LoggerMessage(EventIds.SuccessorReady, LogLevel.Information, "Generation {Successor} (PID {Pid}) is ready.")]
    public static partial void Ready(this ILogger logger, int successor, int pid);

    [LoggerMessage(EventIds.ChecksExcused, LogLevel.Warning,
        "Generation {Successor} reports: {Failing}. It does not count against it: the check fails here as well, or is to be ignored.")]
    public static partial void ChecksExcused(this ILogger logger, int successor, string failing);

    [LoggerMessage(EventIds.SuccessorFailed, LogLevel.Warning, "Generation {Successor} (PID {Pid}) failed: {Reason}")]
    public static partial void Failed(this ILogger logger, int successor, int pid, string reason);

    [LoggerMessage(EventIds.SuccessorEnding, LogLevel.Information, "Ending generation {Successor} (PID {Pid}) by {Means}: {Reason}")]
    public static partial void Ending(this ILogger logger, int successor, int pid, string means, string reason);

    [LoggerMessage(EventIds.SuccessorGone, LogLevel.Information, "Generation {Successor} (PID {Pid}) is gone: it {Exit}.")]
    public static partial void Gone(this ILogger logger, int successor, int pid, string exit);

    [LoggerMessage(EventIds.SuccessorRefused, LogLevel.Warning, "Refused generation {Successor} (PID {Pid}): {Reason}")]
    public static partial void Refused(this ILogger logger, int successor, int pid, string reason);

    [LoggerMessage(EventIds.AwaitingRoom, LogLevel.Information,
        "{Older} older generations still drain (ips.reload.max-generations = {Max}); waiting at most {Seconds} s for one to end by "
            + "itself (ips.reload.room-timeout).")]
    public static partial void AwaitingRoom(this ILogger logger, int older, int max, double seconds);

    [LoggerMessage(EventIds.MakingRoom, LogLevel.Warning,
        "Aborting generation {Older} (PID {Pid}), which still drains, to make room: ips.reload.max-generations is {Max}.")]
    public static partial void MakingRoom(this ILogger logger, int older, int pid, int max);

    [LoggerMessage(EventIds.ReturnFailed, LogLevel.Error,
        "{Count} live connections that the successor gave back could not be taken over: {Reason}")]
    public static partial void ReturnFailed(this ILogger logger, int count, string reason);

    [LoggerMessage(EventIds.FrameUnexpected, LogLevel.Warning,
        "Generation {Successor} sent {Frame}, which the handover protocol does not have in phase {Phase}; ignored, as is what follows of "
        + "that kind.")]
    public static partial void Unexpected(this ILogger logger, string frame, int successor, string phase);

    [LoggerMessage(EventIds.FrameFailed, LogLevel.Error, "What generation {Successor} said ({Frame}) could not be acted on.")]
    public static partial void FrameFailed(this ILogger logger, Exception exception, string frame, int successor);
}
