using System.Diagnostics;
using Ips.Actors.Diagnostics;

namespace Ips.Actors.Lifecycle;

/// <summary>The span <c>ips.reload</c> in the predecessor, with a child for each phase. It costs nothing while nobody traces.</summary>
internal sealed class ReloadTrace
{
    private readonly Activity? _reload;
    private DateTimeOffset _phaseSince;

    /// <summary>Begins the span.</summary>
    /// <param name="parent">The <c>traceparent</c> of who asked for the reload; null for none.</param>
    /// <param name="trigger">What asked.</param>
    /// <param name="dryRun">It is a check.</param>
    /// <param name="generation">The successor's.</param>
    /// <param name="now">When it was asked for.</param>
    public ReloadTrace(string? parent, ReloadTrigger trigger, bool dryRun, int generation, DateTimeOffset now)
    {
        _phaseSince = now;
        _reload = IpsActivity.Start("ips.reload", IpsActivity.Parse(parent), now);
        _reload?.SetTag("ips.reload.trigger", Handover.WireName.Of(trigger)).SetTag("ips.reload.dry_run", dryRun)
            .SetTag("ips.generation.number", generation);
    }

    /// <summary>The <c>traceparent</c> for the successor; null if nobody traces.</summary>
    public string? TraceParent => _reload is { IdFormat: ActivityIdFormat.W3C } ? _reload.Id : null;

    /// <summary>A phase of the receipt was reached.</summary>
    public void Reach(string phase, DateTimeOffset now)
    {
        if (_reload is null) return;
        IpsActivity.Emit(NameOf(phase), _reload.Context, _phaseSince, now);
        _phaseSince = now;
    }

    /// <summary>The reload has ended: its outcome, and as the status why it failed.</summary>
    public void End(ReloadReceipt receipt, DateTimeOffset now)
    {
        _reload?.SetTag("ips.reload.outcome", receipt.Outcome).SetTag("ips.release.old", receipt.OldRelease)
            .SetTag("ips.release.new", receipt.NewRelease).SetTag("error.type", receipt.ErrorType());
        IpsActivity.End(_reload, now, receipt.ErrorType() is null ? null : receipt.Reason ?? receipt.Outcome);
    }

    // By what happens in it, where the receipt has the name of its end.
    private static string NameOf(string phase) => "ips.reload." + phase switch
    {
        "spawned" => "spawn",
        "hello" => "start",
        "ready" => "warm_up",
        "serving" => "serve",
        "promoted" => "probation",
        _ => phase,
    };
}
