using Ips.Actors.Lifecycle;
using static Ips.Actors.Lifecycle.LifecycleState;
using static Ips.Actors.Tests.Lifecycle.WorldRules;

namespace Ips.Actors.Tests.Lifecycle;

/// <summary>What must be true of the world in each lifecycle state, once the orders of the transition into it were given.</summary>
internal static class StateRules
{
    public static void Check(LifecycleState before, LifecycleState state, World world)
    {
        Require(before is Draining || state is not Draining entered || entered.HandedOver == world.OthersListen,
            Invariants.Listeners, "whose the Unix paths are is not remembered for a repeated release");
        Require(state is not Draining || before is not Serving || world.ReadinessFailed,
            Invariants.Stop, "load balancers are not told to look away");
        Require(!world.MainDied, Invariants.Listeners, "the generation that had the service is dead, and nobody starts it again");
        Require(state is Exiting || !world.SocketsKept || HasServiceElsewhere(world), Invariants.Listeners,
            "sockets are kept of a service that ends, or is another generation's to keep");
        Require(world.MoveOwed is MoveWay.None, Invariants.NothingCut, "connections that can move are not sent on their way");
        Require(state.Queued == world.Queued, Invariants.Account, "a reload that waits is forgotten, or made up");
        switch (state)
        {
            case Starting or Joining:
                Require(!world.Accepting, Invariants.Accepting, "accepting before the app can serve");
                CheckUnpublished(world);
                Require(state is not Joining joining || joining.Alone == (world.Predecessor == PredecessorView.Lost),
                    Invariants.Predecessor, "the loss of the predecessor is not known, or made up");
                break;
            case Ready:
                Require(!world.Accepting, Invariants.Accepting, "accepting before serve");
                Require(world.ReadySent, Invariants.Predecessor, "the predecessor is not told that this generation is ready");
                Require(world.Predecessor == PredecessorView.Alive, Invariants.Owner, "waiting for a predecessor that is gone");
                CheckUnpublished(world);
                break;
            case Proving proving:
                Require(proving.Canary == world.ServesAsCanary, Invariants.Accepting, "that it is a canary is not known, or made up");
                CheckServing(world, accepts: !proving.Canary);
                Require(world.Reporting, Invariants.Predecessor, "on probation without health reports");
                Require(world.Predecessor == PredecessorView.Alive, Invariants.Owner, "waiting for a predecessor that is gone");
                CheckUnpublished(world);
                break;
            case Serving:
                CheckMain(state, world);
                CheckServing(world);
                Require(world.Role == AppRole.Primary, Invariants.Role, "serving alone without being primary");
                Require(world.Successor == SuccessorStage.None, Invariants.OneSuccessor, "a successor is left over");
                CheckTimers(world, ArmedTimers.None);
                CheckAccount(world, ReloadAccountView.Closed);
                Require(!world.Queued, Invariants.Account, "a reload that waits is forgotten");
                break;
            case AwaitingReady awaiting:
                Require(awaiting.DryRun == world.DryRun, Invariants.Account, "a check becomes a reload, or a reload a check");
                Require(awaiting.Takeover == world.Takeover, Invariants.OneSuccessor,
                    "whether the successor came from outside is not known, or made up");
                CheckMain(state, world);
                CheckServing(world);
                Require(world.Role == AppRole.Primary, Invariants.Role, "not primary before the handover");
                Require(world is { Successor: not SuccessorStage.None, Ending: SuccessorEnding.No }, Invariants.OneSuccessor,
                    "no successor is on its way");
                CheckTimers(world, ArmedTimers.Successor);
                CheckAccount(world, ReloadAccountView.Open);
                break;
            case Overlapping:
                CheckMain(state, world);
                CheckServing(world);
                Require(world.Role == AppRole.Primary, Invariants.Role, "not primary while the successor begins to serve");
                CheckSuccessor(world, SuccessorStage.ToldToServe, ArmedTimers.Successor);
                break;
            case OnProbation:
                CheckHandover(state, world, SuccessorStage.Serves,
                    world.ConclusionOwed && !world.HasTimer(ArmedTimers.Probation) ? ArmedTimers.None : ArmedTimers.Probation);
                Require(world.Role == AppRole.Primary, Invariants.Role, "not primary during probation");
                break;
            case Yielding:
                CheckHandover(state, world, SuccessorStage.Serves, ArmedTimers.Successor);
                Require(world.Role == AppRole.Yielding, Invariants.Owner, "the app was not asked to yield its role");
                break;
            case Promoting:
                CheckHandover(state, world, SuccessorStage.ToldOfPromotion, ArmedTimers.Successor);
                break;
            case Moving:
                Require(!world.ListenersHeld, Invariants.Listeners, "the listening sockets are kept after the promotion");
                Require(world is { Pid: MainProcess.HandedOver, SuccessorPromoted: true }, Invariants.MainProcess,
                    "the file system is not left to the promoted successor");
                Require(world.ReadinessFailed, Invariants.Stop, "load balancers are not told to look away");
                Require(world.ReleaseOwed || world.SettleOwed || world.DrainOwed, Invariants.Owner, "nobody moves the connections");
                CheckTimers(world, ArmedTimers.Move);
                CheckAccount(world, ReloadAccountView.Open);
                break;
            case RollingBack rolling:
                CheckMain(state, world);
                CheckServing(world);
                Require(world is { Ending: not SuccessorEnding.No, Successor: not SuccessorStage.None },
                    Invariants.Rollback, "the failed successor is not being ended");
                Require(world.Role == AppRole.Primary || world.Successor >= SuccessorStage.ToldOfPromotion,
                    Invariants.Role, "the role is not taken back from a successor that never had it");
                Require(rolling.RoleGiven == (world.Role != AppRole.Primary), Invariants.Role,
                    "whether the role is to be taken back is not remembered");
                CheckTimers(world, ArmedTimers.None);
                Require(world.Account is ReloadAccountView.Failed or ReloadAccountView.Checked, Invariants.Account,
                    $"the reload's account is {world.Account}");
                break;
            case LameDuck:
                Require(world.Accepting, Invariants.Accepting, "a lame duck still accepts");
                Require(world.ReadinessFailed, Invariants.Stop, "load balancers are not told to look away");
                Require(world.HasTimer(ArmedTimers.LameDuck), Invariants.Owner, "the lame duck has no timer");
                Require(world.Successor == SuccessorStage.None, Invariants.OneSuccessor, "a successor is left over");
                CheckAccount(world, ReloadAccountView.Closed);
                break;
            case Draining draining:
                CheckStopping(world);
                Require(draining.Aborted == world.Aborted, Invariants.Stop, "that what is left was aborted is not known, or made up");
                Require(!world.Aborted || (world.HasTimer(ArmedTimers.Abort) && (world.Drained || world.AbortOwed)), Invariants.Owner,
                    "aborted without an answer or a deadline");
                Require(before is Draining { Way: var way } ? draining.Way == way : draining.Way == WayOut(world),
                    Invariants.NothingCut, $"the way out is {draining.Way}, and the generation that serves on {WayOut(world)}");
                Require(draining.Drained == world.Drained, Invariants.Stop, "the end of the drain is not known, or made up");
                Require(!world.HasTimer(ArmedTimers.Successor) && !world.HasTimer(ArmedTimers.Probation), Invariants.Owner,
                    "a timer of the handover runs on");
                Require(world.HostStopOrdered || world.GuestsOwed, Invariants.Stop, "the host is not told to stop");
                Require(world.HasTimer(ArmedTimers.Drain) || world.HasTimer(ArmedTimers.Abort), Invariants.Owner,
                    "draining without a deadline");
                Require(draining.Drained || world.DrainOwed || world.AbortOwed || world.ReleaseOwed, Invariants.Owner,
                    "nobody will say that the drain is over");
                Require(!world.HasUnpromotedSuccessor || world.Ending != SuccessorEnding.No, Invariants.Predecessor,
                    "a stop leaves the successor alive");
                Require(!world.HasUnpromotedSuccessor || draining.SuccessorAlive, Invariants.Predecessor,
                    "the end of the successor is not waited for");
                Require(!draining.SuccessorAlive || world.Successor != SuccessorStage.None,
                    Invariants.Owner, "waiting for the end of a successor that is gone");
                break;
            case Exiting exiting:
                CheckStopping(world);
                Require(world.Exit == exiting.Code, Invariants.Stop, "the process is not told to exit");
                Require(!world.SuccessorPromoted || world.FarewellSent, Invariants.Predecessor, "gone without a farewell");
                Require(exiting.Code == ExpectedCode(world), Invariants.ExitCode,
                    $"exit code {exiting.Code} instead of {ExpectedCode(world)}");
                Require(world.Pid is MainProcess.Retracted or MainProcess.HandedOver
                    || ((world.OnTrial || world.FailedSent) && world.Pid == MainProcess.NotUs),
                    Invariants.MainProcess, "PID file or control socket are left behind");
                Require(!world.HasUnpromotedSuccessor || world.Ending == SuccessorEnding.Killed, Invariants.Predecessor,
                    "a stop leaves an orphan");
                break;
            default:
                throw new InvalidOperationException($"Teach {nameof(StateRules)} what {state.Name} promises.");
        }
    }

