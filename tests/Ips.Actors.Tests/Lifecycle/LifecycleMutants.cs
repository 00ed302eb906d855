using Ips.Actors.Lifecycle;
using static Ips.Actors.Lifecycle.FrontOrder;
using static Ips.Actors.Lifecycle.LifecycleEffect;
using static Ips.Actors.Lifecycle.LifecycleEvent;
using static Ips.Actors.Lifecycle.LifecycleState;
using static Ips.Actors.Lifecycle.ListenerOrder;
using static Ips.Actors.Lifecycle.PredecessorOrder;
using static Ips.Actors.Lifecycle.ReloaderOrder;

namespace Ips.Actors.Tests.Lifecycle;

/// <summary>A transition function with one fault.</summary>
internal sealed record Mutant(string Name, Func<LifecycleState, LifecycleEvent, Transition> Decide);

/// <summary>
/// Faults of each kind for each row (state type, event type) of the real transition function: an effect left out, the state not left,
/// another state entered, a flag of the new state or of an effect turned round, and an ignored event acted on as another state would.
/// </summary>
internal static class LifecycleMutants
{
    private static readonly LifecycleState[] Targets =
        [new Serving(), new AwaitingReady(), new RollingBack(), new Draining(ExitCode.Clean, StopSeen: true), new Exiting(ExitCode.Clean)];

    public static IEnumerable<Mutant> Of(IReadOnlyDictionary<(LifecycleState State, LifecycleEvent Event),
        (Transition Next, int FirstAt)> decisions)
    {
        var rows = decisions.GroupBy(d => (State: d.Key.State.GetType(), Event: d.Key.Event.GetType())).ToList();
        foreach (var row in rows)
        {
            var (state, @event) = row.Key;
            var transitions = row.Select(d => (d.Key.State, d.Value.Next)).ToList();
            var effects = transitions.SelectMany(t => t.Next.Effects).Select(e => e.GetType()).Distinct().ToList();
            foreach (var effect in effects)
            {
                yield return Row(row.Key, $"without {effect.Name}",
                    t => t with { Effects = [.. t.Effects.Where(e => e.GetType() != effect)] });
            }

            if (transitions.Any(t => t.Next.State != t.State))
            {
                yield return new Mutant($"{state.Name} + {@event.Name}: stays", (s, e) =>
                    LifecycleMachine.Next(s, e) is var t && Is(row.Key, s, e) ? t with { State = s } : t);
                foreach (var target in Targets.Where(target => transitions.All(t => t.Next.State.GetType() != target.GetType())))
                {
                    yield return Row(row.Key, $"-> {target.Name}", t => t with { State = target });
                }
            }

            foreach (var flag in FlagsOf(transitions.Where(t => t.Next.State != t.State).Select(t => t.Next.State)))
            {
                yield return Row(row.Key, $"{flag} turned round", t => t with { State = TurnRound(t.State, flag) });
            }

            foreach (var (name, turn) in EffectFlags.Where(f => transitions.Any(t => t.Next.Effects.Any(e => f.Turn(e) != e))))
            {
                yield return Row(row.Key, $"ordered {name} turned round", t => t with { Effects = [.. t.Effects.Select(turn)] });
            }
        }

        foreach (var ignored in rows
            .Where(row => row.All(d => d.Value.Next.State == d.Key.State && d.Value.Next.Effects.All(e => e is Explain))))
        {
            foreach (var acting in rows.Where(r => r.Key.Event == ignored.Key.Event && r.Key.State != ignored.Key.State)
                .Select(r => r.First()).Where(d => d.Value.Next.State != d.Key.State).Take(2))
            {
                yield return new Mutant($"{ignored.Key.State.Name} + {ignored.Key.Event.Name}: acts as {acting.Key.State.Name} does",
                    (s, e) =>
                    Is(ignored.Key, s, e) ? LifecycleMachine.Next(acting.Key.State with { Queued = s.Queued }, e)
                        : LifecycleMachine.Next(s, e));
            }
        }

        foreach (var named in Named())
        {
            yield return named;
        }
    }

