using Microsoft.Extensions.Logging;

namespace Ips.Actors.Transport;

/// <summary>What the transport logs: all of it Debug, as a busy server sees these by the thousand.</summary>
internal static partial class TransportLog
{
    [LoggerMessage(3401, LogLevel.Debug, "Connection {ConnectionId} was reset by the client.")]
    internal static partial void ConnectionReset(this ILogger logger, string connectionId);

    [LoggerMessage(3402, LogLevel.Debug, "Connection {ConnectionId} ended by an error of its socket.")]
    internal static partial void ConnectionError(this ILogger logger, Exception error, string connectionId);

    [LoggerMessage(3403, LogLevel.Debug, "Connection {ConnectionId} moved to another process.")]
    internal static partial void ConnectionMoved(this ILogger logger, string connectionId);

    [LoggerMessage(3405, LogLevel.Warning, "The other generation went away with {Count} connections on their way to it; they are closed.")]
    internal static partial void CarrierLost(this ILogger logger, int count);

    [LoggerMessage(3404, LogLevel.Error, "A callback of the app on ConnectionClosed of connection {ConnectionId} threw.")]
    internal static partial void ClosedCallbackFailed(this ILogger logger, Exception error, string connectionId);
}
