using Ips.Actors.Handover;
using Ips.Actors.Lifecycle;
using Ips.Actors.Posix;
using static Ips.Actors.Lifecycle.SuccessorEffect;
using static Ips.Actors.Lifecycle.SuccessorEvent;
using static Ips.Actors.Lifecycle.SuccessorState;
using static Ips.Actors.Tests.Lifecycle.WorldRules;

namespace Ips.Actors.Tests.Successor;

/// <summary>What a step must bring about, whatever came before.</summary>
internal static class SuccessorPromises
{
    public static void Check(SuccessorState before, SuccessorEvent @event, SuccessorStep step)
    {
        var (after, effects) = step;
        var isAlive = before is Living { End: not ProcessEnd.Exited };
        switch (@event)
        {
            case Ordered { Order: ReloaderOrder.EndSuccessor } when before is Living and not Ending:
                Promise(after is Asked && effects.Any(e => e is SendStop), SuccessorRules.Ends, "it is not asked to end");
                break;
            case Ordered { Order: ReloaderOrder.EndSuccessor { FinishRequests: false } } or StopUnheard when before is Asked && isAlive:
                Promise(after is Terminated, SuccessorRules.Ends, "it is given more time");
                break;
            case Ordered { Order: ReloaderOrder.SendPromote } when before is Serving or Promoting or Main:
                Promise(effects.Any(e => e is SendPromotion), SuccessorRules.Order, "promote is not sent");
                break;
            case Received { Frame: PromotedFrame } when before is Promoting or Main:
                Promise(effects.Any(e => e is Tell { Event: LifecycleEvent.PromotionAcknowledged }), SuccessorRules.Order,
                    "a promotion is not told");
                break;
            case Received { Frame: LeavingFrame } when before is Main:
                Promise(after is Leaving && effects.Any(e => e is Tell { Event: LifecycleEvent.SuccessorLeaving }), SuccessorRules.Order,
                    "it leaves, and nobody is told");
                break;
            case Received { Frame: HealthFrame } or Judged when before is OnProbation && after is OnProbation && IsReport(@event):
                Promise(effects.Any(e => e is Arm { Timer: SuccessorTimer.HealthOverdue }), SuccessorRules.Clocks,
                    "a report does not count as one");
                break;
            case ChannelClosed when before is Living { End: ProcessEnd.Unseen } and not (Failed or Ending):
                Promise(effects.Any(e => e is Arm { Timer: SuccessorTimer.ClosedWithoutExit }), SuccessorRules.Clocks,
                    "its exit is awaited for ever");
                break;
            case TimerFired { Timer: SuccessorTimer.CanaryStep } when before is Serving serving:
                Promise(effects.Any(e => e is Pass pass && pass.Percent > 10) && after is Serving next && next.Step > serving.Step,
                    SuccessorRules.Connections, "the canary gets no greater share");
                break;
            case Outdone when before is OnProbation:
                Promise(after is Failed && effects.Any(e => e is TellFailed), SuccessorRules.Judged, "it is worse, and kept");
                break;
            case Ordered { Order: ReloaderOrder.ConcludeProbation } when before is Serving:
                Promise(effects.Any(e => e is AskJudge) || Passes(effects), SuccessorRules.Judged, "a probation does not end");
                Promise(before is Serving { Facts.Canary: true } || Passes(effects), SuccessorRules.Judged,
                    "there is nothing to judge, and the probation is lengthened");
                break;
            case JudgeAsked { Wants: null } or TimerFired { Timer: SuccessorTimer.ProbationMax }
                when before is Serving { Concluding: true }:
                Promise(Passes(effects), SuccessorRules.Judged, "all was seen, and the probation does not end");
                break;
            case JudgeAsked { Wants: not null }:
                Promise(!Passes(effects), SuccessorRules.Judged, "the judge wants to see more, and the probation ends");
                break;
            case Received { Frame: WindowFrame } or TimerFired { Timer: SuccessorTimer.WindowDue }
                when before is Serving { Concluding: true }:
                Promise(effects.Any(e => e is AskJudge), SuccessorRules.Judged, "a window was seen, and the judge is not asked again");
                break;
            case Received { Frame: WindowFrame } or TimerFired { Timer: SuccessorTimer.WindowDue } when before is OnProbation:
                Promise(effects.Any(e => e is WeighWindow), SuccessorRules.Judged, "a window is not weighed");
                break;
            case RoomAwaited room when before is AwaitingRoom:
                Promise(room.Older.Count == 0 ? after is OfferingSockets : after is AbortingOlder, SuccessorRules.Owner,
                    "there is room, or the oldest are to go");
                break;
            case OlderAborted when before is AbortingOlder:
                Promise(after is OfferingSockets && effects.Any(e => e is Tell { Event: LifecycleEvent.GenerationsAborted }),
                    SuccessorRules.Owner, "there is room now");
                break;
        }

        if (after is Terminated && before is not Terminated)
        {
            Promise(effects.Any(e => e is Signal { Number: SignalNumbers.SIGTERM })
                && effects.Any(e => e is Arm { Timer: SuccessorTimer.Escalate }),
                SuccessorRules.Ends, "terminated without SIGTERM, or without a limit");
        }

        if ((before, after) is (Serving { Reported: false }, Serving { Reported: true }))
        {
            Promise(effects.Any(e => e is Tell { Event: LifecycleEvent.SuccessorServes }), SuccessorRules.Order,
                "it serves, and nobody is told");
        }

        void Promise(bool kept, string rule, string otherwise) => Require(kept, rule, $"{otherwise}: {before.Name} to {after.Name}");
    }

    private static bool Passes(IReadOnlyList<SuccessorEffect> effects) =>
        effects.Any(e => e is Tell { Event: LifecycleEvent.ProbationPassed });

    private static bool IsReport(SuccessorEvent @event) => @event is not Judged { Report: null };
}
