using Akka.Actor;
using Ips.Actors.Files;
using Ips.Actors.Handover;
using Ips.Actors.Launch;
using Ips.Actors.Lifecycle;
using Ips.Actors.Posix;
using Ips.Actors.Transport;
using Microsoft.Extensions.Logging;

namespace Ips.Actors.Predecessor;

/// <summary>Runs in the successor: its side of the handover channel to the predecessor.</summary>
/// <remarks>A restart loses nothing: the link outlives it and keeps what arrives until someone subscribes.</remarks>
[SupportedOSPlatform("linux")]
internal sealed class PredecessorActor : UntypedActor, IWithTimers
{
    private const int ReportLimitIntervals = 3; // a report that names a check that hangs must not be missed as well

    private readonly PredecessorLink _link;
    private readonly RuntimeFiles _files;
    private readonly IActorRef _front;
    private readonly IActorRef _listeners;
    private readonly IActorRef _mover;
    private readonly IActorRef _lifecycle;
    private readonly ILogger _log;

    public PredecessorActor(
        PredecessorLink link, RuntimeFiles files, IActorRef front, IActorRef listeners, IActorRef mover, IActorRef lifecycle, ILogger log)
    {
        (_link, _files, _front, _listeners, _mover, _lifecycle, _log) = (link, files, front, listeners, mover, lifecycle, log);
    }

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case ChannelEvent.Received received: Heed(received); break;
            case ChannelEvent.Closed closed: OnClosed(closed); break;
            case PredecessorOrder.SendReady ready:
                _link.Reach(HandoverPhase.Ready);
                _link.Channel?.TrySend(
                    new ReadyFrame(ready.Endpoints, ready.HealthUrl, ready.Failing, ready.Accepts, ready.KeptState,
                        _link.TakesTunnels && _link.Version >= HandoverVersion.Upgrades));
                break;
            case PredecessorOrder.ReturnConnections: OnReturnConnections(); break;
            case MoverProtocol.Carry carry: OnCarry(carry); break;
            case MoverProtocol.CarryEnded: break; // the predecessor does not wait for word of it
            case TakenIn takenIn: OnTakenIn(takenIn); break;
            case IntakeFailed intakeFailed: OnIntakeFailed(intakeFailed); break;
            case PredecessorOrder.SendFailed failed: SendFailed(failed.Reason); break;
            case PredecessorOrder.BeginHealthReports: BeginReports(); break;
            case PredecessorOrder.AcknowledgePromotion:
                EndReports();
                _link.Acknowledged = true;
                _link.Channel?.TrySend(new PromotedFrame());
                break;
            case Ended { Died: true }: _lifecycle.Tell(new LifecycleEvent.PredecessorLost()); break;
            case Ended:
                _lifecycle.Tell(new LifecycleEvent.StopReceived("the predecessor: it serves, and has closed the channel", Return: false));
                break;
            case WindowDue:
                if (_link is { Reporting: true, Channel: { } channel } && _link.Windows?.Take() is { } window) channel.TrySend(window);
                break;
            case ReportDue: _front.Tell(new HttpFrontProtocol.GetHealth(_link.HealthInterval * ReportLimitIntervals)); break;
            case HttpFrontProtocol.Health health:
                if (_link.Reporting)
                {
                    _link.Channel?.TrySend(new HealthFrame(
                        health.Ok, health.Requests, health.Errors, health.Reason, health.Failing, health.Load));
                }

