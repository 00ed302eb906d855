using Ips.Actors.Configuration;
using Ips.Actors.Handover;
using Ips.Actors.Lifecycle;

namespace Ips.Actors.Control;

/// <summary>Puts snapshots together for one who watches: what it was told before gives the rates.</summary>
/// <param name="facts">What does not come by messages.</param>
/// <param name="time">The clock.</param>
internal sealed class Watcher(Watcher.Facts facts, TimeProvider time) : IDisposable
{
    private readonly Dictionary<int, (long Requests, long Errors, long At)> _before = [];
    private readonly IDisposable? _watch = facts.BeginLatency?.Invoke();

    /// <summary>What the parts of this process know, read by any thread.</summary>
    internal sealed record Facts(int Pid, int Generation, string Release, DateTimeOffset StartedAt, TimeSpan Probation)
    {
        /// <summary>Whether an operator has paused the service.</summary>
        public Func<bool> Paused { get; init; } = () => false;

        /// <summary>Older generations that are alive.</summary>
        public Func<IReadOnlyList<GenerationEntry>> Older { get; init; } = () => [];

        /// <summary>The newest health report of the successor.</summary>
        public Func<HealthFrame?> SuccessorReport { get; init; } = () => null;

        /// <summary>What the drain of the predecessor waits for.</summary>
        public Func<DrainingFrame?> PredecessorDrain { get; init; } = () => null;

        /// <summary>Counts of the service's life.</summary>
        public Func<IReadOnlyDictionary<string, long>?> Counts { get; init; } = () => null;

        /// <summary>Measures latency from now on, until the result is disposed of.</summary>
        public Func<IDisposable>? BeginLatency { get; init; }

        /// <summary>What was measured since it was asked last.</summary>
        public Func<IDisposable, (double? P50Ms, double? P99Ms)>? TakeLatency { get; init; }
    }

    /// <summary>The snapshot of now.</summary>
    public WatchSnapshot Take(LifecycleProtocol.WatchReply lifecycle, HttpFrontProtocol.Load load)
    {
        var (shown, phase, successor) = StatusWords.Of(lifecycle.State);
        return new(time.GetUtcNow(), facts.Pid, facts.Generation, shown, facts.Release, facts.StartedAt,
            [.. Older(), Own(lifecycle, load), .. Successor(lifecycle, successor)])
        {
            Phase = phase,
            Paused = facts.Paused(),
            Reload = lifecycle.Reload is { } reload ? Describe(reload) : null,
            Pending = lifecycle.Pending,
            Counts = facts.Counts() ?? new Dictionary<string, long>(),
            LastReceipt = lifecycle.LastReceipt,
        };
    }

    public void Dispose() => _watch?.Dispose();

    // Only the newest of them is connected to this process.
    private IEnumerable<WatchedGeneration> Older() => facts.Older().Select(older => new WatchedGeneration(older.Generation, older.Pid,
        "draining")
    {
        Connections = older.Generation == facts.Generation - 1 ? facts.PredecessorDrain()?.Waiting.Sum(kind => kind.Count) : null,
        RunningRequests = older.Generation == facts.Generation - 1 ? facts.PredecessorDrain()?.Waiting.Sum(kind => kind.Busy) : null,
        Drain = older.Generation == facts.Generation - 1 && facts.PredecessorDrain() is { } drain
            ? Drain(drain.LeftMs, drain.Waiting) : null,
    });

    private WatchedGeneration Own(LifecycleProtocol.WatchReply lifecycle, HttpFrontProtocol.Load load)
    {
        var (p50, p99) = _watch is not null && facts.TakeLatency is { } take ? take(_watch) : (null, null);
        var drains = lifecycle.State is LifecycleState.LameDuck or LifecycleState.Moving or LifecycleState.Draining
            or LifecycleState.Exiting;
        return new WatchedGeneration(facts.Generation, facts.Pid,
            drains ? "draining" : lifecycle.State is LifecycleState.Starting or LifecycleState.Joining ? "starting" : "serving")
        {
            Release = facts.Release,
            Connections = load.OpenConnections,
            RunningRequests = load.RunningRequests,
            Requests = Rate(facts.Pid, load.Requests, load.Errors, p50, p99),
            Drain = load.Waiting is { } waiting ? Drain(lifecycle.DrainLeftMs, waiting) : null,
        };
    }

    private IEnumerable<WatchedGeneration> Successor(LifecycleProtocol.WatchReply lifecycle, string? state)
    {
        if (lifecycle.Reload is not { NewPid: { } pid } reload) yield break;
        var report = state is "on probation" or "being promoted" ? facts.SuccessorReport() : null;
        yield return new WatchedGeneration(facts.Generation + 1, pid, state switch
        {
            "starting" => reload.Phases.ContainsKey("ready") ? "ready" : "starting",
            "ready" => "ready",
            "on probation" or "being promoted" => "probation",
            null => "serving", // it is the main process by now
            _ => "draining",
        })
        {
            Release = reload.NewRelease,
            Connections = report?.Load?.Connections,
            RunningRequests = report?.Load?.RunningRequests,
            Requests = report is null ? null : Rate(pid, report.Requests, report.Errors, report.Load?.P50Ms, report.Load?.P99Ms),
        };
    }

    private static WatchedDrain Drain(long leftMs, IReadOnlyList<WaitingConnections> waiting) => new(
        leftMs, [.. waiting.Select(kind => new WatchedConnections(kind.Kind, kind.Count, kind.Busy, kind.OldestMs))]);

    private WatchedReload Describe(ReloadAccount reload)
    {
        var phases = reload.Phases;
        return new(reload.Source, reload.DryRun, reload.StartedAt, reload.Elapsed, phases, facts.Generation + 1)
        {
            NewPid = reload.NewPid,
            ProbationEndsAt = phases.TryGetValue("serving", out var serves)
                ? reload.StartedAt.AddMilliseconds(serves) + (reload.LongerProbation ?? facts.Probation) : null,
        };
    }

    private WatchedRequests Rate(int pid, long requests, long errors, double? p50, double? p99)
    {
        var now = time.GetTimestamp();
        var (seconds, before) = _before.TryGetValue(pid, out var known)
            ? (time.GetElapsedTime(known.At, now).TotalSeconds, known) : (0, (requests, errors, now));
        // A report comes once in its interval: what has not changed since is looked at again.
        if (known.At == 0 || requests != before.Item1 || seconds > 2) _before[pid] = (requests, errors, now);
        return new(requests, errors, PerSecond(requests - before.Item1), PerSecond(errors - before.Item2), p50, p99);

        double PerSecond(long count) => seconds > 0 ? Math.Round(Math.Max(0, count) / seconds, 1) : 0;
    }
}
