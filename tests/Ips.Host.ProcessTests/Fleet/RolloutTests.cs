using System.Diagnostics;
using Ips.Fleet.Rollouts;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Processes;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests.Fleet;

/// <summary>Rollouts over five real agents and five real apps on one machine, which the rows share.</summary>
[Trait("issue", "19")]
public sealed class RolloutTests(RolloutTests.FiveNodes five, ITestOutputHelper output) : IClassFixture<RolloutTests.FiveNodes>
{
    private static string[] Terms(string bake = "2s", bool back = false) =>
        ["--canary", "1", "--wave", "2", "--deadline", "60s", "--bake", bake, "--on-failure", back ? "rollback" : "halt"];

    private FleetScene Scene => five.Scene;

    [Fact]
    public Task Whole_NobodyNotices() => RowAsync("whole", async (from, to) =>
    {
        var result = await EndAsync(FleetScene.Begin(Scene.Nodes[0], to, Terms()));
        AssertEnded(0, "done: rollout", result);
        await Scene.AssertServesAsync(to);
        await AssertOnceAsync(await LastAsync(), node => ["reload"]);
    });

    // The release of web-3 is damaged after its check, so that it is refused there and served by the nodes before it.
    [Fact]
    public Task BadOnOneNode_Halts_AndSaysWhatRunsWhereAndHowToGoOn() => RowAsync("halted", async (from, to) =>
    {
        await using var rollout = FleetScene.Begin(Scene.Nodes[1], to, Terms());
        await WaitForStateAsync("baking", "web-1");
        Scene["web-3"].Releases.Mark(to, SampleMarks.ThrowsInStart);
        var result = await EndAsync(rollout);
        AssertEnded(5, "halted: rollout", result);
        foreach (var line in new[] { "web-1  done", "web-2  done", "web-3  failed", "web-4  checked", "web-5  checked",
            "this is thrown by StartAsync", $"Continue, once it is mended: ips reload --fleet web --release {to} --bake 2s",
            $"Undo: ips reload --fleet web --release {from} --bake 2s" })
            Assert.Contains(line, result.ToString(), StringComparison.Ordinal);
        await Scene.AssertServesAsync(to, to, from, from, from);
        await AssertOnceAsync(await LastAsync(), node => node is "web-1" or "web-2" or "web-3" ? ["reload"] : []);

        // The command that continues: nodes that have the release are left alone.
        Scene["web-3"].Releases.Unmark(to, SampleMarks.ThrowsInStart);
        AssertEnded(0, "done: rollout", await EndAsync(FleetScene.Begin(Scene.Nodes[1], to, "--bake", "1s", "--wave", "100%")));
        await Scene.AssertServesAsync(to);
        await AssertOnceAsync(await LastAsync(), node => node is "web-1" or "web-2" ? [] : ["reload"]);
    });

    // It is promoted, and sick in its bake.
    [Fact]
    public Task BadOnOneNode_OnFailureRollback_TakesAllBack() => RowAsync("rolled back", async (from, to) =>
    {
        await using var rollout = FleetScene.Begin(Scene.Nodes[4], to, Terms("8s", back: true));
        await WaitForStateAsync("baking", "web-3");
        Scene["web-3"].Releases.Mark(to, SampleMarks.Unhealthy);
        var result = await EndAsync(rollout);
        AssertEnded(4, "rolled back: rollout", result);
        Assert.Contains("web-3: health checks fail", result.ToString(), StringComparison.Ordinal);
        await Scene.AssertServesAsync(from);
        await AssertOnceAsync(await LastAsync(), node => node is "web-1" or "web-2" or "web-3" ? ["reload", "rollback"] : []);
        Scene["web-3"].Releases.Unmark(to, SampleMarks.Unhealthy);
    });

