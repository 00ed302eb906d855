namespace Ips.Fleet.Rollouts;

/// <summary>Decides what a rollout does next. Pure; docs/fleet.md describes the flow, and RolloutWalk in the tests what holds.</summary>
internal static class RolloutMachine
{
    /// <summary>How long agents have to answer where nothing was begun, and to write down that a rollout is over.</summary>
    internal static readonly TimeSpan AnswerTime = TimeSpan.FromSeconds(15);

    /// <summary>Begins a rollout, or takes one over.</summary>
    /// <param name="plan">What it is to do.</param>
    /// <param name="epoch">Higher than what any agent that can be reached has promised.</param>
    /// <param name="aim">What is wanted of it.</param>
    /// <param name="isNew">It is begun, not taken over.</param>
    /// <param name="reason">Why the aim is not to advance, for a person.</param>
    internal static (RolloutState State, IReadOnlyList<RolloutEffect> Effects) Begin(RolloutPlan plan, Epoch epoch, RolloutAim aim,
        bool isNew, string? reason = null)
    {
        var nodes = plan.Nodes.ToImmutableSortedDictionary(node => node, _ => new NodeProgress(), StringComparer.Ordinal);
        var state = new RolloutState(plan, epoch, aim, RolloutStage.Gathering, nodes) { IsNew = isNew, Reason = reason };
        return Gather(state);
    }

    /// <summary>Why an operator cannot have that now, for a person; null if it can be had.</summary>
    internal static string? SteerFault(RolloutState state, RolloutAim aim) => (state, aim) switch
    {
        ({ Stage: RolloutStage.Closing or RolloutStage.Over }, _) => "the rollout is over",
        ({ Aim: var now }, _) when now == aim => $"the rollout is {Word(now)} already",
        ({ Aim: RolloutAim.Advance }, _) or ({ Aim: RolloutAim.Pause }, _) => null,
        ({ Aim: RolloutAim.Halt }, RolloutAim.RollBack) => null,
        ({ Aim: var now }, _) => $"the rollout is {Word(now)}",
    };

    /// <summary>The next state, and what to do.</summary>
    /// <param name="state">The present state.</param>
    /// <param name="happened">What happened.</param>
    /// <param name="now">The time, for the receipt.</param>
    internal static (RolloutState State, IReadOnlyList<RolloutEffect> Effects) Next(RolloutState state, RolloutEvent happened,
        DateTimeOffset now)
    {
        switch (happened)
        {
            case RolloutEvent.RepeatDue: return (state, Repeat(state));
            case RolloutEvent.Closed closed when state.Stage == RolloutStage.Closing && state.Nodes.ContainsKey(closed.Node):
                return FinishIfClosed(Update(state, closed.Node, node => node with { IsClosed = true }));
            case RolloutEvent.Refused { Asked: var asked, Highest: var highest } refused when state.Stage == RolloutStage.Closing
                && asked == state.Epoch && highest > asked:
                return (state, [new RolloutEffect.AskAnew($"{refused.Node}: {refused.Reason}")]);
            case RolloutEvent.DeadlineElapsed when state.Stage == RolloutStage.Closing:
                return (state with { Stage = RolloutStage.Over }, [new RolloutEffect.Finish(state.Receipt!)]);
            case var _ when state.Stage is RolloutStage.Closing or RolloutStage.Over: return (state, []);
            case RolloutEvent.Promised promised when promised.Epoch == state.Epoch
                && state.Nodes.TryGetValue(promised.Node, out var told) && !told.HasPromised:
                return Advance(Update(state, promised.Node, node => node.Promising(promised.Steps)), now);
            case RolloutEvent.Reported reported when state.Nodes.ContainsKey(reported.Node):
                return state.Nodes[reported.Node].With(reported.Step) is var further && further == state.Nodes[reported.Node] ? (state, [])
                    : Advance(Update(state, reported.Node, _ => further with { IsSilent = false }), now);
            case RolloutEvent.Refused refused when refused.Asked == state.Epoch && state.Nodes.ContainsKey(refused.Node):
                return refused.Highest > state.Epoch ? (state, [new RolloutEffect.AskAnew($"{refused.Node}: {refused.Reason}")])
                    : state.IsNew ? Conclude(state, RolloutOutcome.Refused, $"{refused.Node}: {refused.Reason}", now)
                    // It is asked again; if it refuses until the deadline, it has failed.
                    : (Update(state, refused.Node, node => node with { Refusal = refused.Reason }), []);
            case RolloutEvent.Closed closed when state.Nodes.ContainsKey(closed.Node):
                return (state, [new RolloutEffect.AskAnew($"it is over for {closed.Node}")]);
            case RolloutEvent.Steered steered when SteerFault(state, steered.Aim) is null:
                return Raise(state, steered.Aim, steered.Aim == RolloutAim.Advance ? null : $"{Word(steered.Aim)} by {steered.AskedBy}");
            case RolloutEvent.DeadlineElapsed:
                return Advance(state with
                {
                    HasDeadline = false,
                    Nodes = state.Nodes.ToImmutableSortedDictionary(pair => pair.Key, pair => Waits(state, pair.Value)
                        ? pair.Value with { IsSilent = true } : pair.Value, StringComparer.Ordinal),
                }, now);
            default: return (state, []);
        }
    }

