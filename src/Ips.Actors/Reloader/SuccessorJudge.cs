using Ips.Actors.Handover;
using Ips.Actors.Judging;

namespace Ips.Actors.Reloader;

/// <summary>The judge of one successor, and what measures this generation beside it; it outlives a restart of
/// <see cref="ReloaderActor"/>, its user.</summary>
/// <param name="meter">Measures this generation.</param>
/// <param name="rollBackOn">Effects that roll back, and not only appear in the receipt.</param>
internal sealed class SuccessorJudge(IWindowMeter meter, MildEffects rollBackOn = MildEffects.None)
{
    private JudgeMachine? _machine;
    private bool _stepped, _heard;

    /// <summary>Time to the end of the next window.</summary>
    public TimeSpan UntilNext => meter.UntilNext;

    /// <summary>Why the successor is to be rolled back; null while it is not.</summary>
    public string? Worse => (_machine?.Look() as Verdict.RollBack)?.Reason;

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
        _machine ??= new JudgeMachine(meter.Terms() with { RollBackOn = rollBackOn });
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

    /// <summary>A window of this generation has ended.</summary>
    public void TakeOwn()
    {
        if (meter.Take() is { } window) _machine?.Before(window);
    }

    /// <summary>The successor's window has come.</summary>
    public void Hear(WindowFrame window)
    {
        _heard = true;
        _machine?.After(window);
    }

    /// <summary>The probation is over: nothing is measured. The table stays.</summary>
    public void End() => meter.End();
}
