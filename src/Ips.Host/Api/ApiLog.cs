namespace Ips.Host.Api;

/// <summary>The log events of the inventory and its API.</summary>
internal static partial class ApiLog
{
    [LoggerMessage(ApiEventIds.UnhandledError, LogLevel.Error, "{Method} {Path} failed (trace id {TraceId}).")]
    internal static partial void UnhandledError(this ILogger logger, Exception error, string method, string path, string traceId);

    [LoggerMessage(ApiEventIds.StoreBusy, LogLevel.Warning, "{Method} {Path} was answered 503 (trace id {TraceId}). {Reason}")]
    internal static partial void StoreBusy(this ILogger logger, string method, string path, string traceId, string reason);

    [LoggerMessage(ApiEventIds.StoreAway, LogLevel.Error,
        "{Method} {Path} was answered 503 (trace id {TraceId}; logged once a second). {Reason}")]
    internal static partial void StoreAway(this ILogger logger, string method, string path, string traceId, string reason);

    [LoggerMessage(ApiEventIds.StoreHealthChanged, LogLevel.Error, "Health check 'store' fails, and /readyz with it: {Reason} ({Store}).")]
    internal static partial void StoreUnhealthy(this ILogger logger, string reason, string store);

    [LoggerMessage(ApiEventIds.StoreHealthBack, LogLevel.Information, "Health check 'store' passes again ({Store}).")]
    internal static partial void StoreHealthy(this ILogger logger, string store);

    [LoggerMessage(ApiEventIds.StoreOpened, LogLevel.Information, "Opened the inventory {Store}.")]
    internal static partial void StoreOpened(this ILogger logger, string store);

    [LoggerMessage(ApiEventIds.NoKey, LogLevel.Warning,
        "No access key exists, so /v1 refuses every request. Create one with 'ips key add'.")]
    internal static partial void NoKey(this ILogger logger);

    [LoggerMessage(ApiEventIds.AnonymousLoopback, LogLevel.Warning,
        "No access key: local programs may use /v1 (ips.auth.allow-anonymous-loopback). Run 'ips key add'.")]
    internal static partial void AnonymousLoopback(this ILogger logger);

    [LoggerMessage(ApiEventIds.AccessLinesDropped, LogLevel.Warning,
        "Stdout is too slow for the access log (ips.access-log.buffer-lines). Lines dropped: {Count}.")]
    internal static partial void AccessLinesDropped(this ILogger logger, long count);

    [LoggerMessage(ApiEventIds.AccessLogFailed, LogLevel.Error, "The access log could not be written; retrying with the next lines.")]
    internal static partial void AccessLogFailed(this ILogger logger, Exception error);
}

/// <summary>Ids of the log events of the inventory and its API, 5000 to 5099 and 3420 to 3439. A contract with operators: a retired id is
/// not used again.</summary>
internal static class ApiEventIds
{
    public const int StoreAway = 3420;
    public const int StoreHealthChanged = 3421;
    public const int StoreHealthBack = 3422;
    public const int UnhandledError = 5000;
    public const int StoreBusy = 5001;
    public const int StoreOpened = 5010;
    public const int NoKey = 5020;
    public const int AnonymousLoopback = 5021;
    public const int AccessLinesDropped = 5030;
    public const int AccessLogFailed = 5031;
}
