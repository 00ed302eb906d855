using Ips.Actors.Configuration;
using Ips.Actors.Handover;

namespace Ips.Actors.Lifecycle;

/// <summary>Whether a successor is a canary. Pure.</summary>
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

    /// <summary>Tells that a successor is ready, and whether it is a canary.</summary>
    public static SuccessorEffect.TellReady TellReady(SuccessorFacts facts, IpsOptions options) => new(new(facts.Canary)
    {
        NoCanary = facts.NoCanary,
        Percent = facts.Canary ? CanarySteps.Of(options.Reload).Percent : null,
    });
}
