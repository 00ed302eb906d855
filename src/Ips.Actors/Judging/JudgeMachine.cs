using Ips.Actors.Configuration;
using Ips.Actors.Handover;

namespace Ips.Actors.Judging;

/// <summary>
/// Judges a successor against its predecessor at the same time, from the windows of both. Its answer is valid at any look: each kind of
/// evidence is a product that an equal release multiplies by 400 with a probability of 1/400 at most, however long it is watched.
/// docs/judging.md has the rule, its sources and what it can see.
/// </summary>
/// <remarks>Time is what the caller says: the indices of the windows. Windows before the first step are not judged.</remarks>
/// <param name="terms">What is known before the first window.</param>
internal sealed class JudgeMachine(JudgeTerms terms)
{
    /// <summary>The evidence at which a reload is rolled back.</summary>
    public const double Bar = 400;

    /// <summary>Connections of the successor that must fail.</summary>
    public const int LeastFailing = 3;

    /// <summary>Connections from which on clients are alike enough to compare latencies: for 1.5 times as long.</summary>
    public const int ManyConnections = 50;

    /// <summary>The same for twice as long.</summary>
    public const int SomeConnections = 20;

    /// <summary>A successor is judged if so many failing requests would have been seen.</summary>
    public const double SoughtErrorShare = 0.1;

    private const double NoteBar = 20;
    private const int SkippedWindows = 6; // 1.5 s, in which much is compiled
    private const int OverdueWindows = 4; // a request is overdue after 1 s
    private const int CompiledWindows = 40; // 10 s, after which a new process runs as fast as it will
    private const int EnoughBets = 12; // on latencies: of a release that is slow in each, they are the evidence for a rollback
    private const double FewRequestsShare = 0.25; // what a row must be able to show
    private const double LongestWaitSeconds = 3600;

    private readonly WindowPairs _pairs = new();
    private readonly Queue<(long Index, double Share)> _steps = new();
    private readonly RouteEvidence _all = new();
    private readonly List<(string Name, RouteEvidence Evidence)> _routes = []; // as they came
    private readonly FailingConnections _failing = new(terms.FailedBefore, terms.ConnectionsBefore);
    private readonly FailingConnections _hanging = new(new Dictionary<long, int>(), 0);
    private readonly WindowTotals _before = new(), _after = new();
    private LikelihoodMixture _overdue;
    private readonly CostComparison _cost = new();
    private StepRequests _started; // since the step began
    private readonly List<long> _earlyBefore = [], _earlyAfter = []; // connections of requests that were overdue in the first seconds
    private int _routesAtFirstError, _routesAtFirstBet, _bets;
    private long _firstStep, _windows, _windowsInStep;
    private double _share;
    private bool _judging;
    private Verdict.RollBack? _worse;

    /// <summary>The successor gets another share of the connections.</summary>
    /// <param name="index">The window in which that happens; it still belongs to the step before.</param>
    /// <param name="share">The share, from 0 to 1.</param>
    public void Step(long index, double share) => _steps.Enqueue((index, share));

    /// <summary>The predecessor's window.</summary>
    public void Before(WindowFrame window) => Add(window, after: false);

    /// <summary>The successor's window.</summary>
    public void After(WindowFrame window) => Add(window, after: true);

    /// <summary>The verdict now. Once it is <see cref="Verdict.RollBack"/>, it stays that.</summary>
    public Verdict Look()
    {
        if (_worse is not null) return _worse;
        var (requests, usual) = (_all.Requests, ErrorsBefore);
        var smallest = Sensitivity.ErrorShare(_all.Steps, usual, Most, parts: 2);
        if (smallest is { } share && share <= Sought) return new Verdict.Clean(share);
        var seconds = _windowsInStep * WindowTerms.Interval / 1000.0;
        var longer = seconds > 0 ? Sensitivity.Longer(_all.Steps, usual, Sought, LongestWaitSeconds / seconds, Most, parts: 2) : null;
        return new Verdict.NotJudged(requests, longer is { } times
            ? TimeSpan.FromSeconds(Math.Ceiling(((_windows - _windowsInStep) * WindowTerms.Interval / 1000.0) + (seconds * times))) : null,
            smallest);
    }

