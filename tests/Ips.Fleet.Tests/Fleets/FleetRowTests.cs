using Ips.Fleet.Agents;
using Ips.Fleet.Rollouts;

namespace Ips.Fleet.Tests.Fleets;

/// <summary>Twenty agents that all stay up; each row has a fleet of its own. The first agent, which coordinates, and the last are of a
/// later version.</summary>
public sealed class TwentyAgents : IAsyncLifetime
{
    private static readonly string[] Names = ["healthy", "operators", "pause", "abort", "undo", "halt", "back", "check", "bake", "disk",
        "full", "epoch", "two", "versions"];

    internal FleetRig Rig { get; private set; } = null!;

    public async Task InitializeAsync() => Rig = await FleetRig.StartAsync(20,
        [.. Names.Select(name => new RigFleet(name, FleetRig.Names(1, 20)))],
        overrides: FleetRig.Patient, more: node => node is "n01" or "n20" ? NewerSerializer.Settings : "");

    public async Task DisposeAsync() => await Rig.DisposeAsync();
}

/// <summary>Rows of the failure matrix for which nobody dies.</summary>
[Trait("issue", "19")]
public sealed class FleetRowTests(TwentyAgents agents) : IClassFixture<TwentyAgents>
{
    internal static readonly RolloutTerms Terms = new(TimeSpan.Zero, TimeSpan.FromSeconds(60))
    {
        Release = "2", Canary = 1, WavePercent = 25,
    };

    private readonly FleetRig _rig = agents.Rig;

    [Fact]
    public async Task Healthy_EveryNodeOnce_WaveAfterWave()
    {
        var fleet = _rig.Fleets["healthy"];
        var terms = Terms with { Bake = TimeSpan.FromMilliseconds(200) };
        var receipt = await _rig.EndAsync(fleet, await _rig.BeginAsync(fleet, terms));
        Assert.Equal(RolloutOutcome.Done, receipt.Outcome);
        Assert.Equal([1, 5, 5, 5, 4], receipt.Plan.Waves.Select(wave => wave.Count));
        Assert.All(fleet.Services.Values, service => Assert.Single(service.Begun));
        Assert.Equal(RolloutOutcome.Done, (await _rig.EndAsync(fleet, await _rig.BeginAsync(fleet, terms with { Release = "3" }))).Outcome);
        Assert.All(fleet.Services.Values, service => Assert.Equal(2, service.Begun.Count));
    }

