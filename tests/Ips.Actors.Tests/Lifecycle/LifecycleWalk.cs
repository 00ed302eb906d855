using Ips.Actors.Lifecycle;
using static Ips.Actors.Lifecycle.FrontOrder;
using static Ips.Actors.Lifecycle.LifecycleEffect;
using static Ips.Actors.Lifecycle.LifecycleEvent;
using static Ips.Actors.Lifecycle.LifecycleState;
using static Ips.Actors.Lifecycle.ListenerOrder;
using static Ips.Actors.Lifecycle.PredecessorOrder;
using static Ips.Actors.Lifecycle.ReloaderOrder;
using static Ips.Actors.Tests.Lifecycle.WorldRules;

namespace Ips.Actors.Tests.Lifecycle;

/// <summary>A lifecycle state with the world around it.</summary>
internal readonly record struct Node(LifecycleState State, World World);

/// <summary>
/// Walks every reachable (state, world) pair of a transition function, breadth first, over every event that can happen there, with every
/// order lost once to a crashing actor, and with the deciding actor itself restarted; each other event is thrown at it as well, as late
/// or spurious. The first broken invariant ends the walk with a <see cref="WalkViolation"/>.
/// </summary>
internal sealed class LifecycleWalk(Func<LifecycleState, LifecycleEvent, Transition> decide)
{
    private static readonly StopRequested Stop = new("test");

    private readonly Dictionary<Node, (Node? From, string By)> _seen = [];
    private readonly List<Node> _order = []; // as found; the first _left of them are done with
    private readonly List<int> _foundBefore = []; // how many were found when each was left
    private int _left;
    private readonly HashSet<(LifecycleState, ArmedTimers)> _endsByTimers = [];

    /// <summary>The (state, event) pairs decided upon, each once, with the decision and the number of the product that it was first made
    /// for.</summary>
    public Dictionary<(LifecycleState State, LifecycleEvent Event), (Transition Next, int FirstAt)> Decisions { get; } = [];

    /// <summary>States reached.</summary>
    public int States => _seen.Keys.Select(node => node.State).Distinct().Count();

    /// <summary>Pairs of state and world reached.</summary>
    public int Products => _seen.Count;

    /// <summary>The products, in the order found.</summary>
    public IReadOnlyList<Node> Nodes => _order;

    /// <summary>Steps taken between them.</summary>
    public int Steps { get; private set; }

    /// <summary>Late and spurious events thrown.</summary>
    public int UncausedThrown { get; private set; }

    /// <summary>Walks it all.</summary>
    /// <exception cref="WalkViolation">An invariant is broken.</exception>
    public LifecycleWalk Run(int maxProducts = 200_000)
    {
        Reach(null, "", () => new Node(new Starting(), new World()));
        Reach(null, "", () => new Node(new Joining(Alone: false), new World { Predecessor = PredecessorView.Alive }));
        Reach(null, "", () => new Node(new Joining(Alone: true), new World { Predecessor = PredecessorView.Lost }));
        WalkOn(maxProducts);
        return this;
    }

    /// <summary>Walks with another function, from the first product for which it decides otherwise: up to there both walks are the
    /// same.</summary>
    /// <returns>False if it decides the same everywhere.</returns>
    /// <exception cref="WalkViolation">An invariant is broken.</exception>
    public bool TryRunOther(Func<LifecycleState, LifecycleEvent, Transition> other, int maxProducts = 200_000)
    {
        var first = Decisions.Where(decision => !Same(decision.Value.Next, Try(other, decision.Key)))
            .Select(decision => decision.Value.FirstAt)
            .DefaultIfEmpty(int.MaxValue).Min();
        if (first == int.MaxValue)
        {
            return false;
        }

        var walk = new LifecycleWalk(other) { _left = first };
        foreach (var node in _order.Take(_foundBefore[first]))
        {
            walk._order.Add(node);
            walk._seen.Add(node, _seen[node]);
        }

        walk._foundBefore.AddRange(_foundBefore.Take(first));
        walk.WalkOn(maxProducts);
        return true;
    }