    // Of the next generation, until it leaves; of the one before, which takes the role back.
    private static bool HasServiceElsewhere(World world) => world switch
    {
        { SuccessorPromoted: true } => !world.SuccessorLeft,
        { Predecessor: PredecessorView.SaidStop } => world.ReturnAsked,
        _ => world.FailedSent,
    };

    private static ExitCode ExpectedCode(World world) => world switch
    {
        { ActorLost: true } => ExitCode.InternalError,
        { StartFailed: true } => ExitCode.Failed,
        { RequestsCut: true } => ExitCode.Aborted,
        _ => ExitCode.Clean,
    };

    private static void CheckServing(World world, bool accepts = true)
    {
        Require(world.Accepting == accepts, Invariants.Accepting, accepts ? "not accepting while serving" : "a canary accepts");
        Require(world.ListenersHeld, Invariants.Listeners, "the listening sockets are gone while serving");
        Require(world.Announced, Invariants.Role, "the app was not told that it serves");
    }

    private static void CheckMain(LifecycleState state, World world)
    {
        Require(world.Pid == MainProcess.Us || (world.Pid == MainProcess.Contested && state is Promoting)
            || (world.Pid == MainProcess.Disputed && state is RollingBack { RoleGiven: true }),
            Invariants.MainProcess, "not published while it is the main process");
        Require(world.Predecessor is not (PredecessorView.Alive or PredecessorView.SaidStop) || world.Acknowledged,
            Invariants.Predecessor, "the promotion is not acknowledged");
        Require(!world.Reporting, Invariants.Predecessor, "health reports after the promotion");
    }

