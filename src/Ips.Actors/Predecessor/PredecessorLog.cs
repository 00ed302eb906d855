using Ips.Actors.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Ips.Actors.Predecessor;

internal static partial class PredecessorLog
{
    [LoggerMessage(EventIds.PredecessorFarewell, LogLevel.Debug, "The predecessor has drained and leaves; it cut {Aborted} requests.")]
    public static partial void Farewell(this ILogger logger, int aborted);

    [LoggerMessage(EventIds.ConnectionsAdopted, LogLevel.Information, "Took over {Count} live connections from the predecessor.")]
    public static partial void Adopted(this ILogger logger, int count);

    [LoggerMessage(EventIds.PredecessorStops, LogLevel.Information, "The predecessor asks this generation to stop: {Reason}")]
    public static partial void Stops(this ILogger logger, string reason);

    [LoggerMessage(EventIds.FrameUnexpected, LogLevel.Warning, "Unexpected {Frame} from the predecessor; ignored.")]
    public static partial void Unexpected(this ILogger logger, string frame);
}
