using Ips.Actors.Configuration;
using Ips.Actors.Handover;
using Ips.Actors.Lifecycle;
using Ips.Actors.Posix;
using Ips.Actors.Reloader;
using Ips.Actors.Tests.Lifecycle;
using static Ips.Actors.Lifecycle.SuccessorEvent;
using static Ips.Actors.Lifecycle.SuccessorState;
using static Ips.Actors.Tests.Lifecycle.WorldRules;

namespace Ips.Actors.Tests.Successor;

/// <summary>
/// Walks every reachable state of a successor, breadth first, over every event at every moment, likely or not. The first broken invariant
/// ends
/// the walk with a <see cref="WalkViolation"/>.
/// </summary>
internal sealed class SuccessorWalk(Func<SuccessorState, SuccessorEvent, IpsOptions, SuccessorStep> decide)
{
    private static readonly IpsOptions Options = new();
    private static readonly Dictionary<string, string> Failing = new() { ["store"] = "test" };
    private static readonly Dictionary<string, string> Passing = [];
    private static readonly GenerationEntry[] Full = [new(1, 11, 1), new(2, 12, 1), new(3, 13, 1)];
    private static readonly HealthFrame SickReport = new(false, 0, 0, "test", Failing);

    /// <summary>What a successor can say: each frame with each value that a decision reads, and one that no successor says.</summary>
    public static readonly IReadOnlyList<HandoverFrame> Said =
    [
        new HelloFrame(1, 1, 12, "test"), new HelloFrame(2, 2, 12, "test"), new HelloFrame(4, 4, 12, "test"),
            new HelloFrame(7, 9, 12, "test"), new ReadyFrame(),
            new ReadyFrame(Failing: Failing), new ReadyFrame(Accepts: []),
        new ReadyFrame(HealthUrl: "file:///test"), new HealthFrame(true, 0, 0), new HealthFrame(false, 0, 0), SickReport,
            new WindowFrame(1, 0, 0, 0, 0, [0, 0, 0, 0, 0], []),
            new PromotedFrame(), new FailedFrame("test"),
        new AdoptedFrame(1), new DeclinedFrame(1), new ConnectionsFrame([]), new UpgradedFrame([]), new LeavingFrame(),
            new ServeFrame(),
    ];

    /// <summary>Every event.</summary>
    public static readonly IReadOnlyList<SuccessorEvent> Events =
    [
        new Ordered(new ReloaderOrder.SpawnSuccessor()), new Ordered(new ReloaderOrder.SpawnSuccessor(Again: true)),
            new Ordered(new ReloaderOrder.SpawnSuccessor(Takeover: true)),
        new Ordered(new ReloaderOrder.SpawnSuccessor()) { Older = Full }, new Ordered(new ReloaderOrder.SendServe()),
            new Ordered(new ReloaderOrder.SendPromote()), new Ordered(new ReloaderOrder.ConcludeProbation()),
            new JudgeAsked(null), new JudgeAsked("test"),
        new Ordered(new ReloaderOrder.EndSuccessor(true, "test")), new Ordered(new ReloaderOrder.EndSuccessor(false, "test")),
            new Ordered(new ReloaderOrder.KillSuccessor()),
        new Ordered(new ReloaderOrder.GiveUpSuccessor("test")), new Ordered(new ReloaderOrder.MoveConnections()),
            new Ordered(new ReloaderOrder.SendHistory([])),
        new Ordered(new ReloaderOrder.SendFarewell()),
        new RoomAwaited([]), new RoomAwaited(Full), new OlderAborted([1]), new SocketsOffered(), new PreparationFailed("test"),
            new Launched(), new LaunchFailed("test"),
        .. Said.Select(frame => new Received(frame)),
        new ChannelClosed(null), new Exited(new ProcessEnd.Exited(new ProcessExit(1, 0))), new Faulted("test"), new StopUnheard(),
        new Judged(Failing, Passing, null), new Judged(Failing, Failing, null), new Judged(Failing, Passing, SickReport),
            new Judged(Failing, Failing, SickReport),
        new HealthUrlAnswered("test"), new HealthUrlAnswered(null), new HealthUrlAnsweredHere("test"), new HealthUrlAnsweredHere(null),
            new CarryEnded(), new Outdone("test"),
        .. Enum.GetValues<SuccessorTimer>().Select(timer => new TimerFired(timer)),
    ];

