using System.Diagnostics;

namespace Ips.Testing.Load;

/// <summary>Counts what the workers see, and wakes those who wait for a count. Thread-safe: one lock, held for well under a
/// microsecond.</summary>
internal sealed class LoadStatistics
{
    private readonly Lock _lock = new();
    private readonly LoadOptions _options;
    private readonly long _begun = Stopwatch.GetTimestamp();
    private readonly SortedDictionary<WorkerKind, Counters> _counters = [];
    private readonly List<LoadFailure> _failures = [];
    private readonly List<Waiter> _waiters = [];
    private readonly HashSet<int> _asking = []; // by the client's port

    public LoadStatistics(LoadOptions options)
    {
        _options = options;
        foreach (var kind in Enum.GetValues<WorkerKind>())
        {
            if (options.WorkersOf(kind) > 0) _counters.Add(kind, new Counters());
        }
    }

    /// <summary>Time since the load began.</summary>
    public TimeSpan Elapsed => Stopwatch.GetElapsedTime(_begun);

    public void ConnectionOpened(WorkerKind kind, TimeSpan connectTime)
    {
        lock (_lock)
        {
            _counters[kind].Opened++;
            _counters[kind].Stalled(connectTime);
        }
    }

    /// <summary>A request begins on the connection of a port; it ends with <see cref="Answered"/> or <see cref="Failed"/>.</summary>
    public void Asks(int port)
    {
        lock (_lock) _asking.Add(port);
    }

    public IReadOnlySet<int> Asking()
    {
        lock (_lock) return _asking.ToHashSet();
    }

    public void ClosedPolitely(WorkerKind kind)
    {
        lock (_lock) _counters[kind].Polite++;
    }

    public void ClosedIdle(WorkerKind kind, bool wasReset)
    {
        lock (_lock)
        {
            _counters[kind].Idle++;
            if (wasReset) _counters[kind].Resets++;
        }
    }

    public void Answered(WorkerKind kind, int port, int? generation, TimeSpan latency, TimeSpan stall)
    {
        lock (_lock)
        {
            _asking.Remove(port);
            var counters = _counters[kind];
            counters.Responses++;
            counters.Latency.Record(latency);
            counters.Stalled(stall);
            var key = generation ?? 0;
            counters.Generations[key] = counters.Generations.GetValueOrDefault(key) + 1;
            Wake(waiter => !waiter.ForFailures && (waiter.Generation is null || waiter.Generation == generation), kind);
        }
    }

    public void Failed(LoadFailure failure, TimeSpan stall)
    {
        lock (_lock)
        {
            _asking.Remove(failure.LocalPort);
            var counters = _counters[failure.Worker];
            counters.Failures[failure.Kind] = counters.Failures.GetValueOrDefault(failure.Kind) + 1;
            counters.Stalled(stall);
            if (failure.Kind == FailureKind.Reset) counters.Resets++;
            if (_failures.Count < _options.RecordedFailuresMax) _failures.Add(failure);
            Wake(waiter => waiter.ForFailures, failure.Worker);
        }
    }

    /// <summary>Completes once each kind of worker had <paramref name="count"/> good responses more than now.</summary>
    public Task WhenAnswered(long count) => WaitFor(new Waiter(), _ => count);

    /// <summary>Completes once each kind of worker had <paramref name="count"/> good responses of <paramref name="generation"/> since the
    /// load began.</summary>
    public Task WhenAnsweredBy(int generation, long count) =>
        WaitFor(new Waiter { Generation = generation }, counters => count - counters.Generations.GetValueOrDefault(generation));

    /// <summary>Completes once <paramref name="count"/> requests of each kind of worker have failed since the load began.</summary>
    public Task WhenFailed(long count) => WaitFor(new Waiter { ForFailures = true }, counters => count - counters.Failures.Values.Sum());

    public LoadReport Snapshot()
    {
        lock (_lock)
        {
            return new LoadReport(
                _options.Distance, Elapsed, new SortedDictionary<WorkerKind, WorkerReport>(_counters
                    .ToDictionary(pair => pair.Key, pair => pair.Value.Report())), [.. _failures]);
        }
    }

    private Task WaitFor(Waiter waiter, Func<Counters, long> missing)
    {
        lock (_lock)
        {
            foreach (var (kind, counters) in _counters)
            {
                if (missing(counters) is var count and > 0) waiter.Missing[kind] = count;
            }

            if (waiter.Missing.Count == 0) return Task.CompletedTask;
            _waiters.Add(waiter);
            return waiter.Done.Task;
        }
    }

    private void Wake(Func<Waiter, bool> concerns, WorkerKind kind)
    {
        if (_waiters.Count == 0) return;
        foreach (var waiter in _waiters)
        {
            if (!concerns(waiter) || !waiter.Missing.TryGetValue(kind, out var missing)) continue;
            if (missing > 1) waiter.Missing[kind] = missing - 1;
            else waiter.Missing.Remove(kind);
            if (waiter.Missing.Count == 0) waiter.Done.TrySetResult();
        }

        _waiters.RemoveAll(waiter => waiter.Done.Task.IsCompleted);
    }

    private sealed class Waiter
    {
        public int? Generation { get; init; }

        public bool ForFailures { get; init; }

        public Dictionary<WorkerKind, long> Missing { get; } = [];

        public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    private sealed class Counters
    {
        public long Responses { get; set; }

        public long Opened { get; set; }

        public long Polite { get; set; }

        public long Idle { get; set; }

        public long Resets { get; set; }

        public TimeSpan LongestStall { get; private set; }

        public LatencyHistogram Latency { get; } = new();

        public SortedDictionary<int, long> Generations { get; } = [];

        public SortedDictionary<FailureKind, long> Failures { get; } = [];

        public void Stalled(TimeSpan time) => LongestStall = time > LongestStall ? time : LongestStall;

        public WorkerReport Report() => new(
            Responses, new SortedDictionary<FailureKind, long>(Failures), new SortedDictionary<int, long>(Generations), Opened, Polite,
                Idle, Resets,
            Latency.Percentile(0.5), Latency.Percentile(0.99), Latency.Longest, LongestStall);
    }
}
