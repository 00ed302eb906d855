using System.Diagnostics;
using Ips.Fleet.Agents;
using Ips.Fleet.Rollouts;
using Ips.Fleet.Wire;

namespace Ips.Bench.Fleet;

/// <summary>
/// Question: how many messages and bytes is a rollout, and what does its coordinator compute? The machines that decide in the agents and
/// in the coordinator, with the bytes of the wire between them; no network, no disk, and services that take no time.
/// </summary>
internal sealed class SimulatedFleet
{
    private readonly Dictionary<string, AgentState> _agents;
    private readonly Dictionary<string, Kind> _kinds = [];
    private readonly Queue<(string? To, string Manifest, byte[] Bytes)> _wire = new();
    private readonly Stopwatch _coordinator = new(), _wave = new();
    private readonly DateTimeOffset _now = DateTimeOffset.UtcNow;
    private readonly RolloutPlan _plan;
    private RolloutState? _state;
    private int _reloaded;

    public SimulatedFleet(int agents, int nameLength)
    {
        _agents = Enumerable.Range(1, agents).Select(index => NameOf(index, nameLength)).ToDictionary(name => name,
            name => new AgentState(name, FleetRecord.Empty));
        var (plan, fault) = RolloutPlanner.Plan("r20261201120000-0123456", "web",
            new RolloutTerms(TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(5)) { Release = "2026-12-01.1", WavePercent = 25 },
            _agents.Keys, _agents.Keys, "deploy on web-0001", DateTimeOffset.UnixEpoch.AddYears(56));
        _plan = plan ?? throw new InvalidOperationException(fault);
    }

    /// <summary>How often a message of each kind was sent, and how large.</summary>
    public IReadOnlyDictionary<string, Kind> Kinds => _kinds;

    /// <summary>What the coordinator's part took, reading and writing its messages included.</summary>
    public TimeSpan Coordinator => _coordinator.Elapsed;

    /// <summary>From the first order of each wave to its last report, the agents' part included: all of it is one thread here.</summary>
    public List<TimeSpan> Waves { get; } = [];

    public int Agents => _agents.Count;

    /// <summary>The largest fleet whose messages fit, with names of that length.</summary>
    public static int MostNodes(int nameLength)
    {
        var (fits, not) = (1, 20_000);
        while (not - fits > 10)
        {
            var middle = (fits + not) / 2;
            (fits, not) = Fits(middle, nameLength) ? (middle, not) : (fits, middle);
        }

        return fits;
    }

    public void Run()
    {
        Coordinate(() => RolloutMachine.Begin(_plan, new Epoch(1, "1.web-0001"), RolloutAim.Advance, isNew: true));
        while (_wire.TryDequeue(out var message))
        {
            if (message.To is { } agent) Answer(agent, FleetCodec.Decode(message.Manifest, message.Bytes));
            else Coordinate(() => RolloutMachine.Next(_state!, EventOf(FleetCodec.Decode(message.Manifest, message.Bytes)), _now));
        }

        if (_state is not { Stage: RolloutStage.Over, Receipt.Outcome: RolloutOutcome.Done })
            throw new InvalidOperationException($"The rollout is {_state?.Stage}: {_state?.Receipt?.Reason}");
    }

    private void Coordinate(Func<(RolloutState State, IReadOnlyList<RolloutEffect> Effects)> next)
    {
        _coordinator.Start();
        (_state, var effects) = next();
        foreach (var effect in effects)
        {
            switch (effect)
            {
                case RolloutEffect.AskPromise ask: Send(ask.Node, new FleetMessage.Promise(ask.Epoch, ask.Plan, ask.Aim)); break;
                case RolloutEffect.TellClosed tell: Send(tell.Node, new FleetMessage.Close(tell.Epoch, tell.Receipt)); break;
                case RolloutEffect.GiveOrder give:
                    if (give.Kind == StepKind.Reload && !_wave.IsRunning) _wave.Restart();
                    Send(give.Node, new FleetMessage.Order(give.Epoch, _plan.Fleet, _plan.Id, give.Kind));
                    break;
            }
        }

        _coordinator.Stop();
    }

