using Ips.Actors.Configuration;
using Ips.Actors.Lifecycle;
using Ips.Actors.Tests.Lifecycle;
using static Ips.Actors.Lifecycle.LifecycleEvent;

namespace Ips.Actors.Tests.Successor;

/// <summary>
/// Walks every reachable state of a predecessor with its successor, breadth first: both machines, the process of the successor, which may
/// do
/// anything at any moment, and the messages between the three, each of which may take any time. A clock that runs may fire at any moment.
/// Of what is rare (a stop, a restart of ReloaderActor, a lie of the peer) one thing happens in a reload.
/// The first broken invariant ends the walk with a <see cref="WalkViolation"/> that tells the way to it.
/// </summary>
internal sealed class ComposedWalk(
    Func<LifecycleState, LifecycleEvent, Transition> lifecycle, Func<SuccessorState, SuccessorEvent, IpsOptions, SuccessorStep> successor)
{
    private const int MostFrames = 2; // that a peer has on its way before it says more

    private static readonly (Facts Timer, LifecycleEvent Event)[] LifecycleTimers =
    [
        (Facts.SuccessorTimer, new SuccessorTimedOut()), (Facts.ProbationTimer, new ProbationTimeOver()),
            (Facts.LameDuckTimer, new LameDuckEnded()),
        (Facts.MoveTimer, new MoveTimedOut()), (Facts.DrainTimer, new DrainTimedOut()), (Facts.AbortTimer, new AbortTimedOut()),
    ];

    private static readonly (Facts Timer, SuccessorTimer Which)[] SuccessorTimers =
    [
        (Facts.HealthTimer, SuccessorTimer.HealthOverdue), (Facts.EscalateTimer, SuccessorTimer.Escalate),
        (Facts.ClosedTimer, SuccessorTimer.ClosedWithoutExit), (Facts.ExitTimer, SuccessorTimer.ExitWithoutClose),
        (Facts.ProbationMaxTimer, SuccessorTimer.ProbationMax),
    ];

    private readonly Dictionary<Whole, (Whole From, string By)> _seen = [];
    private readonly Queue<Whole> _left = [];
    private readonly HashSet<Whole> _ends = [];

    /// <summary>The machines, with what they were asked so far.</summary>
    public Machines Machines { get; } = new(lifecycle, successor);

    /// <summary>States of the whole that were reached.</summary>
    public int States => _seen.Count;

    /// <summary>Steps taken between them.</summary>
    public int Steps { get; private set; }

    /// <summary>States in which nothing is on its way.</summary>
    public int QuietStates { get; private set; }

    /// <summary>Walks it all.</summary>
    /// <exception cref="WalkViolation">An invariant is broken.</exception>
    public ComposedWalk Run(int maxStates = 3_000_000)
    {
        var start = new Whole(Machines.Number(new LifecycleState.Serving()), Machines.Number(new SuccessorState.None()), PeerStage.Absent,
            Facts.Accepts | Facts.IsPrimary, default, default, default, default);
        _seen.Add(start, (start, ""));
        _left.Enqueue(start);
        while (_left.TryDequeue(out var whole))
        {
            Traced(whole, "", () => Check(whole));
            Leave(whole);
            WorldRules.Require(_seen.Count < maxStates, ComposedRules.Bounded, $"more than {maxStates} states");
        }

        return this;
    }

    private void Leave(Whole whole)
    {
        var state = Machines.Lifecycle(whole);
        if (state is LifecycleState.Exiting)
        {
            return; // what the process leaves behind is checked as it leaves
        }

        foreach (var (by, step) in Deliveries(whole).Concat(Timers(whole)).Concat(PeerMoves.Of(whole, MostFrames)).Concat(Others(whole,
            state)))
        {
            Traced(whole, by, () =>
            {
                Steps++;
                var next = Take(whole, step);
                if (_seen.TryAdd(next, (whole, by)))
                {
                    _left.Enqueue(next);
                }
            });
        }
    }

    private Whole Take(Whole whole, Action<Draft> step)
    {
        var draft = new Draft(whole, Machines);
        step(draft);
        return draft.Whole;
    }

    // What comes by itself.
    private static IEnumerable<(string By, Action<Draft> Step)> Deliveries(Whole whole)
    {
        if (!whole.Orders.IsEmpty) yield return ("an order arrives", draft => draft.ReceiveOrder());
        if (!whole.Events.IsEmpty) yield return ("an event arrives", draft => draft.ReceiveEvent());
        if (!whole.FromPeer.IsEmpty) yield return ("a frame arrives here", draft => draft.ReceiveFrame());
        if (!whole.ToPeer.IsEmpty) yield return ("a frame arrives there", draft => PeerMoves.Receive(draft));
        if (whole.Has(Facts.ExitOwed)) yield return ("the exit is seen", draft => draft.SeeExit());
        if (whole.Has(Facts.RoleOwed)) yield return ("the role is yielded", draft => draft.Settle(Facts.RoleOwed, new RoleYielded()));
        if (whole.Has(Facts.ReleaseOwed)) yield return ("the listeners are released", draft =>
            draft.Settle(Facts.ReleaseOwed, new ListenersReleased()));
        if (whole.Has(Facts.SocketsOwed)) yield return ("the sockets are offered", draft => draft.OfferSockets(launches: true));
        if (!whole.Has(Facts.JudgeOwed)) yield break;
        yield return ("the judge has seen enough", draft => draft.AnswerJudge(null));
        yield return ("the judge wants more", draft => draft.AnswerJudge("test"));
    }

    private static IEnumerable<(string By, Action<Draft> Step)> Timers(Whole whole)
    {
        foreach (var (timer, @event) in LifecycleTimers.Where(t => whole.Has(t.Timer)))
        {
            yield return (@event.GetType().Name, draft => draft.Settle(timer, @event));
        }

        foreach (var (timer, which) in SuccessorTimers.Where(t => whole.Has(t.Timer)))
        {
            yield return (which.ToString(), draft => draft.Fire(timer, which));
        }
    }

    private static IEnumerable<(string By, Action<Draft> Step)> Others(Whole whole, LifecycleState state)
    {
        if (whole.Has(Facts.AccountOpen) && !whole.Has(Facts.OutOfTheWay) && whole.Orders.IsEmpty && whole.Events.IsEmpty)
        {
            yield return ("ReloaderActor restarts", draft => draft.Restart());
        }

        if (state is LifecycleState.Serving)
        {
            yield return ("reload", draft => draft.Feed(new ReloadRequested("test", NoQueue: true)));
            yield return ("check", draft => draft.Feed(new CheckRequested("test")));
        }

        if (state is not (LifecycleState.LameDuck or LifecycleState.Draining) && !whole.Has(Facts.OutOfTheWay))
        {
            yield return ("stop", draft => draft.Feed(new StopRequested("test")));
        }
    }

    private void Check(Whole whole)
    {
        ComposedRules.CheckAlways(whole, Machines);
        if (whole.IsQuiet)
        {
            QuietStates++;
            ComposedRules.CheckQuiet(whole, Machines);
            EndsByTimers(whole);
        }
    }

    // Whatever a peer leaves undone: by what is on its way and by clocks alone the predecessor serves again, or ends.
    private void EndsByTimers(Whole whole)
    {
        List<Whole> passed = [];
        List<string> by = [];
        for (var state = whole; _ends.Add(state); passed.Add(state))
        {
            if (state.IsQuiet && Machines.Lifecycle(state) is LifecycleState.Serving or LifecycleState.Exiting)
            {
                return;
            }

            WorldRules.Require(passed.Count < 100, ComposedRules.Stuck, $"clocks fire without end: {string.Join(", ", by)}");
            var next = Deliveries(state).Concat(Timers(state)).FirstOrDefault();
            WorldRules.Require(next.Step is not null, ComposedRules.Stuck,
                $"{Machines.Lifecycle(state)} and {Machines.Successor(state)} wait for a peer that does nothing, "
                    + $"and no clock runs after {string.Join(", ", by)}");
            by.Add(next.By);
            state = Take(state, next.Step!);
            ComposedRules.CheckAlways(state, Machines);
        }
    }

    private void Traced(Whole from, string by, Action step)
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
            throw new WalkViolation(ComposedRules.Total, $"{e.GetType().Name}: {e.Message}; by {Way(from)}{by}");
        }
    }

    private string Way(Whole whole)
    {
        List<string> way = [];
        for (; _seen.TryGetValue(whole, out var came) && came.By.Length > 0; whole = came.From)
        {
            way.Add($"{came.By} ({Machines.Lifecycle(whole).Name}, {Machines.Successor(whole).Name}, {whole.Peer})");
        }

        way.Reverse();
        return string.Concat(way.Select(step => $"{step} -> "));
    }
}
