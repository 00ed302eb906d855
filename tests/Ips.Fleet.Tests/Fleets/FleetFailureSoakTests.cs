using Ips.Fleet.Agents;
using Ips.Fleet.Cluster;
using Ips.Fleet.Rollouts;

namespace Ips.Fleet.Tests.Fleets;

/// <summary>Rows of the failure matrix in which an agent, a node or a link dies, with 20 agents each.</summary>
[Trait("issue", "19")]
public sealed class CoordinatorFailureSoakTests
{
    private static readonly RolloutTerms Terms = FleetRowTests.Terms;

    [Fact]
    public async Task Coordinator_DiesInTheMiddle_AnotherContinues_AndNoNodeIsReloadedTwice()
    {
        // "far" fleets have no service on the node that dies.
        RigFleet Far(string name) => new(name, FleetRig.Names(2, 20));
        var (check, wave, bake, back, pause) = (Far("check"), Far("wave"), Far("bake"), Far("back"), Far("pause"));
        var (near, returns) = (new RigFleet("near", FleetRig.Names(1, 20)), new RigFleet("returns", FleetRig.Names(1, 20)));
        await using var rig = await FleetRig.StartAsync(20, [check, wave, bake, back, pause, near, returns]);

        check.Hold(Point.Check, "n05");
        foreach (var fleet in new[] { wave, near, returns, pause }) fleet.Hold(Point.Reload, "n04", "n05");
        bake.Hold(Point.Bake, "n04");
        back.Fail(Point.Reload, "it is sick", "n05");
        back.Hold(Point.RollBack, "n03");
        Dictionary<RigFleet, string> ids = [];
        foreach (var fleet in rig.Fleets.Values)
        {
            var deadline = TimeSpan.FromSeconds(fleet == near ? 15 : 120);
            ids[fleet] = await rig.BeginAsync(fleet, Terms with { RollsBack = fleet == back, Deadline = deadline });
        }

        foreach (var fleet in new[] { wave, near, returns, pause })
            await FleetRig.UntilAsync(() => fleet.At(Point.Reload).Count() == 2, $"{fleet.Name} is in a wave");
        await FleetRig.UntilAsync(() => check.At(Point.Check).Any(), "a node is checked");
        await FleetRig.UntilAsync(() => bake.At(Point.Bake).Any(), "a node bakes");
        await FleetRig.UntilAsync(() => back.At(Point.RollBack).Any(), "a node is rolled back");
        Assert.Null(await rig.SteerAsync(pause, RolloutAim.Pause));
        await rig.LookAsync(pause, view => view.Aim == RolloutAim.Pause && view.Phase!.EndsWith("then paused", StringComparison.Ordinal));

        rig.Nodes["n01"].Kill();
        foreach (var fleet in rig.Fleets.Values)
            await rig.LookAsync(fleet, view => view is { Coordinator: not (null or "n01"), Rollout: not null });
        foreach (var fleet in rig.Fleets.Values)
        {
            foreach (var point in Enum.GetValues<Point>()) fleet.Free(point);
        }

        foreach (var fleet in new[] { check, wave, bake })
            Assert.Equal((fleet.Name, RolloutOutcome.Done), (fleet.Name, (await rig.EndAsync(fleet, ids[fleet])).Outcome));
        Assert.Equal(RolloutOutcome.RolledBack, (await rig.EndAsync(back, ids[back])).Outcome);
        await rig.LookAsync(pause, view => view.Phase == "paused");
        Assert.Null(await rig.SteerAsync(pause, RolloutAim.Advance));
        Assert.Equal(RolloutOutcome.Done, (await rig.EndAsync(pause, ids[pause])).Outcome);

        // The dead node itself: the rollout waits for it until the deadline, or until it is back.
        var halted = await rig.EndAsync(near, ids[near]);
        Assert.Equal((RolloutOutcome.Halted, "n01 does not answer"), (halted.Outcome, halted.Reason));
        Assert.Equal(1, (await rig.LookAsync(returns, _ => true)).Nodes.Count(node => node.State is not ("done" or "checked")));
        rig.Nodes["n01"].Start([rig.Nodes["n02"].Address, rig.Nodes["n03"].Address]);
        Assert.Equal(RolloutOutcome.Done, (await rig.EndAsync(returns, ids[returns])).Outcome);
        Assert.All(returns.Services.Values, service => Assert.Single(service.Begun));
    }
}

