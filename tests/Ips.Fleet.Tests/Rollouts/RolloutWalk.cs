using System.Security.Cryptography;
using System.Text;
using Ips.Fleet.Agents;
using Ips.Fleet.Rollouts;

namespace Ips.Fleet.Tests.Rollouts;

/// <summary>The functions that are walked, so that one of them can be replaced by a faulty one.</summary>
internal sealed record WalkedMachines
{
    public Func<RolloutState, RolloutEvent, (RolloutState State, IReadOnlyList<RolloutEffect> Effects)> Coordinate { get; init; } =
        (state, happened) => RolloutMachine.Next(state, happened, default);

    public Func<AgentState, FleetMessage, (AgentState State, IReadOnlyList<AgentEffect> Effects)> Obey { get; init; } = AgentMachine.Next;

    public Func<string, FleetRecord, (AgentState State, IReadOnlyList<AgentEffect> Effects)> Restart { get; init; } = AgentMachine.Start;

    public Func<IReadOnlyList<Recollection>, RolloutRecovery> Recover { get; init; } = RolloutRecovery.Of;
}

/// <summary>A promise was broken.</summary>
internal sealed class RolloutViolation(string message) : Exception(message);

/// <summary>Walks every world that a rollout can come to, breadth first: messages that arrive late, twice or never, coordinators that are
/// replaced while they live, agents that are killed, deadlines at any moment.</summary>
internal sealed class RolloutWalk(RolloutPlan plan, Budget budget, WalkedMachines machines)
{
    private const int HighestEpoch = 6, MostWorlds = 1_500_000;

    private readonly Dictionary<UInt128, int> _seen = [];
    private readonly List<List<int>> _to = [];
    private readonly List<bool> _over = [];

    /// <summary>Worlds that were reached.</summary>
    public int Worlds => _seen.Count;

    /// <summary>Transitions between them.</summary>
    public int Transitions { get; private set; }

    /// <summary>Outcomes that were reached.</summary>
    public HashSet<RolloutOutcome> Outcomes { get; } = [];

    public void Run()
    {
        var agents = plan.Nodes.ToImmutableSortedDictionary(node => node,
            node => new WalkedAgent(new AgentState(node, FleetRecord.Empty), []), StringComparer.Ordinal);
        var empty = new RolloutWorld([], agents, ImmutableSortedDictionary.Create<string, WalkedMessage>(StringComparer.Ordinal), budget);
        var (state, effects) = RolloutMachine.Begin(plan, new Epoch(1, "A"), RolloutAim.Advance, isNew: true);
        var first = Coordinated(empty with { Coordinators = [state] }, 0, state, effects);
        var queue = new Queue<(int Id, RolloutWorld World)>();
        queue.Enqueue((Number(first, out _), first));
        while (queue.TryDequeue(out var next))
        {
            if (Worlds > MostWorlds) throw new InvalidOperationException($"more than {MostWorlds} worlds");
            foreach (var world in Successors(next.World))
            {
                Transitions++;
                var id = Number(world, out var isNew);
                _to[next.Id].Add(id);
                if (isNew) queue.Enqueue((id, world));
            }
        }

        EndsFromEverywhere();
    }

    private int Number(RolloutWorld world, out bool isNew)
    {
        var key = BitConverter.ToUInt128(SHA256.HashData(Encoding.UTF8.GetBytes(world.Key())).AsSpan(0, 16));
        isNew = _seen.TryAdd(key, _seen.Count);
        if (!isNew) return _seen[key];
        _to.Add([]);
        _over.Add(world.Coordinators[^1].Stage == RolloutStage.Over || world.Coordinators[^1].Epoch.Counter >= HighestEpoch);
        return _seen.Count - 1;
    }

