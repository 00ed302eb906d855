using static Ips.Actors.Lifecycle.FrontOrder;
using static Ips.Actors.Lifecycle.LifecycleEffect;
using static Ips.Actors.Lifecycle.LifecycleEvent;
using static Ips.Actors.Lifecycle.LifecycleState;
using static Ips.Actors.Lifecycle.ListenerOrder;
using static Ips.Actors.Lifecycle.PredecessorOrder;
using static Ips.Actors.Lifecycle.ReloaderOrder;

namespace Ips.Actors.Lifecycle;

/// <summary>The state after an event and what is to be done, in order.</summary>
internal sealed record Transition(LifecycleState State, params IReadOnlyList<LifecycleEffect> Effects);

/// <summary>
/// Every decision of a generation's life, as a pure function. First generation: <c>Starting → Serving</c>. Successor:
/// <c>Joining → Ready → Proving → Serving</c>. Predecessor: <c>Serving → AwaitingReady → Overlapping → OnProbation → Yielding →
/// Promoting → Moving → Draining → Exiting</c>, with <c>RollingBack → Serving</c> from each of them before the promotion is
/// acknowledged.
/// </summary>
/// <remarks>It knows no configuration: an effect that a key switches off is ordered always, and its performer looks at the
/// key.</remarks>
internal static class LifecycleMachine
{
    /// <summary>Decides what <paramref name="event"/> means in <paramref name="state"/>. Total: what cannot be acted on is
    /// explained.</summary>
    public static Transition Next(LifecycleState state, LifecycleEvent @event)
    {
        // A request that waits goes along while something is under way; how it ends is decided where that ends.
        var next = Decide(state, @event);
        return state.Queued && next.State.CanQueue ? next with { State = next.State with { Queued = true } } : next;
    }

    private static Transition Decide(LifecycleState state, LifecycleEvent @event) => @event switch
    {
        LogReopenRequested => new(state, new ReopenOlderLogs(), new ReopenLog()),
        ReloadRequested reload => OnReload(state, reload),
        CheckRequested check => OnCheck(state, check),
        TakeoverRequested takeover => OnTakeover(state, takeover),
        StopRequested stop => OnStop(state, ExitCode.Clean, stop.Source),
        StopReceived stop => OnStopReceived(state, stop),
        HostStopping => OnHostStopping(state),
        ActorLost lost => OnActorLost(state, lost),
        ActorRestarted => new(state, Resume(state)),
        SuccessorSpawned when state is AwaitingReady => new(state, new ArmSuccessorTimer()), // it had none of that time so far
        ReloadNews => new(state),
        _ => state switch
        {
            Starting => OnStarting(state, @event),
            Joining joining => OnJoining(joining, @event),
            Ready => OnReady(state, @event),
            Proving => OnProving(state, @event),
            Serving => OnServing(state, @event),
            AwaitingReady awaiting => OnAwaitingReady(awaiting, @event),
            Overlapping or OnProbation or Yielding or Promoting => OnSuccessorServing(state, @event),
            Moving => OnMoving(state, @event),
            RollingBack rolling => OnRollingBack(rolling, @event),
            LameDuck when @event is LameDuckEnded => new(new Draining(ExitCode.Clean, StopSeen: true), [.. BeginDraining]),
            Draining draining => OnDraining(draining, @event),
            _ => Ignored(state, @event),
        },
    };

