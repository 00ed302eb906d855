using System.Net;
using Ips.Fleet.Rollouts;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Load;
using Ips.Testing.Processes;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests.Fleet;

/// <summary>Real agents by the files of the wizard, each with a real app from a folder with <c>current</c>, each app under strict
/// load.</summary>
internal sealed class FleetScene : IAsyncDisposable
{
    public const string Fleet = "web";

    private readonly string _folder = Directory.CreateTempSubdirectory("ips-fleet-").FullName;

    public List<FleetNode> Nodes { get; } = [];

    public string Folder => _folder;

    /// <summary>The folder of the fleet's CA.</summary>
    public string Authority => Path.Combine(Nodes[0].AgentFolder, "fleet-ca");

    public FleetNode this[string name] => Nodes.Single(node => node.Name == name);

    /// <summary>Starts the apps and their agents; returns when each agent sees all of them.</summary>
    /// <param name="places">Where each node is.</param>
    /// <param name="more">Further lines of each agent's configuration.</param>
    public async Task StartAsync(IReadOnlyList<FleetPlace> places, params IReadOnlyList<string> more)
    {
        foreach (var (place, index) in places.Select((place, index) => (place, index)))
        {
            var folder = Directory.CreateDirectory(Path.Combine(_folder, $"{index + 1}")).FullName;
            Nodes.Add(new FleetNode($"{Fleet}-{index + 1}", place, folder));
        }

        await Task.WhenAll(Nodes.Select(node => node.StartServiceAsync()));
        foreach (var node in Nodes) await MakeAgentAsync(node);
        // As the wizard says: for a restart while the first one is down, the others are seeds as well.
        var seeds = string.Join(", ", Nodes.Take(3).Select(node => $"\"{node.Address}\""));
        foreach (var node in Nodes)
        {
            var text = await File.ReadAllTextAsync(node.AgentConfig);
            text = text.Replace($"seeds = [\"{Nodes[0].Address}\"]", $"seeds = [{seeds}]", StringComparison.Ordinal);
            await File.WriteAllTextAsync(node.AgentConfig, text + string.Join('\n', [.. more, ""]));
        }

        foreach (var node in Nodes) node.StartAgent();
        foreach (var node in Nodes) await WaitForAllAsync(node);
        foreach (var node in Nodes) await node.StartLoadAsync();
    }

    /// <summary>Waits until a node's agent sees every node.</summary>
    public Task WaitForAllAsync(FleetNode node) => FleetNode.UntilAsync(
        async () => await node.LookAsync() is { Nodes: var seen } && seen.Count(one => one.State == "Serving") == Nodes.Count,
        () => $"a view of all nodes on {node.Name}; it has: {node.LastView}");

    /// <summary>Begins a rollout as an operator on a node does.</summary>
    public static DaemonProcess Begin(FleetNode on, string release, params IReadOnlyList<string> more) =>
        DaemonProcess.Start(Binaries.IpsPath, ["reload", "--fleet", Fleet, "--agent", on.AgentConfig, "--release", release, .. more]);

    /// <summary>What each node serves, and what its link names.</summary>
    public async Task AssertServesAsync(params IReadOnlyList<string> releases)
    {
        for (var i = 0; i < Nodes.Count; i++) await Nodes[i].AssertInPlaceAsync(releases[Math.Min(i, releases.Count - 1)]);
    }

    /// <summary>Every load ended without a failed request or a closed connection.</summary>
    /// <returns>The figures.</returns>
    public string AssertNothingWasNoticed()
    {
        var reports = Nodes.Select(node => node.Load!.Snapshot()).ToList();
        foreach (var (report, node) in reports.Zip(Nodes))
        {
            var closed = report.PoliteCloses + report.ClosedIdle + report.Resets;
            Assert.True(report.FailedRequests == 0 && closed == 0, $"{node.Name}: {report}");
        }

        return $"{reports.Sum(report => report.Requests)} requests, 0 failed, 0 closed, longest stall "
            + $"{reports.Max(report => report.LongestStall).TotalMilliseconds:0} ms";
    }

    /// <summary>What the services and agents wrote.</summary>
    public void Describe(ITestOutputHelper output)
    {
        foreach (var node in Nodes) output.WriteLine(node.Describe());
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var node in Nodes) await node.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task MakeAgentAsync(FleetNode node)
    {
        string[] service = ["--fleet", $"{Fleet}={node.Service.PidFile},{node.Folder}", "--into", node.AgentFolder];
        var made = node == Nodes[0] ? await IpsCommand.RunAsync(["agent", "init", node.Name, node.Address, .. service])
            : await IpsCommand.RunAsync(
                ["agent", "add", node.Name, node.Address, "--ca", Authority, "--seed", Nodes[0].Address, .. service]);
        Assert.True(made.ExitCode == 0, made.ToString());
    }
}

/// <summary>Where a node is.</summary>
/// <param name="Agent">Its agent's address and port.</param>
/// <param name="App">Its app's address and port.</param>
/// <param name="Prefix">The command that runs another one there; empty for this machine.</param>
internal sealed record FleetPlace(IPEndPoint Agent, IPEndPoint App, params IReadOnlyList<string> Prefix)
{
    /// <summary>Places on 127.0.0.11 and above.</summary>
    public static IReadOnlyList<FleetPlace> Loopback(int count) => [.. Enumerable.Range(11, count).Select(last =>
        new FleetPlace(new(IPAddress.Parse($"127.0.0.{last}"), FreePort.Next()), new(IPAddress.Loopback, FreePort.Next())))];
}
