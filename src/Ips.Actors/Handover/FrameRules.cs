namespace Ips.Actors.Handover;

/// <summary>What a frame must be beyond its JSON: each element of a list is there, each number is in its range. Pure.</summary>
internal static class FrameRules
{
    /// <summary>Endpoints of a frame at most: as many as descriptors fit its packet.</summary>
    public const int MaxEndpoints = 64;

    /// <summary>Connections of a frame at most.</summary>
    public const int MaxConnections = 64;

    /// <summary>Descriptors of a packet at most.</summary>
    public const int MaxDescriptors = 64;

    /// <summary>Upgraded connections of a frame at most: each has two descriptors, and a tunnel three.</summary>
    public const int MaxUpgraded = MaxDescriptors / 2;

    /// <summary>Bytes of a connection's next request at most.</summary>
    public const int MaxLeftoverBytes = 16 * 1024;

    /// <summary>Facts of a <c>welcome</c> at most.</summary>
    public const int MaxFacts = 16;

    /// <summary>Failing checks of a report at most; a sender leaves out what is beyond.</summary>
    public const int MaxChecks = 32;

    /// <summary>Characters of a name of a fact or a check at most.</summary>
    public const int MaxNameLength = 100;

    /// <summary>Characters of a fact's value, or a check's reason, at most.</summary>
    public const int MaxTextLength = 1000;

    /// <summary>Counts of a frame at most.</summary>
    public const int MaxCounts = 64;

    private const int MaxAddressLength = 1024; // a Unix path has 108 bytes at most
    private const int MaxUrlLength = 2048;
    private const int MaxPathLength = 4096; // PATH_MAX
    private const int MaxOrdinal = 65_535;
    private const int MaxGenerations = 256;
    private const int MaxReceipts = 64;
    private static readonly long MaxMilliseconds = (long)TimeSpan.FromDays(1).TotalMilliseconds;