    private static void CheckUnpublished(World world)
    {
        Require(world.Pid == MainProcess.NotUs, Invariants.MainProcess, "published before its time");
        Require(world.Role == AppRole.None, Invariants.Role, "primary before its time");
        CheckTimers(world, ArmedTimers.None);
    }

    private static bool IsCanary(LifecycleState state) => state is OnProbation { Canary: true } or Yielding { Canary: true }
        or Promoting { Canary: true };

    // From the quiesce to the acknowledged promotion.
    private static void CheckHandover(LifecycleState state, World world, SuccessorStage least, ArmedTimers timers)
    {
        CheckMain(state, world);
        Require(world.ListenersHeld, Invariants.Listeners, "the listening sockets are released before the promotion");
        Require(IsCanary(state) == world.Canary, Invariants.Accepting, "that the successor is a canary is not known, or made up");
        Require(world.Accepting == world.Canary, Invariants.Accepting,
            world.Canary ? "nobody accepts" : "two generations go on accepting");
        CheckSuccessor(world, least, timers);
    }

    private static void CheckSuccessor(World world, SuccessorStage least, ArmedTimers timers)
    {
        Require(world.Successor >= least && world is { Ending: SuccessorEnding.No, FailureTold: false }
            && world.Successor != SuccessorStage.Promoted,
            Invariants.Accepting, $"counted on, but the successor is {world.Successor}, ending {world.Ending}, failed {world.FailureTold}");
        CheckTimers(world, timers);
        CheckAccount(world, ReloadAccountView.Open);
    }

    private static void CheckStopping(World world)
    {
        Require(!world.ListenersHeld, Invariants.Listeners, "the listening sockets are kept while stopping");
        Require(!world.OnTrial || world.FailedSent || world.Predecessor == PredecessorView.SaidStop, Invariants.Predecessor,
            "the predecessor is not told to take the role back");
        Require(!world.SuccessorPromoted || world.Pid == MainProcess.HandedOver, Invariants.MainProcess,
            "the file system is not left to the promoted successor");
        CheckAccount(world, ReloadAccountView.Closed);
        Require(!world.Queued, Invariants.Account, "a reload that waits is forgotten");
    }

    /// <summary>Each step of a handover has its own time: what the one before has used up is not taken from it. Before the spawn the wait
    /// for room may be part of it.</summary>
    public static void CheckTimeOfStep(LifecycleState before, LifecycleEvent @event, Transition transition)
    {
        var begins = transition.State is AwaitingReady or Overlapping or Yielding or Promoting
            && (transition.State.GetType() != before.GetType() || @event is LifecycleEvent.ActorRestarted);
        var armed = transition.Effects.OfType<LifecycleEffect.ArmSuccessorTimer>().SingleOrDefault();
        Require(!begins || armed is not null, Invariants.Owner, $"{transition.State} begins with the time that is left");
        Require(armed is null || armed.WithRoom == transition.State is AwaitingReady, Invariants.Owner,
            "the wait for room counts where there is none, or does not count where there may be one");
    }

    private static void CheckTimers(World world, ArmedTimers expected) =>
        Require(world.Timers == expected, Invariants.Owner, $"timers {world.Timers} instead of {expected}");

    private static void CheckAccount(World world, ReloadAccountView expected) =>
        Require(world.Account == expected, Invariants.Account, $"the reload's account is {world.Account} instead of {expected}");
}
