using Akka.Actor;
using Ips.Actors.Configuration;
using Ips.Actors.Control;
using Ips.Actors.HttpFront;
using Ips.Actors.Listener;
using Ips.Actors.Predecessor;
using Ips.Actors.Reloader;
using Ips.Actors.Takeover;
using Ips.Actors.Transport;
using Microsoft.Extensions.Logging;
using static Ips.Actors.Lifecycle.LifecycleEffect;

namespace Ips.Actors.Lifecycle;

/// <summary>Decides: feeds every event to <see cref="LifecycleMachine"/> and carries out its effects through the other actors.</summary>
/// <remarks>A restart loses nothing: state, pending effects and the reload under way live in <see cref="LifecycleMemory"/>; timers are armed again.</remarks>
internal sealed class LifecycleActor : ReceiveActor, IWithTimers, IWithStash
{
    private static readonly TimeSpan FarewellTimeout = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan MoveTimeout = TimeSpan.FromSeconds(2); // idle connections take milliseconds; busy ones follow while draining
    private static readonly TimeSpan AbortTimeout = TimeSpan.FromSeconds(5);

    private readonly LifecycleMemory _memory;
    private readonly ILifecycleSurroundings _surroundings;
    private readonly IpsOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private AskedReload? _asking; // what is being decided
    private AskedReload? _due; // has waited, and is about to begin: status shows it until then
    private string? _refusal; // of the takeover that is being decided

    public LifecycleActor(LifecycleMemory memory, ILifecycleSurroundings surroundings, IpsOptions options, TimeProvider time, ILogger log)
    {
        (_memory, _surroundings, _options, _time, _log) = (memory, surroundings, options, time, log);
        if (_memory.Cast is null)
        {
            Become(Assembling);
        }
        else
        {
            Become(Running);
        }
    }

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    /// <inheritdoc/>
    public IStash Stash { get; set; } = null!;

    private LifecycleCast Cast => _memory.Cast!;

    /// <inheritdoc/>
    protected override void PreStart()
    {
        // Through our own mailbox: a sign of life that another thread could give would be none.
        if (_memory.Manager is { TurnInterval: var interval })
        {
            Timers.StartPeriodicTimer(nameof(ManagerTurn), new ManagerTurn(), interval, interval);
        }
    }

    /// <inheritdoc/>
    protected override void PostRestart(Exception reason)
    {
        base.PostRestart(reason);
        Self.Tell(new LifecycleEvent.ActorRestarted(Self.Path.Name));
    }

    private void Assembling()
    {
        Receive<LifecycleProtocol.Assemble>(assemble =>
        {
            _memory.Cast = assemble.Cast;
            Become(Running);
            Stash.UnstashAll();
        });
        ReceiveAny(_ => Stash.Stash());
    }

    private void Running()
    {
        Receive<LifecycleEvent.ReloadRequested>(asked => OnReload(new LifecycleProtocol.Reload(asked.Source)));
        Receive<LifecycleEvent>(Apply);
        Receive<LifecycleProtocol.Reload>(OnReload);
        Receive<QueuedReloadWeighed>(OnQueuedReloadWeighed);
        Receive<LifecycleProtocol.TakeOver>(OnTakeOver);
        Receive<LifecycleProtocol.Pause>(OnPause);
        Receive<ConfigurationChecked>(OnConfigurationChecked);
        Receive<MoverProtocol.Settled>(settled =>
        {
            _memory.Reload?.Settled(settled.Moved, settled.Busy, settled.Staying);
            Apply(new LifecycleEvent.ConnectionsSettled());
        });
        Receive<ManagerTurn>(_ => _memory.Manager?.Turn());
        Receive<LifecycleProtocol.RestorePaths>(_ => OnRestorePaths());
        Receive<LifecycleProtocol.GetStatus>(_ => Sender.Tell(Status()));
        Receive<LifecycleProtocol.GetHistory>(_ => Sender.Tell(new LifecycleProtocol.HistoryReply(_memory.History.Receipts,
            Pending())));
        Receive<LifecycleProtocol.AdoptHistory>(adopt =>
        {
            adopt.Receipts.ToList().ForEach(_memory.History.Remember);
            KeepHistory();
        });
        Receive<LifecycleProtocol.PredecessorDrained>(drained =>
        {
            _memory.History.NoteDrain(_surroundings.Pid, drained.Counts);
            KeepHistory();
        });
    }

