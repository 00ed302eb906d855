using System.Diagnostics;
using Ips.Fleet.Rollouts;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Processes;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests.Fleet;

/// <summary>Five hosts with addresses of their own, and a cable that is cut in the middle of a wave: with the coordinator on the smaller
/// side, whose services are served all the time.</summary>
[Trait("issue", "19")]
public sealed class PartitionTests(ITestOutputHelper output)
{
    [RootFact]
    public Task CutAndHealed_TheMinorityIssuesNothing_TheRolloutContinues() => RunAsync(async (scene, hosts) =>
    {
        var (rollout, orders) = await CutInWaveAsync(scene, hosts, "5m");
        await using var ending = rollout;
        await hosts.HealAsync(1, 2);
        await AssertEndedAsync(rollout, 0, "done: rollout");
        await scene.AssertServesAsync("2");
        Assert.Equal(orders, Orders(scene["web-1"])); // that of before the cut, and none of its own on the smaller side
        await AssertReceiptsAsync(scene, RolloutOutcome.Done, ["reload"], ["reload"], ["reload"]);
    });

    [RootFact]
    public Task CutForLonger_TheRolloutHalts_ReceiptsArriveOnHealing() => RunAsync(async (scene, hosts) =>
    {
        var (rollout, _) = await CutInWaveAsync(scene, hosts, "40s");
        await using var ending = rollout;
        var result = await AssertEndedAsync(rollout, 5, "halted: rollout");
        foreach (var line in new[] { "web-1  silent", "web-2  silent", "web-3  checked", "does not answer" })
            Assert.Contains(line, result, StringComparison.Ordinal);
        await hosts.HealAsync(1, 2);
        await AssertReceiptsAsync(scene, RolloutOutcome.Halted, ["reload"], ["reload"], []);
        await scene.AssertServesAsync("2", "2", "1");
    });

    /// <summary>Cuts web-1, which coordinates, and web-2 while web-2 reloads.</summary>
    /// <returns>The operator's command on the larger side, and the orders of web-1 until then.</returns>
    private async Task<(DaemonProcess Rollout, int Orders)> CutInWaveAsync(FleetScene scene, HostsOnCables hosts, string deadline)
    {
        await scene.Nodes[4].WaitForViewAsync(view => view.Coordinator == "web-1", "web-1 as the coordinator");
        var rollout = FleetScene.Begin(scene.Nodes[4], "2", "--canary", "1", "--wave", "1", "--bake", "3s", "--deadline", deadline);
        await scene.Nodes[4].WaitForViewAsync(view => Is(view, "web-1", "baking"), "web-1 baking");
        scene["web-2"].Releases.Mark("2", SampleMarks.HoldBeforeHello);
        await scene.Nodes[4].WaitForViewAsync(view => Is(view, "web-2", "reloading"), "web-2 reloading");
        await hosts.CutAsync(1, 2);
        var clock = Stopwatch.StartNew();
        scene["web-2"].Releases.Unmark("2", SampleMarks.HoldBeforeHello);
        var orders = Orders(scene["web-1"]);
        // The smaller side counts itself out, the larger one has another coordinator.
        foreach (var name in new[] { "web-1", "web-2" })
            await Eventually.TrueAsync(() => scene[name].Lines.Any(line => line.Contains("Out of the cluster", StringComparison.Ordinal)),
                $"an end of {name}'s membership");
        await scene.Nodes[4].WaitForViewAsync(view => view.Coordinator is "web-3" or "web-4" or "web-5", "another coordinator");
        output.WriteLine($"another coordinator {clock.Elapsed.TotalSeconds:0.0} s after the cut");
        return (rollout, orders);
    }

    private static bool Is(FleetView view, string name, string state) =>
        view.Rollout is not null && view.Nodes.Any(node => node.Node == name && node.State == state);

    // What a node's own agent was told to do.
    private static int Orders(FleetNode node) => node.Lines.Count(line => line.Contains(": begins r", StringComparison.Ordinal));

    private static async Task<string> AssertEndedAsync(DaemonProcess rollout, int code, string words)
    {
        var ended = await rollout.WaitForExitAsync(4 * Limits.Step);
        await rollout.WaitForOutputEndAsync(Limits.Step);
        var text = string.Join('\n', rollout.Lines.Select(line => line.Text));
        Assert.True(ended == code && text.Contains(words, StringComparison.Ordinal), $"exit code {ended}: {text}");
        return text;
    }

    /// <summary>Every agent has the receipt on its disk, one cluster is left, and no service was reloaded twice.</summary>
    private static async Task AssertReceiptsAsync(FleetScene scene, RolloutOutcome outcome, params IReadOnlyList<string[]> requests)
    {
        await FleetNode.UntilAsync(
            () => Task.FromResult(scene.Nodes.All(node => node.Record is { Plan: null, History: [{ } one] } && one.Outcome == outcome)),
            () => "the receipt on every node: " + string.Join("; ", scene.Nodes.Select(node =>
                $"{node.Name}: {node.Record.Plan?.Id} {string.Join(", ", node.Record.History.Select(receipt => receipt.Outcome))}")));
        foreach (var node in scene.Nodes) await scene.WaitForAllAsync(node);
        var id = scene.Nodes[0].Record.History[0].Plan.Id;
        for (var i = 0; i < scene.Nodes.Count; i++)
        {
            var done = await scene.Nodes[i].RequestsAsync(id);
            Assert.Equal(requests[Math.Min(i, requests.Count - 1)], done.Keys);
            Assert.All(done.Values, times => Assert.Equal(1, times));
        }
    }

    private async Task RunAsync(Func<FleetScene, HostsOnCables, Task> row)
    {
        var clock = Stopwatch.StartNew();
        await using var hosts = await HostsOnCables.StartAsync(5);
        await using var scene = new FleetScene();
        try
        {
            await scene.StartAsync(hosts.Places, "ips.agent.down-after = 2s");
            await row(scene, hosts);
            output.WriteLine($"{clock.Elapsed.TotalSeconds:0.0} s; {scene.AssertNothingWasNoticed()}");
        }
        catch
        {
            scene.Describe(output);
            throw;
        }
    }
}
