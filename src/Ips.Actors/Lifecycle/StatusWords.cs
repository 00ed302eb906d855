using static Ips.Actors.Lifecycle.LifecycleState;

namespace Ips.Actors.Lifecycle;

/// <summary>What <c>ips status</c> calls the state of this generation, and of its successor. Pure.</summary>
/// <remarks>The machine's states are named for what this generation waits for: <see cref="OnProbation"/> is the state of the predecessor
/// whose successor is on
/// probation.</remarks>
internal static class StatusWords
{
    /// <summary>The words.</summary>
    /// <param name="state">Where this generation stands.</param>
    /// <returns>Its state; what it waits for, as a clause; the state of its successor. The last two are null while no reload is under
    /// way.</returns>
    public static (string State, string? Phase, string? Successor) Of(LifecycleState state) => state switch
    {
        AwaitingReady { DryRun: true } => ("Checking", "waits until the release that is checked is ready", "starting"),
        AwaitingReady => ("Reloading", "waits until the successor is ready", "starting"),
        Overlapping => ("Reloading", "waits until the successor accepts", "ready"),
        OnProbation => ("Reloading", "can take the role back while the successor is on probation", "on probation"),
        Yielding => ("Reloading", "the app gives up its role as primary", "on probation"),
        Promoting => ("Reloading", "waits until the successor is the main process", "being promoted"),
        RollingBack => (nameof(RollingBack), "serves again; the successor is being ended", "ending"),
        Proving => ("OnProbation", "the predecessor can take the role back", null),
        Moving => ("Draining", "the successor is the main process; connections move to it", null),
        _ => (state.Name, null, null),
    };
}
