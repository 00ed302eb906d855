using Akka.Actor;
using Ips.Actors.Configuration;
using Ips.Actors.Handover;
using Ips.Actors.Transport;
using Microsoft.Extensions.Logging;
using static Ips.Actors.Lifecycle.LifecycleEffect;

namespace Ips.Actors.Lifecycle;

/// <summary>Decides: feeds every event to <see cref="LifecycleMachine"/>, sends its orders to the other actors, and has the other effects
/// carried out.</summary>
/// <remarks>A restart loses nothing: state, pending effects and the reload under way live in <see cref="LifecycleMemory"/>; timers are
/// armed again.</remarks>
internal sealed class LifecycleActor : UntypedActor, IWithTimers, IWithStash
{
    private readonly LifecycleMemory _memory;
    private readonly ICurrentProcess _process;
    private readonly IpsOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly ReloadTracker _tracker;
    private readonly ReloadQueue _queue;
    private readonly LifecycleTimers _timers;
    private readonly ProcessPerformer _performer;
    // Set around Apply, for the effects that it carries out.
    private AskedReload? _asking; // what is being decided
    private string? _refusal; // of the takeover that is being decided

    public LifecycleActor(LifecycleMemory memory, ICurrentProcess process, IpsOptions options, TimeProvider time, ILogger log)
    {
        (_memory, _process, _options, _time, _log) = (memory, process, options, time, log);
        _tracker = new ReloadTracker(memory, process, options, time, log);
        _queue = new ReloadQueue(memory, _tracker, process, log);
        _timers = new LifecycleTimers(this, Self, memory, options, time, log);
        _performer = new ProcessPerformer(memory, _tracker, process, log);
    }

    public ITimerScheduler Timers { get; set; } = null!;

    public IStash Stash { get; set; } = null!;

    private LifecycleCast Cast => _memory.Cast!;

    private long DrainLeftMs => (long)Math.Max(0, (_memory.DrainDeadline is { } deadline
        ? _time.GetElapsedTime(_time.GetTimestamp(), deadline) : _options.Drain.Timeout).TotalMilliseconds);

    protected override void PreStart()
    {
        // Through our own mailbox: a sign of life that another thread could give would be none.
        if (_memory.Notifier is { TurnInterval: var interval })
        {
            Timers.StartPeriodicTimer(nameof(NotifierTurn), new NotifierTurn(), interval, interval);
        }
    }

