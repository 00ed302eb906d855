using Ips.Actors.Lifecycle;

namespace Ips.Actors.Control;

/// <summary>A service as of one moment, as the main process sees it; the verb <c>watch</c> sends one each interval.</summary>
/// <param name="At">When.</param>
/// <param name="Pid">The process that answers.</param>
/// <param name="Generation">Its generation.</param>
/// <param name="State">As in <c>ips status</c>.</param>
/// <param name="Release">Its release.</param>
/// <param name="StartedAt">When its process started.</param>
/// <param name="Generations">Every generation that is alive, oldest first.</param>
internal sealed record WatchSnapshot(
    DateTimeOffset At, int Pid, int Generation, string State, string Release, DateTimeOffset StartedAt,
    IReadOnlyList<WatchedGeneration> Generations)
{
    /// <summary>What a reload waits for, for a person; null while none is under way.</summary>
    public string? Phase { get; init; }

    /// <summary>An operator has paused the service.</summary>
    public bool Paused { get; init; }

    /// <summary>Which health checks of the app fail, and why; null if none does, or if the request did not ask for health.</summary>
    public string? Unhealthy { get; init; }

    /// <summary>The reload under way.</summary>
    public WatchedReload? Reload { get; init; }

    /// <summary>The reload that waits for it.</summary>
    public PendingReload? Pending { get; init; }

    /// <summary>Counts of the service's life, as in docs/observability.md.</summary>
    public IReadOnlyDictionary<string, long> Counts { get; init; } = new Dictionary<string, long>();

    /// <summary>The newest receipt.</summary>
    public ReloadReceipt? LastReceipt { get; init; }
}

/// <summary>One generation.</summary>
/// <param name="Number">Its number.</param>
/// <param name="Pid">Its process.</param>
/// <param name="State"><c>starting</c>, <c>ready</c>, <c>probation</c>, <c>serving</c> or <c>draining</c>.</param>
internal sealed record WatchedGeneration(int Number, int Pid, string State)
{
    /// <summary>Its release, if it is known.</summary>
    public string? Release { get; init; }

    /// <summary>Open connections, if they are known.</summary>
    public int? Connections { get; init; }

    /// <summary>Requests that run, if they are known.</summary>
    public int? RunningRequests { get; init; }

    /// <summary>What it has answered, if that is known.</summary>
    public WatchedRequests? Requests { get; init; }

    /// <summary>What its drain waits for; null if it does not drain, or does not say.</summary>
    public WatchedDrain? Drain { get; init; }
}

/// <summary>Requests of a generation.</summary>
/// <param name="Total">Answered since it serves.</param>
/// <param name="Errors">How many of them with a 5xx status.</param>
/// <param name="PerSecond">Answered a second, since the snapshot before.</param>
/// <param name="ErrorsPerSecond">The same of errors.</param>
/// <param name="P50Ms">Median time of a request, in milliseconds; null if there was none.</param>
/// <param name="P99Ms">The same of the slowest hundredth.</param>
internal sealed record WatchedRequests(
    long Total, long Errors, double PerSecond, double ErrorsPerSecond, double? P50Ms = null, double? P99Ms = null);

/// <summary>A drain.</summary>
/// <param name="LeftMs">Milliseconds to its deadline.</param>
/// <param name="Waiting">The connections that are open.</param>
internal sealed record WatchedDrain(long LeftMs, IReadOnlyList<WatchedConnections> Waiting);

/// <summary>Connections of one kind.</summary>
/// <param name="Kind">Why they are still there: <c>http1</c>, <c>http2</c>, <c>tls</c>, <c>upgraded</c> (WebSockets), or the name of
/// another reason why a connection does not move.</param>
/// <param name="Count">How many.</param>
/// <param name="Busy">How many of them have a request that runs.</param>
/// <param name="OldestMs">Milliseconds since the oldest of them came to that generation.</param>
internal sealed record WatchedConnections(string Kind, int Count, int Busy, long OldestMs);

/// <summary>A reload under way.</summary>
/// <param name="Source">Who asked for it.</param>
/// <param name="DryRun">It is a check.</param>
/// <param name="StartedAt">When it was asked for.</param>
/// <param name="ElapsedMs">Milliseconds since then.</param>
/// <param name="PhasesMs">Milliseconds to each phase that was reached, as in a receipt.</param>
/// <param name="NewGeneration">The successor's generation.</param>
internal sealed record WatchedReload(
    string Source, bool DryRun, DateTimeOffset StartedAt, double ElapsedMs, IReadOnlyDictionary<string, double> PhasesMs, int NewGeneration)
{
    /// <summary>When the probation ends, once it has begun.</summary>
    public DateTimeOffset? ProbationEndsAt { get; init; }

    /// <summary>The successor's process, once it is spawned.</summary>
    public int? NewPid { get; init; }
}
