using Ips.Actors.Configuration;
using Ips.Actors.Handover;
using Ips.Actors.Judging;
using Ips.Actors.Lifecycle;

namespace Ips.Actors.Reloader;

/// <summary>The judge of one successor, and what measures this generation beside it; it outlives a restart of
/// <see cref="ReloaderActor"/>, its user.</summary>
/// <param name="meter">Measures this generation.</param>
/// <param name="options">What rolls back beside what always does, and how long the probation may last.</param>
internal sealed class SuccessorJudge(IWindowMeter meter, ReloadOptions options)
{
    private JudgeMachine? _machine;
    private bool _stepped, _heard;

    /// <summary>Time to the end of the next window.</summary>
    public TimeSpan UntilNext => meter.UntilNext;

    /// <summary>The table for the receipt; null if nothing was compared.</summary>
    public Judgement? Report => !_stepped ? null : _heard ? _machine?.Report()
        : new Judgement("not-judged", "not judged: the new release does not tell how it does", 0, []);

    /// <summary>A reload begins.</summary>
    public void Begin()
    {
        (_machine, _stepped, _heard) = (null, false, false);
        meter.Begin(routes: null);
    }

    /// <summary>The successor is told to serve.</summary>
    /// <returns>What it is asked for.</returns>
    public WindowTerms Ask()
    {
        _machine ??= new JudgeMachine(meter.Terms() with { RollBackOn = MildEffectWords.Of(options.RollBackOn) });
        return new WindowTerms(WindowTerms.Interval, meter.NameRoutes());
    }

    /// <summary>From the next window on the successor gets another share of the connections. Nothing is compared before the first: only
    /// connections that were chosen at random say something of the release.</summary>
    /// <param name="share">The share, from 0 to 1.</param>
    public void Step(double share)
    {
        _machine?.Step(meter.Index, share);
        _stepped |= _machine is not null;
    }

    /// <summary>Takes a window: the successor's, or if null, the one of this generation that has ended.</summary>
    /// <returns>That the successor is worse; null while it is not.</returns>
    public SuccessorEvent.Outdone? Weigh(WindowFrame? window)
    {
        if (window is null)
        {
            if (meter.Take() is { } own) _machine?.Before(own);
        }
        else
        {
            _heard = true;
            _machine?.After(window);
        }

        return _machine?.Look() is Verdict.RollBack worse ? new SuccessorEvent.Outdone(worse.Reason) : null;
    }

    /// <summary>What a longer probation would show, as a clause; null if it has seen enough, or the longest probation would not be
    /// enough.</summary>
    public string? Wants() => _heard ? _machine?.Wants(options.LongestProbation) : null;

    /// <summary>The probation is over: nothing is measured. The table stays.</summary>
    public void End() => meter.End();
}