    /// <summary>Why the probation is worth lengthening, as a clause; null if it is not: the evidence tells enough, or would not even after
    /// <paramref name="longest"/>.</summary>
    public string? Wants(TimeSpan longest) => Look() switch
    {
        Verdict.RollBack => null,
        Verdict.NotJudged { WouldNeed: { } need } few when need <= longest => JudgeWords.Wants(few.Requests, need),
        _ when IsSuspicious => JudgeWords.Suspicious,
        _ => UntilLatencyIsJudged is { } need && need <= longest ? JudgeWords.WantsLatencies(_bets, need) : null,
    };

    // Null if it is, or there are too few clients or requests for it.
    private TimeSpan? UntilLatencyIsJudged => Connections < SomeConnections || _bets is 0 or >= EnoughBets ? null
        : WindowTerms.Length * Math.Ceiling(SkippedWindows + ((double)(_windows - SkippedWindows) * EnoughBets / _bets));

    /// <summary>The verdict and the table now.</summary>
    public Judgement Report()
    {
        var verdict = Look();
        return new Judgement(
            verdict switch { Verdict.RollBack => "worse", Verdict.Clean => "clean", _ => "not-judged" },
            JudgeWords.Of(verdict), _all.Requests,
            [Row(("*", _all)), .. _routes.OrderByDescending(route => route.Evidence.Requests)
                .ThenBy(route => route.Name, StringComparer.Ordinal).Select(Row)])
        {
            SmallestErrorShare = verdict switch
            {
                Verdict.Clean clean => Math.Round(clean.SmallestErrorShare, 4),
                Verdict.NotJudged { SmallestErrorShare: { } share } => Math.Round(share, 4),
                _ => null,
            },
            Notes = Notes() is { Count: > 0 } notes ? notes : null,
        };
    }

    private double ErrorsBefore => _all.Before.Requests > 0 ? (double)_all.Before.Errors / _all.Before.Requests : 0;

    private MostErrors Most => new(_failing.Most * (double)_before.Connections, _failing.Most * (double)_after.Connections);

    // Where errors are usual, a tenth more is sought.
    private double Sought => Math.Min(1, SoughtErrorShare + ErrorsBefore);

    private int Connections => (int)Math.Min(int.MaxValue, _before.Connections + _after.Connections);

    private void Add(WindowFrame window, bool after)
    {
        _pairs.Add(window, after);
        while (_pairs.TryTake(out var index, out var before, out var with)) Weigh(index, before, with);
    }

    private void Weigh(long index, WindowFrame? before, WindowFrame? after)
    {
        _before.AddConnections(before);
        _after.AddConnections(after);
        while (_steps.TryPeek(out var step) && step.Index < index) Begin(_steps.Dequeue());
        if (!_judging) return;
        (_windows, _windowsInStep) = (_windows + 1, _windowsInStep + 1);
        var settled = index > _firstStep + SkippedWindows;
        if (before is not null) Count(before, after: false, settled);
        if (after is not null) Count(after, after: true, settled);
        _all.CloseWindow(_share);
        foreach (var (_, route) in _routes) route.CloseWindow(_share);
        WeighOverdue(index, before, after);
        if (settled)
        {
            BetOnLatency();
            if (before is not null && after is not null) _cost.Add(before, after, index > _firstStep + CompiledWindows);
        }

        _worse ??= Decide() is { } reason ? new Verdict.RollBack(reason) : null;
    }

    private void Begin((long Index, double Share) step)
    {
        if (!_judging) _firstStep = step.Index;
        (_judging, _share, _windowsInStep, _started) = (true, step.Share, 0, default);
        _all.BeginStep();
        foreach (var (_, route) in _routes) route.BeginStep();
    }