    private void Answer(string agent, FleetMessage message)
    {
        var (state, effects) = AgentMachine.Next(_agents[agent], message);
        foreach (var effect in effects)
        {
            switch (effect)
            {
                case AgentEffect.Reply reply: Send(null, reply.Message); break;
                case AgentEffect.Run run:
                    foreach (var step in Outcome(run.Order))
                    {
                        (state, var further) = AgentMachine.Progressed(state, run.Order.Id, step);
                        foreach (var reply in further.OfType<AgentEffect.Reply>()) Send(null, reply.Message);
                    }

                    break;
            }
        }

        _agents[agent] = state;
    }

    private static StepState[] Outcome(ServiceOrder order)
    {
        var done = new StepState(order.Kind, StepPhase.Done) { Serves = order.Release, Changed = true, BakesSince = DateTimeOffset.UtcNow };
        return order.Kind == StepKind.Check ? [new(order.Kind, StepPhase.Done) { Serves = "2026-11-01.1", Former = "2026-11-01.1" }]
            : [done with { Phase = StepPhase.Baking }, done];
    }

    private RolloutEvent EventOf(FleetMessage message)
    {
        switch (message)
        {
            case FleetMessage.Promised promised: return new RolloutEvent.Promised(promised.Node, promised.Epoch, promised.Steps);
            case FleetMessage.Closed closed: return new RolloutEvent.Closed(closed.Node);
            case FleetMessage.Report report:
                if (report.Step is { Kind: StepKind.Reload, Phase: StepPhase.Done } && ++_reloaded % _plan.Waves[0].Count == 0)
                {
                    Waves.Add(_wave.Elapsed);
                    _wave.Reset();
                }

                return new RolloutEvent.Reported(report.Node, report.Step);
            default: throw new InvalidOperationException($"not expected: {message}");
        }
    }

    private void Send(string? to, FleetMessage message)
    {
        var (manifest, bytes) = (FleetCodec.ManifestOf(message), FleetCodec.Encode(message));
        _kinds[manifest] = _kinds.GetValueOrDefault(manifest).With(bytes.Length);
        _wire.Enqueue((to, manifest, bytes));
    }

    private static bool Fits(int agents, int nameLength)
    {
        var nodes = Enumerable.Range(1, agents).Select(index => NameOf(index, nameLength)).ToList();
        var plan = new RolloutPlan("r20261201120000-0123456", "web", [.. nodes.Chunk((agents + 3) / 4)], TimeSpan.Zero,
            TimeSpan.FromMinutes(5), "deploy on web-0001", DateTimeOffset.UnixEpoch)
        {
            Release = "2026-12-01.1",
        };
        var receipt = new RolloutReceipt(plan, RolloutOutcome.Done,
            [.. nodes.Select(node => new NodeView(node, "done") { Wave = 1, Release = plan.Release })], DateTimeOffset.UnixEpoch);
        try
        {
            FleetCodec.Encode(new FleetMessage.Promise(new Epoch(1, nodes[0]), plan, RolloutAim.Advance));
            FleetCodec.Encode(new FleetMessage.Close(new Epoch(1, nodes[0]), receipt));
            return true;
        }
        catch (FleetWireException)
        {
            return false;
        }
    }

    private static string NameOf(int index, int length) => $"web-{index:00000}".PadRight(length, 'x');

    /// <summary>Messages of one kind.</summary>
    /// <param name="Count">How many.</param>
    /// <param name="Bytes">All of them.</param>
    /// <param name="Largest">The largest one.</param>
    internal readonly record struct Kind(int Count, long Bytes, int Largest)
    {
        public Kind With(int bytes) => new(Count + 1, Bytes + bytes, Math.Max(Largest, bytes));
    }
}
