using Akka.Actor;
using Ips.Actors.Control;
using Ips.Actors.Handover;
using Ips.Actors.HttpFront;
using Ips.Actors.Lifecycle;
using Ips.Actors.Output;
using Microsoft.Extensions.Logging;

namespace Ips.Actors.Predecessor;

/// <summary>The link to the predecessor after <c>welcome</c>; it outlives a restart of <see cref="PredecessorActor"/>, its only user.</summary>
/// <param name="Channel">The channel, or null in a first generation.</param>
/// <param name="HealthInterval">Time between two health reports.</param>
internal sealed record PredecessorLink(IHandoverChannel? Channel, TimeSpan HealthInterval)
{
    /// <summary>Stdout and stderr, while they are pipes to the predecessor.</summary>
    public InheritedOutput? Output { get; init; }

    /// <summary>Reports are due.</summary>
    public bool Reporting { get; set; }

    /// <summary>The predecessor said stop or farewell: its end is no surprise.</summary>
    public bool SaidGoodbye { get; set; }
}

/// <summary>A successor's side of the handover channel.</summary>
/// <remarks>A restart loses nothing: the link outlives it and keeps what arrives until someone subscribes.</remarks>
internal sealed class PredecessorActor : ReceiveActor, IWithTimers
{
    private readonly PredecessorLink _link;
    private readonly IActorRef _front;
    private readonly IActorRef _lifecycle;
    private readonly ILogger _log;

    public PredecessorActor(PredecessorLink link, IActorRef front, IActorRef lifecycle, ILogger log)
    {
        (_link, _front, _lifecycle, _log) = (link, front, lifecycle, log);
        Receive<ChannelEvent.Received>(OnReceived);
        Receive<ChannelEvent.Closed>(OnClosed);
        Receive<PredecessorProtocol.SendReady>(_ => _link.Channel?.TrySend(new ReadyFrame()));
        Receive<PredecessorProtocol.SendFailed>(failed =>
        {
            EndReports();
            _link.Channel?.TrySend(new FailedFrame(failed.Reason));
        });
        Receive<PredecessorProtocol.BeginHealthReports>(_ => BeginReports());
        Receive<PredecessorProtocol.AcknowledgePromotion>(_ =>
        {
            EndReports();
            _link.Channel?.TrySend(new PromotedFrame());
        });
        Receive<ReportDue>(_ => _front.Tell(new HttpFrontProtocol.GetHealth()));
        Receive<HttpFrontProtocol.Health>(health =>
        {
            if (_link.Reporting)
            {
                _link.Channel?.TrySend(new HealthFrame(health.Ok, health.Requests, health.Errors, health.Reason));
            }
        });
    }

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    /// <inheritdoc/>
    protected override void PreStart()
    {
        var self = Self;
        _link.Channel?.Subscribe(channelEvent => self.Tell(channelEvent));
        if (_link.Reporting)
        {
            BeginReports();
        }
    }

    private void BeginReports()
    {
        _link.Reporting = true;
        Timers.StartPeriodicTimer(nameof(ReportDue), new ReportDue(), TimeSpan.Zero, _link.HealthInterval);
    }

    private void EndReports()
    {
        _link.Reporting = false;
        Timers.Cancel(nameof(ReportDue));
    }

    private void OnReceived(ChannelEvent.Received received)
    {
        HandoverChannel.CloseDescriptors(received); // descriptors ride on welcome only, which was taken before
        switch (received.Frame)
        {
            case ServeFrame:
                _lifecycle.Tell(new LifecycleEvent.ServeReceived());
                break;
            case HistoryFrame history:
                _lifecycle.Tell(new LifecycleProtocol.AdoptHistory([.. history.Receipts.Select(ReloadHistory.Unpack).OfType<ReloadReceipt>()]));
                break;
            case PromoteFrame promote:
                _link.Output?.Restore(promote.Output, promote.Error);
                TellOutputFault();
                _lifecycle.Tell(new LifecycleEvent.PromoteReceived());
                break;
            case StopFrame stop:
                _link.SaidGoodbye = true;
                _log.Stops(stop.Reason);
                _lifecycle.Tell(new LifecycleEvent.StopReceived($"the predecessor: {stop.Reason}"));
                break;
            case FarewellFrame farewell:
                _link.SaidGoodbye = true;
                var drain = new DrainCounts(farewell.Drained, farewell.Requests, farewell.ClosedPolitely, farewell.Aborted, farewell.ClosedIdle);
                _log.Farewell(drain.Connections, drain.Requests, drain.ClosedPolitely, drain.AbortedRequests, drain.ClosedIdle);
                _lifecycle.Tell(new LifecycleProtocol.PredecessorDrained(drain));
                break;
            default:
                _log.Unexpected(received.Frame.GetType().Name);
                break;
        }
    }

    private void OnClosed(ChannelEvent.Closed closed)
    {
        if (closed.Error is { } error)
        {
            _log.ChannelFailed(error);
        }

        EndReports();
        _link.Channel?.Dispose();
        TellOutputFault();
        if (!_link.SaidGoodbye)
        {
            _lifecycle.Tell(new LifecycleEvent.PredecessorLost());
        }
    }

    private void TellOutputFault()
    {
        if (_link.Output?.TakeFault() is { } fault)
        {
            _log.OutputFault(fault);
        }
    }

    private sealed record ReportDue;
}
