using Ips.Fleet.Rollouts;

namespace Ips.Fleet.Agents;

/// <summary>What an agent has of one fleet.</summary>
/// <param name="Node">Its name.</param>
/// <param name="Record">What is on its disk.</param>
internal sealed record AgentState(string Node, FleetRecord Record)
{
    /// <summary>The step that this process is at. It outlives the rollout that asked for it.</summary>
    public ServiceOrder? Running { get; init; }
}

/// <summary>What an agent is to do, in this order.</summary>
internal abstract record AgentEffect
{
    /// <summary>Write the record down, before anything that follows.</summary>
    internal sealed record Store(FleetRecord Record) : AgentEffect;

    /// <summary>Answer the one who asked, or else the coordinator that was obeyed last.</summary>
    internal sealed record Reply(FleetMessage Message) : AgentEffect;

    /// <summary>Begin a step, or continue it after a restart of the agent.</summary>
    internal sealed record Run(ServiceOrder Order, StepState Step) : AgentEffect;
}

/// <summary>Decides what an agent answers, promises and does. Pure. This is where a coordinator of the past is stopped, so what is promised
/// and what is begun is on the disk first.</summary>
internal static class AgentMachine
{
    /// <summary>The agent has started: what was under way is continued.</summary>
    internal static (AgentState State, IReadOnlyList<AgentEffect> Effects) Start(string node, FleetRecord record)
    {
        var state = new AgentState(node, record);
        return record is { Plan: { } plan } && record.Steps.FirstOrDefault(step => !step.IsOver) is { } open
            ? Run(state, OrderOf(plan, record.Steps, open.Kind), open, []) : (state, []);
    }

    /// <summary>A message has come.</summary>
    internal static (AgentState State, IReadOnlyList<AgentEffect> Effects) Next(AgentState state, FleetMessage message) => message switch
    {
        FleetMessage.Recall => (state, [new AgentEffect.Reply(new FleetMessage.Recalled(state.Node, state.Record))]),
        FleetMessage.Promise promise => Promise(state, promise),
        FleetMessage.Order order => Order(state, order),
        FleetMessage.Close close => Close(state, close),
        _ => (state, []),
    };

    /// <summary>A step got further.</summary>
    internal static (AgentState State, IReadOnlyList<AgentEffect> Effects) Progressed(AgentState state, string orderId, StepState step)
    {
        if (state.Running is not { } running || running.Id != orderId) return (state, []);
        if (step.IsOver) state = state with { Running = null };
        if (state.Record is not { Plan: { } plan } || orderId != IdOf(plan, step.Kind)) return (state, []); // the rollout is over
        var record = state.Record with { Steps = [.. state.Record.Steps.Select(known => known.Kind == step.Kind ? step : known)] };
        return Stored(state, record, new FleetMessage.Report(state.Node, plan.Id, step));
    }

    /// <summary>These nodes of the fleet can be seen, or are to be forgotten.</summary>
    internal static (AgentState State, IReadOnlyList<AgentEffect> Effects) Seen(AgentState state, IEnumerable<string> nodes, string? forget)
    {
        List<string> known = [.. state.Record.KnownNodes.Union(nodes).Where(node => node != forget).Order(StringComparer.Ordinal)];
        return known.SequenceEqual(state.Record.KnownNodes) ? (state, []) : Stored(state, state.Record with { KnownNodes = known });
    }

    private static (AgentState, IReadOnlyList<AgentEffect>) Promise(AgentState state, FleetMessage.Promise asked)
    {
        var record = state.Record;
        if (asked.Epoch < record.Promised) return Refuse(state, asked.Epoch, $"epoch {record.Promised} is promised");
        if (Closed(record, asked.Plan.Id) is not null)
            return (state, [new AgentEffect.Reply(new FleetMessage.Closed(state.Node, asked.Plan.Id))]);
        var same = record.Plan?.Id == asked.Plan.Id;
        if (!same && state.Running is { } running) return Refuse(state, asked.Epoch, $"it is still at {running.Id}");
        var promised = record with
        {
            Promised = asked.Epoch,
            Plan = asked.Plan,
            Aim = asked.Aim,
            Steps = same ? record.Steps : [],
        };
        return Stored(state, promised, new FleetMessage.Promised(state.Node, asked.Epoch, promised.Steps));
    }