    private static Transition? Try(Func<LifecycleState, LifecycleEvent, Transition> decide,
        (LifecycleState State, LifecycleEvent Event) key)
    {
        try
        {
            return decide(key.State, key.Event);
        }
        catch (InvalidOperationException)
        {
            return null; // it differs; the walk will meet it
        }
    }

    private static bool Same(Transition one, Transition? other) => other is not null && one.State == other.State
        && one.Effects.SequenceEqual(other.Effects);

    private void WalkOn(int maxProducts)
    {
        while (_left < _order.Count)
        {
            _foundBefore.Add(_order.Count);
            var node = _order[_left];
            Leave(node);
            Told(node, "probe", () => Probe(node));
            Require(_seen.Count < maxProducts, Invariants.Owner, $"more than {maxProducts} products: something is counted without end");
            _left++;
        }
    }

    private void Reach(Node? from, string by, Func<Node> step) => Told(from, by, () =>
    {
        var (state, world) = step();
        var node = new Node(state, world.Relevant(state));
        if (_seen.TryAdd(node, (from, by)))
        {
            _order.Add(node);
        }
    });

    // A violation tells the way to it.
    private void Told(Node? from, string by, Action step)
    {
        try
        {
            step();
        }
        catch (WalkViolation violation)
        {
            throw new WalkViolation(violation.Invariant, $"{violation.What}; by {Way(from)}{by}");
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            throw new WalkViolation(Invariants.Explained, $"{e.GetType().Name}: {e.Message}; by {Way(from)}{by}");
        }
    }

    private string Way(Node? node) => node is { } there && _seen.TryGetValue(there, out var came)
        ? came.From is null ? $"{there.State.Name}, " : $"{Way(came.From)}{came.By} -> {there.State.Name}, "
        : "";

    private void Leave(Node node)
    {
        foreach (var @event in WalkEvents.All)
        {
            if (!WalkEvents.CanHappen(@event, node.World))
            {
                Told(node, $"uncaused {@event.GetType().Name}", () => ThrowUncaused(node, @event));
                continue;
            }

            Reach(node, @event.GetType().Name, () => Step(node, @event));
            var (state, effects) = Decide(node.State, @event);
            for (var i = 0; i < effects.Count && state is not Exiting; i++)
            {
                var lost = i;
                if (CanBeLost(effects[i]))
                {
                    Reach(node, $"{@event.GetType().Name} with {effects[i].GetType().Name} lost to a crash",
                        () => Step(Step(node, @event, lost: lost), new ActorRestarted("test")));
                }
            }
        }

        // LifecycleActor itself: its timers are gone.
        Reach(node, "a restart of LifecycleActor",
            () => Step(node with { World = node.World with { Timers = ArmedTimers.None } }, new ActorRestarted("lifecycle")));
    }

    private Transition Decide(LifecycleState state, LifecycleEvent @event)
    {
        if (!Decisions.TryGetValue((state, @event), out var decision))
        {
            decision = (decide(state, @event), _left);
            Decisions.Add((state, @event), decision);
        }

        return decision.Next;
    }

    // With an order lost the world is not whole until the restart that follows, so it is not checked in between.
    private Node Step(Node node, LifecycleEvent @event, int? lost = null)
    {
        Steps++;
        var transition = Decide(node.State, @event);
        CheckExplained(node.State, @event, transition);
        Require(transition.Effects.Take(transition.Effects.Count - 1).All(effect => effect is not ExitProcess),
            Invariants.Stop, "something is to be done after the exit");
        var world = Deliver(node.World, node.State, @event);
        for (var i = 0; i < transition.Effects.Count; i++)
        {
            world = i == lost ? Lose(world, transition.Effects[i]) : Order(world, transition.Effects[i], @event);
        }

        if (lost is null && node.State is Draining && transition.State is Draining && @event is DrainTimedOut)
        {
            Require(world.Drained || world.AbortOwed, Invariants.Stop, "the deadline does not abort");
            Require(!world.HasUnpromotedSuccessor || world.Ending >= SuccessorEnding.Now, Invariants.Stop,
                "the deadline does not end the successor");
        }

        if (lost is null)
        {
            StateRules.Check(node.State, transition.State, world);
            StateRules.CheckTimeOfStep(node.State, @event, transition);
        }

        return new Node(transition.State, world);
    }

