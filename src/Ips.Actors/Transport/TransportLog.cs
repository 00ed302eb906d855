using Ips.Actors.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Ips.Actors.Transport;

/// <summary>What the transport logs: of single connections as Debug, as a busy server sees these by the thousand.</summary>
internal static partial class TransportLog
{
    [LoggerMessage(EventIds.ConnectionReset, LogLevel.Debug, "Connection {ConnectionId} was reset by the client.")]
    internal static partial void ConnectionReset(this ILogger logger, string connectionId);

    [LoggerMessage(EventIds.ConnectionError, LogLevel.Debug, "Connection {ConnectionId} ended by an error of its socket.")]
    internal static partial void ConnectionError(this ILogger logger, Exception error, string connectionId);

    [LoggerMessage(EventIds.ConnectionMoved, LogLevel.Debug, "Connection {ConnectionId} moved to another process.")]
    internal static partial void ConnectionMoved(this ILogger logger, string connectionId);

    [LoggerMessage(EventIds.CarrierLost, LogLevel.Warning,
        "The other generation has ended the handover channel and lives; what was on its way to it is closed here, as it may read from it. "
        + "Connections: {Count}.")]
    internal static partial void CarrierLost(this ILogger logger, int count);

    [LoggerMessage(EventIds.ConnectionsMoved, LogLevel.Information,
        "Connections moved in {ElapsedMs:0.0} ms: {Count}. To follow when their request has ended: {Busy}. To be closed politely, as "
            + "they cannot move: {Staying}.")]
    internal static partial void ConnectionsMoved(this ILogger logger, int count, double elapsedMs, int busy, int staying);

    [LoggerMessage(EventIds.ClosedCallbackFailed, LogLevel.Error,
        "A callback of the app on ConnectionClosed of connection {ConnectionId} threw.")]
    internal static partial void ClosedCallbackFailed(this ILogger logger, Exception error, string connectionId);
}
