using System.Diagnostics;
using Ips.Actors.Diagnostics;

namespace Ips.Actors.Lifecycle;

/// <summary>The spans of a successor, as children of the reload that its predecessor traces: <c>ips.generation.start</c> from the start of
/// its process to <c>ready</c>, and <c>ips.generation.probation</c>.</summary>
/// <param name="parent">The predecessor's span; the default if it does not trace.</param>
/// <param name="startedAt">When the process started.</param>
internal sealed class GenerationTrace(ActivityContext parent, DateTimeOffset startedAt)
{
    private DateTimeOffset _servesSince;

    /// <summary>The predecessor's span; the default if it does not trace.</summary>
    public ActivityContext Parent => parent;

    /// <summary>The state has changed.</summary>
    /// <param name="before">From.</param>
    /// <param name="after">To.</param>
    /// <param name="now">When.</param>
    public void Note(LifecycleState before, LifecycleState after, DateTimeOffset now)
    {
        if (parent == default || before.GetType() == after.GetType()) return;
        if (before is LifecycleState.Joining) // whatever follows, its start has ended
            IpsActivity.Emit("ips.generation.start", parent, startedAt, now, after is LifecycleState.Exiting ? "it could not start" : null);
        if (after is LifecycleState.Proving) _servesSince = now;
        if (before is LifecycleState.Proving)
        {
            IpsActivity.Emit(
                "ips.generation.probation", parent, _servesSince, now, after is LifecycleState.Serving ? null : "it was rolled back");
        }
    }
}
