using Ips.Actors.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Ips.Actors.Reloader;

internal static partial class ReloaderLog
{
    [LoggerMessage(EventIds.SuccessorSpawned, LogLevel.Information, "Spawned generation {Successor} as PID {Pid}.")]
    public static partial void Spawned(this ILogger logger, int successor, int pid);

    [LoggerMessage(EventIds.SuccessorTakeover, LogLevel.Information,
        "Generation {Successor} is PID {Pid}, which this service did not start.")]
    public static partial void TakeoverBegun(this ILogger logger, int successor, int pid);

    [LoggerMessage(EventIds.SpawnFailed, LogLevel.Error, "Generation {Successor} could not be spawned: {Reason}")]
    public static partial void SpawnFailed(this ILogger logger, int successor, string reason);

    [LoggerMessage(EventIds.SuccessorHello, LogLevel.Information,
        "Generation {Successor} (PID {Pid}, release {Release}) joined: protocol {Version}, {Sockets:socket}.")]
    public static partial void Hello(this ILogger logger, int successor, int pid, string release, Quantity sockets, int version);

    [LoggerMessage(EventIds.FilesShared, LogLevel.Warning,
        "Both generations write {Paths} without O_APPEND and lose lines: docs/exclusive-resources.md.")]
    public static partial void FilesShared(this ILogger logger, string paths);

    [LoggerMessage(EventIds.SuccessorReady, LogLevel.Information, "Generation {Successor} (PID {Pid}) is ready.")]
    public static partial void Ready(this ILogger logger, int successor, int pid);

    [LoggerMessage(EventIds.ChecksExcused, LogLevel.Warning,
        "Generation {Successor} fails checks that fail here too or are ignored, so it may serve: {Failing}.")]
    public static partial void ChecksExcused(this ILogger logger, int successor, string failing);

    [LoggerMessage(EventIds.SuccessorFailed, LogLevel.Warning, "Generation {Successor} (PID {Pid}) failed: {Reason}")]
    public static partial void Failed(this ILogger logger, int successor, int pid, string reason);

    [LoggerMessage(EventIds.SuccessorEnding, LogLevel.Information, "Stopping generation {Successor} (PID {Pid}) with {Means}: {Reason}")]
    public static partial void Ending(this ILogger logger, int successor, int pid, string means, string reason);

    [LoggerMessage(EventIds.SuccessorGone, LogLevel.Information, "Generation {Successor} (PID {Pid}) is gone: {Exit}.")]
    public static partial void Gone(this ILogger logger, int successor, int pid, string exit);

    [LoggerMessage(EventIds.SuccessorRefused, LogLevel.Warning, "Refused generation {Successor} (PID {Pid}): {Reason}")]
    public static partial void Refused(this ILogger logger, int successor, int pid, string reason);

    [LoggerMessage(EventIds.AwaitingRoom, LogLevel.Information,
        "ips.reload.max-generations is {Max}, {Older:generation} draining: waits {Seconds} s (room-timeout).")]
    public static partial void AwaitingRoom(this ILogger logger, Quantity older, int max, double seconds);

    [LoggerMessage(EventIds.MakingRoom, LogLevel.Warning,
        "Aborting generation {Older} (PID {Pid}) to free a slot: ips.reload.max-generations is {Max}.")]
    public static partial void MakingRoom(this ILogger logger, int older, int pid, int max);

    [LoggerMessage(EventIds.CanaryShare, LogLevel.Information,
        "Generation {Successor} (PID {Pid}) is a canary: passing {Percent} % of the new connections on to it.")]
    public static partial void CanaryShare(this ILogger logger, int successor, int pid, int percent);

    [LoggerMessage(EventIds.ProbationLengthened, LogLevel.Information,
        "Generation {Successor} (PID {Pid}) stays on probation for up to {Seconds} s: {Reason}.")]
    public static partial void ProbationLengthened(this ILogger logger, int successor, int pid, double seconds, string reason);

    [LoggerMessage(EventIds.ReturnFailed, LogLevel.Error, "Failed to take back {Count:live connection} from the successor: {Reason}")]
    public static partial void ReturnFailed(this ILogger logger, Quantity count, string reason);

    [LoggerMessage(EventIds.FrameUnexpected, LogLevel.Warning,
        "Ignoring {Frame} frames from generation {Successor}: not part of the protocol in phase {Phase}.")]
    public static partial void Unexpected(this ILogger logger, string frame, int successor, string phase);

    [LoggerMessage(EventIds.FrameFailed, LogLevel.Error, "{Frame} from generation {Successor} could not be handled.")]
    public static partial void FrameFailed(this ILogger logger, Exception exception, string frame, int successor);
}
