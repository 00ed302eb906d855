using Ips.Actors.Configuration;
using Ips.Actors.Handover;
using Ips.Actors.Lifecycle;
using static Ips.Actors.Lifecycle.SuccessorEffect;
using static Ips.Actors.Lifecycle.SuccessorEvent;
using static Ips.Actors.Lifecycle.SuccessorState;

namespace Ips.Actors.Tests.Successor;

/// <summary>A function about a successor with one fault.</summary>
/// <param name="Name">The fault.</param>
/// <param name="Concerns">Where it can decide otherwise.</param>
/// <param name="Decide">The function.</param>
internal sealed record SuccessorMutant(
    string Name, Func<SuccessorState, SuccessorEvent, bool> Concerns, Func<SuccessorState, SuccessorEvent, IpsOptions,
        SuccessorStep> Decide);

/// <summary>Faults of <see cref="SuccessorMachine"/>: for each row (state, event) an effect left out, the state not left, another one
/// entered;
/// and those that people make.</summary>
internal static class SuccessorMutants
{
    public static IEnumerable<SuccessorMutant> Of(IReadOnlyDictionary<(SuccessorState State, SuccessorEvent Event),
        SuccessorStep> decisions)
    {
        foreach (var row in decisions.GroupBy(decision => (State: decision.Key.State.GetType(), Event: Kind(decision.Key.Event))))
        {
            var steps = row.Select(decision => (decision.Key.State, Step: decision.Value)).ToList();
            foreach (var effect in steps.SelectMany(step => step.Step.Effects).Select(effect =>
                effect.GetType()).Where(IsDecisive).Distinct())
            {
                yield return Row(row.Key, $"without {effect.Name}", (_, step) =>
                    step with { Effects = [.. step.Effects.Where(e => e.GetType() != effect)] });
            }

            if (steps.Any(step => step.Step.State.GetType() != step.State.GetType()))
            {
                yield return Row(row.Key, "stays", (state, step) => step with { State = state });
                if (steps.Any(step => step.Step.State is not Gone)) yield return Row(row.Key, "-> Gone", (_, step) =>
                    step with { State = new Gone() });
            }
        }

        foreach (var named in Named())
        {
            yield return named;
        }
    }

    private static IEnumerable<SuccessorMutant> Named() =>
    [
        Fault("promoted is believed without promote", (s, e, o) => (s, e) is (Serving serving, Received { Frame: PromotedFrame })
            ? SuccessorMachine.Next(new Promoting(serving.Facts, 0) { End = serving.End }, e, o) : SuccessorMachine.Next(s, e, o)),
        Fault("promoted saves a successor that is being ended", (s, e, o) =>
            (s, e) is (Ending { Was: Promoting was } ending, Received { Frame: PromotedFrame })
            ? new SuccessorStep(new Promoted(was.Facts) { End = ending.End }) : SuccessorMachine.Next(s, e, o)),
        Fault("a failure is told again", (s, e, o) => (s, e) is (Failed, Faulted fault)
            ? new SuccessorStep(s, new TellFailed(new LifecycleEvent.SuccessorFailed(fault.Reason, false)))
                : SuccessorMachine.Next(s, e, o)),
        Fault("what happens after the promotion fails the reload", (s, e, o) => (s, e) is (Main, Faulted fault)
            ? new SuccessorStep(s, new TellFailed(new LifecycleEvent.SuccessorFailed(fault.Reason, false)))
                : SuccessorMachine.Next(s, e, o)),
        Fault("promote is sent to one that failed", (s, e, o) => (s, e) is (Failed, Ordered { Order: ReloaderOrder.SendPromote })
            ? new SuccessorStep(s, new SendPromotion()) : SuccessorMachine.Next(s, e, o)),
        Fault("serve is sent before ready", (s, e, o) => (s, e) is (Welcomed welcomed, Ordered { Order: ReloaderOrder.SendServe })
            ? SuccessorMachine.Next(new Ready(welcomed.Facts) { End = welcomed.End }, e, o) : SuccessorMachine.Next(s, e, o)),
        Fault("serve is sent before its checks are judged", (s, e, o) =>
            (s, e) is (Ready { Unjudged: not null } ready, Ordered { Order: ReloaderOrder.SendServe })
            ? SuccessorMachine.Next(ready with { Unjudged = null }, e, o) : SuccessorMachine.Next(s, e, o)),
        Fault("a frame out of order is ignored", (s, e, o) => SuccessorMachine.Next(s, e, o) is var step
            && step.Effects.Any(x => x is LogFault)
            ? new SuccessorStep(s) : step),
        Fault("connections are taken from one that serves", (s, e, o) => (s, e) is (OnProbation, Received { Frame: ConnectionsFrame frame })
            ? new SuccessorStep(s, new TakeReturned(frame)) : SuccessorMachine.Next(s, e, o)),
        Fault("upgraded connections are taken in a version that has none", (s, e, o) =>
            (s, e) is (Living { Facts.Version: < HandoverVersion.Upgrades } state, Received { Frame: UpgradedFrame frame })
            && SuccessorMachine.Next(s, new Received(new ConnectionsFrame([])), o).Effects.OfType<TakeReturned>().Any()
            ? new SuccessorStep(state, new TakeReturned(frame)) : SuccessorMachine.Next(s, e, o)),
        Fault("a check that fails is asked about and served", (s, e, o) =>
            (s, e) is (Welcomed, Received { Frame: ReadyFrame { Failing: not null } frame })
            ? SuccessorMachine.Next(s, new Received(frame with { Failing = null }), o) is var step
                ? step with { Effects = [.. step.Effects, new TellReady(new())] } : null!
            : SuccessorMachine.Next(s, e, o)),
        Fault("gone is told by the exit alone", (s, e, o) => e is Exited exited && s is Living { End: ProcessEnd.Unseen } living
            ? SuccessorMachine.Next(living with { End = exited.End }, new TimerFired(SuccessorTimer.ExitWithoutClose), o) is var step
                ? step with { Effects = [.. step.Effects, new Arm(SuccessorTimer.ExitWithoutClose, TimeSpan.Zero)] } : null!
                    : SuccessorMachine.Next(s, e, o)),
        Fault("one that has left has crashed", (s, e, o) => SuccessorMachine.Next(s, e, o) is var step && s is Leaving
            ? step with { Effects = [.. step.Effects.Select(x => x is Tell { Event: LifecycleEvent.SuccessorGone }
                ? new Tell(new LifecycleEvent.SuccessorGone(true)) : x)] }
            : step),
        Fault("one that crashed has left", (s, e, o) => SuccessorMachine.Next(s, e, o) is var step && s is Promoted
            ? step with { Effects = [.. step.Effects.Select(x => x is Tell { Event: LifecycleEvent.SuccessorGone }
                ? new Tell(new LifecycleEvent.SuccessorGone()) : x)] }
            : step),
        Fault("left is said while connections move", (s, e, o) =>
            (s, e) is (Promoted { Carry: CarryStage.Begun }, Received { Frame: LeavingFrame })
            ? SuccessorMachine.Next(s, e, o) is var step ? step with { Effects = [.. step.Effects, new SendLeft()] } : null!
                : SuccessorMachine.Next(s, e, o)),
        Fault("a takeover gets no identity", (s, e, o) => SuccessorMachine.Next(s, e, o) is var step
            ? step with { Effects = [.. step.Effects.Where(x => x is not SendIdentity)] } : null!),
        Fault("everybody gets the identity with promote", (s, e, o) => SuccessorMachine.Next(s, e, o) is { State: Promoting } step
            ? step with { Effects = [new SendIdentity(), .. step.Effects] } : SuccessorMachine.Next(s, e, o)),
        Fault("an impossible event throws", (s, e, _) => (s, e) is (Gone, CarryEnded) ? throw new InvalidOperationException("mutant")
            : SuccessorMachine.Next(s, e, new())),
    ];