    /// <summary>What to ask again after an actor restarted, because its last order may have been lost with it. Every effect is
    /// idempotent.</summary>
    public static IReadOnlyList<LifecycleEffect> Resume(LifecycleState state) => state switch
    {
        Serving => [new StartAccepting(), new AcknowledgePromotion()],
        Ready => [new SendReady()],
        Proving proving => [.. Accept(proving.Canary), new BeginHealthReports()],
        AwaitingReady awaiting => [new SpawnSuccessor(awaiting.DryRun, awaiting.Takeover, Again: true),
            new ArmSuccessorTimer(WithRoom: true)],
        Overlapping => [new ArmSuccessorTimer(), new SendServe()],
        OnProbation probation => [.. Quiesce(probation.Canary), new ArmProbationTimer()],
        Yielding yielding => [.. Quiesce(yielding.Canary), new ArmSuccessorTimer(), new YieldRole()],
        Promoting promoting => [.. Quiesce(promoting.Canary), new ArmSuccessorTimer(), new SendPromote()],
        RollingBack => [new StartAccepting(), new EndSuccessor(true, "restart of an actor", Return: true)],
        LameDuck => [new FailReadiness(), new ArmLameDuckTimer()],
        Moving => [new ArmMoveTimer(), new ReleaseListeners(true)],
        Draining draining =>
        [
            new ArmDrainTimer(), StopApp(draining.Way), new ReleaseListeners(draining.HandedOver),
            .. draining.SuccessorAlive ? [new EndSuccessor(!draining.Aborted, "restart of an actor")] : Nothing,
            .. draining.Aborted ? Aborting : Nothing,
        ],
        Exiting exiting => [new ExitProcess(exiting.Code)],
        _ => [],
    };

    /// <summary>Why an operator cannot pause or resume this generation now; null if it can. The successor is told once, when it is
    /// welcomed, so a change in the middle of a reload would be lost on one side.</summary>
    public static string? PauseRefusal(LifecycleState state) => state switch
    {
        Serving => null,
        Starting or Joining { Alone: true } => "this generation is still starting",
        AwaitingReady or Overlapping or OnProbation or Yielding or Promoting or RollingBack =>
            "a reload is under way; ask again when it is done",
        Joining or Ready or Proving or Moving => "another generation is the main process",
        _ => "this generation is stopping",
    };

    private static Transition OnReload(LifecycleState state, ReloadRequested reload) => state switch
    {
        Serving => new(new AwaitingReady(), new BeginReload(reload.Source), new SpawnSuccessor(), new ArmSuccessorTimer(WithRoom: true)),
        { CanQueue: true } when !reload.NoQueue => new(state with { Queued = true }, new QueueReload(reload.Source)),
        Draining { Way: MoveWay.Successor } when !reload.NoQueue => new(state, new QueueReload(reload.Source), new ForwardQueuedReload()),
        RollingBack => new(state, new RefuseReload(reload.Source, "a failed successor is still being ended")),
        Moving or Draining { Way: MoveWay.Successor } =>
            new(state, new RefuseReload(reload.Source, "the successor is promoted: ask that one")),
        AwaitingReady or Overlapping or OnProbation or Yielding or Promoting =>
            new(state, new RefuseReload(reload.Source, "a reload is already under way")),
        Starting or Joining { Alone: true } => new(state, new RefuseReload(reload.Source, "this generation is still starting")),
        Joining or Ready or Proving => new(state, new RefuseReload(reload.Source, "this generation is not promoted yet")),
        _ => new(state, new RefuseReload(reload.Source, Stopping)),
    };

    // The request that waits is carried out by who serves: here, or by the promoted successor; else it ends with the service.
    private static LifecycleEffect[] TryQueued(LifecycleState state) => state.Queued ? [new TryQueuedReload()] : Nothing;

    private static LifecycleEffect[] ForwardQueued(LifecycleState state) => state.Queued ? [new ForwardQueuedReload()] : Nothing;

    private static LifecycleEffect[] DropQueued(LifecycleState state) => state.Queued ? [new DropQueuedReload(Stopping)] : Nothing;

    // Like a reload, but it never waits: a client that asks whether a release is good means the release in place now.
    private static Transition OnCheck(LifecycleState state, CheckRequested check) => state switch
    {
        Serving => new(new AwaitingReady(DryRun: true),
            new BeginReload(check.Source, DryRun: true), new SpawnSuccessor(DryRun: true), new ArmSuccessorTimer(WithRoom: true)),
        _ => OnReload(state, new ReloadRequested(check.Source, NoQueue: true)),
    };

    // Like a reload by a successor that is already running. It does not wait either: the successor waits for the answer, and can ask again.
    private static Transition OnTakeover(LifecycleState state, TakeoverRequested takeover) => state switch
    {
        Serving => new(new AwaitingReady(Takeover: true),
            new BeginReload(takeover.Source, Takeover: true), new SpawnSuccessor(Takeover: true), new ArmSuccessorTimer(WithRoom: true)),
        _ => OnReload(state, new ReloadRequested(takeover.Source, NoQueue: true)),
    };