    private static readonly (string Name, Func<LifecycleEffect, LifecycleEffect> Turn)[] EffectFlags =
    [
        ("FinishRequests", e => e is EndSuccessor end ? end with { FinishRequests = !end.FinishRequests } : e),
        ("Return", e => e is EndSuccessor end ? end with { Return = !end.Return } : e),
        ("DryRun", e => e is SpawnSuccessor spawn ? spawn with { DryRun = !spawn.DryRun } : e),
        ("Takeover", e => e is SpawnSuccessor spawn ? spawn with { Takeover = !spawn.Takeover } : e),
        ("Again", e => e is SpawnSuccessor spawn ? spawn with { Again = !spawn.Again } : e),
        ("WithRoom", e => e is ArmSuccessorTimer arm ? new ArmSuccessorTimer(!arm.WithRoom) : e),
        ("DryRun of the account", e => e is BeginReload begin ? begin with { DryRun = !begin.DryRun } : e),
        ("Takeover of the account", e => e is BeginReload begin ? begin with { Takeover = !begin.Takeover } : e),
        ("Way", e => e is BeginDrain drain ? new BeginDrain(drain.Way == MoveWay.Successor ? MoveWay.None : MoveWay.Successor) : e),
        ("Own", e => e is RestartService restart ? new RestartService(!restart.Own) : e),
        ("HandedOver", e => e is ReleaseListeners release ? new ReleaseListeners(!release.HandedOver) : e),
        ("HandedOver of the identity", e => e is RetractIdentity retract ? new RetractIdentity(!retract.HandedOver) : e),
        ("exit code", e => e is ExitProcess exit ? new ExitProcess(exit.Code == ExitCode.Clean ? ExitCode.Failed : ExitCode.Clean) : e),
    ];