    [Fact]
    public async Task TwoOperators_TheSecondIsToldWhoSinceWhenAndWhichWave()
    {
        var fleet = _rig.Fleets["operators"];
        fleet.Hold(Point.Reload, "n03");
        var id = await _rig.BeginAsync(fleet, Terms);
        await FleetRig.UntilAsync(() => fleet.At(Point.Reload).Contains("n03"), "n03 is reloaded");
        await _rig.LookAsync(fleet, view => view.Phase == "wave 2 of 5: n03");
        var answer = await _rig.AskAsync(new FleetMessage.Begin("r-second", fleet.Name, Terms, "carol on n9"));
        Assert.Matches("^alice on n2 has had a rollout of operators open since 20[0-9-]+ [0-9:]+Z: wave 2 of 5: n03$", answer.Refusal);
        Assert.Equal("no rollout is open", await _rig.SteerAsync(_rig.Fleets["versions"], RolloutAim.Pause));
        fleet.Free(Point.Reload);
        Assert.Equal(RolloutOutcome.Done, (await _rig.EndAsync(fleet, id)).Outcome);
        Assert.DoesNotContain(fleet.Services["n01"].Begun, order => order.StartsWith("r-second", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Pause_LetsTheWaveEnd_AndBeginsNoneUntilResumed()
    {
        var fleet = _rig.Fleets["pause"];
        fleet.Hold(Point.Reload, "n02", "n06");
        var id = await _rig.BeginAsync(fleet, Terms);
        await FleetRig.UntilAsync(() => fleet.At(Point.Reload).Count() == 2, "two nodes are held");
        Assert.Null(await _rig.SteerAsync(fleet, RolloutAim.Pause));
        Assert.Equal("the rollout is paused already", await _rig.SteerAsync(fleet, RolloutAim.Pause));
        fleet.Free(Point.Reload);
        var view = await _rig.LookAsync(fleet, view => view.Phase == "paused");
        Assert.Equal(6, view.Nodes.Count(node => node.State == "done"));
        Assert.Equal(6, fleet.Serving("2").Count());
        Assert.Null(await _rig.SteerAsync(fleet, RolloutAim.Advance));
        Assert.Equal(RolloutOutcome.Done, (await _rig.EndAsync(fleet, id)).Outcome);
    }

    [Theory]
    [InlineData("abort", RolloutAim.Halt, RolloutOutcome.Halted, 6)]
    [InlineData("undo", RolloutAim.RollBack, RolloutOutcome.RolledBack, 0)]
    public async Task Abort_LetsTheWaveEnd_AndStaysOrGoesBack(string name, object aim, object outcome, int changed)
    {
        var fleet = _rig.Fleets[name];
        fleet.Hold(Point.Reload, "n04");
        var id = await _rig.BeginAsync(fleet, Terms);
        await FleetRig.UntilAsync(() => fleet.At(Point.Reload).Contains("n04"), "n04 is reloaded");
        Assert.Null(await _rig.SteerAsync(fleet, (RolloutAim)aim));
        fleet.Free(Point.Reload);
        var receipt = await _rig.EndAsync(fleet, id);
        Assert.Equal((RolloutOutcome)outcome, receipt.Outcome);
        Assert.Contains("bob on n3", receipt.Reason, StringComparison.Ordinal);
        Assert.Equal(changed, fleet.Serving("2").Count());
    }

    [Theory]
    [InlineData("halt", Point.Reload, false, RolloutOutcome.Halted, 5)]
    [InlineData("back", Point.Reload, true, RolloutOutcome.RolledBack, 0)]
    [InlineData("bake", Point.Bake, true, RolloutOutcome.RolledBack, 0)]
    [InlineData("check", Point.Check, true, RolloutOutcome.Refused, 0)]
    public async Task Failure_OfOneNode_EndsAsAskedFor(string name, object at, bool rollsBack, object outcome, int changed)
    {
        var fleet = _rig.Fleets[name];
        fleet.Fail((Point)at, "it is sick", "n05");
        var receipt = await _rig.EndAsync(fleet, await _rig.BeginAsync(fleet, Terms with { RollsBack = rollsBack }));
        Assert.Equal(((RolloutOutcome)outcome, "n05: it is sick"), (receipt.Outcome, receipt.Reason));
        Assert.Equal(changed, fleet.Serving("2").Count());
        Assert.All(FleetRig.Names(7, 20), node => Assert.Empty(fleet.Services[node].Begun));
    }

    [Fact]
    public async Task DiskFull_BeforeItBegins_IsRefusedWithTheReason()
    {
        var fleet = _rig.Fleets["disk"];
        using var full = new FullDisk(_rig.Nodes["n07"], fleet.Name);
        var receipt = await _rig.EndAsync(fleet, await _rig.BeginAsync(fleet, Terms));
        Assert.Equal((RolloutOutcome.Refused, $"n07: {FullableDisk.Full}"), (receipt.Outcome, receipt.Reason));
        Assert.All(fleet.Services.Values, service => Assert.Empty(service.Begun));
    }

    [Fact]
    public async Task DiskFull_InTheMiddle_HaltsAndNothingIsBegunThere()
    {
        var fleet = _rig.Fleets["full"];
        fleet.Hold(Point.Reload, "n01");
        var id = await _rig.BeginAsync(fleet, Terms with { Deadline = TimeSpan.FromSeconds(10) });
        await FleetRig.UntilAsync(() => fleet.At(Point.Reload).Contains("n01"), "the canary is reloaded");
        using var full = new FullDisk(_rig.Nodes["n03"], fleet.Name);
        fleet.Free(Point.Reload);
        var receipt = await _rig.EndAsync(fleet, id);
        Assert.Equal(RolloutOutcome.Halted, receipt.Outcome);
        Assert.Contains("n03", receipt.Reason, StringComparison.Ordinal);
        Assert.Empty(fleet.Services["n03"].Begun);
        Assert.InRange(full.Writes, 1, 40);
    }

    [Fact]
    public async Task OldCoordinator_ThatIsStillAlive_IsRefusedByEpoch()
    {
        var fleet = _rig.Fleets["epoch"];
        fleet.Hold(Point.Reload, "n02");
        var id = await _rig.BeginAsync(fleet, Terms);
        await FleetRig.UntilAsync(() => fleet.At(Point.Reload).Contains("n02"), "n02 is reloaded");
        var plan = (await _rig.LookAsync(fleet, _ => true)).Rollout!;
        var old = new Epoch(1, "0.n00"); // as the first coordinator, whose node is before n01
        var other = plan with { Id = "r-other", Release = "9" };
        foreach (var message in new FleetMessage[]
        {
            new FleetMessage.Promise(old, plan, RolloutAim.RollBack), new FleetMessage.Promise(old, other, RolloutAim.Advance),
            new FleetMessage.Order(old, fleet.Name, id, StepKind.RollBack), new FleetMessage.Order(old, fleet.Name, id, StepKind.Reload),
            new FleetMessage.Close(old, new RolloutReceipt(plan, RolloutOutcome.Done, [], DateTimeOffset.UtcNow)),
        })
        {
            var answers = await Task.WhenAll(_rig.Nodes.Values.Select(node => _rig.AskAgentAsync("n11", node, message)));
            Assert.All(answers, answer => Assert.True(Assert.IsType<FleetMessage.Refused>(answer).Highest > old));
        }

        fleet.Free(Point.Reload);
        Assert.Equal(RolloutOutcome.Done, (await _rig.EndAsync(fleet, id)).Outcome);
        Assert.DoesNotContain("9", fleet.Services.Values.Select(service => service.Serves));
    }

    [Fact]
    public async Task TwoCoordinators_BothAlive_ReloadNoNodeTwice_AndEndAlike()
    {
        var fleet = _rig.Fleets["two"];
        fleet.Hold(Point.Reload, "n02");
        var id = await _rig.BeginAsync(fleet, Terms);
        await FleetRig.UntilAsync(() => fleet.At(Point.Reload).Contains("n02"), "n02 is reloaded");
        var second = _rig.Nodes["n15"];
        var usurper = second.System!.System.ActorOf(FleetCoordinator.Props(fleet.Name, "n15", TimeProvider.System, second.Log), "usurper");
        await FleetRig.UntilAsync(() => second.Log.Lines.Any(line => line.Contains("two: continues rollout", StringComparison.Ordinal)),
            "the second one takes over");
        fleet.Free(Point.Reload);
        var receipt = await _rig.EndAsync(fleet, id);
        Assert.Equal(RolloutOutcome.Done, receipt.Outcome);
        second.System.System.Stop(usurper);
    }

    [Fact]
    public async Task Versions_SideBySide_UnderstandEachOther()
    {
        var fleet = _rig.Fleets["versions"];
        var id = await _rig.BeginAsync(fleet, Terms);
        var target = _rig.Nodes["n08"];
        var agent = _rig.Nodes["n20"].AgentAt(target);
        agent.Tell(new NewerMessage());
        Assert.Equal(RolloutOutcome.Done, (await _rig.EndAsync(fleet, id)).Outcome);
        Assert.IsType<FleetMessage.Recalled>(await _rig.AskAgentAsync("n20", target, new FleetMessage.Recall(fleet.Name)));
    }

    private sealed class FullDisk : IDisposable
    {
        private readonly FullableDisk _disk;
        private readonly string _fleet;
        private readonly int _before;

        public FullDisk(FleetRig.RigNode node, string fleet)
        {
            (_disk, _fleet, _before) = (node.Disk, fleet, node.Disk.Refusals);
            _disk.FullFor[fleet] = true;
        }

        /// <summary>How often a record could not be written.</summary>
        public int Writes => _disk.Refusals - _before;

        public void Dispose() => _disk.FullFor.TryRemove(_fleet, out _);
    }
}