    // The predecessor stops, or has taken the role back: what runs here is finished, and the paths of the sockets are the predecessor's.
    // It is the answer to a SendFailed as well, so it must never count as the second stop that aborts.
    private static Transition OnStopReceived(LifecycleState state, StopReceived stop) => state switch
    {
        Proving => new(DrainingFor(stop), [new SendFailed(stop.Reason), .. KeptFor(stop), .. BeginDrainingFor(stop)]),

        // Promoted, but its word of that came too late: the predecessor has taken the role back all the same.
        Serving => new(DrainingFor(stop), [new FailReadiness(), .. KeptFor(stop), .. BeginDrainingFor(stop)]),
        LameDuck => new(DrainingFor(stop), [.. KeptFor(stop), .. BeginDrainingFor(stop)]),
        AwaitingReady or Overlapping or OnProbation or Yielding or Promoting or RollingBack =>
            new(DrainingFor(stop) with { SuccessorAlive = true },
                [.. KeptFor(stop), .. StopReload(state, stop.Reason), .. BeginDrainingFor(stop)]),
        Draining { Way: MoveWay.Predecessor } draining when !stop.Return =>
            new(draining with { HandedOver = true }, new DropSockets(), new Explain("already draining")),
        Draining draining => new(draining with { HandedOver = true }, new Explain("already draining")),
        _ => OnStop(state, ExitCode.Clean, stop.Reason), // also Moving: it has a successor of its own, and that one gets the connections
    };

    private static Draining DrainingFor(StopReceived stop) =>
        new(ExitCode.Clean, StopSeen: true, HandedOver: true, Way: stop.Return ? MoveWay.Predecessor : MoveWay.None);

    private static LifecycleEffect[] BeginDrainingFor(StopReceived stop) => BeginDrainingHandedOver(DrainingFor(stop).Way);
    private static LifecycleEffect[] KeptFor(StopReceived stop) => stop.Return ? [new KeepSockets()] : Nothing;

    private static Transition OnStop(LifecycleState state, ExitCode code, string source) => state switch
    {
        // Nothing was accepted yet, so there is nothing to drain.
        Starting or Joining { Alone: true } => NotStarted(state, code),
        Joining or Ready => new(new Exiting(code), new SendFailed(source), new ReleaseListeners(true), new ExitProcess(code)),

        // On probation the predecessor takes the role back; what runs here is finished first.
        Proving => new(new Draining(code, StopSeen: true, HandedOver: true, Way: MoveWay.Predecessor),
            [new SendFailed(source), new KeepSockets(), .. BeginDrainingHandedOver(MoveWay.Predecessor)]),

        Serving => new(new LameDuck(), new FailReadiness(), new ArmLameDuckTimer()),

        // A stop of the predecessor stops both. Its successor may be serving, so it gets the time to finish.
        AwaitingReady or Overlapping or OnProbation or Yielding or Promoting or RollingBack =>
            new(new Draining(code, StopSeen: true, SuccessorAlive: true), [.. StopReload(state, source), .. BeginDraining]),

        Moving => FinishMoving(state, new Draining(code, StopSeen: true, HandedOver: true, Way: MoveWay.Successor)),

        // A second stop aborts. While this generation drains after a handover, the first one changes nothing.
        LameDuck => new(new Draining(code, StopSeen: true, Aborted: true), [.. BeginDraining, .. Aborting]),
        Draining { StopSeen: false } draining =>
            new(draining with { StopSeen = true }, new Explain("already draining; a further stop aborts")),
        Draining { SuccessorAlive: true } draining => new(draining with { Aborted = true }, [new EndSuccessor(false, source), .. Aborting]),
        Draining draining => new(draining with { Aborted = true }, Aborting),
        _ => new(state, new Explain("already exiting")),
    };

    private static Transition NotStarted(LifecycleState state, ExitCode code) => new(new Exiting(code),
        [new ReleaseListeners(false), new RetractIdentity(), .. DropQueued(state), new ExitProcess(code)]);