/// <summary>Agents and nodes that die, one of them and all.</summary>
[Trait("issue", "19")]
public sealed class AgentFailureSoakTests
{
    private static readonly RolloutTerms Terms = FleetRowTests.Terms with { Deadline = TimeSpan.FromSeconds(15) };

    [Fact]
    public async Task AgentsAndNodes_ThatDie_HaltTheRollout_AndAllOfThemEndIt()
    {
        RigFleet All(string name) => new(name, FleetRig.Names(1, 20));
        var (agent, returns, node, all) = (All("agent"), All("returns"), All("node"), All("all"));
        await using var rig = await FleetRig.StartAsync(20, [agent, returns, node, all]);

        // An agent dies while its service is reloaded, and a whole node.
        agent.Hold(Point.Reload, "n05");
        returns.Hold(Point.Reload, "n05");
        node.Hold(Point.Reload, "n06");
        var ids = (await rig.BeginAsync(agent, Terms), await rig.BeginAsync(returns, Terms with { Deadline = TimeSpan.FromSeconds(120) }),
            await rig.BeginAsync(node, Terms));
        await FleetRig.UntilAsync(() => agent.At(Point.Reload).Any() && returns.At(Point.Reload).Any() && node.At(Point.Reload).Any(),
            "all three are in their wave");
        rig.Nodes["n05"].Kill();
        rig.Nodes["n06"].Kill();
        agent.Free(Point.Reload);
        returns.Free(Point.Reload);
        var halted = await rig.EndAsync(agent, ids.Item1);
        Assert.Equal(RolloutOutcome.Halted, halted.Outcome);
        Assert.Equal("silent", halted.Nodes.Single(view => view.Node == "n05").State);
        Assert.Equal("2", agent.Services["n05"].Serves); // its reload ended by itself
        var lost = await rig.EndAsync(node, ids.Item3);
        Assert.Equal((RolloutOutcome.Halted, "silent"), (lost.Outcome, lost.Nodes.Single(view => view.Node == "n06").State));
        Assert.Equal("1", node.Services["n06"].Serves);
        Assert.All(FleetRig.Names(7, 20), name => Assert.Empty(node.Services[name].Begun));

        // The agents are back: the rollout that still has time continues, and the others' receipts reach them.
        foreach (var name in new[] { "n05", "n06" }) rig.Nodes[name].Start([rig.Nodes["n01"].Address, rig.Nodes["n02"].Address]);
        Assert.Equal(RolloutOutcome.Done, (await rig.EndAsync(returns, ids.Item2)).Outcome);
        await FleetRig.UntilAsync(() => rig.Nodes["n05"].Disk.Read("agent") is { Plan: null, History.Count: 1 },
            "n05 knows that it is over");

        // A node stays away.
        rig.Nodes["n20"].Kill();
        await rig.LookAsync(agent, view => view.Nodes.Any(view => view is { Node: "n20", State: "missing" }));
        var answer = await rig.AskAsync(new FleetMessage.Begin("r-missing", "agent", Terms, "alice"));
        Assert.StartsWith("n20 cannot be reached. Start the agents there, leave them out with --allow-missing 1", answer.Refusal,
            StringComparison.Ordinal);
        var without = await rig.EndAsync(agent, await rig.BeginAsync(agent, Terms with { AllowMissing = 1, Release = "3" }));
        Assert.Equal(RolloutOutcome.Done, without.Outcome);
        Assert.Equal(["n20"], without.Plan.Missing);
        Assert.Equal(19, without.Plan.Nodes.Count());

        // Every agent dies.
        all.Hold(Point.Reload, "n04");
        var last = await rig.BeginAsync(all, Terms with { AllowMissing = 1 });
        await FleetRig.UntilAsync(() => all.At(Point.Reload).Contains("n04"), "n04 is reloaded");
        foreach (var each in rig.Nodes.Values) each.Kill();
        await Task.WhenAll(rig.Nodes.Values.Select(each => each.GoneAsync()));
        all.Free(Point.Reload);
        await rig.MeetAsync();
        var over = await rig.EndAsync(all, last);
        Assert.Equal((RolloutOutcome.Halted, "every agent was restarted"), (over.Outcome, over.Reason));
        var view = await rig.LookAsync(all, view => view.Rollout is null);
        Assert.All(view.Nodes, one => Assert.Equal(("Serving", all.Services[one.Node].Serves), (one.State, one.Release)));
        Assert.Equal(6, all.Serving("2").Count());
    }
}

