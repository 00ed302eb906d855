using System.Runtime.CompilerServices;
using Ips.Actors.Lifecycle;
using static Ips.Actors.Lifecycle.FrontOrder;
using static Ips.Actors.Lifecycle.LifecycleEffect;
using static Ips.Actors.Lifecycle.LifecycleEvent;
using static Ips.Actors.Lifecycle.LifecycleState;
using static Ips.Actors.Lifecycle.ListenerOrder;
using static Ips.Actors.Lifecycle.PredecessorOrder;
using static Ips.Actors.Lifecycle.ReloaderOrder;

namespace Ips.Actors.Tests.Lifecycle;

/// <summary>How events and effects change the <see cref="World"/>, with the rules that hold for each single step.</summary>
internal static class WorldRules
{
    /// <summary>What is true once an event was delivered in <paramref name="state"/>, before anything was decided.</summary>
    public static World Deliver(World world, LifecycleState state, LifecycleEvent @event) => @event switch
    {
        StopRequested => world.StoppedItself ? world with { StoppedItself = false } : OneMoreStop(world),
        StopReceived stop => (state is Draining ? world : OneMoreStop(world)) with
        {
            Predecessor = PredecessorView.SaidStop,
            ReturnAsked = stop.Return
        },
        // our own, or as good as our own: the app ends while its clients leave
        HostStopping => state is Draining or Exiting ? world
            : OneMoreStop(world) with { StoppedItself = world.StoppedItself || state is Serving },
        ActorLost => state is Exiting ? world : OneMoreStop(world) with { ActorLost = true, StoppedItself = false },
        FrontReady => world with { FrontReady = true },
        FrontFailed => state is Starting or Joining ? OneMoreStop(world) with { StartFailed = true } : world,
        ListenersReleased => world with { ReleaseOwed = false, Released = !world.ListenersHeld },
        RoleYielded => world with { Role = world.Role == AppRole.Yielding ? AppRole.Yielded : world.Role },
        ConnectionsDrained drained => world with
        {
            AbortOwed = false,
            DrainOwed = world.DrainOwed && world.AbortOwed, // an abort is answered before the connections have ended
            SettleOwed = false,
            RequestsCut = world.RequestsCut || (drained.Aborted > 0 && state is Draining && !world.Drained),
            Drained = world.Drained || state is Draining,
        },
        GuestsLeft => world with { GuestsOwed = false, GuestsLeft = true },
        ConnectionsSettled => world with { SettleOwed = false },
        MoveTimedOut => Fired(world, ArmedTimers.Move),
        LameDuckEnded => Fired(world, ArmedTimers.LameDuck),
        DrainTimedOut => Fired(world, ArmedTimers.Drain),
        AbortTimedOut => Fired(world, ArmedTimers.Abort) with { RequestsCut = world.RequestsCut || (state is Draining && !world.Drained) },
        SuccessorTimedOut => Fired(world, ArmedTimers.Successor),
        ProbationTimeOver => Fired(world, ArmedTimers.Probation),
        ProbationPassed => world with { ConclusionOwed = false },
        SuccessorReady ready => world.Successor == SuccessorStage.Spawned
            ? world with { Successor = SuccessorStage.Ready, Canary = ready.Canary } : world,
        SuccessorServes => world with
        {
            Successor = world.Successor == SuccessorStage.ToldToServe ? SuccessorStage.Serves
            : world.Successor
        },
        SuccessorFailed => world with { FailureTold = true },
        PromotionAcknowledged when state is Promoting => world with { Successor = SuccessorStage.Promoted, SuccessorPromoted = true },
        SuccessorLeaving => world with { SuccessorLeft = true },
        SuccessorGone gone => world with
        {
            MainDied = gone.Crashed && state is (Moving or Draining { Way: MoveWay.Successor }),
            Successor = SuccessorStage.None,
            Canary = false,
            ConclusionOwed = false,
            Ending = SuccessorEnding.No,
            FailureTold = false,
            // it may have given connections back
            Drained = world.Drained && (world.Aborted || state is not Draining { SuccessorAlive: true }),
        },
        ServeReceived serve => world with { ServeGot = true, ServesAsCanary = world.ServeGot ? world.ServesAsCanary : serve.Canary },
        PromoteReceived => world with { PromoteGot = true },
        PredecessorLost => world with
        {
            Predecessor = PredecessorView.Lost,
            Reporting = false,
            MainDied = state is Draining { Way: MoveWay.Predecessor }
        },
        _ => world,
    };

