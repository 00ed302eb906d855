namespace Ips.Actors.Judging;

/// <summary>How a successor compared with its predecessor at the same time, as a receipt keeps it.</summary>
/// <param name="Verdict"><c>clean</c>, <c>worse</c> or <c>not-judged</c>.</param>
/// <param name="Text">The verdict in words.</param>
/// <param name="Requests">Requests of both generations that were compared.</param>
/// <param name="Routes">All requests in the first row, then each route, the busiest first.</param>
internal sealed record Judgement(string Verdict, string Text, long Requests, IReadOnlyList<RouteJudgement> Routes)
{
    /// <summary>The smallest share of failing requests, from 0 to 1, that would most likely have been seen; null if even all of them would
    /// not.</summary>
    public double? SmallestErrorShare { get; init; }

    /// <summary>Rows of a receipt that another generation gets.</summary>
    public const int KeptRoutes = 10;

    /// <summary>The same with the first rows.</summary>
    public Judgement Cut() => Routes.Count <= KeptRoutes ? this : this with { Routes = [.. Routes.Take(KeptRoutes)] };

    /// <summary>What it lacks that one read from elsewhere must have; null if nothing.</summary>
    public string? Missing() => Verdict is null || Text is null || Routes is null ? "a judgement's verdict, text or table"
        : Routes.Any(row => row is not { Route: not null, Before: not null, After: not null, Verdict: not null })
            ? "a part of a judgement's row" : Notes?.Contains(null!) == true ? "a judgement's note" : null;

    /// <summary>What is worth knowing and rolls nobody back, one sentence each; null for nothing.</summary>
    public IReadOnlyList<string>? Notes { get; init; }
}

/// <summary>One row of the table.</summary>
/// <param name="Route">Method and pattern, or <c>*</c> for all requests.</param>
/// <param name="Before">The predecessor.</param>
/// <param name="After">The successor, at the same time.</param>
/// <param name="Verdict">In a word or two.</param>
internal sealed record RouteJudgement(string Route, RouteFigures Before, RouteFigures After, string Verdict);

/// <summary>What one generation did on a route.</summary>
/// <param name="Requests">Requests that it answered.</param>
/// <param name="Errors">How many of them failed.</param>
/// <param name="P50Ms">Median latency in milliseconds, without the first seconds; null if there was no request.</param>
/// <param name="P99Ms">The same of the slowest hundredth.</param>
internal sealed record RouteFigures(long Requests, long Errors, double? P50Ms, double? P99Ms);
