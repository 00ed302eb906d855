using Ips.Fleet.Agents;
using Ips.Fleet.Rollouts;

namespace Ips.Fleet.Tests.Rollouts;

/// <summary>Machines with one fault each. The walk must notice every one of them.</summary>
internal static class RolloutMutants
{
    private static readonly WalkedMachines Right = new();

    public static IReadOnlyDictionary<string, WalkedMachines> All { get; } = new Dictionary<string, WalkedMachines>
    {
        ["a node that bakes counts as done"] = Hears(happened => happened is RolloutEvent.Reported { Step.Phase: StepPhase.Baking } reported
            ? reported with { Step = reported.Step with { Phase = StepPhase.Done } } : happened),
        ["a failed reload counts as done"] = Hears(happened => happened is RolloutEvent.Reported
        { Step: { Kind: StepKind.Reload, Phase: StepPhase.Failed } } reported
            ? reported with { Step = reported.Step with { Phase = StepPhase.Done } } : happened),
        ["a silent node counts as done"] = new()
        {
            Coordinate = (state, happened) => happened is RolloutEvent.DeadlineElapsed && state.Stage == RolloutStage.Working
                ? Right.Coordinate(state with
                {
                    Nodes = state.Nodes.ToImmutableSortedDictionary(pair => pair.Key, pair => pair.Value.Open is { } open
                        ? pair.Value.With(new StepState(open, StepPhase.Done)) : pair.Value),
                }, new RolloutEvent.Reported(state.Plan.Nodes.First(), new StepState(StepKind.Check, StepPhase.Done)))
                : Right.Coordinate(state, happened),
        },
        ["all waves at once"] = Decides(state => state with { Plan = state.Plan with { Waves = [[.. state.Plan.Nodes]] } }),
        ["the first wave is rolled back first"] = new()
        {
            Coordinate = (state, happened) =>
            {
                if (state.Aim != RolloutAim.RollBack || happened is RolloutEvent.RepeatDue) return Right.Coordinate(state, happened);
                var (next, effects) = Right.Coordinate(Turned(state), happened);
                return (Turned(next), effects);
            },
        },
        ["a promise of an earlier epoch counts"] = new()
        {
            Coordinate = (state, happened) => Right.Coordinate(state, happened is RolloutEvent.Promised promised
                ? promised with { Epoch = state.Epoch } : happened),
        },
        ["the epoch is not raised when the aim changes"] = new()
        {
            Coordinate = (state, happened) =>
            {
                var (next, effects) = Right.Coordinate(state, happened);
                return (next with { Epoch = state.Epoch }, [.. effects.Select(effect => effect is RolloutEffect.AskPromise ask
                    ? ask with { Epoch = state.Epoch } : effect)]);
            },
        },
        ["a failure is not waited out"] = new()
        {
            Coordinate = (state, happened) =>
            {
                var (next, effects) = Right.Coordinate(state, happened);
                return next.Aim == state.Aim || next.Reason is null || happened is not RolloutEvent.Reported ? (next, effects)
                    : (next with
                    {
                        Aim = RolloutAim.Advance,
                        Stage = RolloutStage.Working,
                        Epoch = state.Epoch,
                        Nodes = Forgiven(state),
                    }, []);
            },
        },
        ["a rollback that failed counts as one that succeeded"] = Hears(happened => happened is RolloutEvent.Reported
        { Step: { Kind: StepKind.RollBack, Phase: StepPhase.Failed } } reported
            ? reported with { Step = reported.Step with { Phase = StepPhase.Done } } : happened),
        ["a halt is said to be done"] = Says(RolloutOutcome.Halted, RolloutOutcome.Done),
        ["a halt is said to be rolled back"] = Says(RolloutOutcome.Halted, RolloutOutcome.RolledBack),
        ["a halt is said to be refused"] = Says(RolloutOutcome.Halted, RolloutOutcome.Refused),
        ["nothing is said again"] = new()
        {
            Coordinate = (state, happened) => happened is RolloutEvent.RepeatDue ? (state, []) : Right.Coordinate(state, happened),
        },
        ["no deadline"] = new()
        {
            Coordinate = (state, happened) =>
            {
                var (next, effects) = Right.Coordinate(state, happened);
                return (next with { HasDeadline = false }, effects);
            },
        },
        ["an agent obeys an order of an earlier epoch"] = Obeys((state, message) => message is FleetMessage.Order order
            ? (state, order with { Epoch = state.Record.Promised }) : (state, message)),
        ["an agent promises an earlier epoch"] = Obeys((state, message) => message is FleetMessage.Promise
            ? (state with { Record = state.Record with { Promised = Epoch.None } }, message) : (state, message)),
        ["an agent takes an order twice"] = Obeys((state, message) => message is FleetMessage.Order order && state.Running is null
            ? (state with { Record = Without(state.Record, order.Kind) }, message) : (state, message)),
        ["an agent writes nothing down"] = new()
        {
            Obey = (state, message) =>
            {
                var (next, effects) = Right.Obey(state, message);
                return (next, [.. effects.Where(effect => effect is not AgentEffect.Store)]);
            },
        },
        ["an agent forgets its promise when it is restarted"] = new()
        {
            Restart = (node, record) => Right.Restart(node, record with { Promised = Epoch.None }),
        },
        ["an agent begins a step twice when it is restarted"] = new()
        {
            Restart = (node, record) => Right.Restart(node, record with { Steps = [] }),
        },
    };

    private static WalkedMachines Hears(Func<RolloutEvent, RolloutEvent> wrongly) => new()
    {
        Coordinate = (state, happened) => Right.Coordinate(state, wrongly(happened) is RolloutEvent.Promised promised
            ? promised with
            {
                Steps = [.. promised.Steps.Select(step => ((RolloutEvent.Reported)wrongly(
                new RolloutEvent.Reported(promised.Node, step))).Step)]
            } : wrongly(happened)),
    };

    private static WalkedMachines Decides(Func<RolloutState, RolloutState> wrongly) => new()
    {
        Coordinate = (state, happened) =>
        {
            var (next, effects) = Right.Coordinate(wrongly(state), happened);
            return (next with { Plan = state.Plan }, effects);
        },
    };

    private static WalkedMachines Says(RolloutOutcome right, RolloutOutcome wrong) => new()
    {
        Coordinate = (state, happened) =>
        {
            var (next, effects) = Right.Coordinate(state, happened);
            return (next, [.. effects.Select(effect => effect is RolloutEffect.TellClosed { Receipt: var receipt } tell
                && receipt.Outcome == right ? tell with { Receipt = receipt with { Outcome = wrong } } : effect)]);
        },
    };

    private static WalkedMachines Obeys(Func<AgentState, FleetMessage, (AgentState State, FleetMessage Message)> wrongly) => new()
    {
        Obey = (state, message) => wrongly(state, message) is var (other, changed) ? Right.Obey(other, changed) : default,
    };

    private static FleetRecord Without(FleetRecord record, StepKind kind) =>
        record with { Steps = [.. record.Steps.Where(step => step.Kind != kind)] };

    private static RolloutState Turned(RolloutState state) =>
        state with { Plan = state.Plan with { Waves = [.. state.Plan.Waves.Reverse()] } };

    private static ImmutableSortedDictionary<string, NodeProgress> Forgiven(RolloutState state) =>
        state.Nodes.ToImmutableSortedDictionary(pair => pair.Key, pair => pair.Value with { Open = null });
}