    private readonly Dictionary<(SuccessorState State, Done Done), ((SuccessorState, Done)? From, string By)> _seen = [];
    private readonly Queue<(SuccessorState State, Done Done)> _left = [];

    /// <summary>The decisions made, by the types of state and event.</summary>
    public Dictionary<(SuccessorState State, SuccessorEvent Event), SuccessorStep> Decisions { get; } = [];

    /// <summary>States reached.</summary>
    public int States => _seen.Keys.Select(node => node.State).Distinct().Count();

    /// <summary>Pairs of state and world reached.</summary>
    public int Products => _seen.Count;

    /// <summary>Steps taken between them.</summary>
    public int Steps { get; private set; }

    /// <summary>Walks it all.</summary>
    /// <exception cref="WalkViolation">An invariant is broken.</exception>
    public SuccessorWalk Run()
    {
        Reach(null, "", () => (new None(), Done.Nothing));
        WalkOn();
        return this;
    }

    /// <summary>Walks with a function that differs: each step that it takes otherwise, from wherever this walk came to, and all that
    /// follows.</summary>
    /// <returns>False if it decides the same everywhere.</returns>
    /// <exception cref="WalkViolation">An invariant is broken.</exception>
    public bool TryRunOther(SuccessorMutant mutant)
    {
        var differing = Decisions.Where(decision => mutant.Concerns(decision.Key.State, decision.Key.Event)
            && !Same(decision.Value, Try(mutant.Decide, decision.Key))).Select(decision => decision.Key).ToHashSet();
        if (differing.Count == 0)
        {
            return false;
        }

        var events = differing.ToLookup(key => key.State, key => key.Event);
        var walk = new SuccessorWalk(mutant.Decide);
        foreach (var (node, came) in _seen) walk._seen.Add(node, came);
        foreach (var node in _seen.Keys.ToList())
        {
            foreach (var @event in events[node.State].Where(e => CanCome(e, node.State, node.Done)))
            {
                walk.Reach(node, Describe(@event), () => walk.Step(node, @event));
            }
        }

        walk.WalkOn();
        var probed = differing.Select(key => key.Event.GetType()).ToHashSet();
        foreach (var node in _seen.Keys.Where(_ => probed.Overlaps(Probed))) walk.ProbeFrom(node);
        return true;
    }

    private static readonly Type[] Probed = [typeof(Ordered), typeof(ChannelClosed), typeof(Exited), typeof(TimerFired)];

    private static SuccessorStep? Try(Func<SuccessorState, SuccessorEvent, IpsOptions, SuccessorStep> decide,
        (SuccessorState State, SuccessorEvent Event) key)
    {
        try
        {
            return decide(key.State, key.Event, Options);
        }
        catch (InvalidOperationException)
        {
            return null; // it differs; the walk will meet it
        }
    }

    private static bool Same(SuccessorStep one, SuccessorStep? other) =>
        other is not null && one.State == other.State && one.Effects.SequenceEqual(other.Effects);

    private void WalkOn()
    {
        while (_left.TryDequeue(out var node))
        {
            foreach (var @event in Events.Where(e => CanCome(e, node.State, node.Done)))
            {
                Reach(node, Describe(@event), () => Step(node, @event));
            }

            ProbeFrom(node);
            Require(_seen.Count < 100_000, SuccessorRules.Total, "something is counted without end");
        }
    }