    /// <summary>What is wrong with a frame, as a clause; null if nothing is.</summary>
    public static string? Fault(HandoverFrame frame) => frame switch
    {
        WelcomeFrame welcome => OutOf(welcome.Version, 0, int.MaxValue, "version")
            ?? OutOf(welcome.Generation, 1, int.MaxValue, "generation")
            ?? OutOf(welcome.HealthIntervalMs, 1, MaxMilliseconds, "healthIntervalMs")
            ?? OfEndpoints(welcome.Endpoints) ?? OfGenerations(welcome.Generations) ?? OfTexts(welcome.Facts, MaxFacts, "facts")
            ?? OutOf(welcome.PidFile?.Length ?? 0, 0, MaxPathLength, "length of the PID file's path")
            ?? OfNames(welcome.Excused) ?? OutOf(welcome.TraceParent?.Length ?? 0, 0, MaxNameLength, "length of the traceParent"),
        ReadyFrame ready => OfEndpoints(ready.Endpoints) ?? OutOf(ready.HealthUrl?.Length ?? 0, 0, MaxUrlLength, "length of the health URL")
            ?? OfTexts(ready.Failing, MaxChecks, "failing checks") ?? OfEndpoints(ready.Accepts)
            ?? OutOf(ready.KeptState?.Length ?? 0, 0, MaxTextLength, "length of the kept state"),
        HealthFrame health => OutOf(health.Requests, 0, long.MaxValue, "requests") ?? OutOf(health.Errors, 0, long.MaxValue, "errors")
            ?? OfTexts(health.Failing, MaxChecks, "failing checks") ?? OfLoad(health.Load),
        ServeFrame { Windows: { } windows } => OutOf(windows.IntervalMs, 50, 60_000, "intervalMs") ?? OfRouteNames(windows.Routes),
        WindowFrame window => OutOf(window.Index, 0, long.MaxValue, "index") ?? OutOf(window.Started, 0, int.MaxValue, "started")
            ?? OutOf(window.Connections, 0, int.MaxValue, "connections") ?? OutOf(window.ProcessorUs, 0, long.MaxValue, "processorUs")
            ?? OutOf(window.AllocatedBytes, 0, long.MaxValue, "allocatedBytes")
            ?? OutOf(window.Running.Count, WindowTerms.Ages, WindowTerms.Ages, "number of ages")
            ?? First(window.Running, count => OutOf(count, 0, int.MaxValue, "number of running requests"))
            ?? OutOf(window.Routes.Count, 0, WindowTerms.MaxRoutes + 1, "number of routes") ?? First(window.Routes, OfRoute)
            ?? (window.Routes.Select(route => route.Route).Distinct().Count() == window.Routes.Count ? null : "a route is named twice")
            ?? OfFailures(window) ?? OutOf(window.Overdue?.Count ?? 0, 0, WindowTerms.MaxConnections, "number of overdue requests"),
        DrainingFrame draining => OutOf(draining.LeftMs, 0, MaxMilliseconds, "leftMs")
            ?? OutOf(draining.Waiting.Count, 0, MaxCounts, "number of kinds") ?? First(draining.Waiting, OfWaiting),
        HistoryFrame history => OutOf(history.Receipts.Count, 0, MaxReceipts, "number of receipts"),
        PromoteFrame promote => OfCounts(promote.Counts),
        ConnectionsFrame connections => OutOf(connections.Connections.Count, 1, MaxConnections, "number of connections")
            ?? OutOf(connections.SentAtNs ?? 0, 0, long.MaxValue, "sentAtNs")
            ?? First(connections.Connections, OfConnection),
        UpgradedFrame upgraded => OutOf(upgraded.Connections.Count, 1, MaxUpgraded, "number of connections")
            ?? OutOf(upgraded.SentAtNs ?? 0, 0, long.MaxValue, "sentAtNs")
            ?? First(upgraded.Connections, offer => offer is null ? "a connection is null" : OfAddress(offer.Endpoint, offer.Ordinal))
            ?? OutOf(upgraded.Descriptors, 2, MaxDescriptors, "number of descriptors"),
        AdoptedFrame adopted => OutOf(adopted.Count, 0, int.MaxValue, "count"),
        DeclinedFrame declined => OutOf(declined.Packet, 1, int.MaxValue, "packet"),
        StopFrame stop => OutOf(stop.DeadlineMs, 0, long.MaxValue, "deadlineMs"),
        FarewellFrame farewell => OutOf(farewell.Drained, 0, int.MaxValue, "drained") ?? OutOf(farewell.Aborted, 0, int.MaxValue, "aborted")
            ?? OutOf(farewell.Requests, 0, long.MaxValue, "requests") ?? OutOf(farewell.ClosedPolitely, 0, int.MaxValue, "closedPolitely")
            ?? OutOf(farewell.ClosedIdle, 0, int.MaxValue, "closedIdle") ?? OutOf(farewell.Moved, 0, int.MaxValue, "moved")
            ?? OfCounts(farewell.ClosedPolitelyBy?.ToDictionary(pair => pair.Key, pair => (long)pair.Value)),
        _ => null,
    };

    private static string? OfEndpoints(IReadOnlyList<EndpointOffer>? endpoints) => endpoints is null ? null
        : OutOf(endpoints.Count, 0, MaxEndpoints, "number of endpoints")
            ?? First(endpoints, offer => offer is null ? "an endpoint is null" : OfAddress(offer.Endpoint, offer.Ordinal))
            ?? (endpoints.Select(offer => (offer.Endpoint, offer.Ordinal)).Distinct().Count() == endpoints.Count ? null
                : "an endpoint is named twice");

    private static string? OfConnection(ConnectionOffer offer) => offer is null ? "a connection is null"
        : OfAddress(offer.Endpoint, offer.Ordinal) ?? OutOf(offer.Leftover?.Length ?? 0, 0, MaxLeftoverBytes, "number of leftover bytes");

    private static string? OfAddress(string endpoint, int ordinal) =>
        OutOf(endpoint.Length, 1, MaxAddressLength, "length of an endpoint") ?? OutOf(ordinal, 0, MaxOrdinal, "ordinal");

    private static string? OfGenerations(IReadOnlyList<GenerationEntry>? generations) => generations is null ? null
        : OutOf(generations.Count, 0, MaxGenerations, "number of generations")
            ?? First(generations, entry => entry is null ? "a generation is null" : OutOf(entry.Generation, 1, int.MaxValue, "generation")
                ?? OutOf(entry.Pid, 1, int.MaxValue, "pid") ?? OutOf(entry.StartedAt, 0, long.MaxValue, "startedAt"));