    // Restarts, losses and the end of the host that was asked for are in the log already.
    private static void CheckExplained(LifecycleState state, LifecycleEvent @event, Transition transition)
    {
        if (@event is ActorRestarted or ActorLost or HostStopping)
        {
            return;
        }

        Require(transition.Effects.Count > 0 || transition.State != state, Invariants.Explained,
            $"{@event} changes nothing in {state} and nobody says why");
        Require(transition.Effects.Count > 0
            || @event is not (ReloadRequested or CheckRequested or TakeoverRequested or StopRequested or LogReopenRequested),
            Invariants.Explained, $"{@event} is asked for in {state} and nobody says what becomes of it");
        Require(@event is not LogReopenRequested || transition.Effects is [ReopenOlderLogs, ReopenLog],
            Invariants.Explained, "a log that was rotated is not opened again, here or in the generations that still drain");
    }

    private void ThrowUncaused(Node node, LifecycleEvent @event)
    {
        UncausedThrown++;
        var transition = Decide(node.State, @event);
        CheckExplained(node.State, @event, transition);
        if (transition.State != node.State || !transition.Effects.All(effect => effect is Explain))
        {
            Require(WalkEvents.CannotCome(node.State, @event), Invariants.Harmless,
                $"a late or spurious {@event.GetType().Name} is acted on");
        }
    }

    // Promises about what follows, tried from every node.
    private void Probe(Node node)
    {
        ProbeStop(node);
        if (node.State is AwaitingReady or Overlapping or OnProbation or Yielding or Promoting)
        {
            ProbeRollback(node);
        }

        if (node.State is Serving)
        {
            ProbeServing(node);
        }

        if (node.World.Predecessor == PredecessorView.Alive)
        {
            ProbePredecessor(node);
        }
    }

    // 5: a stop ends by timers alone, in whatever order they fire; a second one aborts at once.
    private void ProbeStop(Node node)
    {
        var once = Step(node, Stop);
        EndsByTimers(once, 0);
        Require(node.State is not Draining || node.World.Stops == 0 || node.World.StoppedItself || once.State is Exiting
            || once.World.AbortOwed, Invariants.Stop, $"a second stop in {node.State} does not abort");
        var twice = Step(once, Stop);
        Require(twice.State is Exiting || twice.World.AbortOwed, Invariants.Stop, $"a second stop in {node.State} does not abort");
        if (twice.State is not Exiting)
        {
            Require(!twice.World.HasUnpromotedSuccessor || twice.World.Ending >= SuccessorEnding.Now, Invariants.Stop,
                "a second stop does not end the successor");
            Require(twice.World.HasTimer(ArmedTimers.Abort), Invariants.Stop, "aborted without a deadline");
            Require(Step(twice, new AbortTimedOut()).State is Exiting, Invariants.Stop,
                $"what was aborted holds the exit up after {node.State}");
        }
    }

    private void EndsByTimers(Node node, int fired)
    {
        if (node.State is Exiting || !_endsByTimers.Add((node.State, node.World.Timers)))
        {
            return;
        }

        Require(fired < 10, Invariants.Stop, $"timers fire without end in {node.State}");
        Require(node.World.Timers != ArmedTimers.None, Invariants.Stop, $"a stop hangs in {node.State}: no timer is armed");
        foreach (var @event in WalkEvents.All.Where(e => e is LameDuckEnded or MoveTimedOut or DrainTimedOut or AbortTimedOut
            or SuccessorTimedOut or ProbationTimeOver))
        {
            if (WalkEvents.CanHappen(@event, node.World))
            {
                var next = Step(node, @event);
                Require(next.State != node.State || next.World.Timers != node.World.Timers, Invariants.Stop,
                    $"{@event} leads nowhere in {node.State}");
                EndsByTimers(next, fired + 1);
            }
        }
    }

