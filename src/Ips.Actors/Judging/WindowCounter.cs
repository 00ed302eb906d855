using System.Runtime.InteropServices;
using Ips.Actors.Handover;

namespace Ips.Actors.Judging;

/// <summary>Counts the requests of this generation in windows of time. Written by all requests at once; the reader takes a window at a
/// time.</summary>
/// <remarks>A few locks, each for a part of the connections, so that requests seldom wait for each other. Memory is bounded: routes by
/// <see cref="MaxRoutes"/>, connections by <see cref="MaxConnections"/>, running requests by those that run.</remarks>
/// <param name="frequency">Ticks of a second.</param>
/// <param name="named">The routes that the predecessor names; null for the predecessor itself, which names the busiest.</param>
internal sealed class WindowCounter(long frequency, IReadOnlyList<string>? named = null)
{
    /// <summary>Routes that are told apart; all beyond are counted as <see cref="WindowTerms.OtherRoutes"/>.</summary>
    public const int MaxRoutes = 512;

    /// <summary>Connections that are counted; only whether there are fifty matters.</summary>
    public const int MaxConnections = 4096;

    private const int Stripes = 8;

    private readonly Stripe[] _stripes = [.. Enumerable.Range(0, Stripes).Select(_ => new Stripe())];
    private readonly HashSet<string> _named = [.. named ?? []];
    private readonly Dictionary<string, long> _busiest = []; // until the routes are named
    private bool _isNamed = named is not null;
    private long _lastIndex = -1, _processorUs, _allocatedBytes;

    /// <summary>A request begins.</summary>
    /// <param name="request">Which. Once.</param>
    public void Begin(RunningRequest request)
    {
        var stripe = Of(request.Connection);
        lock (stripe)
        {
            stripe.Started++;
            if (!request.IsKnown)
            {
                if (stripe.Known.Count < MaxConnections / Stripes && stripe.Known.Add(request.Connection)) stripe.Connections++;
                request.IsKnown = true;
            }

            stripe.Append(request);
        }
    }

    /// <summary>A request has ended.</summary>
    /// <param name="request">Which.</param>
    /// <param name="route">Its route. Equal ones are to be the same string: others may be told apart no longer.</param>
    /// <param name="now">Ticks of the monotonic clock.</param>
    /// <param name="failed">It failed.</param>
    /// <param name="threw">It failed with an exception that nothing handled.</param>
    public void End(RunningRequest request, string route, long now, bool failed = false, bool threw = false)
    {
        var bucket = LatencyScale.BucketOf((double)(now - request.StartedAt) / frequency);
        var stripe = Of(request.Connection);
        lock (stripe)
        {
            if (!stripe.Remove(request)) return; // it ended before
            var counts = stripe.RouteOf(route);
            counts.Requests++;
            if (!request.IsStream) counts.Latency[bucket]++;
            if (!failed) return;
            counts.Errors++;
            if (threw) counts.Exceptions++;
            CollectionsMarshal.GetValueRefOrAddDefault(counts.Failures, request.Connection, out _)++;
        }
    }

    /// <summary>Names the busiest routes so far. From now on only these are told apart, and others while there are few.</summary>
    public IReadOnlyList<string> NameRoutes()
    {
        if (!_isNamed)
        {
            foreach (var stripe in _stripes)
            {
                lock (stripe) CountBusiest(stripe.Routes);
            }

            _named.UnionWith(_busiest.OrderByDescending(route => route.Value).ThenBy(route => route.Key, StringComparer.Ordinal)
                .Take(WindowTerms.MaxRoutes).Select(route => route.Key));
            _isNamed = true;
        }

        return [.. _named];
    }