    /// <summary>What is true once an effect was ordered. <paramref name="cause"/>: the event that it answers.</summary>
    public static World Order(World world, LifecycleEffect effect, LifecycleEvent cause)
    {
        var again = cause is ActorRestarted; // asked again: what was done already is not done twice
        switch (effect)
        {
            case StartAccepting:
                Require(world.ListenersHeld, Invariants.Listeners, "accepting is started on sockets that were released");
                Require(world.Predecessor is not (PredecessorView.Alive or PredecessorView.SaidStop) || world.ServeGot,
                    Invariants.Accepting, "a successor accepts before the predecessor said serve");
                Require(!world.ServesAsCanary || world.PromoteGot || !world.OnTrial, Invariants.Accepting,
                    "a canary accepts before its promotion");
                return world with { Accepting = true, AcceptingOrdered = true };
            case QuiesceAccepting:
                Require(!world.DryRun, Invariants.Accepting, "quiesced for a successor that is only checked");
                Require(world.Successor >= SuccessorStage.Serves, Invariants.Accepting, "quiesced before the successor accepts");
                Require(!world.Canary, Invariants.Accepting, "quiesced for a canary, so nobody accepts");
                return world with { Accepting = false, AcceptingOrdered = false };
            case ReleaseListeners release:
                Require(world.Stops > 0 || world.SuccessorPromoted,
                    Invariants.Listeners, "the listening sockets are released without a stop or a promotion");
                Require(release.HandedOver || !world.OthersListen, Invariants.Listeners,
                    "released with the Unix paths of sockets that another generation listens on");
                Require(again || !release.HandedOver || world.OthersListen, Invariants.Listeners,
                    "released without the Unix paths, that nobody else will remove");
                return world with { ListenersHeld = false, Accepting = false, AcceptingOrdered = false, ReleaseOwed = true };

            case KeepSockets:
                Require(world.ListenersHeld, Invariants.Listeners, "copies are kept of sockets that were released");
                return world with { SocketsKept = true };
            case DropSockets:
                return world with { SocketsKept = false };
            case RestartService restart:
                Require(world is { MainDied: true, SocketsKept: true }, Invariants.Listeners,
                    "a service is started that another generation has, or without its sockets");
                Require(restart.Own == world.SuccessorPromoted, Invariants.Rollback, "a failed release is started again");
                return world with { MainDied = false, SocketsKept = false };

            case BeginReload begin:
                Require(world.Account == ReloadAccountView.Closed, Invariants.Account,
                    "a reload begins before the last one is accounted for");
                Require(begin.Takeover == cause is TakeoverRequested, Invariants.Account,
                    "a takeover is accounted for as a reload, or a reload as a takeover");
                Require(begin.DryRun == cause is CheckRequested, Invariants.Account,
                    "a check is accounted for as a reload, or a reload as a check");
                return world with { Account = ReloadAccountView.Open, DryRun = begin.DryRun, Takeover = begin.Takeover };
            case SpawnSuccessor spawn:
                Require(world.Account == ReloadAccountView.Open, Invariants.Account, "a successor is spawned that nobody accounts for");
                Require((spawn.Takeover, spawn.DryRun) == (world.Takeover, world.DryRun),
                    Invariants.OneSuccessor, "the successor is spawned for something else than what was asked for");
                Require(spawn.Again == again, Invariants.OneSuccessor, "whether the order may have been lost is not told, or made up");
                if (world.Successor != SuccessorStage.None)
                {
                    Require(again, Invariants.OneSuccessor, "a second successor is spawned");
                    return world;
                }

                return world with { Successor = SuccessorStage.Spawned };
            case ArmSuccessorTimer:
                return world with { Timers = world.Timers | ArmedTimers.Successor };
            case DisarmSuccessorTimer:
                return world with { Timers = world.Timers & ~ArmedTimers.Successor };
            case ArmProbationTimer:
                return world with { Timers = world.Timers | ArmedTimers.Probation };
            case DisarmProbationTimer:
                return world with { Timers = world.Timers & ~ArmedTimers.Probation };
            case ConcludeProbation:
                Require(world.Successor >= SuccessorStage.Serves, Invariants.Role, "a probation ends that has not begun");
                return world with { ConclusionOwed = true };
            case SendServe:
                Require(world is { DryRun: false, Successor: >= SuccessorStage.Ready },
                    Invariants.Accepting, "serve is said before the successor is ready, or to one that is only checked");
                return world with { Successor = world.Successor == SuccessorStage.Ready ? SuccessorStage.ToldToServe : world.Successor };
            case SendPromote:
                Require(world.Successor >= SuccessorStage.ToldToServe && world.Role == AppRole.Yielded,
                    Invariants.Role, "promote is said before the successor serves or while this app may be primary");
                return world with { Successor = SuccessorStage.ToldOfPromotion, Pid = MainProcess.Contested };
            case EndSuccessor end:
                Require(world.Successor != SuccessorStage.Promoted, Invariants.Rollback, "a promoted successor is ended");
                Require(end.FinishRequests || MayCutSuccessor(world, cause), Invariants.NothingCut,
                    "a serving successor is ended before its requests are finished");
                Require(!end.FinishRequests || again || (world.Successor > SuccessorStage.Spawned && !world.DryRun), Invariants.Stop,
                    "a successor that never had requests gets time for them");
                Require(!end.Return || world.Stops == 0, Invariants.Rollback, "connections are asked back by a generation that stops");
                Require(end.Return || world.Stops > 0 || world.Successor < SuccessorStage.ToldToServe,
                    Invariants.Rollback, "a rollback leaves the connections with the failed successor");
                Require(!end.FinishRequests || again || !IsDeadOrHung(world, cause), Invariants.Stop,
                    "a successor that cannot finish requests gets time for them");
                var ending = end.FinishRequests ? SuccessorEnding.Finishing : SuccessorEnding.Now;
                Require(world.Successor != SuccessorStage.None, Invariants.Owner,
                    "the end of a successor is ordered that was gone before: nobody answers");
                return world with { Ending = world.Ending > ending ? world.Ending : ending };
            case KillSuccessor:
                return world.Successor == SuccessorStage.None ? world : world with { Ending = SuccessorEnding.Killed };
            case NoteFailure failure:
                Require(world.Account != ReloadAccountView.Closed, Invariants.Account, "a failure is noted while no reload is under way");
                return world with
                {
                    Account = failure.Outcome == ReloadOutcome.Stopped ? ReloadAccountView.Stopped
                    : ReloadAccountView.Failed
                };
            case NoteChecked:
                Require(world is { Account: ReloadAccountView.Open, DryRun: true, Successor: SuccessorStage.Ready },
                    Invariants.Account, "a check is told to have passed that did not, or was none");
                return world with { Account = ReloadAccountView.Checked };
            case FinishReload:
                Require(world.Account != ReloadAccountView.Closed, Invariants.Account, "a reload is closed that is not open");
                Require((world.Account == ReloadAccountView.Open) == world.SuccessorPromoted,
                    Invariants.Account, $"the receipt tells an outcome ({world.Account}) that is not so ({world.Successor})");
                Require((world.Account == ReloadAccountView.Stopped) == (world is { Stops: > 0, SuccessorPromoted: false }),
                    Invariants.Account, "the receipt says that this generation serves on, and it stops, or the other way round");
                return world with { Account = ReloadAccountView.Closed, DryRun = false, Takeover = false };
            case QueueReload:
                Require(cause is ReloadRequested { NoQueue: false }, Invariants.Account, "a request waits that was not to");
                return world with { Queued = true }; // the newest takes the place of the one before
            case TryQueuedReload:
                Require(world is
                {
                    Queued: true, Stops: 0, Account: ReloadAccountView.Closed, Successor: SuccessorStage.None,
                    SuccessorPromoted: false
                },
                    Invariants.Account, "a request that waited is carried out while something is under way, or is made up");
                return world with { Queued = false, QueueTried = true };
            case ForwardQueuedReload:
                Require(world is { Queued: true, SuccessorPromoted: true }, Invariants.Account,
                    "a request is passed on to a successor that is not the main process, or is made up");
                Require(world.Account == ReloadAccountView.Closed, Invariants.Account,
                    "the next main process gets the request before the account of this reload");
                return world with { Queued = false };
            case DropQueuedReload:
                Require(world is { Queued: true, Stops: > 0, SuccessorPromoted: false }, Invariants.Account,
                    "a request is dropped although the service goes on, or is made up");
                return world with { Queued = false };
            case RefuseReload or Explain or ReopenLog or ReopenOlderLogs:
                return world;

            case SendReady:
                Require(world.FrontReady, Invariants.Predecessor, "ready is said before the app can serve");
                return world with { ReadySent = true };
            case BeginHealthReports:
                return world with { Reporting = true };
            case AcknowledgePromotion:
                if (world.Predecessor is PredecessorView.None or PredecessorView.Lost)
                {
                    return world; // nobody listens
                }

                Require(world.Pid == MainProcess.Us, Invariants.MainProcess,
                    "a promotion is acknowledged before this process is published");
                return world with { Acknowledged = true, Reporting = false };
            case SendFailed:
                return world with { FailedSent = true, Reporting = false };
            case SendFarewell:
                return world with { FarewellSent = true };

            case PublishIdentity:
                Require(!world.OnTrial && !world.SuccessorPromoted,
                    Invariants.MainProcess, "published as the main process while another generation is it");
                Require(world.AcceptingOrdered, Invariants.MainProcess, "published, and ips start told, before it accepts");
                return world with { Pid = world.Successor == SuccessorStage.ToldOfPromotion ? MainProcess.Disputed : MainProcess.Us };
            case HandOverIdentity:
                Require(world.SuccessorPromoted, Invariants.MainProcess, "the file system is left to a successor that is not promoted");
                return world with { Pid = MainProcess.HandedOver };
            case RetractIdentity retract:
                Require(retract.HandedOver || !world.OthersListen, Invariants.MainProcess,
                    "the lock ends while another generation has the service");
                Require(!retract.HandedOver || world.OthersListen || world.FailedSent || world.ReturnAsked,
                    Invariants.MainProcess, "the service ends, and another process keeps the lock by its copy");
                Require(world.Stops > 0 || world.SuccessorPromoted, Invariants.MainProcess, "retracted without a stop");
                return world with { Pid = world.Pid == MainProcess.HandedOver ? MainProcess.HandedOver : MainProcess.Retracted };
            case AnnounceServing:
                Require(world.AcceptingOrdered || world is { ServesAsCanary: true, ServeGot: true }, Invariants.Role,
                    "the app is told that it serves before it does");
                Require(!world.Announced, Invariants.Role, "the app is told twice that it serves");
                return world with { Announced = true };
            case TakeRole:
                Require(!world.OnTrial && world.Successor < SuccessorStage.ToldOfPromotion,
                    Invariants.Role, "this app becomes primary while another generation's may be");
                Require(world.Announced, Invariants.Role, "the app is primary before it was told that it serves");
                return world with { Role = AppRole.Primary };
            case YieldRole:
                return world with { Role = AppRole.Yielding };
            case FailReadiness:
                return world with { ReadinessFailed = true };
            case ArmLameDuckTimer:
                return world with { Timers = world.Timers | ArmedTimers.LameDuck };
            case BeginDrain drain:
                Require(world.Released,
                    Invariants.NothingCut, "the drain begins while connections still arrive: one of them could be overlooked");
                Require((drain.Way == MoveWay.Successor) == world.SuccessorPromoted, Invariants.NothingCut,
                    "connections are not moved to the promoted successor, or to nobody");
                Require(drain.Way != MoveWay.Predecessor || (world.ServeGot && (world.ReturnAsked || world.FailedSent)),
                    Invariants.NothingCut, "connections are given to a predecessor that does not take the role back, or to none");
                return world with { DrainOwed = true, SettleOwed = false, MoveOwed = drain.Way, Role = AppRole.None };
            case MoveConnections or ReturnConnections:
                Require(world.MoveOwed == (effect is MoveConnections ? MoveWay.Successor : MoveWay.Predecessor),
                    Invariants.NothingCut, "connections are sent where the front does not expect it, or before it knows");
                return world with { MoveOwed = MoveWay.None, SettleOwed = effect is MoveConnections };
            case ArmMoveTimer:
                return world with { Timers = world.Timers | ArmedTimers.Move };
            case ArmDrainTimer:
                return world with { Timers = world.Timers | ArmedTimers.Drain };
            case AbortConnections:
                Require(cause is DrainTimedOut || (cause is StopRequested && world.Stops >= 2) || (again && world.Aborted),
                    Invariants.NothingCut,
                        $"connections are aborted on {cause.GetType().Name}, which is neither a deadline nor a second stop");
                return world with { AbortOwed = true, Aborted = true };
            case ArmAbortTimer:
                return world with { Timers = world.Timers | ArmedTimers.Abort };
            case AwaitGuests:
                Require(again || WayOut(world) is not MoveWay.None, Invariants.Stop, "a stop that nobody takes over waits for guests");
                return world with { GuestsOwed = true };
            case StopHost:
                Require(world.HostStopOrdered || world.GuestsLeft || WayOut(world) is MoveWay.None, Invariants.NothingCut,
                    "the host stops, which cuts off the guests, before they could go to the generation that serves on");
                return world with { HostStopOrdered = true };
            case ExitProcess exit:
                Require(world.Exit is null || world.Exit == exit.Code, Invariants.ExitCode, "the exit code changes after it was decided");
                return world with { Exit = exit.Code };
            default:
                throw new InvalidOperationException($"Teach {nameof(WorldRules)} what {effect.GetType().Name} does.");
        }
    }

