using Ips.Actors.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Ips.Actors.Listener;

internal static partial class ListenerLog
{
    [LoggerMessage(EventIds.Bound, LogLevel.Information, "Listening on {Endpoint}.")]
    public static partial void Bound(this ILogger logger, string endpoint);

    [LoggerMessage(EventIds.Adopted, LogLevel.Information, "Adopted the listening socket of {Endpoint} from the predecessor.")]
    public static partial void Adopted(this ILogger logger, string endpoint);

    [LoggerMessage(EventIds.PassedTaken, LogLevel.Information, "Took the listening socket of {Endpoint} from the service manager.")]
    public static partial void PassedTaken(this ILogger logger, string endpoint);

    [LoggerMessage(EventIds.AcceptingStarted, LogLevel.Information, "Accepting on {Count} sockets.")]
    public static partial void AcceptingStarted(this ILogger logger, int count);

    [LoggerMessage(EventIds.AcceptingQuiesced, LogLevel.Information, "Quiesced {Count} sockets; they stay open, new connections wait in the backlog.")]
    public static partial void Quiesced(this ILogger logger, int count);

    [LoggerMessage(EventIds.Released, LogLevel.Debug, "Released the listening socket of {Endpoint}.")]
    public static partial void Released(this ILogger logger, string endpoint);

    [LoggerMessage(EventIds.AcceptFailed, LogLevel.Warning, "Accepting failed and goes on: {Reason}")]
    public static partial void AcceptFailed(this ILogger logger, string reason);

    [LoggerMessage(EventIds.OfferUnused, LogLevel.Warning,
        "The predecessor handed over {Endpoint}, which this release does not listen on; it is closed when this generation is promoted.")]
    public static partial void OfferUnused(this ILogger logger, string endpoint);

    [LoggerMessage(EventIds.AdoptionFailed, LogLevel.Warning, "Closed {Count} connections that came by an endpoint which is not bound here.")]
    public static partial void AdoptionFailed(this ILogger logger, int count);
}