    private void Apply(LifecycleEvent @event)
    {
        Account(@event);
        var before = _memory.State;
        var next = LifecycleMachine.Next(before, @event);
        _memory.State = next.State;
        foreach (var effect in next.Effects)
        {
            _memory.Pending.Enqueue(effect);
        }

        Tell(before, next.State, @event); // after the effects are kept: a log provider that throws must not cost them
        RunPending();
    }

    // An effect is taken off the queue before it runs: one that throws is left out, and the others follow after the restart.
    private void RunPending()
    {
        while (_memory.Pending.TryDequeue(out var effect))
        {
            try
            {
                Run(effect);
                _memory.Manager?.After(effect, _memory.State, _memory.History.Receipts is [.., var last] ? last : null, _memory.Reload?.NewPid, _memory.Reload?.Invited is not null);
            }
            catch (Exception e) when (e is not ActorKilledException)
            {
                _log.EffectFailed(e, effect.ToString());
            }
        }
    }

    private void Tell(LifecycleState before, LifecycleState after, LifecycleEvent @event)
    {
        switch (@event)
        {
            case LifecycleEvent.StopRequested stop:
                _log.Stopping(stop.Source);
                break;
            case LifecycleEvent.PredecessorLost when before is LifecycleState.Joining or LifecycleState.Ready or LifecycleState.Proving:
                _log.Alone();
                break;
            case LifecycleEvent.ConnectionsDrained { Counts: { } counts }:
                _memory.Drained = counts;
                break;
            case LifecycleEvent.DrainTimedOut:
                _log.DrainTimedOut(_options.Drain.Timeout.TotalSeconds);
                break;
        }

        if (before.Name != after.Name)
        {
            _log.StateChanged(before.Name, after.Name, @event.GetType().Name);
        }
    }

    private void Run(LifecycleEffect effect)
    {
        switch (effect)
        {
            case StartAccepting: Cast.Listeners.Tell(new ListenerProtocol.StartAccepting()); break;
            case QuiesceAccepting: Cast.Listeners.Tell(new ListenerProtocol.Quiesce()); break;
            case ReleaseListeners release: Cast.Listeners.Tell(new ListenerProtocol.Release(release.HandedOver)); break;

            case KeepSockets: KeepSocketsOfService(); break;
            case DropSockets: _surroundings.DropSockets(); break;
            case RestartService restart: _surroundings.RestartService(restart.Own); break;

            case ReloaderOrder order: Cast.Reloader.Tell(Complete(order)); break;
            case BeginReload begin: OpenReload(begin); break;
            case ArmSuccessorTimer: Arm(new LifecycleEvent.SuccessorTimedOut(), _options.Reload.ReadyTimeout); break;
            case DisarmSuccessorTimer: Timers.Cancel(nameof(LifecycleEvent.SuccessorTimedOut)); break;
            case ArmProbationTimer: Arm(new LifecycleEvent.ProbationPassed(), _options.Reload.Probation); break;
            case DisarmProbationTimer: Timers.Cancel(nameof(LifecycleEvent.ProbationPassed)); break;
            case NoteFailure failure: _memory.Reload?.Fail(failure.Outcome, failure.Reason); break;
            case NoteChecked: MarkChecked(); break;
            case FinishReload: CloseReload(); break;
            case RefuseReload refuse: Refuse(refuse.Source, refuse.Reason); break;
            case QueueReload: Queue(); break;
            case TryQueuedReload: TryQueued(); break;
            case ForwardQueuedReload: PassOnQueued(); break;
            case DropQueuedReload drop: DropQueued(drop.Reason); break;

            case SendReady ready:
                Cast.Predecessor.Tell(new PredecessorProtocol.SendReady(_surroundings.MovableEndpoints(), _options.Reload.HealthUrl ?? "", ready.Failing));
                break;
            case BeginHealthReports: Cast.Predecessor.Tell(new PredecessorProtocol.BeginHealthReports()); break;
            case AcknowledgePromotion: Cast.Predecessor.Tell(new PredecessorProtocol.AcknowledgePromotion()); break;
            case SendFailed failed: Cast.Predecessor.Tell(new PredecessorProtocol.SendFailed(failed.Reason)); break;

            case PublishIdentity: Publish(); break;
            case HandOverIdentity: HandOver(); break;
            case RetractIdentity retract: _surroundings.RetractIdentity(retract.HandedOver); break;
            case AnnounceServing: Cast.Front.Tell(new HttpFrontProtocol.AnnounceServing()); break;
            case TakeRole: Cast.Front.Tell(new HttpFrontProtocol.TakeRole()); break;
            case YieldRole: Cast.Front.Tell(new HttpFrontProtocol.YieldRole()); break;
            case FailReadiness: Cast.Front.Tell(new HttpFrontProtocol.FailReadiness()); break;
            case ArmLameDuckTimer: Arm(new LifecycleEvent.LameDuckEnded(), _options.Drain.LameDuck); break;
            case BeginDrain drain: Drain(drain.Way); break;
            case ArmMoveTimer: Arm(new LifecycleEvent.MoveTimedOut(), MoveTimeout); break;
            case ArmDrainTimer: ArmDrain(); break;
            case AbortConnections: Cast.Front.Tell(new HttpFrontProtocol.AbortConnections()); break;
            case ArmAbortTimer: Arm(new LifecycleEvent.AbortTimedOut(), AbortTimeout); break;
            case StopHost: _surroundings.StopHost(); break;
            case ReopenLog: Reopen(); break;
            case Explain explain: _log.Ignored(_memory.State.Name, explain.What); break;
            case ExitProcess exit: Leave(exit.Code); break;
            default: throw new System.Diagnostics.UnreachableException($"Effect {effect} has no handler.");
        }
    }

