using Ips.Actors.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Ips.Actors.Transport;

/// <summary>What the transport logs: of single connections as Debug, as a busy server sees these by the thousand.</summary>
internal static partial class TransportLog
{
    [LoggerMessage(EventIds.ConnectionReset, LogLevel.Debug, "Connection {ConnectionId} was reset by the client.")]
    internal static partial void ConnectionReset(this ILogger logger, string connectionId);

    [LoggerMessage(EventIds.ConnectionError, LogLevel.Debug, "Connection {ConnectionId} ended with a socket error.")]
    internal static partial void ConnectionError(this ILogger logger, Exception error, string connectionId);

    [LoggerMessage(EventIds.ConnectionMoved, LogLevel.Debug, "Connection {ConnectionId} moved to another process.")]
    internal static partial void ConnectionMoved(this ILogger logger, string connectionId);

    [LoggerMessage(EventIds.ReplayRefused, LogLevel.Debug,
        "Connection {ConnectionId} was closed with 1012: its upgrade was not answered as before ({Reason}).")]
    internal static partial void ReplayRefused(this ILogger logger, string connectionId, string reason);

    [LoggerMessage(EventIds.UpgradesRefused, LogLevel.Warning,
        "Closes WebSockets of another generation with 1012: this release does not resume them ({Reason}).")]
    internal static partial void UpgradesRefused(this ILogger logger, string reason);

    [LoggerMessage(EventIds.TunnelsStay, LogLevel.Warning, "WebSockets that YARP proxies do not move: {Reason}.")]
    internal static partial void TunnelsStay(this ILogger logger, string reason);

    [LoggerMessage(EventIds.CarrierLost, LogLevel.Warning,
        "Closed {Count:moving connection}: the other generation ended the handover channel but lives.")]
    internal static partial void CarrierLost(this ILogger logger, Quantity count);

    [LoggerMessage(EventIds.ConnectionsMoved, LogLevel.Information,
        "Moved {Count:connection} in {ElapsedMs:0.0} ms; {Busy} busy ones follow, {Staying} close politely.")]
    internal static partial void ConnectionsMoved(this ILogger logger, Quantity count, double elapsedMs, int busy, int staying);

    [LoggerMessage(EventIds.ClosedCallbackFailed, LogLevel.Error,
        "Connection {ConnectionId}: a ConnectionClosed callback of the app threw.")]
    internal static partial void ClosedCallbackFailed(this ILogger logger, Exception error, string connectionId);
}