    [Theory]
    [InlineData("gathering")]
    [InlineData("checking")]
    [InlineData("reloading")]
    [InlineData("baking")]
    [InlineData("rolling-back")]
    [InlineData("closing")]
    public Task CoordinatorKilled_TheRolloutEndsAsItShould(string state) => RowAsync($"killed while {state}", async (from, to) =>
    {
        var first = await Scene.Nodes[0].WaitForViewAsync(now => now.Coordinator is not null, "a coordinator");
        var coordinator = Scene[first.Coordinator!];
        var other = Scene.Nodes.Last(node => node != coordinator);
        // In one of the rows the operator's own agent is the one that is killed.
        var on = state == "baking" ? coordinator : other;
        var back = state == "rolling-back";
        var bake = state == "baking" ? "6s" : "2s";
        FleetNode? held = null;
        if (state == "gathering") (held = other).Agent.Signal(ProcessTable.SigStop);
        if (state == "gathering") on = Scene.Nodes.First(node => node != coordinator);
        if (state == "checking") Hold(to, Scene.Nodes);
        await using var rollout = FleetScene.Begin(on, to, Terms(bake, back));
        switch (state)
        {
            case "gathering":
                await on.WaitForViewAsync(now => now.Phase?.EndsWith("to answer", StringComparison.Ordinal) == true, "gathering");
                break;
            case "checking": await WaitForStateAsync("checking", on: on); break;
            case "reloading":
                await WaitForStateAsync("baking", "web-1", on);
                Hold(to, Scene.Nodes.Skip(1));
                await WaitForStateAsync("reloading", "web-2", on);
                break;
            case "baking": await WaitForStateAsync("baking", "web-2", on); break;
            case "rolling-back":
                await WaitForStateAsync("baking", "web-1", on);
                Scene["web-3"].Releases.Mark(to, SampleMarks.ThrowsInStart);
                Hold(from, Scene.Nodes);
                await WaitForStateAsync("rolling-back", on: on);
                break;
            case "closing":
                await WaitForStateAsync("baking", "web-5", on);
                held = Scene.Nodes.First(node => node != coordinator && node != on && node.Name is not ("web-4" or "web-5"));
                held.Agent.Signal(ProcessTable.SigStop);
                await on.WaitForViewAsync(now => now.Phase?.StartsWith("telling every agent", StringComparison.Ordinal) == true, "closing");
                break;
        }

        await coordinator.KillAgentAsync();
        var clock = Stopwatch.StartNew();
        held?.Agent.Signal(ProcessTable.SigCont);
        coordinator.StartAgent();
        Release(Scene.Nodes);
        var result = await EndAsync(rollout);
        output.WriteLine($"{coordinator.Name} was killed; the operator's answer came {clock.Elapsed.TotalSeconds:0.0} s later");
        AssertEnded(back ? 4 : 0, back ? "rolled back: rollout" : "done: rollout", result);
        foreach (var node in Scene.Nodes) node.Releases.Unmark(to, SampleMarks.ThrowsInStart);
        await Scene.AssertServesAsync(back ? from : to);
        await AssertOnceAsync(await LastAsync(), node => !back ? ["reload"] : node switch
        {
            "web-1" or "web-2" => ["reload", "rollback"],
            "web-3" => ["reload"],
            _ => [],
        });
    });

    // What every row has in common. It begins with one release on every node, whichever that is by now.
    private async Task RowAsync(string name, Func<string, string, Task> row)
    {
        await five.MendAsync();
        var clock = Stopwatch.StartNew();
        try
        {
            var from = new FileInfo(Scene.Nodes[0].Releases.Current).LinkTarget!.Split('/')[1];
            await Scene.AssertServesAsync(from);
            foreach (var node in Scene.Nodes) await Scene.WaitForAllAsync(node);
            await row(from, from == "1" ? "2" : "1");
            output.WriteLine($"{name}: {clock.Elapsed.TotalSeconds:0.0} s; so far {Scene.AssertNothingWasNoticed()}");
        }
        catch
        {
            Scene.Describe(output);
            five.IsBroken = true;
            throw;
        }
    }

    private static void Hold(string release, IEnumerable<FleetNode> nodes)
    {
        foreach (var node in nodes) node.Releases.Mark(release, SampleMarks.HoldBeforeHello);
    }

    private static void Release(IEnumerable<FleetNode> nodes)
    {
        foreach (var node in nodes)
        {
            node.Releases.Unmark("1", SampleMarks.HoldBeforeHello);
            node.Releases.Unmark("2", SampleMarks.HoldBeforeHello);
        }
    }

    private Task<FleetView> WaitForStateAsync(string state, string? name = null, FleetNode? on = null) =>
        (on ?? Scene.Nodes[0]).WaitForViewAsync(
        view => view.Rollout is not null && view.Nodes.Any(node => node.State == state && (name is null || node.Node == name)),
        $"{name ?? "a node"} {state}");

    private async Task<RolloutReceipt> LastAsync() => (await Scene.Nodes[0].WaitForViewAsync(
        view => view.Rollout is null && view.History.Count > 0, "an end of the rollout")).History[^1];

    /// <summary>The services' histories have each request once, and no other.</summary>
    private async Task AssertOnceAsync(RolloutReceipt receipt, Func<string, string[]> expected)
    {
        foreach (var node in Scene.Nodes)
        {
            var requests = await node.RequestsAsync(receipt.Plan.Id);
            Assert.Equal(expected(node.Name), requests.Keys.Order(StringComparer.Ordinal));
            Assert.All(requests.Values, times => Assert.Equal(1, times));
        }
    }

    private static async Task<CommandResult> EndAsync(DaemonProcess command)
    {
        var code = await command.WaitForExitAsync(4 * Limits.Step);
        await command.WaitForOutputEndAsync(Limits.Step);
        return new CommandResult(code, [.. command.Lines.Select(line => line.Text)], []);
    }

    private static void AssertEnded(int code, string words, CommandResult result)
    {
        Assert.True(result.ExitCode == code, result.ToString());
        Assert.Contains(words, result.ToString(), StringComparison.Ordinal);
    }

    /// <summary>What the rows share.</summary>
    public sealed class FiveNodes : IAsyncLifetime
    {
        internal FleetScene Scene { get; private set; } = new();

        /// <summary>A row failed: the next one begins with another fleet, so that its outcome is its own.</summary>
        internal bool IsBroken { get; set; }

        internal async Task MendAsync()
        {
            if (!IsBroken) return;
            await Scene.DisposeAsync();
            Scene = new FleetScene();
            IsBroken = false;
            await InitializeAsync();
        }

        /// <inheritdoc/>
        public async Task InitializeAsync() => await Scene.StartAsync(FleetPlace.Loopback(5));

        /// <inheritdoc/>
        public async Task DisposeAsync() => await Scene.DisposeAsync();
    }
}
