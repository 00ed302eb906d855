using System.Globalization;
using System.Text;

namespace Ips.Testing.Load;

/// <summary>What one kind of worker saw.</summary>
/// <param name="Responses">Requests answered as they should be.</param>
/// <param name="Failures">Requests that failed, by kind; kinds without one are left out.</param>
/// <param name="ResponsesByGeneration">Good responses by <c>X-Ips-Generation</c>; 0 stands for those without it.</param>
/// <param name="ConnectionsOpened">Connections that were established.</param>
/// <param name="PoliteCloses">Connections given up because a response said <c>Connection: close</c>; not of one-shot workers, who leave
/// anyway.</param>
/// <param name="ClosedIdle">Connections that the server closed between two requests without having said so, before the client asked
/// again.</param>
/// <param name="Resets">Connections that ended in a RST, between two requests or in one.</param>
/// <param name="LatencyP50">Median time from a request's begin (the connect, if it needs one) to its response's end.</param>
/// <param name="LatencyP99">The time that 99 % of the requests did not exceed.</param>
/// <param name="LatencyMax">The longest time of a request.</param>
/// <param name="LongestStall">The longest single wait for a connect or for a response's next bytes. Unlike a latency, it leaves out the
/// time that a slow stream or upload takes by design.</param>
internal sealed record WorkerReport(
    long Responses, IReadOnlyDictionary<FailureKind, long> Failures, IReadOnlyDictionary<int, long> ResponsesByGeneration,
    long ConnectionsOpened, long PoliteCloses, long ClosedIdle, long Resets,
    TimeSpan LatencyP50, TimeSpan LatencyP99, TimeSpan LatencyMax, TimeSpan LongestStall)
{
    /// <summary>Requests that ended, well or not.</summary>
    public long Requests => Responses + FailedRequests;

    /// <summary>Requests that failed.</summary>
    public long FailedRequests => Failures.Values.Sum();
}

/// <summary>What a strict load saw.</summary>
/// <param name="Distance">Whether it was near or far.</param>
/// <param name="Elapsed">How long it ran.</param>
/// <param name="Workers">By kind of worker; kinds with no worker are left out.</param>
/// <param name="Failures">The first <see cref="LoadOptions.RecordedFailuresMax"/> failures.</param>
internal sealed record LoadReport(
    LoadDistance Distance, TimeSpan Elapsed, IReadOnlyDictionary<WorkerKind, WorkerReport> Workers, IReadOnlyList<LoadFailure> Failures)
{
    /// <summary>Requests that ended, well or not.</summary>
    public long Requests => Workers.Values.Sum(worker => worker.Requests);

    /// <summary>Requests that failed. No request is ever sent again, so each is one that a client would have noticed.</summary>
    public long FailedRequests => Workers.Values.Sum(worker => worker.FailedRequests);

    /// <inheritdoc cref="WorkerReport.ConnectionsOpened"/>
    public long ConnectionsOpened => Workers.Values.Sum(worker => worker.ConnectionsOpened);

    /// <inheritdoc cref="WorkerReport.PoliteCloses"/>
    public long PoliteCloses => Workers.Values.Sum(worker => worker.PoliteCloses);

    /// <inheritdoc cref="WorkerReport.ClosedIdle"/>
    public long ClosedIdle => Workers.Values.Sum(worker => worker.ClosedIdle);

    /// <inheritdoc cref="WorkerReport.Resets"/>
    public long Resets => Workers.Values.Sum(worker => worker.Resets);

    /// <inheritdoc cref="WorkerReport.LongestStall"/>
    public TimeSpan LongestStall => Workers.Values.Select(worker => worker.LongestStall).DefaultIfEmpty().Max();

    /// <summary>Failed requests of all workers, by kind; kinds without one are left out.</summary>
    public IReadOnlyDictionary<FailureKind, long> FailuresByKind => Sum(worker => worker.Failures);

    /// <summary>Good responses of all workers, by <c>X-Ips-Generation</c>; 0 stands for those without it.</summary>
    public IReadOnlyDictionary<int, long> ResponsesByGeneration => Sum(worker => worker.ResponsesByGeneration);

    /// <summary>A table by kind of worker, the sums, and the first 20 failures.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture,
            $"strict load, {Distance}, {Elapsed.TotalSeconds:0.0} s: {Requests} requests, {FailedRequests} failed, longest stall "
                + $"{LongestStall.TotalMilliseconds:0.0} ms");
        text.AppendLine("  worker   requests   failed   opened   polite closed-idle   resets   p50 ms   p99 ms   max ms stall ms");
        foreach (var (kind, worker) in Workers)
        {
            text.AppendLine(CultureInfo.InvariantCulture,
                $"  {kind,-8}{worker.Requests,9}{worker.FailedRequests,9}{worker.ConnectionsOpened,9}{worker.PoliteCloses,9}"
                + $"{worker.ClosedIdle,12}{worker.Resets,9}{worker.LatencyP50.TotalMilliseconds,9:0.00}"
                + $"{worker.LatencyP99.TotalMilliseconds,9:0.00}{worker.LatencyMax.TotalMilliseconds,9:0.00}"
                + $"{worker.LongestStall.TotalMilliseconds,9:0.00}");
        }

        text.AppendLine(CultureInfo.InvariantCulture, $"  responses by generation: {Join(ResponsesByGeneration)}");
        text.AppendLine(CultureInfo.InvariantCulture, $"  failures: {Join(FailuresByKind)}");
        foreach (var failure in Failures.Take(20)) text.AppendLine(CultureInfo.InvariantCulture, $"  {failure}");
        if (FailedRequests > Math.Min(20, Failures.Count))
            text.AppendLine(CultureInfo.InvariantCulture, $"  and {FailedRequests - Math.Min(20, Failures.Count)} more");
        return text.ToString();
    }

    private SortedDictionary<TKey, long> Sum<TKey>(Func<WorkerReport, IReadOnlyDictionary<TKey, long>> counts)
        where TKey : notnull
    {
        SortedDictionary<TKey, long> sums = [];
        foreach (var (key, count) in Workers.Values.SelectMany(counts)) sums[key] = sums.GetValueOrDefault(key) + count;
        return sums;
    }

    private static string Join<TKey>(IReadOnlyDictionary<TKey, long> counts) =>
        counts.Count == 0 ? "none" : string.Join(", ", counts.Select(pair => $"{pair.Key}: {pair.Value}"));
}
