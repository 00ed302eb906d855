using System.Text;
using Ips.Fleet.Agents;
using Ips.Fleet.Rollouts;

namespace Ips.Fleet.Tests.Rollouts;

/// <summary>What may still go wrong in a walk.</summary>
/// <param name="CoordinatorLosses">Coordinators that may be replaced.</param>
/// <param name="AgentRestarts">Agents that may be killed and start again.</param>
/// <param name="Steers">Times that an operator may change the aim.</param>
/// <param name="FormerLives">A coordinator that is replaced still hears and orders.</param>
internal sealed record Budget(int CoordinatorLosses, int AgentRestarts, int Steers, bool FormerLives = false);

/// <summary>An agent, and what its service was told.</summary>
/// <param name="State">The agent.</param>
/// <param name="Begun">The steps that were begun, a restart not counted.</param>
internal sealed record WalkedAgent(AgentState State, ImmutableSortedSet<StepKind> Begun)
{
    /// <summary>Every step that it ever had on its disk.</summary>
    public ImmutableSortedDictionary<StepKind, StepState> Steps { get; init; } = ImmutableSortedDictionary<StepKind, StepState>.Empty;

    /// <summary>The coordinator that it obeyed last, by its place; null after a restart.</summary>
    public int? Coordinator { get; init; }

    /// <summary>Was restarted after its last promise.</summary>
    public bool Restarted { get; init; }
}

/// <summary>Coordinators, agents, and the messages under way. A message may arrive late, again and again, or never: it is under way until
/// it could not change anything any more.</summary>
internal sealed record RolloutWorld(
    ImmutableArray<RolloutState> Coordinators, ImmutableSortedDictionary<string, WalkedAgent> Agents,
    ImmutableSortedDictionary<string, WalkedMessage> Sent, Budget Left)
{
    /// <summary>Messages that must not change anything any more.</summary>
    public ImmutableSortedDictionary<string, WalkedMessage> Old { get; init; } =
        ImmutableSortedDictionary.Create<string, WalkedMessage>(StringComparer.Ordinal);

    /// <summary>Whether a coordinator, by its place, still hears.</summary>
    public bool Lives(int coordinator) => coordinator == Coordinators.Length - 1 || Left.FormerLives;

    /// <summary>With a message under way.</summary>
    public RolloutWorld With(WalkedMessage message) => this with { Sent = Sent.SetItem(message.Key(), message) };

    /// <summary>What has lost its meaning is put aside.</summary>
    public RolloutWorld Settled()
    {
        var world = this;
        foreach (var (key, sent) in Sent)
        {
            if (!IsSpent(sent)) continue;
            world = world with { Sent = world.Sent.Remove(key), Old = world.Old.SetItem(key, sent) };
        }

        return world;
    }

    private bool IsSpent(WalkedMessage sent)
    {
        var coordinator = Coordinators[sent.Coordinator];
        if (sent.Agent is null)
        {
            return !Lives(sent.Coordinator) || coordinator.Stage == RolloutStage.Over || sent.Message switch
            {
                FleetMessage.Promised promised => promised.Epoch != coordinator.Epoch || coordinator.Nodes[promised.Node].HasPromised
                    || coordinator.Stage == RolloutStage.Closing,
                FleetMessage.Report report => coordinator.Stage == RolloutStage.Closing
                    || (coordinator.Nodes[report.Node] is var node && node.With(report.Step) == node),
                FleetMessage.Refused refused => refused.Asked != coordinator.Epoch,
                FleetMessage.Closed closed => coordinator.Stage == RolloutStage.Closing && coordinator.Nodes[closed.Node].IsClosed,
                _ => false,
            };
        }

        var record = Agents[sent.Agent].State.Record;
        var node_ = coordinator.Nodes[sent.Agent];
        var over = !Lives(sent.Coordinator) || coordinator.Stage == RolloutStage.Over;
        return sent.Message switch
        {
            FleetMessage.Promise promise => (over || coordinator.Epoch != promise.Epoch || node_.HasPromised
                || coordinator.Stage is RolloutStage.Closing)
                && (promise.Epoch < record.Promised || record.History.Count > 0 || (promise.Epoch == record.Promised
                    && (over || Agents[sent.Agent] is { Restarted: false, Coordinator: { } obeyed } && obeyed == sent.Coordinator))),
            FleetMessage.Order order => (over || coordinator.Epoch != order.Epoch || node_.Open != order.Kind
                || coordinator.Stage is RolloutStage.Closing)
                && (order.Epoch < record.Promised || record.Plan is null || (record.Steps.Any(step => step.Kind == order.Kind)
                    && (over || Agents[sent.Agent].Coordinator == sent.Coordinator))),
            FleetMessage.Close close => (over || node_.IsClosed)
                && (close.Epoch < record.Promised || record.History.Count > 0),
            _ => false,
        };
    }

    /// <summary>The world as text: two of the same text are the same.</summary>
    public string Key()
    {
        var text = new StringBuilder(Core(), 1024);
        foreach (var agent in Agents.Values) text.Append(agent.Restarted ? 'r' : ' ').Append(agent.Coordinator);
        foreach (var sent in Sent.Keys) text.Append('\n').Append(sent);
        return text.Append(Left).ToString();
    }

    /// <summary>What is known and decided in it, as text.</summary>
    public string Core()
    {
        var text = new StringBuilder(512);
        foreach (var coordinator in Left.FormerLives ? Coordinators : [Coordinators[^1]])
        {
            text.Append(coordinator.Epoch).Append(coordinator.Aim).Append(coordinator.Stage).Append(coordinator.IsNew ? 'n' : ' ')
                .Append(coordinator.HasDeadline ? 'd' : ' ').Append(coordinator.Receipt?.Outcome);
            foreach (var (name, node) in coordinator.Nodes)
            {
                text.Append(name).Append(node.HasPromised ? 'p' : ' ').Append(node.IsKnown ? 'k' : ' ').Append(node.IsSilent ? 's' : ' ')
                    .Append(node.IsClosed ? 'c' : ' ').Append(node.Open);
                foreach (var kind in Enum.GetValues<StepKind>()) Append(text, node[kind]);
            }

            text.Append('|');
        }

        foreach (var (name, agent) in Agents)
        {
            var record = agent.State.Record;
            text.Append(name).Append(record.Promised).Append(record.Plan is null ? '-' : '+').Append(record.Aim)
                .Append(record.History.Count).Append(agent.State.Running?.Kind);
            foreach (var step in agent.Steps.Values) Append(text, step);
        }

        return text.ToString();
    }

    internal static void Append(StringBuilder text, StepState? step)
    {
        if (step is null) text.Append('.');
        else text.Append((char)('0' + (int)step.Kind)).Append((char)('a' + (int)step.Phase)).Append(step.Changed ? '!' : ' ');
    }
}

