using Ips.Actors.Diagnostics;
using Ips.Actors.Posix;
using Microsoft.Extensions.Logging;

namespace Ips.Actors.Listener;

internal static partial class ListenerLog
{
    [LoggerMessage(EventIds.Bound, LogLevel.Information, "Listening on {Endpoint}.")]
    public static partial void Bound(this ILogger logger, string endpoint);

    [LoggerMessage(EventIds.Adopted, LogLevel.Information, "Adopted the listening socket of {Endpoint}.")]
    public static partial void Adopted(this ILogger logger, string endpoint);

    [LoggerMessage(EventIds.PassedTaken, LogLevel.Information, "Took the listening socket of {Endpoint} from the service manager.")]
    public static partial void PassedTaken(this ILogger logger, string endpoint);

    [LoggerMessage(EventIds.AcceptingStarted, LogLevel.Information, "Accepting. Listening sockets: {Count}.")]
    public static partial void AcceptingStarted(this ILogger logger, int count);

    [LoggerMessage(EventIds.AcceptingQuiesced, LogLevel.Information,
        "Quiesced: the listening sockets stay open for a rollback. Sockets: {Count}.")]
    public static partial void Quiesced(this ILogger logger, int count);

    [LoggerMessage(EventIds.ListenerNotOwned, LogLevel.Error,
        "A listening socket keeps what the predecessor had set (ips.listener): {Reason}")]
    public static partial void NotOwned(this ILogger logger, string reason);

    [LoggerMessage(EventIds.Released, LogLevel.Debug, "Released the listening socket of {Endpoint}.")]
    public static partial void Released(this ILogger logger, string endpoint);

    [LoggerMessage(EventIds.AcceptFailed, LogLevel.Warning, "Accepting failed and goes on: {Reason}")]
    public static partial void AcceptFailed(this ILogger logger, string reason);

    [LoggerMessage(EventIds.AcceptStarved, LogLevel.Error,
        "No descriptor is left for a new connection (the limit is {Limit}, ulimit -n): {Reason}. Clients wait in the kernel's queue; it "
            + "is tried again every 100 ms.")]
    public static partial void AcceptStarved(this ILogger logger, long limit, string reason);

    [LoggerMessage(EventIds.OpenFilesLimit, LogLevel.Information,
        "May have {Limit} files and connections open (RLIMIT_NOFILE, raised to the hard limit); {Open} are.")]
    public static partial void OpenFilesLimit(this ILogger logger, long limit, int open);

    [LoggerMessage(EventIds.OpenFilesScarce, LogLevel.Error,
        "Only {Left} more files and connections may be opened (RLIMIT_NOFILE is {Limit}): raise the hard limit, ulimit -Hn or "
            + "LimitNOFILE=, before clients have to wait.")]
    public static partial void OpenFilesScarce(this ILogger logger, long left, long limit);

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
        "The predecessor handed over {Endpoint}, which this release does not listen on; it is closed when this generation is promoted.")]
    public static partial void OfferUnused(this ILogger logger, string endpoint);

    [LoggerMessage(EventIds.AdoptionFailed, LogLevel.Warning,
        "Closed what came by an endpoint that is not bound here. Connections: {Count}.")]
    public static partial void AdoptionFailed(this ILogger logger, int count);
}