    private static (AgentState, IReadOnlyList<AgentEffect>) Order(AgentState state, FleetMessage.Order asked)
    {
        var record = state.Record;
        if (asked.Epoch != record.Promised) return Refuse(state, asked.Epoch, $"epoch {record.Promised} is promised");
        if (record.Plan is not { } plan || plan.Id != asked.Rollout)
            return Refuse(state, asked.Epoch, $"the rollout {asked.Rollout} is not open");
        if (record.Steps.FirstOrDefault(step => step.Kind == asked.Kind) is { } known)
            return (state, [new AgentEffect.Reply(new FleetMessage.Report(state.Node, plan.Id, known))]);
        if (state.Running is { } running) return Refuse(state, asked.Epoch, $"it is still at {running.Id}");
        if (Unready(record.Steps, asked.Kind) is { } missing) return Refuse(state, asked.Epoch, missing);

        var former = record.Steps.FirstOrDefault(step => step.Kind == StepKind.Check)?.Former;
        if (asked.Kind == StepKind.Reload && plan.Release is { } release && release == former)
            return Take(state, plan, new StepState(StepKind.Reload, StepPhase.Done) { Serves = release });
        var order = OrderOf(plan, record.Steps, asked.Kind);
        if (asked.Kind == StepKind.RollBack && order.Release is null)
        {
            return Take(state, plan, new StepState(StepKind.RollBack, StepPhase.Failed)
            {
                Reason = "the release that served before has no name: the service was not started by way of a link 'current'",
            });
        }

        var step = new StepState(asked.Kind, StepPhase.Running);
        var (taken, effects) = Take(state, plan, step);
        return Run(taken, order, step, effects);
    }

    private static (AgentState, IReadOnlyList<AgentEffect>) Close(AgentState state, FleetMessage.Close asked)
    {
        var record = state.Record;
        var id = asked.Receipt.Plan.Id;
        var reply = new FleetMessage.Closed(state.Node, id);
        if (Closed(record, id) is not null) return (state, [new AgentEffect.Reply(reply)]);
        if (asked.Epoch < record.Promised) return Refuse(state, asked.Epoch, $"epoch {record.Promised} is promised");
        var open = record.Plan is { } plan && plan.Id != id;
        return Stored(state, record with
        {
            Promised = asked.Epoch,
            Plan = open ? record.Plan : null,
            Aim = open ? record.Aim : RolloutAim.Advance,
            Steps = open ? record.Steps : [],
            History = [.. record.History.Append(asked.Receipt).TakeLast(FleetRecord.MostReceipts)],
        }, reply);
    }

    // The coordinator asks in this order; a message of another order is not its own.
    private static string? Unready(IReadOnlyList<StepState> steps, StepKind kind) => kind switch
    {
        StepKind.Reload when !steps.Any(step => step is { Kind: StepKind.Check, Phase: StepPhase.Done }) => "the release was not checked",
        StepKind.RollBack when !steps.Any(step => step is { Kind: StepKind.Reload, Changed: true }) => "nothing was changed",
        _ => null,
    };

    private static ServiceOrder OrderOf(RolloutPlan plan, IReadOnlyList<StepState> steps, StepKind kind)
    {
        var former = steps.FirstOrDefault(step => step.Kind == StepKind.Check)?.Former;
        var served = steps.FirstOrDefault(step => step.Kind == StepKind.Reload)?.Serves;
        return kind switch
        {
            StepKind.Check => new(IdOf(plan, kind), kind, plan.Release, null, plan.RollsBack),
            StepKind.Reload => new(IdOf(plan, kind), kind, plan.Release, former),
            _ => new(IdOf(plan, kind), kind, former, served),
        };
    }

    private static string IdOf(RolloutPlan plan, StepKind kind) => $"{plan.Id}.{kind switch
    {
        StepKind.Check => "check",
        StepKind.Reload => "reload",
        _ => "rollback",
    }}";

    private static RolloutReceipt? Closed(FleetRecord record, string rollout) =>
        record.History.FirstOrDefault(receipt => receipt.Plan.Id == rollout);

    private static (AgentState, IReadOnlyList<AgentEffect>) Take(AgentState state, RolloutPlan plan, StepState step) =>
        Stored(state, state.Record with { Steps = [.. state.Record.Steps, step] }, new FleetMessage.Report(state.Node, plan.Id, step));

    private static (AgentState, IReadOnlyList<AgentEffect>) Run(AgentState state, ServiceOrder order, StepState step,
        IReadOnlyList<AgentEffect> before) => (state with { Running = order }, [.. before, new AgentEffect.Run(order, step)]);

    private static (AgentState, IReadOnlyList<AgentEffect>) Stored(AgentState state, FleetRecord record, FleetMessage? reply = null) =>
        (state with { Record = record },
            reply is null ? [new AgentEffect.Store(record)] : [new AgentEffect.Store(record), new AgentEffect.Reply(reply)]);

    private static (AgentState, IReadOnlyList<AgentEffect>) Refuse(AgentState state, Epoch asked, string reason) =>
        (state, [new AgentEffect.Reply(new FleetMessage.Refused(state.Node, asked, state.Record.Promised, reason))]);
}
