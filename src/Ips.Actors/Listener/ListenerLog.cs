using Ips.Actors.Diagnostics;
using Ips.Actors.Posix;
using Microsoft.Extensions.Logging;

namespace Ips.Actors.Listener;

[SupportedOSPlatform("linux")]
internal static partial class ListenerLog
{
    [LoggerMessage(EventIds.Bound, LogLevel.Information, "Listening on {Endpoint}.")]
    public static partial void Bound(this ILogger logger, string endpoint);

    [LoggerMessage(EventIds.Adopted, LogLevel.Information, "Adopted the listening socket {Endpoint}.")]
    public static partial void Adopted(this ILogger logger, string endpoint);

    [LoggerMessage(EventIds.PassedTaken, LogLevel.Information, "Took the listening socket {Endpoint} from the service manager.")]
    public static partial void PassedTaken(this ILogger logger, string endpoint);

    [LoggerMessage(EventIds.AcceptingStarted, LogLevel.Information, "Accepting on {Count:listening socket}.")]
    public static partial void AcceptingStarted(this ILogger logger, Quantity count);

    [LoggerMessage(EventIds.AcceptingQuiesced, LogLevel.Information,
        "Stopped accepting; kept {Count:listening socket} open for a rollback.")]
    public static partial void Quiesced(this ILogger logger, Quantity count);

    [LoggerMessage(EventIds.ListenerNotOwned, LogLevel.Error,
        "A listening socket keeps the predecessor's settings (ips.listener): {Reason}")]
    public static partial void NotOwned(this ILogger logger, string reason);

    [LoggerMessage(EventIds.Released, LogLevel.Debug, "Released the listening socket {Endpoint}.")]
    public static partial void Released(this ILogger logger, string endpoint);

    [LoggerMessage(EventIds.AcceptFailed, LogLevel.Warning, "Accepting a connection failed; retrying: {Reason}")]
    public static partial void AcceptFailed(this ILogger logger, string reason);

    [LoggerMessage(EventIds.AcceptStarved, LogLevel.Error,
        "No file descriptor for a new connection (limit {Limit}, ulimit -n); retrying every 100 ms: {Reason}")]
    public static partial void AcceptStarved(this ILogger logger, long limit, string reason);

    [LoggerMessage(EventIds.OpenFilesLimit, LogLevel.Information,
        "RLIMIT_NOFILE is {Limit} (raised to the hard limit); {Open:file descriptor} open.")]
    public static partial void OpenFilesLimit(this ILogger logger, Quantity limit, Quantity open);

    [LoggerMessage(EventIds.OpenFilesScarce, LogLevel.Error,
        "Only {Left:file descriptor} left of {Limit} (RLIMIT_NOFILE). Raise ulimit -Hn or LimitNOFILE=.")]
    public static partial void OpenFilesScarce(this ILogger logger, Quantity left, Quantity limit);

    /// <summary>Tells why a connection could not be accepted.</summary>
    public static void TellAcceptFailure(this ILogger logger, Exception error)
    {
        if (error is PosixException { Errno: Errno.EMFILE or Errno.ENFILE })
        {
            logger.AcceptStarved(OpenFiles.Limit().Soft, error.Message);
        }
        else
        {
            logger.AcceptFailed(error.Message);
        }
    }

    [LoggerMessage(EventIds.OfferUnused, LogLevel.Warning,
        "{Endpoint} of the predecessor is not configured here; its socket closes at promotion.")]
    public static partial void OfferUnused(this ILogger logger, string endpoint);

    [LoggerMessage(EventIds.AdoptionFailed, LogLevel.Warning, "Closed {Count:connection} of an endpoint that is not bound here.")]
    public static partial void AdoptionFailed(this ILogger logger, Quantity count);
}
