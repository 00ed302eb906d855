using Ips.Actors.Diagnostics;
using Ips.Actors.Handover;
using Microsoft.Extensions.Logging;

namespace Ips.Actors.Predecessor;

internal static partial class PredecessorLog
{
    [LoggerMessage(EventIds.PredecessorFarewell, LogLevel.Information,
        "Predecessor drained: {Moved:connection} moved, {Connections} ended ({Polite} politely), {Idle} idle.")]
    public static partial void Drained(this ILogger logger, Quantity moved, int connections, int polite, int idle);

    [LoggerMessage(EventIds.PredecessorRequests, LogLevel.Information,
        "Predecessor answered {Requests:request} while it drained, and cut {Aborted}.")]
    public static partial void DrainedRequests(this ILogger logger, Quantity requests, int aborted);

    [LoggerMessage(EventIds.ChannelFailed, LogLevel.Error, "The handover channel to the predecessor failed: {Reason}")]
    public static partial void ChannelFailed(this ILogger logger, string reason);

    [LoggerMessage(EventIds.ConnectionsAdopted, LogLevel.Information, "Took over {Count:live connection} from the predecessor.")]
    public static partial void Adopted(this ILogger logger, Quantity count);

    [LoggerMessage(EventIds.IntakeFailed, LogLevel.Error, "Failed to take over {Count:live connection} from the predecessor: {Reason}")]
    public static partial void IntakeFailed(this ILogger logger, Quantity count, string reason);

    [LoggerMessage(EventIds.ConnectionsDeclined, LogLevel.Warning,
        "Left {Count:live connection} to the other generation: no free descriptors (ulimit -n is {Limit}).")]
    public static partial void Declined(this ILogger logger, Quantity count, long limit);

    [LoggerMessage(EventIds.PredecessorStops, LogLevel.Information, "The predecessor asks this generation to stop: {Reason}")]
    public static partial void Stops(this ILogger logger, string reason);

    [LoggerMessage(EventIds.LogReopenFailed, LogLevel.Error, "The log file could not be opened; still using the predecessor's: {Reason}")]
    public static partial void OutputFault(this ILogger logger, string reason);

    [LoggerMessage(EventIds.FrameUnexpected, LogLevel.Warning,
        "Ignoring {Frame} frames from the predecessor: not part of the protocol in phase {Phase}.")]
    public static partial void Unexpected(this ILogger logger, string frame, HandoverPhase phase);

    [LoggerMessage(EventIds.PredecessorFrameFailed, LogLevel.Error, "{Frame} from the predecessor could not be handled.")]
    public static partial void FrameFailed(this ILogger logger, Exception exception, string frame);

    [LoggerMessage(EventIds.IdentityRefused, LogLevel.Error,
        "This generation gives up: it cannot take over the PID lock and control socket: {Reason}")]
    public static partial void IdentityRefused(this ILogger logger, string reason);
}
