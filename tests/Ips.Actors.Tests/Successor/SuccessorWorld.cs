using Ips.Actors.Handover;
using Ips.Actors.Lifecycle;
using Ips.Actors.Posix;
using static Ips.Actors.Lifecycle.SuccessorEffect;
using static Ips.Actors.Lifecycle.SuccessorState;
using static Ips.Actors.Tests.Lifecycle.WorldRules;

namespace Ips.Actors.Tests.Successor;

/// <summary>What is true around a successor because of what was performed so far.</summary>
[Flags]
internal enum Done
{
    Nothing = 0,
    Launched = 1 << 0,
    ReadyTold = 1 << 1,
    ServeSent = 1 << 2,
    PromoteSent = 1 << 3,
    PromotionTold = 1 << 4,
    FailureTold = 1 << 5,
    StopSent = 1 << 6,
    KillSent = 1 << 7,
    LeavingTold = 1 << 8,
    CarryBegun = 1 << 9,
    IdentitySent = 1 << 10,
    Refused = 1 << 11,

    // Clocks that run.
    HealthOverdue = 1 << 12,
    HealthUrlDue = 1 << 13,
    Escalate = 1 << 14,
    ClosedWithoutExit = 1 << 15,
    ExitWithoutClose = 1 << 16,

    /// <summary>The end of this successor was told, or none was ordered yet.</summary>
    GoneTold = 1 << 17,

    CanaryStep = 1 << 18,

    /// <summary>Nothing more is given to it.</summary>
    CarryHalted = 1 << 19,

    /// <summary>The mover has a canary.</summary>
    CanaryBegun = 1 << 20,

    // Clocks that run.
    WindowDue = 1 << 21,
    ProbationMax = 1 << 22,

    Clocks = HealthOverdue | HealthUrlDue | WindowDue | Escalate | ClosedWithoutExit | ExitWithoutClose | CanaryStep
        | ProbationMax,
}

/// <summary>How effects change what is true, with the rules that hold for each of them, and for each state.</summary>
internal static class SuccessorRules
{
    public const string Told = "1 gone and failure are told once";
    public const string Order = "2 promote after serve";
    public const string Ends = "3 an ending ends";
    public const string Frames = "4 a frame out of order is its sender's failure";
    public const string Clocks = "5 clocks";
    public const string Owner = "6 nothing without its process";
    public const string Connections = "7 connections";
    public const string Restart = "8 a restart loses nothing";
    public const string Judged = "9 what counts";
    public const string Total = "10 total";

