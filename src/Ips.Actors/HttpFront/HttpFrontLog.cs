using Ips.Actors.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Ips.Actors.HttpFront;

internal static partial class HttpFrontLog
{
    [LoggerMessage(EventIds.FrontReady, LogLevel.Debug, "The app is started and healthy.")]
    public static partial void FrontReady(this ILogger logger);

    [LoggerMessage(EventIds.FrontFailed, LogLevel.Error, "The app started but cannot serve: {Reason}")]
    public static partial void FrontFailed(this ILogger logger, string reason);

    [LoggerMessage(EventIds.Drained, LogLevel.Debug, "Drained: no connection remains.")]
    public static partial void Drained(this ILogger logger);

    [LoggerMessage(EventIds.Aborted, LogLevel.Warning,
        "Cut {Requests:in-flight request} and closed {Idle:idle connection}; ips.drain.timeout is the limit.")]
    public static partial void Aborted(this ILogger logger, Quantity requests, Quantity idle);

    [LoggerMessage(EventIds.RoleHandlerFailed, LogLevel.Error, "A handler of {Turn} failed; the lifecycle continues.")]
    public static partial void RoleHandlerFailed(this ILogger logger, Exception exception, string turn);

    [LoggerMessage(EventIds.RoleHandlerSlow, LogLevel.Warning,
        "A handler of {Turn} did not finish within {Seconds} s; the lifecycle continues without it.")]
    public static partial void RoleHandlerSlow(this ILogger logger, string turn, double seconds);

    [LoggerMessage(EventIds.WarmedUp, LogLevel.Information,
        "Warmed up in {ElapsedMs:0} ms by {Requests:request}, {AppRequests} of them through the app.")]
    public static partial void WarmedUp(this ILogger logger, double elapsedMs, Quantity requests, int appRequests);

    [LoggerMessage(EventIds.WarmupUnfinished, LogLevel.Warning,
        "The warm-up did not finish in {ElapsedMs:0} ms (ips.warmup.timeout); first requests are slower.")]
    public static partial void WarmupUnfinished(this ILogger logger, double elapsedMs);

    [LoggerMessage(EventIds.FarewellFailed, LogLevel.Debug, "Connection {ConnectionId} ended before its WebSocket got a Close: {Reason}")]
    public static partial void FarewellFailed(this ILogger logger, string connectionId, string reason);

    [LoggerMessage(EventIds.IntakeOpen, LogLevel.Warning, "The predecessor may still move connections here; they are closed: {Reason}")]
    public static partial void IntakeOpen(this ILogger logger, string reason);

    [LoggerMessage(EventIds.WarmupFailed, LogLevel.Warning, "The warm-up failed, so first requests are slower: {Reason}")]
    public static partial void WarmupFailed(this ILogger logger, string reason);

    [LoggerMessage(EventIds.ServesUnhealthy, LogLevel.Warning, "Serves although the app is not healthy: {Reason}")]
    public static partial void ServesUnhealthy(this ILogger logger, string reason);

    [LoggerMessage(EventIds.AwaitingHealth, LogLevel.Information,
        "Waits for up to {Seconds:0.#} s until the app can serve: {Reason}")]
    public static partial void AwaitingHealth(this ILogger logger, double seconds, string reason);
}