                break;
            default: Unhandled(message); break;
        }
    }

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
        if (_link is { WindowTerms: { } terms, Windows: { } windows })
        {
            windows.Begin(terms.Routes); // begun anew by a restart: what was counted in between is lost
            Timers.StartPeriodicTimer(nameof(WindowDue), new WindowDue(), windows.UntilNext, WindowTerms.Length);
        }
    }

    private void EndReports()
    {
        _link.Reporting = false;
        Timers.Cancel(nameof(ReportDue));
        if (_link.WindowTerms is null) return;
        Timers.Cancel(nameof(WindowDue));
        _link.Windows?.End();
        _link.WindowTerms = null;
    }

    private void SendFailed(string reason)
    {
        EndReports();
        _link.Returning = true;
        _link.Channel?.TrySend(new FailedFrame(reason));
    }

    // Whatever a predecessor says must not end the process: what cannot be acted on is the end of the channel.
    private void Heed(ChannelEvent.Received received)
    {
        try
        {
            OnReceived(received);
        }
        catch (Exception e) when (e is not ActorKilledException)
        {
            _log.FrameFailed(e, received.Frame.GetType().Name);
            OnClosed(new ChannelEvent.Closed($"{received.Frame.GetType().Name} could not be acted on: {e.GetBaseException().Message}"));
        }
    }

    private void OnReceived(ChannelEvent.Received received)
    {
        if (!FrameOrder.AllowsFromPredecessor(received.Frame, _link.Phase, _link.Version, _link.Ending, _link.Leaving,
            _link.Canary))
        {
            HandoverChannel.CloseDescriptors(received);
            if (!_link.FaultLogged)
            {
                _link.FaultLogged = true;
                _log.Unexpected(received.Frame.GetType().Name, _link.Phase);
            }

            return;
        }

        // It says these only once it has heard of the promotion: from there on the role does not go back.
        if (_link.Acknowledged && received.Frame is (HistoryFrame or ICarries or FarewellFrame))
        {
            _files.LeaveFormer();
        }

        switch (received.Frame)
        {
            case ICarries connections:
                OnConnections(connections, received.Fds);
                return;
            case IdentityFrame identity:
                OnIdentity(identity, received.Fds);
                return;
        }

        HandoverChannel.CloseDescriptors(received); // of the other frames only welcome has any, which was taken before
        switch (received.Frame)
        {
            case AdoptedFrame adopted when _link.Courier is { } courier:
                _mover.Tell(new MoverProtocol.Delivered(courier.Acknowledge(adopted.Count)));
                TakeBackUnsendable(courier);
                break;
            case DeclinedFrame declined when _link.Courier is { } courier:
                ReturningConnections.TakeBack(courier.Decline(declined.Packet), UnmovableReason.Declined, _mover, _listeners);
                break;
            case ServeFrame serve:
                _link.WindowTerms = serve.Windows;
                _link.Reach(HandoverPhase.Serving);
                _link.Canary = serve.Canary;
                _lifecycle.Tell(new LifecycleEvent.ServeReceived(serve.Canary));
                break;
            case HistoryFrame history:
                _lifecycle.Tell(new LifecycleProtocol
                    .AdoptHistory([.. history.Receipts.Select(ReloadHistory.Unpack).OfType<ReloadReceipt>()]));
                break;
            case PromoteFrame promote:
                _link.Output?.Restore(promote.Output, promote.Error);
                TellOutputFault();
                if (!_link.Ending) // else it crossed what this generation has said
                {
                    _link.Reach(HandoverPhase.Promoted);
                    FailureReport.End();
                    if (promote.Counts is { } counts) _link.Meter?.Counts.Adopt(counts);
                    _lifecycle.Tell(new LifecycleEvent.PromoteReceived());
                }

                break;
            case DrainingFrame draining:
                _link.Draining = draining;
                break;
            case LeftFrame:
                _link.Left = true;
                _link.EndIntakeIfDone();
                break;
            case StopFrame stop:
                (_link.SaidGoodbye, _link.Returning) = (!stop.Return, stop.Return);
                _log.Stops(stop.Reason);
                _lifecycle.Tell(new LifecycleEvent.StopReceived($"the predecessor: {stop.Reason}", stop.Return));
                break;
            case FarewellFrame farewell:
                _link.SaidGoodbye = true;
                _link.Draining = null;
                var drain = new DrainCounts(farewell.Drained, farewell.Requests, farewell.ClosedPolitely, farewell.Aborted,
                    farewell.ClosedIdle, farewell.Moved)
                { ClosedPolitelyBy = farewell.ClosedPolitelyBy };
                _log.Drained(drain.Moved, drain.Connections, drain.ClosedPolitely, drain.ClosedIdle);
                _log.DrainedRequests(drain.Requests, drain.AbortedRequests);
                _lifecycle.Tell(new LifecycleProtocol.PredecessorDrained(drain));
                break;
        }
    }

    // The predecessor, which is told, takes the role back.
    private void OnIdentity(IdentityFrame frame, IReadOnlyList<int> fds)
    {
        var expected = (frame.Lock ? 1 : 0) + (frame.Control ? 1 : 0);
        if (fds.Count != expected)
        {
            foreach (var fd in fds) FileDescriptors.Close(fd);
            RefuseIdentity(
                $"{fds.Count} of its {expected} descriptors came; at most {OpenFiles.Limit().Soft} files may be open (ulimit -n)");
            return;
        }

        try
        {
            _files.Accept(frame.Lock ? fds[0] : null, frame.Control ? fds[^1] : null);
        }
        catch (IOException e)
        {
            RefuseIdentity(e.Message);
        }
    }

    private void RefuseIdentity(string reason)
    {
        _log.IdentityRefused(reason);
        SendFailed($"it cannot take over the identity of the service: {reason}");
    }

    private void OnClosed(ChannelEvent.Closed closed)
    {
        if (closed.Error is { } error)
        {
            _log.ChannelFailed(error);
        }

        EndReports();
        _link.Channel?.Dispose();
        _link.Draining = null;
        TellOutputFault();
        _link.Ended = true;
        _link.EndIntakeIfDone();
        if (_link is { Carrying: true, Courier: { } courier }) // else what moves, now or later, moves to a successor
        {
            _mover.Tell(new MoverProtocol.CarrierLost(courier.Break()));
            ReturningConnections.TakeBack(courier.Recall(), UnmovableReason.CarrierGone, _mover, _listeners);
        }

        if (_link.Adopted > 0)
        {
            _log.Adopted(_link.Adopted);
        }

        if (_link.Returning)
        {
            _link.HasDied().PipeTo(Self, success: died => new Ended(died));
            return;
        }

        _files.LeaveFormer();
        _listeners.Tell(new ListenerProtocol.PredecessorEnded());
        if (!_link.SaidGoodbye)
        {
            _lifecycle.Tell(new LifecycleEvent.PredecessorLost()); // first: what the front says then means nobody to fall back to
            _front.Tell(new HttpFrontProtocol.PredecessorLost());
        }
    }

    private void TellOutputFault()
    {
        if (_link.Output?.TakeFault() is { } fault)
        {
            _log.OutputFault(fault);
        }
    }

    private void OnReturnConnections()
    {
        if (_link.Courier is null || _link.Ended)
        {
            _mover.Tell(new MoverProtocol.CarrierLost(0));
            return;
        }

        _link.Carrying = true;
        _mover.Tell(new MoverProtocol.Begin(Self, Endpoints: null, Upgrades: _link.Version >= HandoverVersion.Upgrades,
            Tunnels: _link.PredecessorTakesTunnels));
    }

    private void OnCarry(MoverProtocol.Carry carry)
    {
        if (_link.Courier is { IsBroken: false } courier)
        {
            courier.Send(carry.Connections);
            TakeBackUnsendable(courier);
        }
        else
        {
            ReturningConnections.TakeBack(carry.Connections, UnmovableReason.CarrierGone, Sender, _listeners);
        }
    }

    private void TakeBackUnsendable(ConnectionCourier courier)
    {
        if (courier.TakeUnsendable() is { Count: > 0 } unsendable)
            ReturningConnections.TakeBack(unsendable, UnmovableReason.NoDescriptor, _mover, _listeners);
    }

    private void OnConnections(ICarries frame, IReadOnlyList<int> fds)
    {
        _link.ConnectionPackets++;
        var limit = _link.DescriptorLimit();
        if (ConnectionIntake.Take(frame, fds, limit) is not { } connections)
        {
            _log.Declined(frame.Count, limit);
            _link.Channel?.TrySend(new DeclinedFrame(_link.ConnectionPackets));
            return;
        }

        _link.Adopting++;
        ConnectionIntake.AdoptAsync(connections, _link.Channel!, _listeners)
            .PipeTo(Self, success: adopted => new TakenIn(adopted.Count, frame.SentAtNs),
                failure: error => new IntakeFailed(connections.Count, error.GetBaseException().Message));
    }

    private void OnTakenIn(TakenIn taken)
    {
        _link.Adopting--;
        _link.Adopted += taken.Count;
        _link.Meter?.Moved(taken.Count, isReturn: false, taken.SentAt);
        _link.EndIntakeIfDone();
    }

    private void OnIntakeFailed(IntakeFailed failed)
    {
        _link.Adopting--;
        _log.IntakeFailed(failed.Count, failed.Reason);
        _link.EndIntakeIfDone();
    }

    private sealed record Ended(bool Died);

    private sealed record TakenIn(int Count, long? SentAt);

    private sealed record IntakeFailed(int Count, string Reason);

    private sealed record ReportDue;

    private sealed record WindowDue;
}