    private void ProbeFrom((SuccessorState State, Done Done) node) => Reach(node, "a probe", () =>
    {
        Probe(node);
        return node;
    });

    private static string Describe(SuccessorEvent @event) => @event switch
    {
        Received received => received.Frame.GetType().Name,
        Ordered ordered => ordered.Order.GetType().Name,
        TimerFired fired => fired.Timer.ToString(),
        _ => @event.GetType().Name,
    };

    // A clock that does not run does not fire; the answer to a launch comes of the launch. What makes no difference is tried with one of
    // two.
    private static bool CanCome(SuccessorEvent @event, SuccessorState state, Done done) => @event switch
    {
        TimerFired fired => done.HasFlag(SuccessorRules.Of(fired.Timer)),
        Launched => state is OfferingSockets,
        Ordered { Order: ReloaderOrder.SpawnSuccessor { Again: true } } => state is not None,
        Received { Frame: HelloFrame { Max: 1 } } => state is Living { Facts.Order.Takeover: true },
        HealthUrlAnsweredHere { Fault: not null } => state is Living { Facts.Order.Takeover: false },
        _ => true,
    };

    private void Reach((SuccessorState State, Done Done)? from, string by, Func<(SuccessorState, Done)> step)
    {
        try
        {
            var node = step();
            if (_seen.TryAdd(node, (from, by))) _left.Enqueue(node);
        }
        catch (WalkViolation violation)
        {
            throw new WalkViolation(violation.Invariant, $"{violation.What}; by {Way(from)}{by}");
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            throw new WalkViolation(SuccessorRules.Total, $"{e.GetType().Name}: {e.Message}; by {Way(from)}{by}");
        }
    }

    private string Way((SuccessorState State, Done Done)? node) => node is { } there && _seen.TryGetValue(there, out var came)
        ? $"{Way(came.From)}{came.By} ({there.State.Name}) -> " : "";

    private (SuccessorState State, Done Done) Step((SuccessorState State, Done Done) node, SuccessorEvent @event)
    {
        Steps++;
        if (!Decisions.TryGetValue((node.State, @event), out var step))
        {
            Decisions.Add((node.State, @event), step = decide(node.State, @event, Options));
        }

        var done = @event is TimerFired { Timer: not (SuccessorTimer.HealthUrlDue or SuccessorTimer.WindowDue) } fired
            ? node.Done & ~SuccessorRules.Of(fired.Timer)
            : node.Done;
        if (step.State is Preparing && node.State is not Preparing)
        {
            Require(node.State is not Living, SuccessorRules.Owner, "another successor is begun while one lives");
            done = Done.Nothing;
        }

        done |= @event is Launched ? Done.Launched : Done.Nothing;
        done = step.Effects.Aggregate(done, (world, effect) => SuccessorRules.Perform(world, effect, node.State, step.State));
        SuccessorRules.Check(step.State, done);
        SuccessorPromises.Check(node.State, @event, step);
        if (@event is Received received && node.State is Living living)
        {
            CheckFrame(living, received.Frame, step);
        }

        return (step.State, done);
    }

