using Ips.Actors.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Ips.Actors.Predecessor;

internal static partial class PredecessorLog
{
    [LoggerMessage(EventIds.PredecessorFarewell, LogLevel.Information,
        "The predecessor has drained: {Moved} connections moved here, {Connections} connections ended ({Polite} closed politely), {Requests} requests answered, {Aborted} cut, {Idle} idle connections closed.")]
    public static partial void Farewell(this ILogger logger, int moved, int connections, long requests, int polite, int aborted, int idle);

    [LoggerMessage(EventIds.ChannelFailed, LogLevel.Error, "The handover channel to the predecessor failed: {Reason}")]
    public static partial void ChannelFailed(this ILogger logger, string reason);

    [LoggerMessage(EventIds.ConnectionsAdopted, LogLevel.Information, "Took over {Count} live connections from the predecessor.")]
    public static partial void Adopted(this ILogger logger, int count);

    [LoggerMessage(EventIds.IntakeFailed, LogLevel.Error, "{Count} live connections from the predecessor could not be taken over: {Reason}")]
    public static partial void IntakeFailed(this ILogger logger, int count, string reason);

    [LoggerMessage(EventIds.ConnectionsDeclined, LogLevel.Warning,
        "{Count} live connections were left to the other generation: there is no room for their descriptors, at most {Limit} files may be open (ulimit -n).")]
    public static partial void Declined(this ILogger logger, int count, long limit);

    [LoggerMessage(EventIds.PredecessorStops, LogLevel.Information, "The predecessor asks this generation to stop: {Reason}")]
    public static partial void Stops(this ILogger logger, string reason);

    [LoggerMessage(EventIds.LogReopenFailed, LogLevel.Error, "The log file could not be opened, the predecessor's is kept: {Reason}")]
    public static partial void OutputFault(this ILogger logger, string reason);

    [LoggerMessage(EventIds.FrameUnexpected, LogLevel.Warning, "Unexpected {Frame} from the predecessor; ignored.")]
    public static partial void Unexpected(this ILogger logger, string frame);
}