    private static LifecycleEffect[] StopReload(LifecycleState state, string source)
    {
        LifecycleEffect[] closed = [new NoteFailure(ReloadOutcome.Stopped, source), new FinishReload(), .. DropQueued(state)];
        return state switch
        {
            RollingBack => closed, // it is being ended already
            AwaitingReady => [new DisarmSuccessorTimer(), .. closed, new EndSuccessor(false, source)],
            _ => [new DisarmSuccessorTimer(), new DisarmProbationTimer(), .. closed, new EndSuccessor(true, source)],
        };
    }

    private static Transition OnHostStopping(LifecycleState state) => state switch
    {
        Draining or Exiting => new(state), // our own StopHost
        // What stops the host may itself be the answer to a signal, as in an app on Akka.NET: that signal is no second stop.
        Serving => new(new Draining(ExitCode.Clean, StopSeen: false), [new FailReadiness(), .. BeginDraining]),
        LameDuck => new(new Draining(ExitCode.Clean, StopSeen: true), [.. BeginDraining]),
        _ => OnStop(state, ExitCode.Clean, "the host is stopping"),
    };

    private static Transition OnActorLost(LifecycleState state, ActorLost lost) => state switch
    {
        Exiting => new(state),
        Draining draining => new(draining with { Code = ExitCode.InternalError, StopSeen = true }),
        LameDuck or Serving => new(new Draining(ExitCode.InternalError, StopSeen: true), [new FailReadiness(), .. BeginDraining]),
        _ => OnStop(state, ExitCode.InternalError, $"actor {lost.Actor} was lost"),
    };

    private static Transition OnStarting(LifecycleState state, LifecycleEvent @event) => @event switch
    {
        FrontReady => BeginServing(state),
        FrontFailed => NotStarted(state, ExitCode.Failed),
        _ => Ignored(state, @event),
    };

    private static Transition OnJoining(Joining state, LifecycleEvent @event) => (@event, state.Alone) switch
    {
        (FrontReady ready, false) => new(new Ready(), new SendReady(ready.Failing)),
        (FrontReady, true) => BeginServing(state),
        (FrontFailed failed, false) => new(new Exiting(ExitCode.Failed),
            new SendFailed(failed.Reason), new ReleaseListeners(true), new ExitProcess(ExitCode.Failed)),
        (FrontFailed, true) => NotStarted(state, ExitCode.Failed),
        (PredecessorLost, false) => new(new Joining(Alone: true)),
        _ => Ignored(state, @event),
    };

    private static Transition OnReady(LifecycleState state, LifecycleEvent @event) => @event switch
    {
        ServeReceived on => new(new Proving(on.Canary), [.. Accept(on.Canary), new BeginHealthReports(), new AnnounceServing()]),
        PredecessorLost => BeginServing(state),
        _ => Ignored(state, @event),
    };

    private static Transition BeginServing(LifecycleState state) => new(new Serving(),
        [new StartAccepting(), new PublishIdentity(), new AnnounceServing(), new TakeRole(), .. TryQueued(state)]);

    private static Transition OnProving(LifecycleState state, LifecycleEvent @event) => @event switch
    {
        PromoteReceived => new(new Serving(), new StartAccepting(), new PublishIdentity(), new AcknowledgePromotion(), new TakeRole()),
        PredecessorLost => new(new Serving(), new StartAccepting(), new PublishIdentity(), new TakeRole()),
        _ => Ignored(state, @event),
    };

    // A canary accepts with its promotion; until then its predecessor does, which passes connections on.
    private static LifecycleEffect[] Accept(bool canary) => canary ? Nothing : [new StartAccepting()];

    private static LifecycleEffect[] Quiesce(bool canary) => canary ? Nothing : [new QuiesceAccepting()];

    // Told again after a restart over there: without an answer the predecessor would take the role back from a healthy successor.
    private static Transition OnServing(LifecycleState state, LifecycleEvent @event) => @event switch
    {
        PromoteReceived => new(state, new AcknowledgePromotion()),
        _ => Ignored(state, @event),
    };