    private ReloaderOrder Complete(ReloaderOrder order) => order switch
    {
        ReloaderOrder.SpawnSuccessor spawn => spawn with
        {
            Generation = _surroundings.Generation + 1,
            InvitedProcess = _memory.Reload?.Invited,
            Terms = _memory.Reload?.Asked?.Reload.Terms,
        },
        ReloaderOrder.SendPromote promote => promote with { History = _memory.History.Receipts },
        ReloaderOrder.SendFarewell farewell => farewell with { Counts = _memory.Drained ?? farewell.Counts },
        _ => order,
    };

    // The front knows of the way out before it says "close" to anyone.
    private void Drain(MoveWay way)
    {
        Cast.Front.Tell(new HttpFrontProtocol.BeginDrain(Moving: way != MoveWay.None, Relays: way == MoveWay.Successor));
        switch (way)
        {
            case MoveWay.Successor: Cast.Reloader.Tell(new ReloaderOrder.MoveConnections()); break;
            case MoveWay.Predecessor: Cast.Predecessor.Tell(new PredecessorProtocol.MoveConnections()); break;
        }
    }

    // A zero duration means now, without a turn of the scheduler.
    private void Arm(LifecycleEvent @event, TimeSpan after)
    {
        if (after <= TimeSpan.Zero)
        {
            Self.Tell(@event);
        }
        else
        {
            Timers.StartSingleTimer(@event.GetType().Name, @event, after);
        }
    }

    private void ArmDrain()
    {
        var now = _time.GetTimestamp();
        if (_memory.DrainDeadline is null)
        {
            _log.DrainBegan(_options.Drain.Timeout.TotalSeconds);
            _memory.DrainDeadline = now + (long)(_options.Drain.Timeout.TotalSeconds * _time.TimestampFrequency);
        }

        // Asked again after a restart: the deadline stays where it was.
        var left = _time.GetElapsedTime(now, _memory.DrainDeadline.Value);
        Arm(new LifecycleEvent.DrainTimedOut(), left);
    }

    private void OnReload(LifecycleProtocol.Reload reload) => Consider(new AskedReload(reload, _time));

