namespace Ips.Actors.Handover;

/// <summary>What a generation did in one window of time, each <see cref="WindowTerms.IntervalMs"/> on probation: only to a predecessor
/// that asks for it in <c>serve</c>. The predecessor measures itself in the same windows and compares the two.</summary>
/// <param name="Index">The window: the machine's monotonic clock at its end (CLOCK_MONOTONIC), in whole intervals. Windows of two
/// processes with the same index are of the same time.</param>
/// <param name="Started">Requests that began.</param>
/// <param name="Connections">Connections whose first request since the reload began in this window.</param>
/// <param name="ProcessorUs">Processor time of the process, in microseconds.</param>
/// <param name="AllocatedBytes">Bytes that the process allocated.</param>
/// <param name="Running">Requests that run at the end of the window, by age: under 1 s, 2 s, 5 s, 10 s, and older. Without
/// WebSockets, which last as long as the client likes.</param>
/// <param name="Routes">What was answered, by route; only routes with at least one request.</param>
/// <param name="Failures">The requests that failed, by connection; left out if there are none.</param>
/// <param name="Overdue">The connections of requests that passed the age of 1 s unanswered, one for each such request; left out if
/// there are none.</param>
internal sealed record WindowFrame(
    long Index, int Started, int Connections, long ProcessorUs, long AllocatedBytes, IReadOnlyList<int> Running,
    IReadOnlyList<RouteWindow> Routes, IReadOnlyList<ConnectionFailures>? Failures = null, IReadOnlyList<long>? Overdue = null)
    : HandoverFrame;

/// <summary>What was answered by one route in a window.</summary>
/// <param name="Route">Method and pattern, such as <c>GET /items/{id}</c>; <see cref="WindowTerms.OtherRoutes"/> for all that are not
/// named.</param>
/// <param name="Requests">Requests that ended.</param>
/// <param name="Errors">How many of them failed: a 5xx status that nothing excuses, or an exception that nothing handled.</param>
/// <param name="Exceptions">How many of those with such an exception.</param>
/// <param name="Latency">Counts of <see cref="LatencyScale"/>: bucket, count, bucket, count, and so on, in the order of the buckets; only
/// buckets with a request.</param>
internal sealed record RouteWindow(string Route, int Requests, int Errors, int Exceptions, IReadOnlyList<int> Latency);

/// <summary>The requests of one connection and one route that failed in a window.</summary>
/// <param name="Connection">Identifies the connection in both generations; 0 for all connections that the frame has no room for.</param>
/// <param name="Route">The place of the route in <see cref="WindowFrame.Routes"/>.</param>
/// <param name="Errors">How many failed.</param>
internal sealed record ConnectionFailures(long Connection, int Route, int Errors);

/// <summary>What a predecessor asks its successor to send of its windows; a build that does not know the field sends none.</summary>
/// <param name="IntervalMs">Length of a window, in milliseconds.</param>
/// <param name="Routes">The routes that this generation names, the busiest first, so that both name the same ones.</param>
internal sealed record WindowTerms(int IntervalMs, IReadOnlyList<string> Routes)
{
    /// <summary>Length of a window, in milliseconds.</summary>
    public const int Interval = 250;

    /// <summary>The same.</summary>
    public static readonly TimeSpan Length = TimeSpan.FromMilliseconds(Interval);

    /// <summary>Routes that a window names at most.</summary>
    public const int MaxRoutes = 50;

    /// <summary>The name of all routes beyond <see cref="MaxRoutes"/>.</summary>
    public const string OtherRoutes = "(other)";

    /// <summary>Entries of <see cref="WindowFrame.Failures"/>, and of <see cref="WindowFrame.Overdue"/>, at most.</summary>
    public const int MaxConnections = 128;

    /// <summary>Groups of age in <see cref="WindowFrame.Running"/>.</summary>
    public const int Ages = 5;

    /// <summary>A count of one bucket at most: more is cut, so that a window always fits its packet.</summary>
    public const int MaxBucketCount = 99_999;
}