    // What only the log, a receipt or another count tells is not followed by the walk.
    private static bool IsDecisive(Type effect) => effect != typeof(LogExcused) && effect != typeof(LogRefused)
        && effect != typeof(TellEnded) && effect != typeof(TellLengthened)
        && effect != typeof(TellGreeted) && effect != typeof(TellSpawned) && effect != typeof(UnlimitOutput) && effect != typeof(NoteReady)
        && effect != typeof(SuccessorEffect.SendHistory) && effect != typeof(AskHealthUrl)
        && effect != typeof(WeighWindow) && effect != typeof(AskHealthUrlHere)
        && effect != typeof(Acknowledge) && effect != typeof(TakeBackDeclined) && effect != typeof(RecallCarry)
            && effect != typeof(BreakCarry)
        && effect != typeof(RefuseCarry) && effect != typeof(BeginCarry) && effect != typeof(SendWelcome) && effect != typeof(Send)
            && effect != typeof(EndCarry)
        && effect != typeof(TakeReturned) && effect != typeof(SendLeft) && effect != typeof(Judge) && effect != typeof(AwaitRoom)
            && effect != typeof(AbortOlder)
        && effect != typeof(OfferSockets) && effect != typeof(SuccessorEffect.Launch) && effect != typeof(RefuseTakeover);

    private static SuccessorMutant Fault(string name, Func<SuccessorState, SuccessorEvent, IpsOptions, SuccessorStep> decide) =>
        new(name, (_, _) => true, decide);

    private static SuccessorMutant Row((Type State, string Event) row, string what, Func<SuccessorState, SuccessorStep,
        SuccessorStep> mutate) => new(
        $"{row.State.Name} + {row.Event}: {what}", (s, e) => s.GetType() == row.State && Kind(e) == row.Event,
        (s, e, o) => SuccessorMachine.Next(s, e, o) is var step && s.GetType() == row.State && Kind(e) == row.Event ? mutate(s, step)
            : step);

    private static string Kind(SuccessorEvent @event) => @event switch
    {
        Received received => received.Frame.GetType().Name,
        Ordered ordered => ordered.Order.GetType().Name,
        TimerFired fired => fired.Timer.ToString(),
        _ => @event.GetType().Name,
    };
}