    /// <summary>The window that ends now; null if none does, as the one before has just ended. By one reader.</summary>
    /// <param name="now">Ticks of the monotonic clock.</param>
    /// <param name="processor">Processor time of this process so far.</param>
    /// <param name="allocatedBytes">Bytes that it has allocated so far.</param>
    public WindowFrame? Take(long now, TimeSpan processor, long allocatedBytes)
    {
        var index = IndexOf(now, frequency);
        if (index <= _lastIndex) return null;
        var (first, processorUs) = (_lastIndex < 0, (long)processor.TotalMicroseconds);
        var (usedUs, used) = (processorUs - _processorUs, allocatedBytes - _allocatedBytes);
        (_lastIndex, _processorUs, _allocatedBytes) = (index, processorUs, allocatedBytes);
        var window = new Window(now, frequency);
        foreach (var stripe in _stripes)
        {
            Dictionary<string, RouteCounts> routes;
            lock (stripe)
            {
                (window.Started, window.Connections) = (window.Started + stripe.Started, window.Connections + stripe.Connections);
                (stripe.Started, stripe.Connections) = (0, 0);
                (routes, stripe.Routes) = (stripe.Routes, Stripe.NoRoutes());
                for (var request = stripe.Oldest; request is not null; request = request.Next) window.AddRunning(request);
            }

            if (!_isNamed) CountBusiest(routes);
            foreach (var (route, counts) in routes) window.Add(NameOf(route), counts);
        }

        return window.ToFrame(index, first ? 0 : Math.Max(0, usedUs), first ? 0 : Math.Max(0, used));
    }

    /// <summary>The window that ends next at a time, or has just ended.</summary>
    public static long IndexOf(long now, long frequency) => (long)Math.Round((double)now / frequency * 1000 / WindowTerms.Interval);

    /// <summary>Time to the end of the next window.</summary>
    public static TimeSpan UntilNext(long now, long frequency)
    {
        var interval = frequency * WindowTerms.Interval / 1000;
        return TimeSpan.FromSeconds((double)(interval - (now % interval)) / frequency);
    }

    private Stripe Of(long connection) => _stripes[(int)((ulong)connection % Stripes)];

    private void CountBusiest(Dictionary<string, RouteCounts> routes)
    {
        foreach (var (route, counts) in routes) CollectionsMarshal.GetValueRefOrAddDefault(_busiest, route, out _) += counts.Requests;
    }

    private string NameOf(string route) => _named.Contains(route) || (_named.Count < WindowTerms.MaxRoutes && _named.Add(route))
        ? route : WindowTerms.OtherRoutes;

    /// <summary>A part of the connections. Locked by the one that touches it.</summary>
    private sealed class Stripe
    {
        private RunningRequest? _newest;

        public int Started, Connections;

        public HashSet<long> Known { get; } = [];

        /// <summary>By the string itself, which is cheaper than by its characters: equal ones are added up with the window.</summary>
        public Dictionary<string, RouteCounts> Routes { get; set; } = NoRoutes();

        public RunningRequest? Oldest { get; private set; }

        public static Dictionary<string, RouteCounts> NoRoutes() => new(ReferenceEqualityComparer.Instance);

        public RouteCounts RouteOf(string route)
        {
            if (Routes.TryGetValue(route, out var counts)) return counts;
            if (Routes.Count >= MaxRoutes && Routes.TryGetValue(WindowTerms.OtherRoutes, out counts)) return counts;
            return Routes[Routes.Count >= MaxRoutes ? WindowTerms.OtherRoutes : route] = new RouteCounts();
        }

        public void Append(RunningRequest request)
        {
            (request.Previous, request.IsRunning) = (_newest, true);
            if (_newest is null) Oldest = request;
            else _newest.Next = request;
            _newest = request;
        }

        public bool Remove(RunningRequest request)
        {
            if (!request.IsRunning) return false;
            if (request.Previous is null) Oldest = request.Next;
            else request.Previous.Next = request.Next;
            if (request.Next is null) _newest = request.Previous;
            else request.Next.Previous = request.Previous;
            (request.IsRunning, request.Previous, request.Next) = (false, null, null);
            return true;
        }
    }

    private sealed class RouteCounts
    {
        public int Requests, Errors, Exceptions;

        public int[] Latency { get; } = new int[LatencyScale.Buckets];

        public Dictionary<long, int> Failures { get; } = [];

