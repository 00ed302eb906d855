using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using Ips.Actors.Handover;
using Ips.Actors.Judging;
using Ips.Actors.Transport;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;

namespace Ips.Actors.HttpFront;

/// <summary>Measures requests for the judge of a reload. While nobody watches, a request costs one volatile read, and a failed one a place
/// in <see cref="RecentFailures"/>.</summary>
/// <param name="openConnections">Connections that are open.</param>
/// <param name="time">The monotonic clock.</param>
[SupportedOSPlatform("linux")]
internal sealed class WindowMeter(Func<int> openConnections, TimeProvider time) : IWindowMeter
{
    private const int MaxEndpoints = 2 * WindowCounter.MaxRoutes; // some apps make endpoints while they run

    private readonly RecentFailures _failures = new();
    private RouteNames _routes = null!; // from the first reload on: a start needs none
    private volatile WindowCounter? _counter;

    public long Index => WindowCounter.IndexOf(time.GetTimestamp(), time.TimestampFrequency);

    public TimeSpan UntilNext => WindowCounter.UntilNext(time.GetTimestamp(), time.TimestampFrequency);

    public void Begin(IReadOnlyList<string>? routes)
    {
        _routes = new RouteNames();
        _counter = new WindowCounter(time.TimestampFrequency, routes);
    }

    public IReadOnlyList<string> NameRoutes() => _counter?.NameRoutes() ?? [];

    public WindowFrame? Take() =>
        _counter?.Take(time.GetTimestamp(), Environment.CpuUsage.TotalTime, GC.GetTotalAllocatedBytes(precise: false));

    public void End() => _counter = null;

    public JudgeTerms Terms() => new() { FailedBefore = _failures.Since(NowMs), ConnectionsBefore = openConnections() };

    /// <summary>A request begins.</summary>
    /// <returns>What <see cref="Ended"/> takes at its end; null while nobody watches.</returns>
    public MeteredRequest? Begin(HttpContext context, HandoverConnection? connection)
    {
        if (_counter is not { } counter) return null;
        var isStream = context.Request.Headers.Upgrade.Count > 0 || HttpMethods.IsConnect(context.Request.Method);
        // A connection of HTTP/1.1 has one request at a time: they share an object.
        var metered = connection?.Metered as MeteredRequest;
        if (metered is null || !metered.Reuse(context, counter, time.GetTimestamp(), isStream))
        {
            metered = new MeteredRequest(context, counter, KeyOf(context, connection), time.GetTimestamp(), isStream);
            if (connection is { Streams: null }) connection.Metered = metered;
        }

        counter.Begin(metered);
        return metered;
    }

    /// <summary>A watched request has ended.</summary>
    /// <param name="metered">Which.</param>
    /// <param name="failed">With a 5xx status that nothing excuses.</param>
    public void Ended(MeteredRequest metered, bool failed)
    {
        failed |= metered.Threw;
        if (failed) _failures.Add(metered.Connection, NowMs);
        metered.Counter.End(metered, RouteOf(metered), time.GetTimestamp(), failed, metered.Threw);
    }

    /// <summary>A request that nobody watches has failed.</summary>
    public void Failed(HttpContext context) => _failures.Add(KeyOf(context, HandoverConnection.Of(context.Features)), NowMs);

    /// <summary>Identifies a connection in every generation, as it may move: by the client's address and port. Never 0.</summary>
    public static long KeyOf(EndPoint? client, string connectionId)
    {
        var hash = 14695981039346656037UL; // FNV-1a: the same in each process, unlike a string's hash code
        if (client is IPEndPoint ip)
        {
            Span<byte> bytes = stackalloc byte[18];
            ip.Address.TryWriteBytes(bytes, out var length);
            BinaryPrimitives.WriteUInt16LittleEndian(bytes[length..], (ushort)ip.Port);
            foreach (var b in bytes[..(length + 2)]) hash = (hash ^ b) * 1099511628211UL;
        }
        else
        {
            foreach (var c in connectionId) hash = (hash ^ c) * 1099511628211UL;
        }

        hash ^= hash >> 32; // the low bits choose a lock
        return hash == 0 ? 1 : (long)hash;
    }

    private long NowMs => (long)time.GetElapsedTime(0, time.GetTimestamp()).TotalMilliseconds;

    private static long KeyOf(HttpContext context, HandoverConnection? connection) =>
        connection is null ? KeyOf(client: null, context.Connection.Id) : KeyOf(connection.RemoteEndPoint, connection.ConnectionId);