    private void Consider(AskedReload asked)
    {
        if (Joins(asked))
        {
            NoLongerDue(asked);
            return;
        }

        if (!asked.Reload.CheckFirst)
        {
            Begin(asked);
            return;
        }

        Task.Run(_surroundings.CheckConfiguration).PipeTo(
            Self,
            success: errors => new ConfigurationChecked(asked, errors),
            failure: error => new ConfigurationChecked(asked, [error.GetBaseException().Message]));
    }

    // The same request by another way: a predecessor has passed it on, and who waited for it there asks here.
    private bool Joins(AskedReload asked)
    {
        if (asked.Id is not { } id)
        {
            return false;
        }

        if (_memory.Reload is { } reload && reload.Asked?.Id == id)
        {
            reload.Waiters.AddRange(asked.Waiters.Except(reload.Waiters).ToList());
            asked.Waiters.ForEach(waiter => waiter.Tell(Progress($"generation {_surroundings.Generation + 1} is under way", reloads: 1)));
        }
        else if (_memory.Queued is { } queued && queued.Id == id)
        {
            queued.Waiters.AddRange(asked.Waiters.Except(queued.Waiters).ToList());
            asked.Waiters.ForEach(waiter => waiter.Tell(Progress($"waits for {UnderWay()}", reloads: 2)));
        }
        else if (_memory.History.Receipts.LastOrDefault(receipt => receipt.RequestId == id) is { } receipt)
        {
            asked.Waiters.ForEach(waiter => waiter.Tell(new LifecycleProtocol.ReloadFinished(receipt)));
        }
        else
        {
            return false;
        }

        return true;
    }

    private void OnPause(LifecycleProtocol.Pause pause)
    {
        if (LifecycleMachine.PauseRefusal(_memory.State) is { } refusal)
        {
            _log.PauseRefused(pause.Paused ? "pause" : "resume", pause.Source, refusal);
            Sender.Tell(new LifecycleProtocol.PauseReply(refusal));
            return;
        }

        if (pause.Paused)
        {
            _log.Paused(pause.Source);
        }
        else
        {
            _log.Resumed(pause.Source);
        }

        Cast.Front.Tell(new HttpFrontProtocol.SetPaused(pause.Paused), Sender);
    }

    private void OnConfigurationChecked(ConfigurationChecked check)
    {
        if (check.Errors.Count == 0)
        {
            Begin(check.Asked);
        }
        else
        {
            _log.ConfigurationInvalid(check.Asked.Reload.Source, string.Join("; ", check.Errors));
            RefuseForGood(check.Asked, "refused", $"the configuration is invalid: {string.Join("; ", check.Errors)}");
        }
    }

    // Who waits joins the reload that this request starts, or waits for; a refused request is answered at once.
    private void Begin(AskedReload asked)
    {
        NoLongerDue(asked);
        if (Joins(asked))
        {
            return;
        }

        _asking = asked;
        var source = asked.Reload.Source;
        Apply(asked.Reload.DryRun
            ? new LifecycleEvent.CheckRequested(source) : new LifecycleEvent.ReloadRequested(source, asked.Reload.Request.NoQueue));
        _asking = null;
    }

    // What is decided takes the successor into the reload's account, or leaves it here with the reason.
    private void OnTakeOver(LifecycleProtocol.TakeOver takeOver)
    {
        (_memory.Invited, _refusal) = (takeOver.Successor, null);
        Apply(new LifecycleEvent.TakeoverRequested(takeOver.Source));
        _memory.Invited = null;
        Sender.Tell(new LifecycleProtocol.TakeOverReply(takeOver.Successor, _refusal));
    }

    private void OpenReload(BeginReload begin)
    {
        var (source, dryRun, invited) = (begin.Source, begin.DryRun, begin.Invited);
        _memory.Reload = new ReloadAccount(source, _time.GetUtcNow(), _time.GetTimestamp(), dryRun)
        {
            Asked = invited ? null : _asking,
            WaitedMs = _asking is { HasWaited: true } waited ? waited.WaitedMs : null,
            Invited = invited ? _memory.Invited : null,
        };
        if (_asking is not null && !invited)
        {
            _memory.Reload.Waiters.AddRange(_asking.Waiters);
        }

        if (dryRun)
        {
            _log.CheckStarted(source, _surroundings.Generation + 1);
        }
        else if (invited)
        {
            _log.TakeoverStarted(source, _surroundings.Generation + 1);
        }
        else
        {
            _log.ReloadStarted(source, _surroundings.Generation + 1);
        }

        if (_memory.Reload.Asked?.Id is not null) // whoever passed it on, or waited, hears at once that it has begun
        {
            _memory.Reload.Waiters.ForEach(waiter => waiter.Tell(Progress($"starting generation {_surroundings.Generation + 1}", reloads: 1)));
        }
    }