    private void Count(WindowFrame window, bool after, bool settled)
    {
        (after ? _after : _before).Add(window);
        foreach (var route in window.Routes)
        {
            RouteOf(route.Route).Add(route, after, settled);
            _all.Add(route, after, settled);
        }

        // Routes of the other window of this time were not seen yet: they have no evidence of their own, as have those that come later.
        foreach (var failures in window.Failures ?? [])
        {
            var counted = _failing.Count(failures.Connection, failures.Errors, after);
            if (counted == 0) continue;
            if (_routesAtFirstError == 0) _routesAtFirstError = _routes.Count;
            RouteOf(window.Routes[failures.Route].Route).AddErrors(counted, after);
            _all.AddErrors(counted, after);
        }
    }

    private RouteEvidence RouteOf(string name)
    {
        if (Find(name) is { } known) return known;
        // Each side names so many at most; a successor that names others each time gets no further rows.
        if (_routes.Count > 2 * WindowTerms.MaxRoutes)
        {
            name = WindowTerms.OtherRoutes;
            if (Find(name) is { } other) return other;
        }

        var route = new RouteEvidence();
        _routes.Add((name, route));
        return route;
    }

    private RouteEvidence? Find(string name) => _routes.Find(route => route.Name == name).Evidence;

    // A request that is not answered may never be. That is compared as errors are: given one, it is the successor's with the probability of
    // its share of the requests that begin, whatever the app does for long. In the first seconds some only wait for the compiler: they
    // count if they still run afterwards.
    private void WeighOverdue(long index, WindowFrame? before, WindowFrame? after)
    {
        _started = new(_started.Before + (before?.Started ?? 0), _started.After + (after?.Started ?? 0));
        if (index <= _firstStep + SkippedWindows + OverdueWindows)
        {
            _earlyBefore.AddRange(before?.Overdue ?? []);
            _earlyAfter.AddRange(after?.Overdue ?? []);
            return;
        }

        var here = Overdue(after, _earlyAfter, after: true);
        var there = Overdue(before, _earlyBefore, after: false);
        // Clients that wait there send nothing more, which must not make what they wait for look rarer.
        _overdue.Add(here, there, Math.Max(_share, _started.Share));
    }

    private int Overdue(WindowFrame? window, List<long> early, bool after)
    {
        if (window is null) return 0;
        var now = window.Overdue ?? [];
        var still = Math.Min(early.Count, Math.Max(0, window.Running.Skip(1).Sum(count => (long)count) - now.Count));
        var overdue = now.Concat(early.Take((int)still)).Sum(connection => _hanging.Count(connection, 1, after));
        early.Clear();
        return overdue;
    }

    private void BetOnLatency()
    {
        var blocks = _routes.Select(route => route.Evidence).Where(route => route.ForAll.Weight > 0).ToList();
        var weight = blocks.Sum(route => route.ForAll.Weight);
        if (weight >= LatencyBlock.Enough)
        {
            if (_routesAtFirstBet == 0) _routesAtFirstBet = _routes.Count;
            _bets++;
            _all.Slower.Add(Longer(LatencyComparison.Slower) > .5);
            _all.TwiceAsSlow.Add(Longer(LatencyComparison.TwiceAsSlow) > .5);
            _all.ALittleSlower.Add(Longer(LatencyComparison.ALittleSlower) > .5);
            foreach (var (_, route) in _routes) route.ForAll.Clear();
        }

        foreach (var (_, route) in _routes) route.BetOnOwn();

        double Longer(LatencyComparison comparison) =>
            blocks.Sum(route => route.ForAll.Weight * route.ForAll.ShareOfLonger(comparison)) / weight;
    }

    // Half of the evidence is on all requests, half on the routes. Only routes that had come before the first error, or the first bet: the
    // mean of the evidence of a growing number would not be evidence.
    private double Mixed(Func<RouteEvidence, double> evidence, int routes) => routes == 0 ? evidence(_all)
        : (evidence(_all) + _routes.Take(routes).Average(route => evidence(route.Evidence))) / 2;