    // Mostly that of the connection's last request: the same endpoint and method, by reference.
    private string RouteOf(MeteredRequest metered)
    {
        var endpoint = EndpointOf(metered.Context);
        var method = HttpMethods.GetCanonicalizedValue(metered.Context.Request.Method);
        if (metered.Route is { } last && ReferenceEquals(metered.Endpoint, endpoint) && ReferenceEquals(metered.Method, method))
            return last;
        (metered.Endpoint, metered.Method) = (endpoint, method);
        return metered.Route = RouteOf(endpoint, IsKnown(method) ? method : "?");
    }

    private string RouteOf(Endpoint? endpoint, string method)
    {
        var routes = _routes;
        if (routes.TryGetValue((endpoint, method), out var route)) return route;
        if (routes.Count >= MaxEndpoints) return WindowTerms.OtherRoutes;
        route = RouteName(method, (endpoint as RouteEndpoint)?.RoutePattern.RawText ?? endpoint?.DisplayName);
        return routes.GetOrAdd((endpoint, method), string.Intern(route)); // the counter tells them apart by reference
    }

    // An error handler serves the request a second time, as another one. To ask for a feature that is not there is dear.
    private static Endpoint? EndpointOf(HttpContext context) =>
        (context.Response.StatusCode >= 400 ? context.Features.Get<IExceptionHandlerFeature>()?.Endpoint : null)
        ?? (context.Features as IEndpointFeature)?.Endpoint ?? context.Features.Get<IEndpointFeature>()?.Endpoint;

    /// <summary>The name of a route, as short as a frame allows.</summary>
    /// <param name="method">The method.</param>
    /// <param name="pattern">The pattern; null if no route was matched.</param>
    public static string RouteName(string method, string? pattern)
    {
        var name = pattern is null ? $"{method} (no route)" : $"{method} {(pattern.StartsWith('/') ? "" : "/")}{pattern}";
        return name.Length <= FrameRules.MaxNameLength ? name : $"{name.AsSpan(0, FrameRules.MaxNameLength - 1)}…";
    }

    // The client chooses the method: any other word would be a row of the table.
    private static bool IsKnown(string method) => HttpMethods.IsGet(method) || HttpMethods.IsPost(method) || HttpMethods.IsPut(method)
        || HttpMethods.IsDelete(method) || HttpMethods.IsPatch(method) || HttpMethods.IsHead(method) || HttpMethods.IsOptions(method)
        || HttpMethods.IsConnect(method) || HttpMethods.IsTrace(method);

    private sealed class RouteNames : ConcurrentDictionary<(Endpoint? Endpoint, string Method), string>;
}

/// <summary>A request that is measured.</summary>
/// <param name="context">Its context.</param>
/// <param name="counter">What counts it, even if another one counts by its end.</param>
/// <param name="connection">Its connection.</param>
/// <param name="startedAt">Ticks of the monotonic clock.</param>
/// <param name="isStream">It lasts as long as the client likes.</param>
internal sealed class MeteredRequest(HttpContext context, WindowCounter counter, long connection, long startedAt, bool isStream)
    : RunningRequest(connection, startedAt, isStream)
{
    /// <summary>Its context.</summary>
    public HttpContext Context => context;

    /// <summary>What counts it, even if another one counts by its end.</summary>
    public WindowCounter Counter => counter;

    /// <summary>An exception came out of the app.</summary>
    public bool Threw { get; private set; }

    /// <summary>Its route, once it has ended; and that of the connection's request before it.</summary>
    public string? Route { get; set; }

    /// <summary>The endpoint of <see cref="Route"/>.</summary>
    public Endpoint? Endpoint { get; set; }

    /// <summary>The method of <see cref="Route"/>, as the client has sent it.</summary>
    public string? Method { get; set; }

    /// <summary>Begins anew, as the next request of the connection.</summary>
    /// <returns>False if it belongs to another request: of another counter, or one that runs.</returns>
    public bool Reuse(HttpContext next, WindowCounter by, long now, bool stream)
    {
        if (IsRunning || !ReferenceEquals(next, context) || !ReferenceEquals(by, counter)) return false;
        Threw = false;
        Restart(now, stream);
        return true;
    }

    /// <summary>Notes what came out of the app, unless the client is to blame. A filter: it does not catch.</summary>
    /// <returns>False.</returns>
    public bool Note(Exception exception)
    {
        Threw = exception is not BadHttpRequestException && !Context.RequestAborted.IsCancellationRequested;
        return false;
    }
}