    // Faults that people make, each over several rows.
    private static IEnumerable<Mutant> Named()
    {
        yield return new("every state: reload spawns at once", (s, e) => e is ReloadRequested
            ? new Transition(new AwaitingReady(), new BeginReload("mutant"), new SpawnSuccessor(), new ArmSuccessorTimer())
                : LifecycleMachine.Next(s, e));
        yield return new("every state: stop is ignored", (s, e) => e is StopRequested ? new Transition(s, new Explain("mutant"))
            : LifecycleMachine.Next(s, e));
        yield return new("a stop of the predecessor counts as an operator's", (s, e) =>
            LifecycleMachine.Next(s, e is StopReceived stop ? new StopRequested(stop.Reason) : e));
        yield return new("an operator's stop counts as the predecessor's", (s, e) =>
            LifecycleMachine.Next(s, e is StopRequested stop ? new StopReceived(stop.Source, Return: false) : e));
        yield return new("a dead successor is treated as a responsive one", (s, e) =>
            LifecycleMachine.Next(s, e is SuccessorFailed { Responsive: false } failed ? failed with { Responsive = true } : e));
        yield return new("a responsive successor is treated as a dead one", (s, e) =>
            LifecycleMachine.Next(s, e is SuccessorFailed { Responsive: true } failed ? failed with { Responsive = false } : e));
        yield return new("accepting stops with serve, not when the successor accepts",
            (s, e) => LifecycleMachine.Next(s, e) is { State: Overlapping } t
            ? t with { Effects = [new QuiesceAccepting(), .. t.Effects] } : LifecycleMachine.Next(s, e));
        yield return new("the successor is not waited for", (s, e) => LifecycleMachine.Next(s, e) is { State: Overlapping } t
            && s is AwaitingReady
            ? new Transition(new OnProbation(), [.. t.Effects, new DisarmSuccessorTimer(), new QuiesceAccepting(),
                new ArmProbationTimer()]) : LifecycleMachine.Next(s, e));
        yield return new("promote is sent without yielding the role", (s, e) => (s, e) is (OnProbation, ProbationPassed)
            ? new Transition(new Promoting(), new ArmSuccessorTimer(), new SendPromote()) : LifecycleMachine.Next(s, e));
        yield return new("listeners are released with promote, not after its acknowledgement",
            (s, e) => LifecycleMachine.Next(s, e) is var t && t.Effects.Any(x => x is SendPromote)
            ? t with { Effects = [.. t.Effects, new ReleaseListeners(true)] } : t);
        yield return new("connections are not given back", (s, e) =>
            LifecycleMachine.Next(s, e) is { State: Draining { Way: MoveWay.Predecessor } draining } t
            ? t with { State = draining with { Way = MoveWay.None } } : LifecycleMachine.Next(s, e));
        yield return new("connections are given back to a predecessor that stops", (s, e) =>
            LifecycleMachine.Next(s, e is StopReceived stop ? stop with { Return = true } : e));
        yield return new("the receipt comes before the connections have moved", (s, e) => (s, e) is (Promoting, PromotionAcknowledged)
            ? LifecycleMachine.Next(s, e) is var t ? t with { Effects = [.. t.Effects, new FinishReload()] } : null!
                : LifecycleMachine.Next(s, e));
        yield return new("a check goes on to quiesce", (s, e) =>
            LifecycleMachine.Next(s is AwaitingReady { DryRun: true } ? new AwaitingReady() : s, e));
        yield return new("a takeover starts a process of the service's own",
            (s, e) => LifecycleMachine.Next(s, e is TakeoverRequested t ? new ReloadRequested(t.Source) : e));
        yield return new("a cut request does not count", (s, e) =>
            LifecycleMachine.Next(s, e is ConnectionsDrained ? new ConnectionsDrained(0) : e));
        yield return new("every drain counts as one that cut a request",
            (s, e) => LifecycleMachine.Next(s, e is ConnectionsDrained ? new ConnectionsDrained(1) : e));
        yield return new("the drain begins at once", (s, e) => LifecycleMachine.Next(s, e) is { State: Draining } t && s is not Draining
            ? t with { Effects = [.. t.Effects, new BeginDrain()] } : LifecycleMachine.Next(s, e));
        yield return new("a reload stops the host before the guests have left", (s, e) => LifecycleMachine.Next(s, e) is var t
            ? t with { Effects = [.. t.Effects.Select(x => x is AwaitGuests ? new StopHost() : x)] } : null!);
        yield return new("a stop waits for guests", (s, e) => LifecycleMachine.Next(s, e) is var t && e is not GuestsLeft
            ? t with { Effects = [.. t.Effects.Select(x => x is StopHost ? new AwaitGuests() : x)] } : LifecycleMachine.Next(s, e));
        yield return new("a successor without a predecessor waits for serve", (s, e) => (s, e) is (Joining { Alone: true }, FrontReady)
            ? new Transition(new Ready(), new SendReady()) : LifecycleMachine.Next(s, e));
        yield return new("nothing is asked again after a restart",
            (s, e) => e is ActorRestarted ? new Transition(s) : LifecycleMachine.Next(s, e));
        yield return new("a stop is told as a rollback", (s, e) => LifecycleMachine.Next(s, e) is var t
            ? t with
            {
                Effects = [.. t.Effects.Select(x => x is NoteFailure { Outcome: ReloadOutcome.Stopped } f
                ? f with { Outcome = ReloadOutcome.RolledBack } : x)]
            } : null!);
        yield return new("a request that waited is passed on after a rollback", (s, e) => LifecycleMachine.Next(s,
            e) is { State: Serving } t
            ? t with { Effects = [.. t.Effects.Select(x => x is TryQueuedReload ? new ForwardQueuedReload() : x)] }
                : LifecycleMachine.Next(s, e));
        yield return new("a request that waited is dropped with the promotion", (s, e) => LifecycleMachine.Next(s, e) is var t
            && s is Moving
            ? t with { Effects = [.. t.Effects.Select(x => x is ForwardQueuedReload ? new DropQueuedReload("mutant") : x)] } : t);
        yield return new("a request that waited is passed on by a service that stops", (s, e) => LifecycleMachine.Next(s, e) is var t
            ? t with { Effects = [.. t.Effects.Select(x => x is DropQueuedReload ? new ForwardQueuedReload() : x)] } : null!);
        yield return new("a request during a reload is refused", (s, e) => LifecycleMachine.Next(s, e is ReloadRequested r
            ? r with { NoQueue = true } : e));
        yield return new("a request waits that was not to", (s, e) => LifecycleMachine.Next(s, e is ReloadRequested r
            ? r with { NoQueue = false } : e));
        yield return new("a check waits", (s, e) => s is not Serving && e is CheckRequested c ? LifecycleMachine.Next(s,
            new ReloadRequested(c.Source)) : LifecycleMachine.Next(s, e));
        yield return Late<FinishReload>("a request is passed on before this reload is accounted for", t => t.Effects.Any(x =>
            x is ForwardQueuedReload));
        yield return new("a deferred reload replaces the one that fails", (s, e) => (s, e) is (RollingBack, ReloadRequested)
            ? new Transition(new AwaitingReady(), new BeginReload("mutant"), new SpawnSuccessor(), new ArmSuccessorTimer())
                : LifecycleMachine.Next(s, e));
        yield return new("the second stop extends the deadline instead of aborting", (s, e) => (s, e) is (Draining, StopRequested)
            ? new Transition(s, new ArmDrainTimer()) : LifecycleMachine.Next(s, e));
        yield return new("the role is taken back at once from a promoted successor",
            (s, e) => LifecycleMachine.Next(s, e) is { State: RollingBack { RoleGiven: true } } t && s is Promoting
            ? t with { Effects = [.. t.Effects, new TakeRole()] } : LifecycleMachine.Next(s, e));
        yield return Late<PublishIdentity>("the promotion is acknowledged before it is published");
        yield return Late<FinishReload>("the next reload begins before the last one is accounted for");
        yield return Late<RetractIdentity>("the exit comes before the PID file is removed");
        yield return Late<StartAccepting>("ips start is told before the sockets accept");
        yield return Late<AnnounceServing>("the app is primary before it serves");
        yield return Late<FailReadiness>("load balancers are told last");
        yield return new("an impossible event throws", (s, e) => (s, e) is (Exiting, SuccessorReady)
            ? throw new InvalidOperationException("mutant") : LifecycleMachine.Next(s, e));
    }

