using Ips.Actors.Configuration;
using Ips.Actors.Handover;
using Ips.Actors.Lifecycle;
using Ips.Actors.Reloader;
using static Ips.Actors.Lifecycle.LifecycleEffect;
using static Ips.Actors.Lifecycle.LifecycleEvent;
using static Ips.Actors.Lifecycle.LifecycleState;
using static Ips.Actors.Lifecycle.SuccessorEvent;
using static Ips.Actors.Lifecycle.SuccessorState;

namespace Ips.Actors.Tests.Successor;

/// <summary>A pair of machines with one fault in one of them.</summary>
/// <param name="Name">The fault.</param>
/// <param name="Lifecycle">The decisions of a generation.</param>
/// <param name="Successor">The decisions about its successor.</param>
internal sealed record ComposedMutant(
    string Name, Func<LifecycleState, LifecycleEvent, Transition> Lifecycle,
    Func<SuccessorState, SuccessorEvent, IpsOptions, SuccessorStep> Successor);

/// <summary>Faults that lie between a predecessor and its successor. The first two are of the past: each was released once.</summary>
internal static class ComposedMutants
{
    public static IEnumerable<ComposedMutant> All() =>
    [
        // Issue 3: believed, it is watched no more, and nobody takes the role back when it dies.
        About("promoted is believed without promote", (s, e, o) =>
            (s, e) is (SuccessorState.Serving serving, Received { Frame: PromotedFrame })
            ? SuccessorMachine.Next(new SuccessorState.Promoting(serving.Facts, 0) { End = serving.End }, e, o)
                : SuccessorMachine.Next(s, e, o)),
        // The successor published itself after the role was taken back, and that was learnt of too late.
        Of("a promotion that is learnt of too late is forgotten", (s, e) =>
            LifecycleMachine.Next(s, e) is { State: RollingBack { RoleGiven: true } } t
            ? t with { State = new RollingBack { Queued = t.State.Queued } } : LifecycleMachine.Next(s, e)),

        About("promoted after an order to end saves the successor", (s, e, o) =>
            (s, e) is (Ending { Was: SuccessorState.Promoting was } ending, Received { Frame: PromotedFrame })
                ? new SuccessorStep(new Promoted(was.Facts) { End = ending.End }) : SuccessorMachine.Next(s, e, o)),
        About("promoted after a failure is told as a promotion, and the failure is not", (s, e, o) =>
            SuccessorMachine.Next(s, e, o) is var step && s is SuccessorState.Promoting
                ? step with { Effects = [.. step.Effects.Where(x => x is not SuccessorEffect.TellFailed)] }
                    : SuccessorMachine.Next(s, e, o)),
        About("gone is told with the exit alone", (s, e, o) => (s, e) is (Living { End: ProcessEnd.Unseen } living, ChannelClosed)
            ? new SuccessorStep(new SuccessorState.Gone(), new SuccessorEffect.Forget(), new SuccessorEffect.Tell(new SuccessorGone()))
            : SuccessorMachine.Next(s, e, o)),
        About("gone is told again", (s, e, o) => (s, e) is (SuccessorState.Gone, Ordered { Order: ReloaderOrder.EndSuccessor })
            ? new SuccessorStep(s, new SuccessorEffect.Tell(new SuccessorGone())) : SuccessorMachine.Next(s, e, o)),
        About("gone is not told", (s, e, o) => SuccessorMachine.Next(s, e, o) is var step && s is Living
            ? step with { Effects = [.. step.Effects.Where(x => x is not SuccessorEffect.Tell { Event: SuccessorGone })] } : step),
        About("the end of what could not be started is not told", (s, e, o) =>
            (s, e) is (NotStarted, Ordered { Order: ReloaderOrder.EndSuccessor }) ? new SuccessorStep(new SuccessorState.Gone())
                : SuccessorMachine.Next(s, e, o)),
        About("a death is not told as a failure", (s, e, o) => SuccessorMachine.Next(s, e, o) is var step
            && step.State is SuccessorState.Gone
            ? step with { Effects = [.. step.Effects.Where(x => x is not SuccessorEffect.TellFailed)] } : step),
        About("an ending stops at SIGTERM", (s, e, o) => SuccessorMachine.Next(s, e, o) is { State: Killed } step && s is Terminated
            ? step with { Effects = [.. step.Effects.Where(x => x is not SuccessorEffect.Signal)] } : SuccessorMachine.Next(s, e, o)),
        About("an ending waits for ever", (s, e, o) => SuccessorMachine.Next(s, e, o) is var step
            ? step with { Effects = [.. step.Effects.Where(x => x is not SuccessorEffect.Arm { Timer: SuccessorTimer.Escalate })] } : step),
        About("serves is told with serve, not with the first report", (s, e, o) =>
            (s, e) is (SuccessorState.Ready, Ordered { Order: ReloaderOrder.SendServe })
                && SuccessorMachine.Next(s, e, o) is { State: SuccessorState.Serving serving } step
                ? step with { State = serving with { Reported = true },
                    Effects = [.. step.Effects, new SuccessorEffect.Tell(new SuccessorServes())] }
                : SuccessorMachine.Next(s, e, o)),
        About("promote goes out with serve", (s, e, o) => SuccessorMachine.Next(s, e, o) is { State: SuccessorState.Serving } step
            && s is SuccessorState.Ready
            ? step with { Effects = [.. step.Effects, new SuccessorEffect.SendPromotion()] } : SuccessorMachine.Next(s, e, o)),
        About("a second successor is launched", (s, e, o) => (s, e) is (Living, Ordered { Order: ReloaderOrder.SpawnSuccessor spawn })
            ? new SuccessorStep(new OfferingSockets(spawn), new SuccessorEffect.OfferSockets(spawn)) : SuccessorMachine.Next(s, e, o)),
        About("after one end nothing more is started", (s, e, o) => (s, e) is (SuccessorState.Gone, Ordered)
            ? new SuccessorStep(s) : SuccessorMachine.Next(s, e, o)),
        Of("a late acknowledgement is believed after the role was taken back", (s, e) => (s, e) is (RollingBack, PromotionAcknowledged)
            ? LifecycleMachine.Next(new LifecycleState.Promoting(), e) : LifecycleMachine.Next(s, e)),
        Of("the role is taken back without accepting", (s, e) => LifecycleMachine.Next(s, e) is { State: RollingBack } t
            && s is not RollingBack
            ? t with { Effects = [.. t.Effects.Where(x => x is not ListenerOrder.StartAccepting)] } : LifecycleMachine.Next(s, e)),
        Of("the end of the failed successor is not awaited", (s, e) => LifecycleMachine.Next(s, e) is { State: RollingBack } t
            && s is not RollingBack
            ? t with { State = new LifecycleState.Serving(), Effects = [.. t.Effects, new FinishReload()] } : LifecycleMachine.Next(s, e)),
        Of("the app is primary again before the promoted successor is gone", (s, e) =>
            LifecycleMachine.Next(s, e) is { State: RollingBack { RoleGiven: true } } t && s is LifecycleState.Promoting
                ? t with { Effects = [.. t.Effects,
                    .. LifecycleMachine.Next(new RollingBack(RoleGiven: true), new SuccessorGone()).Effects.Where(x =>
                        x is FrontOrder.TakeRole)] }
                : LifecycleMachine.Next(s, e)),
        Of("a rollback gives no receipt", (s, e) => LifecycleMachine.Next(s, e) is var t && s is RollingBack
            ? t with { Effects = [.. t.Effects.Where(x => x is not FinishReload)] } : LifecycleMachine.Next(s, e)),
        Of("the failed successor is not ended", (s, e) => LifecycleMachine.Next(s, e) is { State: RollingBack } t
            ? t with { Effects = [.. t.Effects.Where(x => x is not ReloaderOrder.EndSuccessor)] } : LifecycleMachine.Next(s, e)),
        Of("a stop leaves the successor", (s, e) => LifecycleMachine.Next(s, e) is var t
            ? t with { Effects = [.. t.Effects.Where(x => x is not (ReloaderOrder.EndSuccessor or ReloaderOrder.KillSuccessor))] } : t),
    ];

    private static ComposedMutant About(string name, Func<SuccessorState, SuccessorEvent, IpsOptions, SuccessorStep> successor) =>
        new(name, LifecycleMachine.Next, successor);

    private static ComposedMutant Of(string name, Func<LifecycleState, LifecycleEvent, Transition> lifecycle) =>
        new(name, lifecycle, SuccessorMachine.Next);
}