    private static Transition OnAwaitingReady(AwaitingReady state, LifecycleEvent @event) => @event switch
    {
        SuccessorReady when state.DryRun =>
            new(new RollingBack(), new DisarmSuccessorTimer(), new NoteChecked(), new EndSuccessor(false, CheckOver)),
        SuccessorReady ready => new(new Overlapping(ready.Canary), new ArmSuccessorTimer(), new SendServe()),
        SuccessorFailed failed => new(new RollingBack(),
            new DisarmSuccessorTimer(), new NoteFailure(ReloadOutcome.Refused, failed.Reason), new EndSuccessor(false, failed.Reason)),
        SuccessorTimedOut => new(new RollingBack(), new NoteFailure(ReloadOutcome.Refused, NotReady), new EndSuccessor(false, NotReady)),
        _ => Ignored(state, @event),
    };

    // From serve to the acknowledged promotion: the successor serves, this generation can still take everything back. It accepts until the
    // other one does.
    private static Transition OnSuccessorServing(LifecycleState state, LifecycleEvent @event) => (state, @event) switch
    {
        (Overlapping on, SuccessorServes) => new(new OnProbation(on.Canary),
            [new DisarmSuccessorTimer(), .. Quiesce(on.Canary), new ArmProbationTimer()]),
        (OnProbation, ProbationTimeOver) => new(state, new ConcludeProbation()),
        (OnProbation on, ProbationPassed) => new(new Yielding(on.Canary),
            new DisarmProbationTimer(), new ArmSuccessorTimer(), new YieldRole()),
        (Yielding on, RoleYielded) => new(new Promoting(on.Canary), new ArmSuccessorTimer(), new SendPromote()),
        (Promoting, PromotionAcknowledged) => new(new Moving(),
            new DisarmSuccessorTimer(), new KeepSockets(), new HandOverIdentity(), new FailReadiness(), new ArmMoveTimer(),
            new ReleaseListeners(true)),

        (Overlapping or OnProbation, SuccessorFailed failed) => TakeBack(failed.Reason, failed.Responsive),
        (Overlapping, SuccessorTimedOut) => TakeBack(NotServing, true),
        (Yielding, SuccessorFailed failed) => TakeBack(failed.Reason, failed.Responsive, new TakeRole()),
        (Yielding, SuccessorTimedOut) => TakeBack(NotYielded, true, new TakeRole()),
        // The successor may have written the PID file already.
        (Promoting, SuccessorFailed failed) =>
            TakeBack(failed.Reason, failed.Responsive, new PublishIdentity()) with { State = new RollingBack(RoleGiven: true) },
        (Promoting, SuccessorTimedOut) =>
            TakeBack(NotPromoted, false, new PublishIdentity()) with { State = new RollingBack(RoleGiven: true) },
        _ => Ignored(state, @event),
    };

    private static Transition TakeBack(string reason, bool finishRequests, params ReadOnlySpan<LifecycleEffect> also) =>
        new(new RollingBack(),
            [new StartAccepting(), new DisarmSuccessorTimer(), new DisarmProbationTimer(), .. also,
                new NoteFailure(ReloadOutcome.RolledBack, reason), new EndSuccessor(finishRequests, reason, Return: true)]);

    private static Transition OnMoving(LifecycleState state, LifecycleEvent @event) => @event switch
    {
        ListenersReleased => new(state, Drain(MoveWay.Successor)),
        SuccessorLeaving => new(state, new DropSockets()),
        SuccessorGone { Crashed: true } => new(state, new RestartService(Own: true)),
        ConnectionsSettled or MoveTimedOut =>
            FinishMoving(state, new Draining(ExitCode.Clean, StopSeen: false, HandedOver: true, Way: MoveWay.Successor)),
        ConnectionsDrained => new(new Exiting(ExitCode.Clean),
            [new FinishReload(), .. ForwardQueued(state), new SendFarewell(), new RetractIdentity(HandedOver: true),
                new ExitProcess(ExitCode.Clean)]),
        _ => Ignored(state, @event),
    };

    // The next main process gets the request that waits after the account of this reload.
    private static Transition FinishMoving(LifecycleState state, Draining draining) =>
        new(draining, [new FinishReload(), .. ForwardQueued(state), new ArmDrainTimer(), StopApp(draining.Way)]);

    private static Transition OnRollingBack(RollingBack state, LifecycleEvent @event) => @event switch
    {
        SuccessorGone => new(new Serving(), [.. RoleBack(state), new FinishReload(), .. TryQueued(state)]),
        _ => Ignored(state, @event),
    };

