namespace Ips.Actors.Lifecycle;

/// <summary>How many generations there are in each state, as the main process sees it. Pure.</summary>
internal static class GenerationCensus
{
    /// <summary>Counts them.</summary>
    /// <param name="state">The state of the main process.</param>
    /// <param name="hasSuccessor">A successor's process exists.</param>
    /// <param name="older">Older generations that still drain.</param>
    /// <returns>Every state, with 0 where there is none.</returns>
    public static IReadOnlyList<(string State, int Count)> Of(LifecycleState state, bool hasSuccessor, int older)
    {
        var stopping = state is LifecycleState.LameDuck or LifecycleState.Draining or LifecycleState.Exiting;
        var successor = !hasSuccessor ? "" : state switch
        {
            LifecycleState.AwaitingReady => "starting",
            LifecycleState.Overlapping or LifecycleState.OnProbation or LifecycleState.Yielding or LifecycleState.Promoting => "probation",
            _ => "draining",
        };
        return
        [
            ("starting", successor == "starting" ? 1 : 0),
            ("probation", successor == "probation" ? 1 : 0),
            ("serving", stopping ? 0 : 1),
            ("draining", older + (successor == "draining" ? 1 : 0) + (stopping ? 1 : 0)),
        ];
    }
}