    /// <summary>What became of a node, in the word that operators see.</summary>
    internal static string StateOf(RolloutState state, NodeProgress node) => node switch
    {
        { IsSilent: true } => "silent",
        { Open: StepKind.Check } => "checking",
        { Open: StepKind.RollBack } => "rolling-back",
        { Open: StepKind.Reload } => node[StepKind.Reload] is { Phase: StepPhase.Baking } ? "baking" : "reloading",
        _ when node[StepKind.RollBack] is { } back => back.Phase == StepPhase.Done ? "rolled-back" : "failed",
        { HasFailed: true } => "failed",
        _ when node[StepKind.Reload] is not null => "done",
        _ when node[StepKind.Check] is not null => "checked",
        _ => state.Stage is RolloutStage.Closing or RolloutStage.Over ? "untouched" : "waiting",
    };

    private static (RolloutState, IReadOnlyList<RolloutEffect>) Advance(RolloutState state, DateTimeOffset now)
    {
        if (state.Stage == RolloutStage.Gathering)
        {
            if (state.Nodes.Values.Any(node => Waits(state, node))) return (state, []);
            if (state.IsNew && Names(state, node => node.IsSilent) is { Length: > 0 } silent)
                return Conclude(state, RolloutOutcome.Refused, $"no answer from {silent}", now);
            state = state with { Stage = RolloutStage.Working, IsNew = false };
        }

        // What runs must end first, whatever is wanted.
        if (state.Nodes.Values.Any(node => Waits(state, node)))
            return state.HasDeadline ? (state, []) : Arm(state, state.Plan.Deadline + state.Plan.Bake, []);

        if (state.Aim is RolloutAim.Advance or RolloutAim.Pause && Failure(state) is { } failure)
        {
            return state.Nodes.Values.Any(node => node[StepKind.Reload] is not null || node.IsDoubtful)
                ? Raise(state, state.Plan.RollsBack ? RolloutAim.RollBack : RolloutAim.Halt, failure)
                : Conclude(state, RolloutOutcome.Refused, failure, now);
        }

        return state.Aim switch
        {
            RolloutAim.Advance => NextWave(state, now),
            RolloutAim.RollBack => NextReturn(state, now),
            RolloutAim.Halt => Conclude(state, Outcome(state), state.Reason, now),
            _ => Disarm(state),
        };
    }

    private static (RolloutState, IReadOnlyList<RolloutEffect>) NextWave(RolloutState state, DateTimeOffset now)
    {
        if (state.Plan.Nodes.Where(name => state.Nodes[name][StepKind.Check] is null).ToList() is { Count: > 0 } untried)
            return Order(state, untried, StepKind.Check, state.Plan.Deadline);
        if (state.Plan.ChecksOnly) return Conclude(state, RolloutOutcome.Checked, null, now);
        var wave = state.Plan.Waves.Select(wave => wave.Where(name => state.Nodes[name][StepKind.Reload] is null).ToList())
            .FirstOrDefault(wave => wave.Count > 0);
        return wave is null ? Conclude(state, RolloutOutcome.Done, null, now)
            : Order(state, wave, StepKind.Reload, state.Plan.Deadline + state.Plan.Bake);
    }

    private static (RolloutState, IReadOnlyList<RolloutEffect>) NextReturn(RolloutState state, DateTimeOffset now)
    {
        var wave = state.Plan.Waves.Reverse().Select(wave => wave.Where(name => state.Nodes[name] is { IsChanged: true, IsSilent: false }
            && state.Nodes[name][StepKind.RollBack] is null).ToList()).FirstOrDefault(wave => wave.Count > 0);
        return wave is null ? Conclude(state, Outcome(state), state.Reason, now)
            : Order(state, wave, StepKind.RollBack, state.Plan.Deadline);
    }

    private static RolloutOutcome Outcome(RolloutState state)
    {
        var nodes = state.Nodes.Values;
        if (nodes.All(node => node[StepKind.Reload] is { Phase: StepPhase.Done } && node[StepKind.RollBack] is null))
            return RolloutOutcome.Done;
        if (nodes.Any(node => node.IsChanged || node.IsDoubtful)) return RolloutOutcome.Halted;
        return nodes.Any(node => node[StepKind.RollBack] is not null) ? RolloutOutcome.RolledBack : RolloutOutcome.Refused;
    }

    private static string? Failure(RolloutState state)
    {
        foreach (var name in state.Plan.Nodes)
        {
            var node = state.Nodes[name];
            if (node.Steps.Values.FirstOrDefault(step => step is { Phase: StepPhase.Failed, Kind: not StepKind.RollBack }) is { } failed)
                return $"{name}: {failed.Reason ?? "failed"}";
            if (node.IsSilent) return node.Refusal is { } why ? $"{name}: {why}" : $"{name} does not answer";
        }

        return null;
    }