    // The effect as the last of its transition.
    private static Mutant Late<T>(string name, Func<Transition, bool>? when = null) => new(name, (s, e) => LifecycleMachine.Next(s,
        e) is var t && t.Effects.Any(x => x is T) && when?.Invoke(t) != false
        ? t with { Effects = [.. t.Effects.Where(x => x is not T), .. t.Effects.Where(x => x is T)] } : t);

    private static Mutant Row((Type State, Type Event) row, string what, Func<Transition, Transition> mutate) =>
        new($"{row.State.Name} + {row.Event.Name}: {what}", (s, e) => LifecycleMachine.Next(s, e) is var t
            && Is(row, s, e) ? mutate(t) : t);

    private static bool Is((Type State, Type Event) row, LifecycleState state, LifecycleEvent @event) =>
        state.GetType() == row.State && @event.GetType() == row.Event;

    private static IEnumerable<string> FlagsOf(IEnumerable<LifecycleState> states) => states.SelectMany(state =>
        (IEnumerable<string>)["Queued", .. OwnFlagsOf(state)]).Distinct();

    private static string[] OwnFlagsOf(LifecycleState state) => state switch
    {
        Joining => ["Alone"],
        AwaitingReady => ["DryRun", "Takeover"],
        RollingBack => ["RoleGiven"],
        Proving or Overlapping or OnProbation or Yielding or Promoting => ["Canary"],
        Draining => ["StopSeen", "SuccessorAlive", "Drained", "HandedOver", "Way", "Aborted", "Code"],
        Exiting => ["Code"],
        _ => [],
    };

    private static LifecycleState TurnRound(LifecycleState state, string flag) => (state, flag) switch
    {
        (Joining joining, "Alone") => new Joining(!joining.Alone),
        (_, "Queued") => state with { Queued = !state.Queued },
        (Proving on, "Canary") => on with { Canary = !on.Canary },
        (Overlapping on, "Canary") => on with { Canary = !on.Canary },
        (OnProbation on, "Canary") => on with { Canary = !on.Canary },
        (Yielding on, "Canary") => on with { Canary = !on.Canary },
        (Promoting on, "Canary") => on with { Canary = !on.Canary },
        (RollingBack rolling, "RoleGiven") => rolling with { RoleGiven = !rolling.RoleGiven },
        (Draining draining, "StopSeen") => draining with { StopSeen = !draining.StopSeen },
        (Draining draining, "SuccessorAlive") => draining with { SuccessorAlive = !draining.SuccessorAlive },
        (Draining draining, "Drained") => draining with { Drained = !draining.Drained },
        (Draining draining, "HandedOver") => draining with { HandedOver = !draining.HandedOver },
        (AwaitingReady awaiting, "DryRun") => awaiting with { DryRun = !awaiting.DryRun },
        (AwaitingReady awaiting, "Takeover") => awaiting with { Takeover = !awaiting.Takeover },
        (Draining draining, "Aborted") => draining with { Aborted = !draining.Aborted },
        (Draining draining, "Way") => draining with { Way = draining.Way == MoveWay.Successor ? MoveWay.None : MoveWay.Successor },
        (Draining draining, "Code") => draining with { Code = Other(draining.Code) },
        (Exiting exiting, "Code") => new Exiting(Other(exiting.Code)),
        _ => state,
    };

    private static ExitCode Other(ExitCode code) => code == ExitCode.Clean ? ExitCode.Failed : ExitCode.Clean;
}