    /// <summary>Orders whose handler can throw (a system call, a send, a log sink), so that a crash of the actor can lose them.</summary>
    public static bool CanBeLost(LifecycleEffect effect) =>
        effect is StartAccepting or QuiesceAccepting or ReleaseListeners or SpawnSuccessor or SendServe
        or SendPromote or EndSuccessor or SendReady or BeginHealthReports or AcknowledgePromotion or YieldRole or BeginDrain
            or MoveConnections or ReturnConnections
        or AwaitGuests or AbortConnections;

    /// <summary>What is true once an effect was ordered whose order is lost.</summary>
    public static World Lose(World world, LifecycleEffect effect) => effect switch
    {
        StartAccepting => world with { AcceptingOrdered = true },
        AbortConnections => world with { Aborted = true },
        BeginDrain drain => world with { MoveOwed = drain.Way },
        MoveConnections or ReturnConnections => world with { MoveOwed = MoveWay.None },
        _ => world,
    };

    public static void Require(bool holds, string invariant, string otherwise)
    {
        if (!holds)
        {
            throw new WalkViolation(invariant, otherwise);
        }
    }

    public static void Require(bool holds, string invariant, [InterpolatedStringHandlerArgument(nameof(holds))] ref BrokenRule otherwise)
    {
        if (!holds)
        {
            throw new WalkViolation(invariant, otherwise.Take());
        }
    }