/// <summary>A message on its way.</summary>
/// <param name="Coordinator">The coordinator that sends it, or that is answered, by its place.</param>
/// <param name="Agent">The agent that it goes to; null if it goes to the coordinator.</param>
/// <param name="Message">The message.</param>
internal sealed record WalkedMessage(int Coordinator, string? Agent, FleetMessage Message)
{
    /// <summary>The message as text.</summary>
    public string Key()
    {
        var text = new StringBuilder(32).Append(Coordinator).Append(Agent).Append('<');
        switch (Message)
        {
            case FleetMessage.Promise promise: text.Append("promise ").Append(promise.Epoch).Append(promise.Aim); break;
            case FleetMessage.Order order: text.Append("order ").Append(order.Epoch).Append(order.Kind); break;
            case FleetMessage.Close close: text.Append("close ").Append(close.Epoch).Append(close.Receipt.Outcome); break;
            case FleetMessage.Promised promised:
                text.Append("promised ").Append(promised.Node).Append(promised.Epoch);
                foreach (var step in promised.Steps) RolloutWorld.Append(text, step);
                break;
            case FleetMessage.Report report:
                text.Append("report ").Append(report.Node);
                RolloutWorld.Append(text, report.Step);
                break;
            case FleetMessage.Refused refused:
                text.Append("refused ").Append(refused.Node).Append(refused.Asked).Append(refused.Highest);
                break;
            case FleetMessage.Closed closed: text.Append("closed ").Append(closed.Node); break;
            default: throw new InvalidOperationException($"the walk has no {Message.GetType().Name}");
        }

        return text.ToString();
    }
}