    // 4: by the table of docs/handover.md.
    private static void CheckFrame(Living state, HandoverFrame frame, SuccessorStep step)
    {
        var was = state switch { Failed failed => failed.Was, Ending ended => ended.Was, _ => state };
        var ending = state is Ending or Failed { Drains: true };
        var inOrder = frame switch
        {
            HelloFrame => was is Spawned,
            ReadyFrame => was is not Spawned,
            HealthFrame or WindowFrame => was is OnProbation or Main,
            PromotedFrame => was is SuccessorState.Promoting or Main,
            AdoptedFrame or DeclinedFrame => was is Main or OnProbation { Step: > 0 },
            ConnectionsFrame => ending && was is OnProbation or Main,
            UpgradedFrame => ending && was is (OnProbation or Main) and { Facts.Version: >= HandoverVersion.Upgrades },
            LeavingFrame => was is Main || (ending && was is OnProbation),
            FailedFrame => was is not Main,
            _ => false,
        };
        var fault = step.Effects.Any(effect => effect is SuccessorEffect.LogFault);
        Require(fault != inOrder, SuccessorRules.Frames,
            $"{frame.GetType().Name} in {state.Name} of {was.Name} is {(fault ? "a fault" : "believed")}");
        Require(!fault || (state is Main or Failed or Ending ? step.State == state : step.State is Failed), SuccessorRules.Frames,
            $"{frame.GetType().Name} out of order in {state.Name} leads to {step.State.Name}");
        Require(!fault || step.Effects.All(effect =>
            effect is SuccessorEffect.LogFault or SuccessorEffect.TellFailed or SuccessorEffect.Cancel or SuccessorEffect.HaltCarry),
            SuccessorRules.Frames, $"{frame.GetType().Name} out of order in {state.Name} is acted on");
    }

    private void Probe((SuccessorState State, Done Done) node)
    {
        var resumed = SuccessorMachine.Resume(node.State, Options)
            .Aggregate(node.Done & ~Done.Clocks, (world, effect) => SuccessorRules.Perform(world, effect, node.State, node.State));
        SuccessorRules.CheckClocks(node.State, resumed, SuccessorRules.Restart);
        var (closed, exited) = (Events.OfType<ChannelClosed>().First(), Events.OfType<Exited>().First());
        if (node.State is Living living)
        {
            Require(Step(Step(node, closed), exited).State is Gone, SuccessorRules.Ends,
                $"closed, then exited in {living.Name}, and not gone");
            Require(Step(Step(node, exited), closed).State is Gone, SuccessorRules.Ends,
                $"exited, then closed in {living.Name}, and not gone");
            var dead = Step(node, exited);
            Require(dead.State is Gone || Step(dead, new TimerFired(SuccessorTimer.ExitWithoutClose)).State is Gone, SuccessorRules.Ends,
                "a child of it holds it up");
            var ordered = Step(node, new Ordered(new ReloaderOrder.EndSuccessor(true, "test")));
            EndsByTimers(ordered);
            Require(living is Main or Killed || living.End is ProcessEnd.Exited
                || Step(node, new Ordered(new ReloaderOrder.KillSuccessor())).State is Killed,
                SuccessorRules.Ends, $"{living.Name} is not killed");
        }

        if (node.State is OnProbation)
        {
            Require(Step(node, new TimerFired(SuccessorTimer.HealthOverdue)).State is Failed, SuccessorRules.Clocks,
                "silence is no failure");
        }

        if (node.State is None or NotStarted or Gone)
        {
            var next = Step(node, new Ordered(new ReloaderOrder.SpawnSuccessor()));
            Require(next.State is OfferingSockets, SuccessorRules.Owner, "the next successor is not begun");
            Require(node.State is not Gone || Step(node, new Ordered(new ReloaderOrder.SpawnSuccessor(Again: true))).State is Gone,
                SuccessorRules.Owner,
                "one whose end was told is started again");
            Require(Step(node, new Ordered(new ReloaderOrder.EndSuccessor(false, "test"))).State is Gone, SuccessorRules.Told,
                "an order to end is not answered");
        }
    }

    // 3: asked, SIGTERM, SIGKILL, by clocks alone.
    private void EndsByTimers((SuccessorState State, Done Done) node)
    {
        for (var fired = 0; node.State is not Killed && node.State is Living { End: not ProcessEnd.Exited }; fired++)
        {
            Require(fired < 3 && node.Done.HasFlag(Done.Escalate), SuccessorRules.Ends, $"{node.State.Name} is not ended by clocks alone");
            node = Step(node, new TimerFired(SuccessorTimer.Escalate));
        }

        Require(node.State is not Killed || node.Done.HasFlag(Done.KillSent), SuccessorRules.Ends, "killed, and not signalled");
    }
}