        public void Add(RouteCounts other)
        {
            (Requests, Errors, Exceptions) = (Requests + other.Requests, Errors + other.Errors, Exceptions + other.Exceptions);
            for (var bucket = 0; bucket < Latency.Length; bucket++) Latency[bucket] += other.Latency[bucket];
            foreach (var (connection, errors) in other.Failures)
            {
                CollectionsMarshal.GetValueRefOrAddDefault(Failures, connection, out _) += errors;
            }
        }
    }

    /// <summary>A window that is put together.</summary>
    private sealed class Window(long now, long frequency)
    {
        private readonly Dictionary<string, RouteCounts> _routes = [];
        private readonly int[] _running = new int[WindowTerms.Ages];
        private readonly List<long> _overdue = [];

        public int Started, Connections;

        public void Add(string route, RouteCounts counts)
        {
            if (_routes.TryGetValue(route, out var known)) known.Add(counts);
            else _routes.Add(route, counts);
        }

        public void AddRunning(RunningRequest request)
        {
            if (request.IsStream) return;
            var age = (double)(now - request.StartedAt) / frequency;
            _running[age < 1 ? 0 : age < 2 ? 1 : age < 5 ? 2 : age < 10 ? 3 : 4]++;
            if (age < 1 || request.IsOverdue) return;
            request.IsOverdue = true;
            if (_overdue.Count < WindowTerms.MaxConnections) _overdue.Add(request.Connection);
        }

        public WindowFrame ToFrame(long index, long processorUs, long allocatedBytes) => new(
            index, Started, Connections, processorUs, allocatedBytes, _running,
            [.. _routes.Select(route => new RouteWindow(
                route.Key, route.Value.Requests, route.Value.Errors, route.Value.Exceptions, Sparse(route.Value.Latency)))],
            Failures() is { Count: > 0 } failures ? failures : null, _overdue.Count > 0 ? _overdue : null);

        // Those that a frame has no room for are told together, by route.
        private List<ConnectionFailures> Failures()
        {
            var all = _routes.Values.SelectMany((route, place) => route.Failures
                .Select(failure => new ConnectionFailures(failure.Key, place, failure.Value))).ToList();
            return [.. all.Take(WindowTerms.MaxConnections), .. all.Skip(WindowTerms.MaxConnections).GroupBy(failure => failure.Route)
                .Select(rest => new ConnectionFailures(0, rest.Key, rest.Sum(failure => failure.Errors)))];
        }

        private static List<int> Sparse(int[] latency)
        {
            List<int> sparse = [];
            for (var bucket = 0; bucket < latency.Length; bucket++)
            {
                if (latency[bucket] > 0) sparse.AddRange([bucket, Math.Min(latency[bucket], WindowTerms.MaxBucketCount)]);
            }

            return sparse;
        }
    }
}

/// <summary>A request that runs; a link of the list of those.</summary>
/// <param name="connection">Its connection.</param>
/// <param name="startedAt">Ticks of the monotonic clock.</param>
/// <param name="isStream">It lasts as long as the client likes, as a WebSocket does: it is neither slow nor overdue.</param>
internal class RunningRequest(long connection, long startedAt, bool isStream)
{
    /// <summary>Its connection.</summary>
    public long Connection { get; } = connection;

    /// <summary>Ticks of the monotonic clock.</summary>
    public long StartedAt { get; private set; } = startedAt;

    /// <summary>It lasts as long as the client likes.</summary>
    public bool IsStream { get; private set; } = isStream;

    /// <summary>It is in the list.</summary>
    public bool IsRunning { get; set; }

    /// <summary>Its connection was counted.</summary>
    public bool IsKnown { get; set; }

    /// <summary>It was told to be overdue.</summary>
    public bool IsOverdue { get; set; }

    /// <summary>The one that began before it.</summary>
    public RunningRequest? Previous { get; set; }

    /// <summary>The one that began after it.</summary>
    public RunningRequest? Next { get; set; }

    /// <summary>The next request of the connection begins. Not while this one is in the list.</summary>
    protected void Restart(long now, bool stream) => (StartedAt, IsStream, IsOverdue) = (now, stream, false);
}