    private static (RolloutState, IReadOnlyList<RolloutEffect>) Order(RolloutState state, List<string> names, StepKind kind,
        TimeSpan deadline)
    {
        foreach (var name in names) state = Update(state, name, node => node with { Open = kind });
        return Arm(state, deadline, names.Select(name => new RolloutEffect.GiveOrder(name, state.Epoch, kind)));
    }

    // The aim is changed by what makes a new coordinator too: so the next one to decide knows it from any agent.
    private static (RolloutState, IReadOnlyList<RolloutEffect>) Raise(RolloutState state, RolloutAim aim, string? reason) =>
        Gather(state with
        {
            Epoch = new(state.Epoch.Counter + 1, state.Epoch.Node),
            Aim = aim,
            Reason = reason,
            Stage = RolloutStage.Gathering,
            Nodes = state.Nodes.ToImmutableSortedDictionary(pair => pair.Key, pair => pair.Value with { HasPromised = false },
            StringComparer.Ordinal),
        });

    private static (RolloutState, IReadOnlyList<RolloutEffect>) Gather(RolloutState state) =>
        Arm(state, state.IsNew ? AnswerTime : state.Plan.Deadline + state.Plan.Bake,
            state.Plan.Nodes.Select(node => new RolloutEffect.AskPromise(node, state.Epoch, state.Plan, state.Aim)));

    private static (RolloutState, IReadOnlyList<RolloutEffect>) Conclude(RolloutState state, RolloutOutcome outcome, string? reason,
        DateTimeOffset now)
    {
        var over = state with { Stage = RolloutStage.Closing };
        var receipt = new RolloutReceipt(state.Plan, outcome, Views(over), now) { Reason = reason };
        return Arm(over with { Receipt = receipt }, AnswerTime,
            state.Plan.Nodes.Select(node => new RolloutEffect.TellClosed(node, state.Epoch, receipt)));
    }

    /// <summary>The nodes in the order of the plan.</summary>
    internal static IReadOnlyList<NodeView> Views(RolloutState state) =>
        [.. state.Plan.Waves.SelectMany((wave, index) => wave.Select(name => View(state, name, index + 1)))];

    private static NodeView View(RolloutState state, string name, int wave)
    {
        var node = state.Nodes[name];
        var last = node[StepKind.RollBack] ?? node[StepKind.Reload] ?? node[StepKind.Check];
        return new NodeView(name, StateOf(state, node))
        {
            Wave = wave,
            Reason = last?.Reason,
            Release = last?.Serves ?? node[StepKind.Check]?.Former,
        };
    }

    private static (RolloutState, IReadOnlyList<RolloutEffect>) FinishIfClosed(RolloutState state) =>
        state.Nodes.Values.All(node => node.IsClosed)
            ? (state with { Stage = RolloutStage.Over, HasDeadline = false },
                [new RolloutEffect.SetDeadline(null), new RolloutEffect.Finish(state.Receipt!)])
            : (state, []);

    private static IReadOnlyList<RolloutEffect> Repeat(RolloutState state) => state.Stage switch
    {
        RolloutStage.Gathering or RolloutStage.Working => [.. state.Nodes.SelectMany<KeyValuePair<string, NodeProgress>, RolloutEffect>(
            pair => pair.Value switch
            {
                { HasPromised: false } => [new RolloutEffect.AskPromise(pair.Key, state.Epoch, state.Plan, state.Aim)],
                { Open: { } open } when state.Stage == RolloutStage.Working => [new RolloutEffect.GiveOrder(pair.Key, state.Epoch, open)],
                _ => [],
            })],
        RolloutStage.Closing => [.. state.Nodes.Where(pair => !pair.Value.IsClosed)
            .Select(pair => new RolloutEffect.TellClosed(pair.Key, state.Epoch, state.Receipt!))],
        _ => [],
    };

    // One that was silent may be heard of again before it has promised the present epoch.
    private static bool Waits(RolloutState state, NodeProgress node) =>
        !node.IsSilent && (!node.HasPromised || (state.Stage == RolloutStage.Working && node.Open is not null));

    private static (RolloutState, IReadOnlyList<RolloutEffect>) Arm(RolloutState state, TimeSpan time,
        IEnumerable<RolloutEffect> effects) =>
        (state with { HasDeadline = true }, [new RolloutEffect.SetDeadline(time), .. effects]);

    private static (RolloutState, IReadOnlyList<RolloutEffect>) Disarm(RolloutState state) =>
        state.HasDeadline ? (state with { HasDeadline = false }, [new RolloutEffect.SetDeadline(null)]) : (state, []);

    private static RolloutState Update(RolloutState state, string name, Func<NodeProgress, NodeProgress> change) =>
        state with { Nodes = state.Nodes.SetItem(name, change(state.Nodes[name])) };

    private static string Names(RolloutState state, Func<NodeProgress, bool> which) =>
        string.Join(", ", state.Plan.Nodes.Where(name => which(state.Nodes[name])));

    private static string Word(RolloutAim aim) => aim switch
    {
        RolloutAim.Pause => "paused",
        RolloutAim.Halt => "halted",
        RolloutAim.RollBack => "rolled back",
        _ => "running",
    };
}
