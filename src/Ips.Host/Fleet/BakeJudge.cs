using Ips.Actors.Configuration;
using Ips.Actors.Control;
using Ips.Actors.Lifecycle;

namespace Ips.Host.Fleet;

/// <summary>Judges whether a service stays healthy after its promotion, by its snapshots. Pure.</summary>
/// <param name="promoted">The process that was promoted; null if it is not known, as in an agent that was started again: then it is the one
/// that the newest receipt names, or the first one that is seen.</param>
/// <param name="options">What counts as too many errors: <c>ips.reload.min-requests</c> and <c>ips.reload.max-error-ratio</c>.</param>
internal sealed class BakeJudge((int Pid, int Generation)? promoted, ReloadOptions options)
{
    /// <summary>So many snapshots in a row must say that health checks fail: a load balancer does not act on one either.</summary>
    internal const int MostUnhealthy = 3;

    private const int Window = 10; // snapshots

    private readonly Queue<(long Requests, long Errors)> _recent = new();
    private (int Pid, int Generation)? _promoted = promoted;
    private (long Requests, long Errors)? _first;
    private string? _unhealthy;
    private int _timesUnhealthy;

    /// <summary>Takes the next snapshot.</summary>
    /// <returns>What is wrong with the service, for a person; null for nothing.</returns>
    internal string? Next(WatchSnapshot snapshot)
    {
        if (OtherProcess(snapshot) is { } other) return other;
        if (snapshot.State is not ("Serving" or "Reloading" or "Checking" or "RollingBack"))
            return $"the service no longer serves: its state is {snapshot.State}";
        (_unhealthy, _timesUnhealthy) = snapshot.Unhealthy is { } fault ? (fault, _timesUnhealthy + 1) : (null, 0);
        if (_timesUnhealthy >= MostUnhealthy) return Unhealthy;
        return snapshot.Generations.FirstOrDefault(generation => generation.Pid == snapshot.Pid)?.Requests is { } requests
            ? TooManyErrors((requests.Total, requests.Errors)) : null;
    }

    /// <summary>The verdict once the bake is over.</summary>
    internal string? AtEnd() => _unhealthy is null ? null : Unhealthy;

    private string Unhealthy => $"health checks fail: {_unhealthy}";

    private string? OtherProcess(WatchSnapshot snapshot)
    {
        var seen = (snapshot.Pid, snapshot.Generation);
        if (_promoted is null && snapshot.LastReceipt is { Ended: ReloadOutcome.Promoted, NewPid: { } pid } receipt)
            _promoted = (pid, receipt.NewGeneration);
        var expected = _promoted ??= seen;
        if (seen == expected) return null;
        return FormattableString.Invariant($"generation {expected.Generation} (PID {expected.Pid}), which was promoted, was replaced by ")
            + FormattableString.Invariant($"generation {seen.Generation} (PID {seen.Pid}): ")
            + (snapshot.LastReceipt is { Ended: ReloadOutcome.Promoted } last && last.NewPid == seen.Pid
                ? $"another reload was asked for ({last.Trigger ?? "unknown"})" : "it crashed, or the service was restarted");
    }

    // As on probation: by the same two limits, since the bake began and of the last seconds.
    private string? TooManyErrors((long Requests, long Errors) now)
    {
        var first = _first ??= now;
        _recent.Enqueue(now);
        var recent = _recent.Count > Window ? _recent.Dequeue() : _recent.Peek();
        return Fault(first, now) ?? Fault(recent, now);
    }

    private string? Fault((long Requests, long Errors) since, (long Requests, long Errors) now)
    {
        var (requests, errors) = (now.Requests - since.Requests, now.Errors - since.Errors);
        return requests < options.MinRequests || requests <= 0 || (double)errors / requests <= options.MaxErrorRatio ? null
            : FormattableString.Invariant($"{errors} of {requests} requests failed with a 5xx status, more than ")
                + FormattableString.Invariant($"ips.reload.max-error-ratio = {options.MaxErrorRatio:0.###} allows");
    }
}
