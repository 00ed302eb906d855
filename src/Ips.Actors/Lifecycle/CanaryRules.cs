using Ips.Actors.Configuration;
using Ips.Actors.Handover;

namespace Ips.Actors.Lifecycle;

/// <summary>Whether a successor is a canary, and for how long. Pure.</summary>
internal static class CanaryRules
{
    /// <summary>Why a successor is not a canary; empty if that is switched off, null if it is one.</summary>
    /// <param name="options">The predecessor's.</param>
    /// <param name="keptHere">What the predecessor's app keeps of its clients in its process; null for nothing.</param>
    /// <param name="ready">What the successor says of itself.</param>
    public static string? Objection(ReloadOptions options, string? keptHere, ReadyFrame ready)
    {
        var steps = CanarySteps.Of(options);
        return steps.Percent.Count == 0 || options.Probation == TimeSpan.Zero ? ""
            : ready.Accepts is null ? "the Ips of the new release is too old for it"
            : steps.Always ? null
            : (ready.KeptState ?? keptHere) is { } kept
                ? $"the app keeps {kept} in its process (ips.reload.canary = [always] insists)"
                : null;
    }

    /// <summary>Has a step's share passed on, and the next step begin in its time.</summary>
    /// <param name="step">From 1; 0 for none.</param>
    /// <param name="options">The predecessor's.</param>
    public static SuccessorEffect[] Share(int step, IpsOptions options) => step == 0 ? []
        : CanarySteps.Of(options.Reload) is var steps && step < steps.Percent.Count
            ? [new SuccessorEffect.Pass(steps.Percent[step - 1]),
                new SuccessorEffect.Arm(SuccessorTimer.CanaryStep, steps.StepLength(options.Reload.Probation))]
            : [new SuccessorEffect.Pass(steps.Percent[step - 1])];

    /// <summary>The probation's time is over: it is passed, unless the judge wants to see more of a canary.</summary>
    public static SuccessorStep Conclude(SuccessorState.Serving serving, IpsOptions options) =>
        serving.Concluding ? new(serving, new SuccessorEffect.AskJudge()) // again, after a restart
        : serving.Facts.Canary && options.Reload.LongestProbation > options.Reload.Probation
            ? new(serving with { Concluding = true },
                [.. Lengthened(serving with { Concluding = true }, options), new SuccessorEffect.AskJudge()])
        : Pass(serving);

    /// <summary>The clock of a lengthened probation.</summary>
    public static SuccessorEffect[] Lengthened(SuccessorState.OnProbation state, IpsOptions options) =>
        state is SuccessorState.Serving { Concluding: true }
            ? [new SuccessorEffect.Arm(SuccessorTimer.ProbationMax, options.Reload.LongestProbation - options.Reload.Probation)] : [];

    /// <summary>The judge has said whether it has seen enough.</summary>
    public static SuccessorStep Consider(SuccessorState.Serving serving, string? wants, IpsOptions options) => wants is null ? Pass(serving)
        : new(serving, new SuccessorEffect.TellLengthened(new(wants, options.Reload.LongestProbation)));

    /// <summary>The probation is passed.</summary>
    public static SuccessorStep Pass(SuccessorState.Serving serving) => new(serving with { Concluding = false },
        [.. Unlengthen(serving), new SuccessorEffect.Tell(new LifecycleEvent.ProbationPassed())]);

    /// <summary>Stops the clock of a lengthened probation.</summary>
    public static SuccessorEffect[] Unlengthen(SuccessorState.Serving serving) =>
        serving.Concluding ? [new SuccessorEffect.Cancel(SuccessorTimer.ProbationMax)] : [];

    /// <summary>Has a window weighed: the successor's, or if null, the one that has ended here.</summary>
    public static SuccessorEffect[] Weigh(SuccessorState state, WindowFrame? window) =>
        [new SuccessorEffect.WeighWindow(window),
            .. state is SuccessorState.Serving { Concluding: true } ? [new SuccessorEffect.AskJudge()] : (SuccessorEffect[])[]];

    /// <summary>Tells that a successor is ready, and whether it is a canary.</summary>
    public static SuccessorEffect.TellReady TellReady(SuccessorFacts facts, IpsOptions options) => new(new(facts.Canary)
    {
        NoCanary = facts.NoCanary,
        Percent = facts.Canary ? CanarySteps.Of(options.Reload).Percent : null,
    });
}