    // To the generation that serves instead of this one. It may have died since: the actor that holds its channel knows, and does not
    // begin.
    public static MoveWay WayOut(World world) => world switch
    {
        { SuccessorPromoted: true } => MoveWay.Successor,
        { ServeGot: true, Predecessor: PredecessorView.SaidStop, ReturnAsked: true } => MoveWay.Predecessor,
        { ServeGot: true, Predecessor: PredecessorView.Alive, FailedSent: true } => MoveWay.Predecessor,
        _ => MoveWay.None,
    };

    // Requests run only on a successor that was told to serve.
    private static bool MayCutSuccessor(World world, LifecycleEvent cause) => world.Successor < SuccessorStage.ToldToServe
        || cause is DrainTimedOut || (cause is ActorRestarted && world.Aborted) || (cause is StopRequested && world.Stops >= 2)
            || IsDeadOrHung(world, cause);

    // One that does not acknowledge its promotion in time hangs; that the app here does not yield its role is no fault of the successor.
    private static bool IsDeadOrHung(World world, LifecycleEvent cause) => cause is SuccessorFailed { Responsive: false }
        || (cause is SuccessorTimedOut && world.Successor == SuccessorStage.ToldOfPromotion);

    private static World OneMoreStop(World world) => world with { Stops = Math.Min(2, world.Stops + 1) };

    private static World Fired(World world, ArmedTimers timer) => world with { Timers = world.Timers & ~timer };
}