    private IEnumerable<RolloutWorld> Successors(RolloutWorld world)
    {
        if (world.Coordinators[^1].Epoch.Counter >= HighestEpoch) yield break;
        foreach (var sent in world.Sent.Values)
        {
            if (Arrived(world, sent) is { } next) yield return next;
        }

        // A report says what is so, whenever it comes; a coordinator that has asked anew may not know it yet.
        var core = world.Core();
        foreach (var old in world.Old.Values.Where(old => old.Message is not FleetMessage.Report))
        {
            if (Arrived(world, old) is { } next && next.Core() != core)
                throw new RolloutViolation($"{old.Key()} changes something, and is of the past\n{world.Core()}\n{next.Core()}");
        }

        for (var index = 0; index < world.Coordinators.Length; index++)
        {
            if (!world.Lives(index)) continue;
            var coordinator = world.Coordinators[index];
            if (coordinator.HasDeadline && Happened(world, index, new RolloutEvent.DeadlineElapsed()) is { } late) yield return late;
            yield return Repeats(world, index);
        }

        foreach (var (name, agent) in world.Agents)
        {
            foreach (var step in OutcomesOf(agent))
                yield return Agent(world, name, AgentMachine.Progressed(agent.State, agent.State.Running!.Id, step), agent);
            if (world.Left.AgentRestarts > 0 && agent.State.Record.Promised > Epoch.None)
            {
                yield return Agent(world with { Left = world.Left with { AgentRestarts = world.Left.AgentRestarts - 1 } }, name,
                    machines.Restart(name, agent.State.Record), agent with { Restarted = true, Coordinator = null },
                    again: true);
            }
        }

        if (world.Left.Steers > 0)
        {
            foreach (var aim in Enum.GetValues<RolloutAim>())
            {
                if (RolloutMachine.SteerFault(world.Coordinators[^1], aim) is not null) continue;
                var left = world with { Left = world.Left with { Steers = world.Left.Steers - 1 } };
                if (Happened(left, world.Coordinators.Length - 1, new RolloutEvent.Steered(aim, "x")) is { } steered) yield return steered;
            }
        }

        if (world.Left.CoordinatorLosses > 0)
        {
            var left = world with { Left = world.Left with { CoordinatorLosses = world.Left.CoordinatorLosses - 1 } };
            foreach (var replaced in Recovered(left, world.Coordinators.Length)) yield return replaced;
        }
    }

    private RolloutWorld? Arrived(RolloutWorld world, WalkedMessage sent) => sent.Agent is { } agent
        ? Delivered(world, agent, sent) : Happened(world, sent.Coordinator, EventOf(sent.Message));

    // A new coordinator hears any of the agents, but at least one.
    private IEnumerable<RolloutWorld> Recovered(RolloutWorld world, int index)
    {
        var names = world.Agents.Keys.ToList();
        for (var subset = 1; subset < 1 << names.Count; subset++)
        {
            var heard = names.Where((_, bit) => (subset & (1 << bit)) != 0).Select(name => world.Agents[name])
                .Select(agent => new Recollection(agent.State.Node, agent.State.Record, agent.Restarted)).ToList();
            var recovery = machines.Recover(heard);
            if (recovery.Plan is null) continue; // nothing to do: the former one was at its beginning, or its end
            var node = ((char)('A' + index)).ToString();
            var used = index < world.Coordinators.Length ? world.Coordinators[index].Epoch.Counter : 0;
            var epoch = new Epoch(Math.Max(recovery.Highest.Counter, used) + 1, node);
            var (state, effects) = RolloutMachine.Begin(recovery.Plan, epoch, recovery.Aim,
                isNew: false, recovery.Reason);
            var coordinators = index < world.Coordinators.Length ? world.Coordinators.SetItem(index, state) : world.Coordinators.Add(state);
            yield return Coordinated(world with { Coordinators = coordinators }, index, state, effects);
        }
    }