/// <summary>Links that lose messages, and a fleet that is cut in two.</summary>
[Trait("issue", "19")]
public sealed class PartitionSoakTests
{
    private static readonly RolloutTerms Terms = FleetRowTests.Terms with { Deadline = TimeSpan.FromSeconds(120) };

    [Fact]
    public async Task Minority_IssuesNothing_AndItsReceiptsArriveOnHealing()
    {
        var (loss, cut) = (new RigFleet("loss", FleetRig.Names(1, 20)), new RigFleet("cut", FleetRig.Names(1, 20)));
        await using var rig = await FleetRig.StartAsync(20, [loss, cut], faulty: true);

        // One message in twenty is lost, on both sides of each link.
        await Task.WhenAll(rig.Nodes.Values.Select(node => node.LoseAsync(0.05)));
        var id = await rig.BeginAsync(loss, Terms);
        var receipt = await rig.EndAsync(loss, id);
        Assert.Equal(RolloutOutcome.Done, receipt.Outcome);
        Assert.All(loss.Services.Values, service => Assert.Single(service.Begun));
        await Task.WhenAll(rig.Nodes.Values.Select(node => node.LoseAsync(0)));

        // The coordinator's part is the smaller one, and the wave is on both sides.
        cut.Hold(Point.Reload, "n05", "n06", "n07", "n08");
        id = await rig.BeginAsync(cut, Terms with { Canary = 4 });
        await FleetRig.UntilAsync(() => cut.At(Point.Reload).Count() == 4, "the second wave is reloaded");
        var minority = FleetRig.Names(1, 6).ToList();
        foreach (var node in minority.Select(name => rig.Nodes[name]))
        {
            // As the process of an agent does.
            node.OnEnd = end =>
            {
                if (end == FleetEnd.CountedOut) node.Start([rig.Nodes["n20"].Address]);
            };
        }

        await rig.CutAsync(minority, cut: true);
        cut.Free(Point.Reload, "n05", "n06");
        await FleetRig.UntilAsync(() => minority.All(name => rig.Nodes[name].Starts > 1), "the minority is counted out");
        await rig.LookAsync(cut, view => view is { Coordinator: not (null or "n01"), Rollout: not null });
        cut.Free(Point.Reload, "n07", "n08");
        await FleetRig.UntilAsync(() => cut.Services["n08"].Serves == "2", "the wave ends on the other side");
        Assert.All(FleetRig.Names(10, 20), name => Assert.Empty(cut.Services[name].Begun)); // nobody begins a wave
        Assert.Equal("2", cut.Services["n06"].Serves);

        await rig.CutAsync(minority, cut: false);
        Assert.Equal(RolloutOutcome.Done, (await rig.EndAsync(cut, id)).Outcome);
        Assert.All(cut.Services.Values, service => Assert.Single(service.Begun));
    }
}