    protected override void PostRestart(Exception reason)
    {
        base.PostRestart(reason);
        Self.Tell(new LifecycleEvent.ActorRestarted(Self.Path.Name));
    }

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case LifecycleProtocol.Assemble assemble:
                _memory.Cast = assemble.Cast;
                Stash.UnstashAll();
                break;
            case var _ when _memory.Cast is null: Stash.Stash(); break; // nobody to give orders to yet
            case LifecycleEvent.ReloadRequested asked: Consider(new AskedReload(new LifecycleProtocol.Reload(asked.Source), _time)); break;
            case LifecycleEvent change: Apply(change); break;
            case MoverProtocol.Settled settled:
                var counts = new ConnectionCounts(settled.Moved, settled.Busy, settled.Staying);
                Apply(new LifecycleEvent.ConnectionsSettled { Counts = counts });
                break;
            case LifecycleProtocol.Reload reload: Consider(new AskedReload(reload, _time)); break;
            case ConfigurationChecked configuration: OnConfigurationChecked(configuration); break;
            case QueuedReloadWeighed weighed: OnQueuedReloadWeighed(weighed); break;
            case LifecycleProtocol.TakeOver takeOver: OnTakeOver(takeOver); break;
            case LifecycleProtocol.Pause pause: OnPause(pause); break;
            case LifecycleProtocol.RestorePaths: _performer.RestorePaths(); break;
            case LifecycleProtocol.GetStatus: Sender.Tell(Status()); break;
            case LifecycleProtocol.DrainProgress drain: Cast.Reloader.Tell(new DrainingFrame(DrainLeftMs, drain.Waiting)); break;
            case LifecycleProtocol.SuccessorJudged judged: _memory.Reload?.Keep(judged.Judgement); break;
            case LifecycleProtocol.GetWatch: Sender.Tell(Watched()); break;
            case LifecycleProtocol.GetHistory:
                Sender.Tell(new LifecycleProtocol.HistoryReply(_memory.History.Receipts, _queue.Pending));
                break;
            case LifecycleProtocol.AdoptHistory adopt: _tracker.Adopt(adopt.Receipts); break;
            case LifecycleProtocol.PredecessorDrained drained: _tracker.NoteDrain(drained.Counts); break;
            case NotifierTurn: _memory.Notifier?.Turn(); break;
            default: Unhandled(message); break;
        }
    }

    private void Apply(LifecycleEvent @event)
    {
        if (@event is LifecycleEvent.ConnectionsDrained { Counts: { } counts })
        {
            _memory.Drained = counts;
        }

        _tracker.Note(@event);
        var before = _memory.State;
        var next = LifecycleMachine.Next(before, @event);
        Enter(before, next.State);
        foreach (var effect in next.Effects)
        {
            _memory.Pending.Enqueue(effect);
        }

        LogTransition(before, next.State, @event); // after the effects are kept: a log provider that throws must not cost them
        RunPending();
    }

    private void Enter(LifecycleState before, LifecycleState after)
    {
        _memory.State = after;
        if (after is not LifecycleState.Exiting) _memory.IsMain = after.IsMain;
        else if (before is not LifecycleState.Exiting) _tracker.NoteOwnDrain();
        if (after.IsMain) _memory.MainSince ??= _time.GetTimestamp();
        if (after is LifecycleState.Draining) _memory.DrainSince ??= _time.GetTimestamp();
        _memory.Trace?.Note(before, after, _time.GetUtcNow());
    }

    // An effect is taken off the queue before it runs: one that throws is left out, and the others follow after the restart.
    private void RunPending()
    {
        while (_memory.Pending.TryDequeue(out var effect))
        {
            try
            {
                Run(effect);
                _memory.Notifier?.After(effect, _memory.State, _memory.History.Newest, _memory.Reload?.NewPid,
                    _memory.Reload?.Takeover is not null);
            }
            catch (Exception e) when (e is not ActorKilledException)
            {
                _log.EffectFailed(e, effect.ToString());
            }
        }
    }

    private void LogTransition(LifecycleState before, LifecycleState after, LifecycleEvent @event)
    {
        switch (@event)
        {
            case LifecycleEvent.StopRequested stop: _log.Stopping(stop.Source); break;
            case LifecycleEvent.PredecessorLost when before is LifecycleState.Joining or LifecycleState.Ready or LifecycleState.Proving:
                _log.Alone();
                break;
            case LifecycleEvent.DrainTimedOut: _log.DrainTimedOut(_options.Drain.Timeout.TotalSeconds); break;
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
            case ListenerOrder.ReleaseListeners { HandedOver: false } release: Release(release); break;
            case ListenerOrder order: Cast.Listeners.Tell(order); break;
            case ReloaderOrder order: Cast.Reloader.Tell(Complete(order)); break;
            case FrontOrder order: Cast.Front.Tell(Complete(order)); break;
            case PredecessorOrder order: Cast.Predecessor.Tell(Complete(order)); break;

            case BeginReload begin: _tracker.Begin(begin, _asking, _memory.Takeover); break;
            case NoteFailure failure: _memory.Reload?.Fail(failure.Outcome, KeyNames.In(_options, failure.Reason)); break;
            case NoteChecked: _memory.Reload?.Pass(); break;
            case FinishReload: _tracker.Finish(); break;
            case RefuseReload refuse:
                _refusal = refuse.Reason;
                _tracker.Refuse(refuse.Source, refuse.Reason, _asking);
                break;

            case QueueReload when _asking is { } asked: _queue.Enqueue(asked); break;
            case QueueReload: break; // its request was lost with a restart
            case TryQueuedReload: Weigh(); break;
            case ForwardQueuedReload: _queue.Forward(); break;
            case DropQueuedReload drop: _queue.Drop(drop.Reason); break;

            case TimerEffect timer: _timers.Run(timer); break;
            case ProcessEffect own: _performer.Run(own); break;
            case Explain explain: _log.Ignored(_memory.State.Name, explain.What); break;
            default: throw new System.Diagnostics.UnreachableException($"Effect {effect} has no handler.");
        }
    }

    // Nobody takes over. Until the app has done what it does at a stop, new clients are served, as without Ips: it may wait there until
    // load balancers look away.
    private void Release(ListenerOrder.ReleaseListeners release)
    {
        if (_process.HostTold.IsCompleted) Cast.Listeners.Tell(release);
        else _process.HostTold.PipeTo(Cast.Listeners, success: () => release);
    }

    // What the decision does not know.
    private ReloaderOrder Complete(ReloaderOrder order) => order switch
    {
        ReloaderOrder.SpawnSuccessor spawn => spawn with
        {
            Generation = _process.Generation + 1,
            TakeoverCandidate = _memory.Reload?.Takeover,
            Terms = _memory.Reload?.Asked?.Reload.Terms,
            Folder = _memory.Reload?.Asked?.Reload.Request.Folder,
            TraceParent = _memory.Reload?.TraceParent,
            KeptState = _process.KeptState,
        },
        ReloaderOrder.SendPromote promote => promote with { History = _tracker.HistoryAtPromotion() },
        ReloaderOrder.SendFarewell farewell => farewell with { Counts = _memory.Drained ?? farewell.Counts },
        _ => order,
    };

    private PredecessorOrder Complete(PredecessorOrder order) => order is PredecessorOrder.SendReady ready
        ? ready with
        {
            Endpoints = _process.MovableEndpoints(),
            Accepts = _process.AcceptedEndpoints(),
            KeptState = _process.KeptState,
            HealthUrl = _options.Reload.HealthUrl ?? ""
        } : order;

    private FrontOrder Complete(FrontOrder order) =>
        order is FrontOrder.AwaitGuests guests ? guests with { Limit = _options.Drain.GoodbyeLimit } : order;

    private void Consider(AskedReload asked)
    {
        if (_queue.Answers(asked)) return;

        if (!asked.Reload.DryRun && _process.ReloadObstacle() is { } obstacle)
        {
            _log.ReloadRefused(asked.Reload.Source, obstacle);
            _queue.Abandon(asked, ReloadOutcome.Refused, obstacle);
            return;
        }

        if (!asked.Reload.CheckFirst)
        {
            Begin(asked);
            return;
        }

        Task.Run(_process.CheckConfiguration).PipeTo(
            Self,
            success: errors => new ConfigurationChecked(asked, errors),
            failure: error => new ConfigurationChecked(asked, [error.GetBaseException().Message]));
    }

    private void OnConfigurationChecked(ConfigurationChecked check)
    {
        if (check.Errors.Count == 0)
        {
            Begin(check.Asked);
            return;
        }

        var errors = string.Join("; ", check.Errors);
        _log.ConfigurationInvalid(check.Asked.Reload.Source, errors);
        _queue.Abandon(check.Asked, ReloadOutcome.Refused, $"the configuration is invalid: {errors}");
    }

    // Who waits joins the reload that this request starts, or waits for; a refused request is answered at once.
    private void Begin(AskedReload asked)
    {
        _queue.NoLongerDue(asked);
        if (_queue.Joins(asked)) return;

        _asking = asked;
        var source = asked.Reload.Source;
        Apply(asked.Reload.DryRun
            ? new LifecycleEvent.CheckRequested(source) : new LifecycleEvent.ReloadRequested(source, asked.Reload.Request.NoQueue));
        _asking = null;
    }

    private void Weigh()
    {
        if (_queue.TakeDue() is { } due)
        {
            _queue.WeighAsync().PipeTo( // through the mailbox: what is decided now is done first
                Self,
                success: refused => new QueuedReloadWeighed(due, refused),
                failure: _ => new QueuedReloadWeighed(due, null)); // its launch will say what is wrong
        }
    }

    private void OnQueuedReloadWeighed(QueuedReloadWeighed weighed)
    {
        if (weighed.Refused is { } refused)
        {
            _queue.Refuse(weighed.Asked, refused);
        }
        else
        {
            Consider(weighed.Asked);
        }
    }

    // What is decided takes the successor into the reload's account, or leaves it here with the reason.
    private void OnTakeOver(LifecycleProtocol.TakeOver takeOver)
    {
        (_memory.Takeover, _refusal) = (takeOver.Successor, null);
        Apply(new LifecycleEvent.TakeoverRequested(takeOver.Source));
        _memory.Takeover = null;
        Sender.Tell(new LifecycleProtocol.TakeOverReply(takeOver.Successor, _refusal));
    }

    private void OnPause(LifecycleProtocol.Pause pause)
    {
        if (LifecycleMachine.PauseRefusal(_memory.State) is { } refusal)
        {
            _log.PauseRefused(pause.Paused ? "pause" : "resume", pause.Source, refusal);
            Sender.Tell(new LifecycleProtocol.PauseReply(refusal));
            return;
        }

        if (pause.Paused) _log.Paused(pause.Source);
        else _log.Resumed(pause.Source);

        Cast.Front.Tell(new HttpFrontProtocol.SetPaused(pause.Paused), Sender);
    }

    private LifecycleProtocol.WatchReply Watched() =>
        new(_memory.State, _memory.Reload, _queue.Pending, _memory.History.Newest, DrainLeftMs);

    private LifecycleProtocol.StatusReply Status()
    {
        var (shown, phase, successor) = StatusWords.Of(_memory.State);
        return new(_memory.State.Name, _memory.Reload?.NewPid, _memory.History.LastReload)
        {
            Shown = shown,
            Phase = phase,
            SuccessorState = _memory.Reload?.NewPid is null ? null : successor,
            Pending = _queue.Pending,
        };
    }

    private sealed record NotifierTurn;

    private sealed record ConfigurationChecked(AskedReload Asked, IReadOnlyList<string> Errors);

    private sealed record QueuedReloadWeighed(AskedReload Asked, ReleaseStamp? Refused);
}