    /// <summary>What is true once an effect was performed in a step from one state to another.</summary>
    public static Done Perform(Done done, SuccessorEffect effect, SuccessorState before, SuccessorState after)
    {
        Require(effect is not ToSuccessor || done.HasFlag(Done.Launched), Owner, $"{effect} for a process that is not there");
        switch (effect)
        {
            case SuccessorEffect.Launch:
                Require(!done.HasFlag(Done.Launched), Owner, "a second process is launched");
                return done;
            case RefuseTakeover:
                Require(!done.HasFlag(Done.Launched) && !done.HasFlag(Done.Refused), Owner,
                    "a takeover is refused twice, or that is the successor");
                return done | Done.Refused;
            case SuccessorEffect.Send { Frame: ServeFrame }:
                Require(done.HasFlag(Done.ReadyTold) && (done & (Done.FailureTold | Done.StopSent)) == 0, Order,
                    "serve is said to one that is not ready, or failed");
                return done | Done.ServeSent;
            case SendIdentity:
                Require(after is SuccessorState.Promoting { Facts: { Order.Takeover: true, Version: >= HandoverVersion.LateIdentity } },
                    Order,
                    "the identity is sent to one that has it");
                Require((done & (Done.IdentitySent | Done.PromoteSent)) == 0, Order, "the identity is sent twice, or behind promote");
                return done | Done.IdentitySent;
            case SendPromotion:
                Require(done.HasFlag(Done.ServeSent) && (done & (Done.FailureTold | Done.StopSent)) == 0, Order,
                    "promote is said before serve, or to one that failed");
                Require(after is not Living { Facts: { Order.Takeover: true, Version: >= HandoverVersion.LateIdentity } }
                    || done.HasFlag(Done.IdentitySent), Order,
                    "promote is said to one that has no identity");
                return done | Done.PromoteSent;
            case SendStop stop:
                Require(!done.HasFlag(Done.StopSent), Ends, "stop is said twice");
                Require(stop.Frame.DeadlineMs > 0, Ends, "stop leaves no time");
                return done | Done.StopSent;
            case Signal { Number: SignalNumbers.SIGKILL }: return done | Done.KillSent;
            case Arm arm: return done | Of(arm.Timer);
            case Cancel cancel: return done & ~Of(cancel.Timer);
            case Forget:
                Require(done.HasFlag(Done.Launched), Owner, "forgotten twice");
                return done & ~(Done.Clocks | Done.Launched);
            case BeginCarry: return done | Done.CarryBegun;
            case Pass:
                Require(after is OnProbation { Facts.Canary: true } && (done & (Done.FailureTold | Done.StopSent)) == 0
                    && done.HasFlag(Done.ServeSent), Connections, "connections are passed on to one that is no canary, or fails");
                return done | Done.CarryBegun | Done.CanaryBegun;
            case HaltCarry: return done | Done.CarryHalted;
            case Acknowledge or TakeBackDeclined or EndCarry or BreakCarry or RecallCarry:
                Require(done.HasFlag(Done.CarryBegun), Connections, $"{effect} while nothing moves");
                return done & ~(effect is RecallCarry ? Done.CarryBegun : Done.Nothing);
            case EndCanary:
                Require(done.HasFlag(Done.CarryHalted), Connections, "a canary that is gone is given more");
                Require(!done.HasFlag(Done.CarryBegun), Connections, "a canary's connections are not taken back");
                return done & ~Done.CanaryBegun;
            case TakeReturned:
                Require(done.HasFlag(Done.ServeSent) && before is Failed { Drains: true } or Ending, Connections,
                    "connections are taken from one that keeps its role, or never had any");
                return done;
            case SendLeft:
                Require(after is not Main { Carry: CarryStage.Begun }, Connections, "left is said while connections move");
                return done;
            case TellReady:
                Require(!done.HasFlag(Done.ReadyTold), Judged, "ready is told twice");
                return done | Done.ReadyTold;
            case TellFailed:
                Require((done & (Done.FailureTold | Done.PromotionTold | Done.StopSent | Done.KillSent)) == 0, Told,
                    "a failure is told twice, after the promotion, or of one that is being ended");
                return done | Done.FailureTold;
            case SuccessorEffect.Tell { Event: var told }: return Tell(done, told, before);
            default: return done;
        }
    }

    private static Done Tell(Done done, LifecycleEvent told, SuccessorState before)
    {
        switch (told)
        {
            case LifecycleEvent.SuccessorFailed:
                Require(before is Preparing && !done.HasFlag(Done.FailureTold), Told,
                    "a failure to start is reported twice, or for a successor that was started");
                return done | Done.FailureTold;
            case LifecycleEvent.SuccessorServes:
                Require(done.HasFlag(Done.ServeSent) && (done & (Done.FailureTold | Done.StopSent)) == 0, Order,
                    "serves is reported for a successor that was not told to serve");
                return done;
            case LifecycleEvent.ProbationPassed:
                Require(before is Serving && (done & (Done.FailureTold | Done.StopSent)) == 0, Order,
                    "a probation is passed by one that is not on it, or failed");
                return done;
            case LifecycleEvent.PromotionAcknowledged:
                Require(done.HasFlag(Done.PromoteSent) && (done & (Done.FailureTold | Done.StopSent)) == 0, Order,
                    "a promotion is told that was not ordered, or was taken back");
                return done | Done.PromotionTold;
            case LifecycleEvent.SuccessorLeaving:
                Require(done.HasFlag(Done.PromotionTold), Order, "leaving is reported for a process that is not the main one");
                return done | Done.LeavingTold;
            case LifecycleEvent.SuccessorGone gone:
                Require(!done.HasFlag(Done.GoneTold), Told, "gone is told twice");
                Require(!done.HasFlag(Done.Launched), Told, "gone is reported for a process that is still held");
                Require(gone.Crashed == (before is Promoted), Told, "a crash is reported after a leave or an ordered end, or is missing");
                Require(before is None or NotStarted or Preparing
                    || (done & (Done.FailureTold | Done.StopSent | Done.KillSent | Done.PromotionTold)) != 0, Told,
                    "gone is told, and neither a failure nor an order to end before it");
                return done | Done.GoneTold;
            default: return done;
        }
    }