    // What the successor does goes into the account, and to those who wait.
    private void Account(LifecycleEvent @event)
    {
        if (_memory.Reload is { } reload && reload.Note(@event, _surroundings.Generation + 1, _time) is { } line)
        {
            reload.Waiters.ForEach(waiter => waiter.Tell(new LifecycleProtocol.Progress(line)));
        }
    }

    private void MarkChecked()
    {
        if (_memory.Reload is { } reload)
        {
            reload.Checked = true;
        }
    }

    private void CloseReload()
    {
        if (_memory.Reload is not { } reload)
        {
            return;
        }

        _memory.Reload = null;
        if (reload.Failure is not null || reload.DryRun)
        {
            Cast.Listeners.Tell(new ListenerProtocol.HandoverEnded());
        }
        else
        {
            // The release that follows ends the handover, and leaves the Unix paths to the successor.
            reload.Reach("promoted", _time);
        }

        if (reload is { Invited: not null, Failure: not null })
        {
            _surroundings.RenewIdentity();
            Cast.Control.Tell(new ControlProtocol.Serve()); // on the new socket
        }

        var receipt = reload.Close(_surroundings.Pid, _surroundings.Generation, _surroundings.Release, _time);
        _memory.Refused = receipt is { DryRun: false, Outcome: "refused" or "rolled-back" } ? reload.Launched : null;
        Remember(receipt);
        if (receipt is { Outcome: "stopped", Reason: { } cause })
        {
            _log.ReloadStopped(receipt.ElapsedMs, receipt.NewGeneration, receipt.NewPid, cause);
        }
        else if (receipt is { Reason: { } fault, DryRun: true })
        {
            _log.CheckFailed(receipt.ElapsedMs, receipt.NewGeneration, receipt.NewPid, fault);
        }
        else if (receipt.DryRun)
        {
            _log.CheckPassed(receipt.ElapsedMs, receipt.NewGeneration, receipt.NewPid, receipt.NewRelease);
        }
        else if (receipt.Reason is { } reason)
        {
            _log.ReloadFailed(receipt.Outcome, receipt.ElapsedMs, receipt.NewGeneration, receipt.NewPid, reason);
        }
        else
        {
            _log.ReloadPromoted(receipt.ElapsedMs, receipt.NewGeneration, receipt.NewPid, receipt.NewRelease);
            Cast.Reloader.Tell(new ReloaderOrder.SendHistory([receipt]));
        }

        reload.Waiters.ForEach(waiter => waiter.Tell(new LifecycleProtocol.ReloadFinished(receipt)));
    }

    private void Refuse(string source, string reason)
    {
        _log.ReloadRefused(source, reason);
        _refusal = reason;
        _asking?.Waiters.ForEach(waiter => waiter.Tell(Refusal(reason)));
    }

    // A request that came in time and is not carried out is accounted for as a reload is.
    private void RefuseForGood(AskedReload asked, string outcome, string reason)
    {
        NoLongerDue(asked);
        var refusal = Refusal(reason);
        refusal = refusal with
        {
            Receipt = refusal.Receipt with
            {
                Outcome = outcome,
                DryRun = asked.Reload.DryRun,
                WaitedMs = asked.HasWaited ? asked.WaitedMs : null,
                RequestId = asked.Id,
            },
        };
        Remember(refusal.Receipt);
        _memory.Manager?.Refused(_memory.State, refusal.Receipt);
        asked.Waiters.ForEach(waiter => waiter.Tell(refusal));
    }

    private LifecycleProtocol.ReloadFinished Refusal(string reason) => new(new ReloadReceipt(
        "refused", _surroundings.Pid, _surroundings.Generation, null, _surroundings.Generation + 1, reason, _time.GetUtcNow(), 0)
    {
        OldRelease = _surroundings.Release,
    });

