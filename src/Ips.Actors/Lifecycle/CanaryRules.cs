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
}
