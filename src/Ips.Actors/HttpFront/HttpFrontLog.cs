using Ips.Actors.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Ips.Actors.HttpFront;

internal static partial class HttpFrontLog
{
    [LoggerMessage(EventIds.FrontReady, LogLevel.Debug, "The app can serve: started and healthy.")]
    public static partial void FrontReady(this ILogger logger);

    [LoggerMessage(EventIds.FrontFailed, LogLevel.Error, "The app has started but may not serve: {Reason}")]
    public static partial void FrontFailed(this ILogger logger, string reason);

    [LoggerMessage(EventIds.Drained, LogLevel.Debug, "Drained: no connection is left.")]
    public static partial void Drained(this ILogger logger);

    [LoggerMessage(EventIds.Aborted, LogLevel.Warning,
        "Cut {Requests} running requests and closed {Idle} idle connections; ips.drain.timeout sets the time that they get.")]
    public static partial void Aborted(this ILogger logger, int requests, int idle);

    [LoggerMessage(EventIds.RoleHandlerFailed, LogLevel.Error, "A handler of {Turn} failed; the lifecycle goes on.")]
    public static partial void RoleHandlerFailed(this ILogger logger, Exception exception, string turn);

    [LoggerMessage(EventIds.RoleHandlerSlow, LogLevel.Warning,
        "A handler of {Turn} did not end within {Seconds} s; the lifecycle goes on without it.")]
    public static partial void RoleHandlerSlow(this ILogger logger, string turn, double seconds);

    [LoggerMessage(EventIds.WarmedUp, LogLevel.Information,
        "Warmed up in {ElapsedMs:0} ms: a round took {FirstMs:0.0} ms at first and {BestMs:0.0} ms at best. Requests: {Requests}.")]
    public static partial void WarmedUp(this ILogger logger, int requests, double elapsedMs, double firstMs, double bestMs);

    [LoggerMessage(EventIds.WarmupUnfinished, LogLevel.Warning,
        "The warm-up came to no end of a round in {ElapsedMs:0} ms (ips.warmup.timeout); the first requests find cold code.")]
    public static partial void WarmupUnfinished(this ILogger logger, double elapsedMs);

    [LoggerMessage(EventIds.FarewellFailed, LogLevel.Debug,
        "Connection {ConnectionId} ended before its WebSocket could be sent a Close: {Reason}")]
    public static partial void FarewellFailed(this ILogger logger, string connectionId, string reason);

    [LoggerMessage(EventIds.IntakeOpen, LogLevel.Warning,
        "The predecessor has not said that it moves no more connections here: {Reason} One that is on its way is closed.")]
    public static partial void IntakeOpen(this ILogger logger, string reason);

    [LoggerMessage(EventIds.WarmupSkipped, LogLevel.Information, "No warm-up: every endpoint speaks TLS.")]
    public static partial void WarmupSkipped(this ILogger logger);
}
