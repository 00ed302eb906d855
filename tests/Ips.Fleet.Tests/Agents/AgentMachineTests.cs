using Ips.Fleet.Agents;
using Ips.Fleet.Rollouts;

namespace Ips.Fleet.Tests.Agents;

/// <summary>What the walk of rollouts does not reach: restarts of the agent, the nodes it has seen, rollouts that follow each
/// other.</summary>
public sealed class AgentMachineTests
{
    private static readonly RolloutPlan Plan = new("r1", "web", [["a"]], TimeSpan.Zero, TimeSpan.FromMinutes(10), "alice on a", default)
    {
        Release = "43",
    };

    private static readonly Epoch First = new(1, "a");

    [Fact]
    public void Start_WithAStepUnderWay_ContinuesItByTheSameId()
    {
        var (state, effects) = AgentMachine.Start("a", new FleetRecord(First, [Check, new(StepKind.Reload, StepPhase.Running)], [], [])
        {
            Plan = Plan,
        });
        var run = Assert.IsType<AgentEffect.Run>(Assert.Single(effects));
        Assert.Equal(("r1.reload", "43", "42"), (run.Order.Id, run.Order.Release, run.Order.Expects));
        Assert.Equal(run.Order, state.Running);
    }

    [Fact]
    public void Start_WithNothingUnderWay_DoesNothing()
    {
        Assert.Empty(AgentMachine.Start("a", FleetRecord.Empty).Effects);
        Assert.Empty(AgentMachine.Start("a", new FleetRecord(First, [Check], [], []) { Plan = Plan }).Effects);
    }

    [Fact]
    public void Reload_ToTheReleaseThatServes_IsDoneWithoutAReload()
    {
        var state = new AgentState("a", new FleetRecord(First, [Check with { Former = "43" }], [], []) { Plan = Plan });
        var (_, effects) = AgentMachine.Next(state, new FleetMessage.Order(First, "web", "r1", StepKind.Reload));
        Assert.DoesNotContain(effects, effect => effect is AgentEffect.Run);
        var step = Assert.IsType<FleetMessage.Report>(Assert.Single(effects.OfType<AgentEffect.Reply>()).Message).Step;
        Assert.Equal((StepPhase.Done, false, "43"), (step.Phase, step.Changed, step.Serves));
    }

    [Fact]
    public void RollBack_WithoutAFormerName_FailsAndSaysWhy()
    {
        var state = new AgentState("a", new FleetRecord(First,
            [Check with { Former = null }, new(StepKind.Reload, StepPhase.Done) { Changed = true }], [], [])
        { Plan = Plan });
        var (_, effects) = AgentMachine.Next(state, new FleetMessage.Order(First, "web", "r1", StepKind.RollBack));
        Assert.DoesNotContain(effects, effect => effect is AgentEffect.Run);
        var step = Assert.IsType<FleetMessage.Report>(Assert.Single(effects.OfType<AgentEffect.Reply>()).Message).Step;
        Assert.Equal(StepPhase.Failed, step.Phase);
        Assert.Contains("has no name", step.Reason, StringComparison.Ordinal);
    }

    // A coordinator that gave up on a silent node closes its rollout; the reload there has not ended yet.
    [Fact]
    public void NextRollout_WhileAStepOfTheLastOneRuns_IsRefusedUntilItEnds()
    {
        var (state, _) = AgentMachine.Start("a", new FleetRecord(First, [Check, new(StepKind.Reload, StepPhase.Running)], [], [])
        {
            Plan = Plan,
        });
        state = AgentMachine.Next(state, new FleetMessage.Close(First, new(Plan, RolloutOutcome.Halted, [], default))).State;
        var promise = new FleetMessage.Promise(new(2, "b"), Plan with { Id = "r2" }, RolloutAim.Advance);
        Assert.Contains("still at r1.reload", Refusal(AgentMachine.Next(state, promise)), StringComparison.Ordinal);
        var order = Assert.IsType<ServiceOrder>(state.Running);
        (state, var effects) = AgentMachine.Progressed(state, order.Id, new(StepKind.Reload, StepPhase.Done) { Changed = true });
        Assert.Empty(effects); // its rollout is over: nobody is told
        Assert.IsType<FleetMessage.Promised>(Assert.Single(AgentMachine.Next(state, promise).Effects.OfType<AgentEffect.Reply>()).Message);
    }

    [Fact]
    public void Promise_OfARolloutThatIsOver_IsAnsweredWithItsEnd()
    {
        var record = FleetRecord.Empty with { Promised = First, History = [new(Plan, RolloutOutcome.Done, [], default)] };
        var (state, effects) = AgentMachine.Next(new AgentState("a", record),
            new FleetMessage.Promise(new(9, "z"), Plan, RolloutAim.Advance));
        Assert.Same(record, state.Record);
        Assert.Equal([new AgentEffect.Reply(new FleetMessage.Closed("a", Plan.Id))], effects);
    }

    [Fact]
    public void History_KeepsTheNewestReceipts()
    {
        var state = new AgentState("a", FleetRecord.Empty);
        for (var n = 1; n <= FleetRecord.MostReceipts + 2; n++)
            state = AgentMachine.Next(state, new FleetMessage.Close(new(n, "a"), new(Plan with { Id = $"r{n}" }, RolloutOutcome.Done, [],
                default))).State;
        Assert.Equal(Enumerable.Range(3, FleetRecord.MostReceipts).Select(n => $"r{n}"), state.Record.History.Select(one => one.Plan.Id));
    }

    [Fact]
    public void Seen_Nodes_AreWrittenOnceAndForgottenWhenAsked()
    {
        var (state, effects) = AgentMachine.Seen(new AgentState("a", FleetRecord.Empty), ["b", "a"], null);
        Assert.IsType<AgentEffect.Store>(Assert.Single(effects));
        Assert.Equal(["a", "b"], state.Record.KnownNodes);
        Assert.Empty(AgentMachine.Seen(state, ["b"], null).Effects);
        Assert.Equal(["a"], AgentMachine.Seen(state, [], "b").State.Record.KnownNodes);
    }

    private static StepState Check => new(StepKind.Check, StepPhase.Done) { Former = "42" };

    private static string Refusal((AgentState State, IReadOnlyList<AgentEffect> Effects) next) =>
        Assert.IsType<FleetMessage.Refused>(Assert.IsType<AgentEffect.Reply>(Assert.Single(next.Effects)).Message).Reason;
}