    // Its promotion may have been on its way yet when the role was taken back: then it has published itself after that, and retracted it as
    // it left.
    private static LifecycleEffect[] RoleBack(RollingBack state) => state.RoleGiven ? [new PublishIdentity(), new TakeRole()] : Nothing;

    private static Transition OnDraining(Draining state, LifecycleEvent @event) => @event switch
    {
        ListenersReleased => new(state, Drain(state.Way)),
        GuestsLeft => new(state, new StopHost()),
        DrainTimedOut => new(state with { Aborted = true },
            [.. Aborting, .. state.SuccessorAlive ? [new EndSuccessor(false, DrainOver)] : Nothing]),
        ConnectionsDrained drained when state.Drained is false => Leave(state with
        {
            Drained = true,
            Code = drained.Aborted > 0 && state.Code == ExitCode.Clean ? ExitCode.Aborted : state.Code,
        }),
        // It may have given connections back after the last one here had ended, so what is left is counted anew.
        SuccessorGone when state is { SuccessorAlive: true, Drained: true, Aborted: false } =>
            new(state with { SuccessorAlive = false, Drained = false }, Drain(state.Way)),
        SuccessorGone when state.SuccessorAlive => Leave(state with { SuccessorAlive = false }),
        // Who has the service now; the process ends only when another one has it.
        SuccessorLeaving when state.Way is MoveWay.Successor => new(state, new DropSockets()),
        SuccessorGone { Crashed: true } when state.Way is MoveWay.Successor => new(state, new RestartService(Own: true)),
        PredecessorLost when state.Way is MoveWay.Predecessor => new(state, new RestartService(Own: false)),
        AbortTimedOut => OutOfTime(state, state is { Drained: false, Code: ExitCode.Clean } ? ExitCode.Aborted : state.Code),
        _ => Ignored(state, @event),
    };

    // The front knows of the way out before it says "close" to anyone.
    private static LifecycleEffect[] Drain(MoveWay way) => way switch
    {
        MoveWay.Successor => [new BeginDrain(way), new MoveConnections()],
        MoveWay.Predecessor => [new BeginDrain(way), new ReturnConnections()],
        _ => [new BeginDrain(way)],
    };

    private static Transition Leave(Draining state) => state is { Drained: true, SuccessorAlive: false }
        ? new(new Exiting(state.Code), Leaving(state, state.Code))
        : new(state);

    private static Transition OutOfTime(Draining state, ExitCode code) =>
        new(new Exiting(code), [.. state.SuccessorAlive ? [new KillSuccessor()] : Nothing, .. Leaving(state, code)]);

    private static LifecycleEffect[] Leaving(Draining state, ExitCode code) =>
        [new SendFarewell(), new RetractIdentity(state.HandedOver), new ExitProcess(code)];

    private static Transition Ignored(LifecycleState state, LifecycleEvent @event) =>
        new(state, new Explain($"{@event.GetType().Name} means nothing in this state"));

    private static readonly LifecycleEffect[] Nothing = [];
    private static readonly LifecycleEffect[] Aborting = [new ArmAbortTimer(), new AbortConnections()];

    // The drain itself begins when the listeners are released: a connection accepted after it could be overlooked.
    private static readonly LifecycleEffect[] BeginDraining = [new ArmDrainTimer(), new StopHost(), new ReleaseListeners(false)];

    private static LifecycleEffect[] BeginDrainingHandedOver(MoveWay way) =>
        [new ArmDrainTimer(), new ReleaseListeners(true), StopApp(way)];

    // The host's stop cuts off what SignalR serves. Who can go to another generation is told first; a stop is as quick as without Ips.
    private static LifecycleEffect StopApp(MoveWay way) => way is MoveWay.None ? new StopHost() : new AwaitGuests();

    private const string Stopping = "this generation is stopping";
    private const string CheckOver = "the check is over";
    private const string NotReady = "it was not ready within ips.reload.ready-timeout";
    private const string NotServing = "it did not report within ips.reload.ready-timeout that it serves";
    private const string NotYielded = "the app's OnDraining handlers did not end within ips.reload.ready-timeout";
    private const string NotPromoted = "it did not acknowledge its promotion within ips.reload.ready-timeout";
    private const string DrainOver = "the drain deadline has come";
}
