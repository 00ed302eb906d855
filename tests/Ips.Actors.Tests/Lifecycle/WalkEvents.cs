using Ips.Actors.Lifecycle;
using static Ips.Actors.Lifecycle.LifecycleEvent;
using static Ips.Actors.Lifecycle.LifecycleState;

namespace Ips.Actors.Tests.Lifecycle;

/// <summary>The events of the walk, and when each can come.</summary>
internal static class WalkEvents
{
    /// <summary>One representative of each event, with both values of each field that a decision reads.</summary>
    public static readonly IReadOnlyList<LifecycleEvent> All =
    [
        new ReloadRequested("test"), new ReloadRequested("test", NoQueue: true), new CheckRequested("test"),
        new TakeoverRequested("test"), new StopRequested("test"), new HostStopping(), new LogReopenRequested(),
        new ActorLost("test"), new ActorRestarted("test"),
        new FrontReady(), new FrontFailed("test"), new ListenersReleased(), new RoleYielded(), new ConnectionsDrained(0),
            new ConnectionsDrained(1),
        new ConnectionsSettled(), new GuestsLeft(), new MoveTimedOut(), new LameDuckEnded(), new DrainTimedOut(), new AbortTimedOut(),
            new SuccessorReady(), new SuccessorReady(Canary: true), new SuccessorServes(), new SuccessorFailed("test", Responsive: true),
        new SuccessorFailed("test", Responsive: false), new SuccessorTimedOut(), new ProbationTimeOver(), new ProbationPassed(),
            new PromotionAcknowledged(), new SuccessorLeaving(), new SuccessorGone(), new SuccessorGone(Crashed: true),
        new ServeReceived(), new ServeReceived(Canary: true), new PromoteReceived(), new StopReceived("test", Return: false),
        new StopReceived("test", Return: true), new PredecessorLost(),
    ];

    /// <summary>Whether anything in the world can cause the event now.</summary>
    public static bool CanHappen(LifecycleEvent @event, World world) => @event switch
    {
        ListenersReleased => world.ReleaseOwed,
        RoleYielded => world.Role == AppRole.Yielding,
        ConnectionsDrained { Aborted: 0 } => world.DrainOwed || world.AbortOwed,
        ConnectionsDrained => world.AbortOwed,
        ConnectionsSettled => world.SettleOwed,
        GuestsLeft => world.GuestsOwed,
        MoveTimedOut => world.HasTimer(ArmedTimers.Move),
        LameDuckEnded => world.HasTimer(ArmedTimers.LameDuck),
        DrainTimedOut => world.HasTimer(ArmedTimers.Drain),
        AbortTimedOut => world.HasTimer(ArmedTimers.Abort),
        SuccessorTimedOut => world.HasTimer(ArmedTimers.Successor),
        ProbationTimeOver => world.HasTimer(ArmedTimers.Probation),
        ProbationPassed => world.ConclusionOwed,
        SuccessorReady => world.Successor != SuccessorStage.None,
        SuccessorServes => world.Successor >= SuccessorStage.ToldToServe,
        SuccessorFailed => world.HasUnpromotedSuccessor && !world.FailureTold,
        PromotionAcknowledged => world.Successor >= SuccessorStage.ToldOfPromotion,
        SuccessorLeaving => world.Successor == SuccessorStage.Promoted,
        // Also in a rollback, if its word of the promotion came too late.
        SuccessorGone { Crashed: true } => world is { Successor: SuccessorStage.Promoted, SuccessorLeft: false }
            || (world.Successor == SuccessorStage.ToldOfPromotion && (world.Ending != SuccessorEnding.No || world.FailureTold)),
        SuccessorGone => world.Successor == SuccessorStage.Promoted ? world.SuccessorLeft
            : world.Successor != SuccessorStage.None && (world.Ending != SuccessorEnding.No || world.FailureTold),
        ServeReceived => world is { Predecessor: PredecessorView.Alive, ReadySent: true },
        PromoteReceived => world is { Predecessor: PredecessorView.Alive, ServeGot: true },
        StopReceived => world.Predecessor == PredecessorView.Alive,
        PredecessorLost => world.Predecessor == PredecessorView.Alive
            || world is { Predecessor: PredecessorView.SaidStop, ReturnAsked: true },
        _ => true, // asked for by people, or by actors that ask again after a restart
    };

    /// <summary>What is acted on although nothing can have caused it, with the reason why it cannot come; else it is a violation.</summary>
    public static bool CannotCome(LifecycleState state, LifecycleEvent @event) => (state, @event) switch
    {
        (_, StopReceived) => true, // PredecessorActor tells it once, and only of a channel that lives
        // a timer that is not armed tells nothing; a cancelled one's message is dropped by Akka
        (Draining, DrainTimedOut or AbortTimedOut) or (OnProbation, ProbationTimeOver) => true,
        (OnProbation, ProbationPassed) => true, // told only when it was asked for
        // the front, the listener and the mover tell it only when asked
        (Draining or Moving, ConnectionsDrained or ListenersReleased) or (Moving, ConnectionsSettled) or (Draining, GuestsLeft) => true,
        (Serving, PromoteReceived) => true, // told by a predecessor only
        // told only for a running process, and its end only once
        (Moving or Draining, SuccessorLeaving) or (Moving or RollingBack or Draining, SuccessorGone) => true,
        (Draining, PredecessorLost) => true, // told once, by the end of the channel
        _ => false,
    };
}