    private static string? OfTexts(IReadOnlyDictionary<string, string>? texts, int most, string what) => texts is null ? null
        : OutOf(texts.Count, 1, most, $"number of {what}")
            ?? First(texts, pair => OutOf(pair.Key.Length, 1, MaxNameLength, $"length of a name among the {what}")
                ?? (pair.Value is null ? $"one of the {what} is null"
                    : OutOf(pair.Value.Length, 0, MaxTextLength, $"length of a text among the {what}")));

    private static string? OfLoad(LoadReport? load) => load is null ? null
        : OutOf(load.Connections, 0, int.MaxValue, "connections") ?? OutOf(load.RunningRequests, 0, int.MaxValue, "runningRequests")
            ?? (load.P50Ms is >= 0 or null && load.P99Ms is >= 0 or null ? null : "a latency is not from 0 to infinity");

    private static string? OfRouteNames(IReadOnlyList<string> routes) => OutOf(routes.Count, 0, WindowTerms.MaxRoutes, "number of routes")
        ?? First(routes, route => route is null ? "a route is null" : OutOf(route.Length, 1, MaxNameLength, "length of a route"));

    private static string? OfRoute(RouteWindow route) => route is null ? "a route is null"
        : OutOf(route.Route.Length, 1, MaxNameLength, "length of a route") ?? OutOf(route.Requests, 1, int.MaxValue, "requests")
            ?? OutOf(route.Errors, 0, route.Requests, "errors") ?? OutOf(route.Exceptions, 0, route.Errors, "exceptions")
            ?? OfLatency(route);

    private static string? OfLatency(RouteWindow route)
    {
        var (latency, before, counted) = (route.Latency, -1, 0L);
        if (latency.Count % 2 != 0) return "a latency histogram has a bucket without its count";
        for (var i = 0; i < latency.Count; i += 2)
        {
            if (OutOf(latency[i], before + 1, LatencyScale.Buckets - 1, "bucket") is { } bucket) return bucket;
            if (OutOf(latency[i + 1], 1, WindowTerms.MaxBucketCount, "count of a bucket") is { } count) return count;
            (before, counted) = (latency[i], counted + latency[i + 1]);
        }

        return OutOf(counted, 0, route.Requests, "number of latencies");
    }

    private static string? OfFailures(WindowFrame window) => window.Failures is not { } failures ? null
        : OutOf(failures.Count, 1, WindowTerms.MaxConnections + WindowTerms.MaxRoutes + 1, "number of failures")
            ?? First(failures, failure => failure is null ? "a failure is null"
                : OutOf(failure.Route, 0, window.Routes.Count - 1, "route of a failure")
                    ?? OutOf(failure.Errors, 1, window.Routes[failure.Route].Errors, "errors of a connection"));

    private static string? OfWaiting(WaitingConnections waiting) => waiting is null ? "a kind of connection is null"
        : OutOf(waiting.Kind.Length, 1, MaxNameLength, "length of a kind of connection") ?? OutOf(waiting.Count, 0, int.MaxValue, "count")
            ?? OutOf(waiting.Busy, 0, int.MaxValue, "busy") ?? OutOf(waiting.OldestMs, 0, long.MaxValue, "oldestMs");

    private static string? OfCounts(IReadOnlyDictionary<string, long>? counts) => counts is null ? null
        : OutOf(counts.Count, 1, MaxCounts, "number of counts")
            ?? First(counts, pair => OutOf(pair.Key.Length, 1, MaxNameLength, "length of the name of a count")
                ?? OutOf(pair.Value, 0, long.MaxValue, "count"));

    private static string? OfNames(IReadOnlyList<string>? names) => names is null ? null
        : OutOf(names.Count, 1, MaxChecks, "number of excused checks")
            ?? First(names, name => name is null ? "an excused check is null"
                : OutOf(name.Length, 1, MaxNameLength, "length of the name of an excused check"));

    private static string? First<T>(IEnumerable<T> list, Func<T, string?> fault) =>
        list.Select(fault).FirstOrDefault(found => found is not null);

    private static string? OutOf(long value, long least, long most, string what) =>
        value < least || value > most ? FormattableString.Invariant($"its {what} is {value}; it must be from {least} to {most}") : null;
}
