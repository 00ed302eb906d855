using System.Diagnostics;
using Ips.Testing.Load;

namespace Ips.Bench.Peers;

/// <summary>What clients saw of one reload.</summary>
/// <param name="FailedNear">Requests of near clients that failed.</param>
/// <param name="FailedFar">Requests of far clients that failed.</param>
/// <param name="Closed">Kept connections that the server closed: politely, idle, or in a request.</param>
/// <param name="LongestMs">The longest that an answered request took, from the signal to the end of the old generation.</param>
/// <param name="ToNewMs">From the signal to the first response of the new generation.</param>
/// <param name="SteadyP99Ms">p99 of the time before the signal.</param>
/// <param name="AfterP99Ms">p99 of the second that begins with the first response of the new generation.</param>
/// <param name="FirstMs">How long the new generation's first response took.</param>
/// <param name="FirstRatio">The same over the steady p50 of its kind of client, who connects anew or has a connection.</param>
/// <param name="SlowestOfTenRatio">The same of the slowest of its first ten.</param>
internal sealed record ReloadFigures(
    double FailedNear, double FailedFar, double Closed, double LongestMs, double ToNewMs, double SteadyP99Ms, double AfterP99Ms,
        double FirstMs,
    double FirstRatio, double SlowestOfTenRatio)
{
    /// <summary>The second after the reload against the time before it.</summary>
    public double P99Ratio => AfterP99Ms / SteadyP99Ms;

    /// <summary>Computes them. No I/O, no clock.</summary>
    /// <param name="answers">All that were given.</param>
    /// <param name="old">The marks of generations from before the signal.</param>
    /// <param name="steadyFrom">Where the steady time begins, as <see cref="Stopwatch.GetTimestamp"/> counts.</param>
    /// <param name="signal">When the signal was sent.</param>
    /// <param name="before">What both loads had seen then.</param>
    /// <param name="after">What they had seen in the end.</param>
    public static ReloadFigures Of(
        IReadOnlyList<LoadAnswer> answers, IReadOnlySet<int> old, long steadyFrom, long signal, (LoadReport Near, LoadReport Far) before,
        (LoadReport Near, LoadReport Far) after)
    {
        var steady = answers.Where(answer => answer.EndedAt >= steadyFrom && answer.EndedAt < signal).ToList();
        var reload = answers.Where(answer => answer.EndedAt >= signal).ToList();
        var fresh = reload.Where(answer => !old.Contains(answer.Generation!.Value)).OrderBy(answer => answer.EndedAt).Take(10).ToList();
        var firstAt = fresh[0].EndedAt;
        var second = reload.Where(answer => answer.EndedAt >= firstAt && answer.EndedAt < firstAt + Stopwatch.Frequency);
        var medians = steady.GroupBy(answer => answer.Worker).ToDictionary(kind => kind.Key, kind => Percentile(kind, 0.5));
        var first = fresh.Select(answer => answer.Latency.TotalMilliseconds / medians[answer.Worker]).ToList();
        return new ReloadFigures(
            after.Near.FailedRequests - before.Near.FailedRequests,
            after.Far.FailedRequests - before.Far.FailedRequests,
            ClosedOf(after.Near) + ClosedOf(after.Far) - ClosedOf(before.Near) - ClosedOf(before.Far),
            reload.Max(answer => answer.Latency.TotalMilliseconds),
            Stopwatch.GetElapsedTime(signal, firstAt).TotalMilliseconds,
            Percentile(steady, 0.99),
            Percentile(second, 0.99),
            fresh[0].Latency.TotalMilliseconds,
            first[0],
            first.Max());
    }

    private static double Percentile(IEnumerable<LoadAnswer> answers, double share)
    {
        var sorted = answers.Select(answer => answer.Latency.TotalMilliseconds).Order().ToArray();
        return sorted[Math.Max(0, (int)Math.Ceiling(share * sorted.Length) - 1)];
    }

    private static long ClosedOf(LoadReport report) => report.Workers.Where(worker => worker.Key is not WorkerKind.OneShot).Sum(worker =>
        worker.Value.PoliteCloses + worker.Value.ClosedIdle
        + worker.Value.Failures.Where(failure => failure.Key is FailureKind.Reset or FailureKind.EofBeforeResponse
            or FailureKind.EofInsideResponse)
            .Sum(failure => failure.Value));
}