    private void Queue()
    {
        if (_asking is not { } asked)
        {
            return;
        }

        var what = UnderWay();
        var inPlaceOf = _memory.Queued is { } older ? $", in place of the one by {older.Reload.Source}" : "";
        _log.ReloadQueued(asked.Reload.Source, what + inPlaceOf);
        asked.Queue();
        asked.Waiters.ForEach(waiter => waiter.Tell(Progress($"waits for {what}", reloads: 2)));
        _memory.Queued = AskedReload.Newer(_memory.Queued, asked);
    }

    private string UnderWay() => _memory.Reload switch
    {
        { DryRun: true } check => $"the check by {check.Source}",
        { Invited: not null } takeover => $"the takeover by {takeover.Source}",
        { } reload => $"the reload to generation {_surroundings.Generation + 1} by {reload.Source}",
        null when _memory.State is LifecycleState.Starting or LifecycleState.Joining => "the end of the start",
        null => "the new main process",
    };

    private void TryQueued()
    {
        if (TakeQueued() is not { } asked)
        {
            return;
        }

        _due = asked;
        if (_memory.Refused is not { } refused)
        {
            Self.Tell(new QueuedReloadWeighed(asked, null)); // what is decided now is done first
            return;
        }

        Task.Run(_surroundings.ReleaseInPlace).PipeTo(
            Self,
            success: inPlace => new QueuedReloadWeighed(asked, inPlace == refused ? refused : null),
            failure: _ => new QueuedReloadWeighed(asked, null)); // its launch will say what is wrong
    }

    private void OnQueuedReloadWeighed(QueuedReloadWeighed weighed)
    {
        if (weighed.Refused is { } refused)
        {
            var reason = $"the release in place is the one that has just been refused ({refused.Program}); "
                + "put another one in place and ask again";
            _log.ReloadRefused(weighed.Asked.Reload.Source, reason);
            RefuseForGood(weighed.Asked, "refused", reason);
        }
        else
        {
            Consider(weighed.Asked);
        }
    }

    // Who waits asks the main process itself, so that this one can end. The same request by both ways counts once.
    private void PassOnQueued()
    {
        if (TakeQueued() is not { } asked)
        {
            return;
        }

        var request = asked.ToRequest();
        asked.Waiters.ForEach(waiter => waiter.Tell(new LifecycleProtocol.ReloadPassedOn(
            "another process is the main one now, and carries out this reload; `ips history` shows how it ended", request)));
        var (log, reloader, surroundings, source) = (_log, Cast.Reloader, _surroundings, asked.Reload.Source);
        var delivery = surroundings.PassOnReloadAsync(request).ContinueWith(
            passed =>
            {
                var failure = passed.IsFaulted ? passed.Exception.GetBaseException().Message : passed.Result;
                if (failure is null)
                {
                    log.ReloadPassedOn(source);
                    return;
                }

                log.ReloadNotPassedOn(source, failure);
                var lost = $"the reload by {source} could not be passed on to the new main process: {failure.TrimEnd('.')}";
                var receipt = Refusal($"{lost}; repeat it: ips reload").Receipt with
                {
                    NewGeneration = surroundings.Generation + 2, WaitedMs = request.WaitedMs,
                };
                surroundings.AddToHistory(receipt); // the main process may be gone
                reloader.Tell(new ReloaderOrder.SendHistory([receipt]));
            },
            TaskScheduler.Default);
        _memory.DeliveryOver = Task.WhenAll(_memory.DeliveryOver, delivery);
    }

    private void DropQueued(string reason)
    {
        if (TakeQueued() is { } asked)
        {
            _log.ReloadRefused(asked.Reload.Source, reason);
            RefuseForGood(asked, "stopped", reason);
        }
    }

    private PendingReload? Pending() => (_memory.Queued ?? _due)?.ToPending();

    private void NoLongerDue(AskedReload asked)
    {
        if (ReferenceEquals(_due, asked)) _due = null;
    }

    private AskedReload? TakeQueued()
    {
        var asked = _memory.Queued;
        _memory.Queued = null;
        return asked;
    }

