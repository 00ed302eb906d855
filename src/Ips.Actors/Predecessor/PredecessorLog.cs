using Ips.Actors.Diagnostics;
using Ips.Actors.Handover;
using Microsoft.Extensions.Logging;

namespace Ips.Actors.Predecessor;

internal static partial class PredecessorLog
{
    [LoggerMessage(EventIds.PredecessorFarewell, LogLevel.Information,
        "The predecessor has drained. Connections moved here: {Moved}, ended: {Connections} (closed politely: {Polite}), closed idle: "
            + "{Idle}. "
        + "Requests answered: {Requests}, cut: {Aborted}.")]
    public static partial void Farewell(this ILogger logger, int moved, int connections, long requests, int polite, int aborted, int idle);

    [LoggerMessage(EventIds.ChannelFailed, LogLevel.Error, "The handover channel to the predecessor failed: {Reason}")]
    public static partial void ChannelFailed(this ILogger logger, string reason);

    [LoggerMessage(EventIds.ConnectionsAdopted, LogLevel.Information, "Took over {Count} live connections from the predecessor.")]
    public static partial void Adopted(this ILogger logger, int count);

    [LoggerMessage(EventIds.IntakeFailed, LogLevel.Error,
        "{Count} live connections from the predecessor could not be taken over: {Reason}")]
    public static partial void IntakeFailed(this ILogger logger, int count, string reason);

    [LoggerMessage(EventIds.ConnectionsDeclined, LogLevel.Warning,
        "{Count} live connections were left to the other generation: there is no room for their descriptors, at most {Limit} files may "
            + "be open (ulimit -n).")]
    public static partial void Declined(this ILogger logger, int count, long limit);

    [LoggerMessage(EventIds.PredecessorStops, LogLevel.Information, "The predecessor asks this generation to stop: {Reason}")]
    public static partial void Stops(this ILogger logger, string reason);

    [LoggerMessage(EventIds.LogReopenFailed, LogLevel.Error, "The log file could not be opened, the predecessor's is kept: {Reason}")]
    public static partial void OutputFault(this ILogger logger, string reason);

    [LoggerMessage(EventIds.FrameUnexpected, LogLevel.Warning,
        "The predecessor sent {Frame}, which the handover protocol does not have in phase {Phase}; ignored, as is what follows of that "
        + "kind.")]
    public static partial void Unexpected(this ILogger logger, string frame, HandoverPhase phase);

    [LoggerMessage(EventIds.PredecessorFrameFailed, LogLevel.Error, "What the predecessor said ({Frame}) could not be acted on.")]
    public static partial void FrameFailed(this ILogger logger, Exception exception, string frame);

    [LoggerMessage(EventIds.IdentityRefused, LogLevel.Error,
        "The PID lock and the control socket cannot be taken over, so this generation gives up: {Reason}")]
    public static partial void IdentityRefused(this ILogger logger, string reason);
}
