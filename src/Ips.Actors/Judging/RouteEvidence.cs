using Ips.Actors.Handover;

namespace Ips.Actors.Judging;

/// <summary>What both generations did on a route, or on all of them together, and what that says. Pure.</summary>
internal sealed class RouteEvidence
{
    private const double SettledRequests = 20; // as much as the share since the step began weighs beside the share in one window

    private readonly List<StepRequests> _steps = [];
    private StepRequests _window;
    private int _errorsHere, _errorsThere; // of the window

    /// <summary>The predecessor.</summary>
    public RouteTotals Before { get; } = new();

    /// <summary>The successor.</summary>
    public RouteTotals After { get; } = new();

    /// <summary>Requests of both.</summary>
    public long Requests => Before.Requests + After.Requests;

    /// <summary>Requests by step.</summary>
    public IReadOnlyList<StepRequests> Steps => _steps;

    /// <summary>Latencies that no bet on all routes has used yet.</summary>
    public LatencyBlock ForAll { get; } = new();

    /// <summary>Latencies that no bet on this route has used yet.</summary>
    public LatencyBlock Own { get; } = new();

    /// <summary>Errors.</summary>
    public LikelihoodMixture Errors;

    /// <summary>Bets that the successor is 1.5 times as slow, twice as slow, or 1.3 times.</summary>
    public PairedBets Slower, TwiceAsSlow, ALittleSlower;

    /// <summary>A step begins.</summary>
    public void BeginStep() => _steps.Add(default);

    /// <summary>Counts the requests of a window.</summary>
    /// <param name="window">The window.</param>
    /// <param name="after">It is the successor's.</param>
    /// <param name="latency">The first seconds are over.</param>
    public void Add(RouteWindow window, bool after, bool latency)
    {
        var totals = after ? After : Before;
        totals.Requests += window.Requests;
        totals.Errors += window.Errors;
        _window = after ? _window with { After = _window.After + window.Requests }
            : _window with { Before = _window.Before + window.Requests };
        if (!latency) return;
        totals.Latency.Add(window.Latency);
        ForAll.Add(window.Latency, after);
        Own.Add(window.Latency, after);
    }

    /// <summary>Counts errors of a window that are to be weighed.</summary>
    public void AddErrors(int errors, bool after)
    {
        if (after) _errorsHere += errors;
        else _errorsThere += errors;
    }

    /// <summary>Bets on the latencies of this route alone, once there are enough.</summary>
    public void BetOnOwn()
    {
        if (Own.Weight < LatencyBlock.Enough) return;
        Slower.Add(Own.ShareOfLonger(LatencyComparison.Slower) > .5);
        TwiceAsSlow.Add(Own.ShareOfLonger(LatencyComparison.TwiceAsSlow) > .5);
        ALittleSlower.Add(Own.ShareOfLonger(LatencyComparison.ALittleSlower) > .5);
        Own.Clear();
    }

    /// <summary>Weighs the errors of the window.</summary>
    /// <param name="share">The successor's share of the connections. As only some errors of a connection count, they follow that share
    /// where it is higher.</param>
    public void CloseWindow(double share)
    {
        if (_steps.Count == 0) BeginStep(); // a route that came after the step had begun
        var step = _steps[^1];
        _steps[^1] = step = new(step.Before + _window.Before, step.After + _window.After);
        if (_errorsHere + _errorsThere > 0 && step.Share is > 0 and < 1)
        {
            Errors.Add(_errorsHere, _errorsThere, Math.Max(share, ShareNow(_window, step)));
        }

        (_window, _errorsHere, _errorsThere) = (default, 0, 0);
    }

    /// <summary>The successor's share of the requests now: in the window, as far as that has requests, else since the step began.</summary>
    /// <remarks>Connections move one after the other when a step begins, so the share in the step lags behind; and where clients wait for
    /// their answers, a generation that answers more slowly gets fewer requests in that very window.</remarks>
    public static double ShareNow(StepRequests window, StepRequests step) => step.Share is <= 0 or >= 1 ? step.Share
        : (window.After + (SettledRequests * step.Share)) / (window.Before + window.After + SettledRequests);
}

/// <summary>Totals of one generation on a route.</summary>
internal sealed class RouteTotals
{
    /// <summary>Requests that were answered.</summary>
    public long Requests { get; set; }

    /// <summary>How many of them failed.</summary>
    public long Errors { get; set; }

    /// <summary>Latencies, without those of the first seconds.</summary>
    public LatencyCounts Latency { get; } = new();

    /// <summary>As the table has them.</summary>
    public RouteFigures Figures() => new(Requests, Errors, Latency.QuantileMs(.5), Latency.QuantileMs(.99));
}