    /// <summary>What holds in each state.</summary>
    public static void Check(SuccessorState state, Done done)
    {
        Require(state is Living || (done & Done.Clocks) == 0, Clocks, $"a clock runs in {state.Name}");
        Require(state is Living == done.HasFlag(Done.Launched), Owner,
            $"{state.Name}, and the process is {(done.HasFlag(Done.Launched) ? "" : "not ")}held");
        Require(state is not Gone || done.HasFlag(Done.GoneTold), Told, "it is gone, and that is not told");
        Require(state is not NotStarted || done.HasFlag(Done.FailureTold), Told, "it could not be started, and that is not told");
        Require(state is not Failed || done.HasFlag(Done.FailureTold), Told, "it failed, and that is not told");
        Require(state is not Main || done.HasFlag(Done.PromotionTold), Told, "it is promoted, and that is not told");
        Require(state is not (Failed { Was: OnProbation { Step: > 0 } } or Ending { Was: OnProbation { Step: > 0 } })
            || done.HasFlag(Done.CarryHalted), Connections, "a canary that fails is given more");
        if (state is Gone && !done.HasFlag(Done.PromotionTold))
        {
            Require(!done.HasFlag(Done.CarryBegun), Connections, "a canary is gone, and its connections are not taken back");
            Require(!done.HasFlag(Done.CanaryBegun), Connections, "the next canary does not begin anew");
            Require(!done.HasFlag(Done.CanaryStep), Clocks, "a share is due of a canary that is gone");
        }
        CheckClocks(state, done, Clocks);
    }

    /// <summary>Each state that waits for a peer has a clock.</summary>
    public static void CheckClocks(SuccessorState state, Done done, string rule)
    {
        Require(state is not OnProbation || done.HasFlag(Done.HealthOverdue | Done.HealthUrlDue | Done.WindowDue), rule,
            "its reports are not watched");
        Require(state is not Serving { Step: 1 } || done.HasFlag(Done.CanaryStep), rule, "the canary stays at its first share");
        Require(state is OnProbation { Step: > 0 } || !done.HasFlag(Done.CanaryStep), rule, $"a share is due in {state.Name}");
        Require(state is Serving { Concluding: true } == done.HasFlag(Done.ProbationMax), rule,
            "a probation that was lengthened has no end, or an end that nobody waits for");
        Require(state is OnProbation || (done & (Done.HealthOverdue | Done.HealthUrlDue | Done.WindowDue)) == 0, rule,
            $"reports are awaited in {state.Name}");
        Require(state is not (Asked or Terminated) || state is Living { End: ProcessEnd.Exited } || done.HasFlag(Done.Escalate), rule,
            $"{state.Name} waits for ever");
        Require(state is Asked or Terminated || !done.HasFlag(Done.Escalate), rule, $"{state.Name} would be signalled");
        Require(state is not Living { End: ProcessEnd.Exited } || done.HasFlag(Done.ExitWithoutClose), rule,
            "the end of the channel is awaited for ever");
    }

    public static Done Of(SuccessorTimer timer) => Enum.Parse<Done>(timer.ToString());
}