    private RolloutWorld? Happened(RolloutWorld world, int index, RolloutEvent? happened)
    {
        if (happened is null || !world.Lives(index)) return null;
        var before = world.Coordinators[index];
        var (state, effects) = machines.Coordinate(before, happened);
        if (effects.OfType<RolloutEffect.AskAnew>().Any())
        {
            // It asks the agents and takes over anew, finds that another one has, or that the rollout is over.
            if (index < world.Coordinators.Length - 1) return null;
            return Recovered(world, index).LastOrDefault() ?? (world with
            {
                Coordinators = world.Coordinators.SetItem(index, before with { Stage = RolloutStage.Over, HasDeadline = false }),
            }).Settled();
        }

        return ReferenceEquals(state, before) && effects.Count == 0 ? null : Coordinated(world, index, state, effects);
    }

    private RolloutWorld Coordinated(RolloutWorld world, int index, RolloutState state, IReadOnlyList<RolloutEffect> effects)
    {
        foreach (var effect in effects)
        {
            WalkedMessage? message = effect switch
            {
                RolloutEffect.AskPromise ask => new(index, ask.Node, new FleetMessage.Promise(ask.Epoch, ask.Plan, ask.Aim)),
                RolloutEffect.GiveOrder give => new(index, give.Node, new FleetMessage.Order(give.Epoch, plan.Fleet, plan.Id, give.Kind)),
                RolloutEffect.TellClosed tell => new(index, tell.Node, new FleetMessage.Close(tell.Epoch, tell.Receipt)),
                _ => null,
            };
            if (effect is RolloutEffect.GiveOrder order) Rules.Ordered(world.Coordinators[index], state, order);
            if (effect is RolloutEffect.TellClosed closing && world.Coordinators[index].Receipt is null
                && index == world.Coordinators.Length - 1) // what one of the past says is refused by the agents
                Rules.Concluded(plan, world, closing.Receipt, Outcomes);
            if (message is not null) world = world.With(message);
        }

        return (world with { Coordinators = world.Coordinators.SetItem(index, state) }).Settled();
    }

    private RolloutWorld? Delivered(RolloutWorld world, string name, WalkedMessage sent)
    {
        var agent = world.Agents[name];
        var result = machines.Obey(agent.State, sent.Message);
        Rules.Obeyed(agent.State, result.State, sent.Message);
        if (!result.Effects.Any(effect => effect is AgentEffect.Reply { Message: FleetMessage.Refused }))
            agent = agent with { Coordinator = sent.Coordinator, Restarted = agent.Restarted && sent.Message is not FleetMessage.Promise };
        return Agent(world, name, result, agent, sent.Coordinator);
    }

    private RolloutWorld Agent(RolloutWorld world, string name, (AgentState State, IReadOnlyList<AgentEffect> Effects) result,
        WalkedAgent agent, int? asked = null, bool again = false)
    {
        var stored = agent.State.Record;
        foreach (var effect in result.Effects)
        {
            switch (effect)
            {
                case AgentEffect.Store store:
                    stored = store.Record;
                    agent = agent with { Steps = agent.Steps.SetItems(stored.Steps.Select(step => KeyValuePair.Create(step.Kind, step))) };
                    break;
                case AgentEffect.Reply reply:
                    if ((asked ?? agent.Coordinator) is { } to && world.Lives(to))
                        world = world.With(new WalkedMessage(to, null, reply.Message));
                    break;
                case AgentEffect.Run run:
                    if (!again) Rules.Begun(plan, world, name, run.Order.Kind, agent.Begun, result.State.Record.Aim);
                    agent = agent with { Begun = agent.Begun.Add(run.Order.Kind) };
                    break;
            }
        }

        if (!ReferenceEquals(stored, result.State.Record)) throw new RolloutViolation($"{name} has not written down what it knows");
        return (world with { Agents = world.Agents.SetItem(name, agent with { State = result.State }) }).Settled();
    }