    // 4: whatever a successor fails of, accepting is resumed at once, and when it is gone the next reload works.
    private void ProbeRollback(Node node)
    {
        foreach (var failure in WalkEvents.All.Where(e => e is SuccessorFailed or SuccessorTimedOut && WalkEvents.CanHappen(e, node.World)))
        {
            var failed = Step(node, failure);
            Require(failed.State is RollingBack, Invariants.Rollback, $"{failure} does not lead back from {node.State}");
            Require(failed.World.Accepting, Invariants.Rollback, $"{failure} in {node.State} leaves accepting quiesced");
            var gone = Step(failed, new SuccessorGone());
            Require(gone.State is Serving, Invariants.Rollback, $"not serving after {failure} in {node.State}, but {gone.State}");
            Require(Step(gone, new ReloadRequested("next")).World.Successor == SuccessorStage.Spawned, Invariants.Rollback,
                "the next reload is not possible");

            var asked = Step(failed, new ReloadRequested("next"));
            Require(asked.World.Queued, Invariants.Rollback, "a reload asked for meanwhile is not remembered");
            Require(Step(asked, new SuccessorGone()).World.QueueTried, Invariants.Rollback,
                "a reload that was remembered is not carried out");
        }

        var early = Step(node, new ReloadRequested("next"));
        Require(early.World.Queued && early.State == node.State with { Queued = true }, Invariants.Account,
            "a reload asked for during a reload is not remembered");
        var refused = Step(node, new ReloadRequested("next", NoQueue: true));
        Require(refused.World.Queued == node.World.Queued && refused.State == node.State, Invariants.Account,
            "a reload that is not to wait waits");
    }

    private void ProbeServing(Node node)
    {
        var reloaded = Step(node, new ReloadRequested("next"));
        Require(reloaded.State is AwaitingReady && reloaded.World.Successor == SuccessorStage.Spawned, Invariants.Rollback,
            "serving, but a reload is not possible");
        var checkedOnly = Step(node, new CheckRequested("next"));
        Require(checkedOnly.World is { Successor: SuccessorStage.Spawned, DryRun: true }, Invariants.Rollback,
            "serving, but a check is not possible");
        var takenOver = Step(node, new TakeoverRequested("next"));
        Require(takenOver.State is AwaitingReady { Takeover: true }, Invariants.Rollback, "serving, but a takeover is not possible");
        if (WalkEvents.CanHappen(new PromoteReceived(), node.World))
        {
            Require(Decide(node.State, new PromoteReceived()).Effects.Any(effect => effect is AcknowledgePromotion),
                Invariants.Predecessor,
                    "a promotion that is told again is not acknowledged again: the predecessor would take the role back");
        }
    }

    // 6: the loss of the predecessor leaves the successor serving; its stop ends both.
    private void ProbePredecessor(Node node)
    {
        var alone = Step(node, new PredecessorLost());
        if (node.State is Joining)
        {
            alone = Step(alone, new FrontReady());
        }

        if (node.State is Joining or Ready or Proving)
        {
            Require(alone.State is Serving, Invariants.Predecessor,
                $"{node.State} does not serve when its predecessor is lost, but is {alone.State}");
        }
        else
        {
            Require(alone.State == node.State, Invariants.Predecessor,
                $"the loss of a predecessor that is no longer needed changes {node.State}");
        }

        foreach (var stop in WalkEvents.All.OfType<StopReceived>())
        {
            var stopped = Step(node, stop);
            Require(stopped.State is Draining or Exiting, Invariants.Predecessor, $"a stop of the predecessor leaves {stopped.State}");
            Require(!stopped.World.AbortOwed || node.World.AbortOwed, Invariants.NothingCut, "a stop of the predecessor cuts requests");
            Require(stopped.State is not Draining { Way: MoveWay.Predecessor } || stop.Return || node.State is Draining,
                Invariants.NothingCut, "connections are given back to a predecessor that stops");
            Require(node.State is not Proving || !stop.Return || stopped.State is Draining { Way: MoveWay.Predecessor },
                Invariants.NothingCut, "connections are not given back to the predecessor that serves on");
            EndsByTimers(stopped, 0);
        }
    }
}