    // By the limits of each step; what a reload leaves unused of one counts for the next.
    private LifecycleProtocol.Progress Progress(string message, int reloads)
    {
        var limits = _options.Reload;
        var one = limits.RoomTimeout + (3 * limits.ReadyTimeout) + limits.Probation + _options.Drain.Timeout + (3 * limits.KillTimeout);
        return new(message, reloads * one);
    }

    private LifecycleProtocol.StatusReply Status()
    {
        var (shown, phase, successor) = StatusWords.Of(_memory.State);
        return new(_memory.State.Name, _memory.Reload?.NewPid, _memory.History.LastReload)
        {
            Shown = shown,
            Phase = phase,
            SuccessorState = _memory.Reload?.NewPid is null ? null : successor,
            Pending = Pending(),
        };
    }

    private void Remember(ReloadReceipt receipt)
    {
        _memory.History.Remember(receipt);
        _surroundings.KeepHistory(_memory.History.Receipts);
    }

    // What comes from a predecessor is written by who is the main process.
    private void KeepHistory()
    {
        if (_memory.State is LifecycleState.Serving or LifecycleState.AwaitingReady or LifecycleState.Overlapping
            or LifecycleState.OnProbation or LifecycleState.Yielding or LifecycleState.Promoting
            or LifecycleState.RollingBack or LifecycleState.LameDuck)
        {
            _surroundings.KeepHistory(_memory.History.Receipts);
        }
    }

    private void Publish()
    {
        _surroundings.PublishIdentity();
        KeepHistory();
        Cast.Listeners.Tell(new ListenerProtocol.HandoverEnded(IsMain: true));
        _surroundings.ReportStarted();
        Cast.Control.Tell(new ControlProtocol.Serve());
        Cast.Takeover?.Tell(new TakeoverProtocol.Serve());
    }

    // Not during a handover: what changes hands is what the successor was told.
    private void OnRestorePaths()
    {
        if (_memory.State is not LifecycleState.Serving) return;
        Cast.Listeners.Tell(new ListenerProtocol.RestorePaths());
        if (!_surroundings.RestorePaths(_memory.History.Receipts)) return;
        Cast.Control.Tell(new ControlProtocol.Serve());
        Cast.Takeover?.Tell(new TakeoverProtocol.Serve());
    }

    private void HandOver()
    {
        _surroundings.HandOverIdentity(toOutsider: _memory.Reload?.Invited is not null);
        Cast.Control.Tell(new ControlProtocol.HandedOver());
        Cast.Takeover?.Tell(new TakeoverProtocol.HandedOver());
    }

    // One from outside is another service manager's.
    private void KeepSocketsOfService()
    {
        if (_memory.Reload?.Invited is null)
        {
            _surroundings.KeepSockets();
        }
    }

    private void Reopen()
    {
        Cast.Reloader.Tell(new ReloaderOrder.ReopenOlderLogs()); // whoever rotates logs knows the main process only
        try
        {
            if (_surroundings.ReopenLog() is { } path)
            {
                _log.LogReopened(path);
            }
            else
            {
                _log.LogReopenFailed("no log file is configured (ips.log-file)");
            }
        }
        catch (IOException e)
        {
            _log.LogReopenFailed(e.Message);
        }
    }

    // Clients of the control socket get their last lines before the process ends, and the sockets of a service that died an owner.
    private void Leave(ExitCode code)
    {
        _log.Exiting((int)code, code.ToString());
        var (surroundings, delivery) = (_surroundings, _memory.DeliveryOver);
        Cast.Control.Ask<ControlProtocol.Closed>(new ControlProtocol.Close(), FarewellTimeout)
            .ContinueWith(_ => surroundings.RestartOver, TaskScheduler.Default).Unwrap()
            .ContinueWith(_ => delivery, TaskScheduler.Default).Unwrap()
            .ContinueWith(_ => surroundings.Exit(code), TaskScheduler.Default);
    }

    private sealed record ManagerTurn;

    private sealed record ConfigurationChecked(AskedReload Asked, IReadOnlyList<string> Errors);

    private sealed record QueuedReloadWeighed(AskedReload Asked, ReleaseStamp? Refused);
}