    private string? Decide()
    {
        if (_failing.After >= LeastFailing && Mixed(route => route.Errors.Value, _routesAtFirstError) >= Bar)
        {
            return JudgeWords.MoreErrors(_all, Worst(route => route.Errors.Value));
        }

        if (_hanging.After >= LeastFailing && _overdue.Value >= Bar) return JudgeWords.Hangs(_before, _after);
        if (IsSlow(Bar)) return JudgeWords.Slow(_all, Worst(SlowEvidence), Connections >= ManyConnections ? 1.5 : 2);
        if (terms.RollBackOn.HasFlag(MildEffects.Slower) && IsALittleSlower(Bar))
            return JudgeWords.Slow(_all, null, CostComparison.Little);
        if (terms.RollBackOn.HasFlag(MildEffects.Processor) && _cost.Processor >= Bar) return JudgeWords.Processor(_cost);
        return terms.RollBackOn.HasFlag(MildEffects.Memory) && _cost.Memory >= Bar ? JudgeWords.Memory(_cost) : null;
    }

    // An equal release comes so far once in twenty reloads.
    private bool IsSuspicious => Mixed(route => route.Errors.Value, _routesAtFirstError) >= NoteBar || _overdue.Value >= NoteBar
        || IsSlow(NoteBar);

    // With few clients the two generations may have different kinds of them.
    private bool IsSlow(double bar) => Connections >= SomeConnections && Mixed(SlowEvidence, _routesAtFirstBet) >= bar;

    private bool IsALittleSlower(double bar) =>
        Connections >= ManyConnections && Mixed(route => route.ALittleSlower.Value, _routesAtFirstBet) >= bar;

    private double SlowEvidence(RouteEvidence route) =>
        Connections >= ManyConnections ? route.Slower.Value : route.TwiceAsSlow.Value;

    // The route with nearly all of the evidence, if there is one.
    private string? Worst(Func<RouteEvidence, double> evidence) =>
        _routes.MaxBy(route => evidence(route.Evidence)) is { Name: { } name } worst && evidence(worst.Evidence) > evidence(_all)
            ? name : null;

    private RouteJudgement Row((string Name, RouteEvidence Evidence) route) =>
        new(route.Name, route.Evidence.Before.Figures(), route.Evidence.After.Figures(), WordOf(route.Evidence));

    private string WordOf(RouteEvidence route)
    {
        var all = ReferenceEquals(route, _all);
        if (all && _worse is not null) return "worse";
        if (route.Errors.Value >= Bar && _failing.After >= LeastFailing) return "fails more often";
        if (route.After.Requests == 0) return route.Before.Requests == 0 ? "no requests" : "only before";
        if (route.Before.Requests == 0) return "only after";
        if (SlowEvidence(route) >= NoteBar) return Connections >= SomeConnections ? "slow" : "slow, few clients";
        if (route.ALittleSlower.Value >= NoteBar) return "a little slower";
        var errorsBefore = (double)route.Before.Errors / route.Before.Requests;
        return Sensitivity.ErrorShare(route.Steps, errorsBefore, Most, all ? 2 : 2 * _routes.Count) is <= FewRequestsShare
            ? "no worse" : "too few requests";
    }

    private List<string> Notes()
    {
        List<string> notes = [];
        if (Connections < SomeConnections && _all.After.Requests > 0) notes.Add(JudgeWords.FewClients(Connections, SomeConnections));
        else if (_worse is null && !IsSlow(Bar) && IsALittleSlower(NoteBar)) notes.Add(JudgeWords.ALittleSlower(_all));
        if (_cost.Processor >= NoteBar) notes.Add($"Of it: {JudgeWords.Processor(_cost)}.");
        if (_cost.Memory >= NoteBar) notes.Add($"Of it: {JudgeWords.Memory(_cost)}.");
        return notes;
    }
}
