using System.Diagnostics;
using System.Diagnostics.Metrics;
using Ips.Actors.Handover;

namespace Ips.Actors.Lifecycle;

/// <summary>The <see cref="Meter"/> named <c>Ips</c>. docs/observability.md lists its instruments.</summary>
/// <remarks>Only the main process reports counts and gauges, so that each is there once. Counts are those of the service's whole life,
/// histograms of this process's. A recording costs nothing while nobody listens.</remarks>
internal sealed class ServiceMeter
{
    /// <summary>The name that an app adds to its metrics.</summary>
    public const string MeterName = "Ips";

    private static readonly InstrumentAdvice<double> Seconds = new() { HistogramBucketBoundaries = [.5, 1, 2.5, 5, 10, 30, 60, 120] };

    private static readonly InstrumentAdvice<double> Moments = new()
    {
        HistogramBucketBoundaries = [.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5],
    };

    private readonly LifecycleMemory _memory;
    private readonly Histogram<double> _reload;
    private readonly Histogram<double> _phase;
    private readonly Histogram<double> _handover;
    private readonly Histogram<double> _drain;

    /// <param name="meter">The app's, by its <see cref="IMeterFactory"/>.</param>
    /// <param name="memory">Where this generation stands; read by any thread.</param>
    /// <param name="generation">Its number.</param>
    /// <param name="startedAt">When its process started.</param>
    /// <param name="older">How many older generations are alive.</param>
    public ServiceMeter(Meter meter, LifecycleMemory memory, int generation, DateTimeOffset startedAt, Func<int> older)
    {
        _memory = memory;
        _reload = meter.CreateHistogram("ips.reload.duration", "s", "Time from the request for a reload to its outcome.", null, Seconds);
        _phase = meter.CreateHistogram(
            "ips.reload.phase.duration", "s", "Time from the phase before to the one that a successor has reached.", null, Seconds);
        _handover = meter.CreateHistogram(
            "ips.connection.handover.duration", "s", "Time that a connection was on its way from one generation to the next.", null,
            Moments);
        _drain = meter.CreateHistogram(
            "ips.drain.duration", "s", "Time from a promotion to the end of the predecessor's drain, or that of a stop.", null, Seconds);
        meter.CreateObservableUpDownCounter(
            "ips.generation.count", () => OfGenerations(older), "{generation}", "Generations that are alive, by state.");
        meter.CreateObservableGauge(
            "ips.generation.number", () => OfMain((long)generation), "{generation}",
            "The number of the generation that is the main process.");
        meter.CreateObservableGauge(
            "ips.generation.start_time", () => OfMain(startedAt.ToUnixTimeMilliseconds() / 1000.0), "s",
            "When the main process started, in seconds since 1970.");
        meter.CreateObservableCounter(
            "ips.connection.handovers", OfHandovers, "{connection}",
            "Connections that moved to this generation or that one before it closed.");
        meter.CreateObservableCounter(
            "ips.drain.aborted_requests", () => OfMain(Counts.Of(ServiceCounts.AbortedRequests)), "{request}",
            "Requests that were cut at the end of a drain.");
    }

    /// <summary>The counts of the service's life.</summary>
    public ServiceCounts Counts { get; } = new();

    /// <summary>A reload has ended. Recorded by the generation that has the role after it.</summary>
    public void ReloadEnded(ReloadReceipt receipt)
    {
        if (_reload.Enabled)
        {
            TagList tags = new()
            {
                { "ips.reload.outcome", receipt.Outcome },
                { "ips.reload.trigger", receipt.Trigger ?? WireName.Of(ReloadTrigger.Signal) },
            };
            if (receipt.ErrorType() is { } error) tags.Add("error.type", error);
            _reload.Record(receipt.ElapsedMs / 1000, tags);
        }

        var before = 0.0;
        foreach (var (phase, reached) in (receipt.PhasesMs ?? new Dictionary<string, double>()).OrderBy(phase => phase.Value))
        {
            _phase.Record((reached - before) / 1000, new KeyValuePair<string, object?>("ips.reload.phase", phase));
            before = reached;
        }
    }

    /// <summary>Connections of another generation have arrived here.</summary>
    /// <param name="count">How many.</param>
    /// <param name="isReturn">They came back from a successor that has failed.</param>
    /// <param name="sentAt">When they were sent, as a timestamp of the machine's monotonic clock; null if the sender did not say.</param>
    public void Moved(int count, bool isReturn, long? sentAt)
    {
        Counts.Add(isReturn ? "moved/rollback" : "moved/reload", count);
        if (sentAt is not { } sent || !_handover.Enabled) return;
        var seconds = Stopwatch.GetElapsedTime(sent).TotalSeconds;
        for (var i = 0; i < count && seconds >= 0; i++) _handover.Record(seconds);
    }

    /// <summary>A drain has ended: the predecessor's, or the one of a stop.</summary>
    public void Drained(DrainCounts drain, TimeSpan duration)
    {
        var named = 0;
        foreach (var (reason, count) in drain.ClosedPolitelyBy ?? new Dictionary<string, int>())
        {
            Counts.Add($"closed-politely/{reason}", count);
            named += count;
        }

        Counts.Add("closed-politely/other", drain.ClosedPolitely - named); // of a predecessor that does not say why
        Counts.Add("cut/deadline", drain.AbortedRequests);
        Counts.Add("cut/idle", drain.ClosedIdle);
        Counts.Add(ServiceCounts.AbortedRequests, drain.AbortedRequests);
        _drain.Record(duration.TotalSeconds);
    }

    private IEnumerable<Measurement<long>> OfGenerations(Func<int> older) => !_memory.IsMain ? []
        : GenerationCensus.Of(_memory.State, _memory.Reload?.NewPid is not null, older())
            .Select(part => new Measurement<long>(part.Count, new KeyValuePair<string, object?>("ips.generation.state", part.State)));

    private IEnumerable<Measurement<long>> OfHandovers() => !_memory.IsMain ? []
        : Counts.Handovers.Select(part => new Measurement<long>(
            part.Count, new KeyValuePair<string, object?>("ips.handover.result", part.Result),
            new KeyValuePair<string, object?>("ips.handover.reason", part.Reason)));

    private IEnumerable<Measurement<T>> OfMain<T>(T value)
        where T : struct => _memory.IsMain ? [new Measurement<T>(value)] : [];
}