    // What waits for an answer is asked again, and nothing else is.
    private RolloutWorld Repeats(RolloutWorld world, int index)
    {
        var coordinator = world.Coordinators[index];
        var (state, effects) = machines.Coordinate(coordinator, new RolloutEvent.RepeatDue());
        if (!ReferenceEquals(state, coordinator)) throw new RolloutViolation("a repetition changes the state");
        foreach (var (name, node) in coordinator.Nodes)
        {
            var waits = coordinator.Stage switch
            {
                RolloutStage.Gathering => !node.HasPromised,
                RolloutStage.Working => node.Open is not null || !node.HasPromised,
                RolloutStage.Closing => !node.IsClosed,
                _ => false,
            };
            var asked = effects.Any(effect => name == effect switch
            {
                RolloutEffect.AskPromise ask => ask.Node,
                RolloutEffect.GiveOrder give => give.Node,
                RolloutEffect.TellClosed tell => tell.Node,
                _ => null,
            });
            if (waits != asked) throw new RolloutViolation($"{name}: waits {waits}, asked again {asked}");
        }

        if (coordinator.Stage is RolloutStage.Gathering or RolloutStage.Closing && !coordinator.HasDeadline)
            throw new RolloutViolation($"{coordinator.Stage} without a deadline");
        if (coordinator.Stage == RolloutStage.Working && coordinator.Nodes.Values.Any(node => node is { Open: not null, IsSilent: false })
            && !coordinator.HasDeadline) throw new RolloutViolation("an order without a deadline");
        return Coordinated(world, index, coordinator, effects);
    }

    private static IEnumerable<StepState> OutcomesOf(WalkedAgent agent)
    {
        if (agent.State.Running is not { } running) yield break;
        var known = agent.State.Record.Steps.FirstOrDefault(step => step.Kind == running.Kind);
        switch (running.Kind)
        {
            case StepKind.Check:
                yield return new(StepKind.Check, StepPhase.Done) { Former = "old" };
                yield return new(StepKind.Check, StepPhase.Failed);
                break;
            case StepKind.Reload when known is { Phase: StepPhase.Baking }:
                yield return new(StepKind.Reload, StepPhase.Done) { Changed = true };
                yield return new(StepKind.Reload, StepPhase.Failed) { Changed = true };
                break;
            case StepKind.Reload:
                yield return new(StepKind.Reload, StepPhase.Baking) { Changed = true };
                yield return new(StepKind.Reload, StepPhase.Failed);
                break;
            default:
                yield return new(StepKind.RollBack, StepPhase.Done) { Changed = true };
                yield return new(StepKind.RollBack, StepPhase.Failed);
                break;
        }
    }

    private RolloutEvent? EventOf(FleetMessage message) => message switch
    {
        FleetMessage.Promised promised => new RolloutEvent.Promised(promised.Node, promised.Epoch, promised.Steps),
        FleetMessage.Report report when report.Rollout == plan.Id => new RolloutEvent.Reported(report.Node, report.Step),
        FleetMessage.Refused refused => new RolloutEvent.Refused(refused.Node, refused.Asked, refused.Highest, refused.Reason),
        FleetMessage.Closed closed => new RolloutEvent.Closed(closed.Node),
        _ => null,
    };

    // From every world there is a way to the end, but a paused one, which waits for its operator.
    private void EndsFromEverywhere()
    {
        var from = new List<int>[_to.Count];
        for (var id = 0; id < _to.Count; id++) from[id] = [];
        for (var id = 0; id < _to.Count; id++) foreach (var to in _to[id]) from[to].Add(id);
        var ends = new bool[_to.Count];
        var queue = new Queue<int>();
        for (var id = 0; id < _to.Count; id++) if (_over[id]) { ends[id] = true; queue.Enqueue(id); }
        while (queue.TryDequeue(out var id))
        {
            foreach (var before in from[id])
            {
                if (ends[before]) continue;
                ends[before] = true;
                queue.Enqueue(before);
            }
        }

        var stuck = ends.Count(end => !end);
        if (stuck > _paused) throw new RolloutViolation($"{stuck} worlds have no way to the end");
    }

    private readonly int _paused = budget.Steers > 0 ? int.MaxValue : 0;
}
