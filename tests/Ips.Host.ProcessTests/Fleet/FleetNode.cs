using System.Text.Json;
using Ips.Fleet.Rollouts;
using Ips.Fleet.Wire;
using Ips.Host.Cli;
using Ips.Host.Fleet;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Load;
using Ips.Testing.Processes;

namespace Ips.Host.ProcessTests.Fleet;

/// <summary>A node of a fleet: an app from releases 1 and 2, the strict load on it, and its agent.</summary>
internal sealed class FleetNode : IAsyncDisposable
{
    private readonly List<DaemonProcess> _agents = [];
    private readonly FleetPlace _place;

    public FleetNode(string name, FleetPlace place, string folder)
    {
        (Name, _place, Folder) = (name, place, folder);
        Releases = new Releases(folder);
        var app = Path.Combine(Releases.Current, Binaries.SampleApp);
        Service = new Service(new ServiceSettings(ServiceKind.SampleApp)
        {
            Program = place.Prefix.Count == 0 ? app : place.Prefix[0],
            Prefix = place.Prefix.Count == 0 ? [] : [.. place.Prefix.Skip(1), app],
            Urls = [$"http://{place.App}"],
            Port = place.App.Port,
        }, folder);
    }

    public string Name { get; }

    public string Folder { get; }

    public string Address => _place.Agent.ToString();

    public string AgentFolder => Path.Combine(Folder, "agent");

    public string AgentConfig => Path.Combine(AgentFolder, "agent.conf");

    public Releases Releases { get; }

    public Service Service { get; }

    public StrictLoad? Load { get; private set; }

    /// <summary>The process of its agent.</summary>
    public DaemonProcess Agent => _agents[^1];

    /// <summary>What it last said of the fleet, or why it said nothing.</summary>
    public string LastView { get; private set; } = "nothing";

    /// <summary>Starts the app with release 1; release 2 lies beside it.</summary>
    public async Task StartServiceAsync()
    {
        foreach (var name in new[] { "1", "2" }) Releases.AddBuild(name, Binaries.SampleAppFolder);
        Releases.SwitchTo("1");
        await Service.StartAsync();
    }

    /// <summary>Puts it under load: each kind of client, and few of them.</summary>
    public async Task StartLoadAsync()
    {
        Load = StrictLoad.Start(FaultScene.LightLoad(LoadTarget.Tcp(_place.App)) with
        {
            OneShotWorkers = 1,
            BusyWorkers = 1,
            IdleWorkers = 4,
            StreamWorkers = 1,
            OneShotThinkTime = TimeSpan.FromMilliseconds(100),
            BusyThinkTime = TimeSpan.FromMilliseconds(50),
        });
        await Load.WaitForRequestsAsync(1, Limits.Step);
    }

    /// <summary>Starts its agent, as systemd would after a kill.</summary>
    public void StartAgent() => _agents.Add(DaemonProcess.Start(_place.Prefix.Count == 0 ? Binaries.IpsPath : _place.Prefix[0],
        [.. _place.Prefix.Skip(1), .. _place.Prefix.Count == 0 ? [] : new[] { Binaries.IpsPath }, "agent", "--config", AgentConfig]));

    /// <summary>kill -9 of its agent.</summary>
    public async Task KillAgentAsync()
    {
        Assert.True(Agent.Signal(ProcessTable.SigKill));
        await Agent.WaitForExitAsync(Limits.Step);
    }

    /// <summary>The fleet by its agent; null if no coordinator answered.</summary>
    public async Task<FleetView?> LookAsync()
    {
        try
        {
            using var client = new FleetClient(Path.Combine(AgentFolder, "agent.sock"));
            var answer = await client.LookAsync(FleetScene.Fleet, CancellationToken.None);
            LastView = FleetText.Write(answer.View);
            return answer.Refusal is null ? answer.View : null;
        }
        catch (CliException e)
        {
            LastView = e.Message;
            return null;
        }
    }

    /// <summary>Waits for a view.</summary>
    public async Task<FleetView> WaitForViewAsync(Func<FleetView, bool> what, string name)
    {
        FleetView? found = null;
        await UntilAsync(async () => await LookAsync() is { } view && what(found = view), () => $"{name}; {Name} has: {LastView}");
        return found!;
    }

    /// <summary>Waits for what takes some reloads: each look is one at every node, so it looks less often than others.</summary>
    public static async Task UntilAsync(Func<Task<bool>> condition, Func<string> what)
    {
        using var deadline = new CancellationTokenSource(4 * Limits.Step);
        while (!await condition())
        {
            if (deadline.IsCancellationRequested) throw new TimeoutException($"There was not {what()}.");
            await Task.Delay(100, CancellationToken.None);
        }
    }

    /// <summary>What its agent has on its disk.</summary>
    public FleetRecord Record => JsonSerializer.Deserialize(
        File.ReadAllBytes(Path.Combine(AgentFolder, "state", $"{FleetScene.Fleet}.json")), FleetJson.Default.FleetRecord)!;

    /// <summary>All lines of its agents, of those before a kill too.</summary>
    public IReadOnlyList<string> Lines => [.. _agents.SelectMany(agent => agent.Lines).Select(line => line.Text)];

    /// <summary>A release serves, by its process and by its link.</summary>
    public async Task AssertInPlaceAsync(string release)
    {
        var answer = (await HttpProbe.GetAsync($"http://{_place.App}/release")).Body.Split(' ')[0];
        Assert.True((answer, new FileInfo(Releases.Current).LinkTarget) == (release, $"releases/{release}"),
            $"{Name} serves {answer}, and 'current' names {new FileInfo(Releases.Current).LinkTarget}; {release} was expected");
    }

    /// <summary>How often each request of a rollout was carried out, by the service's own history.</summary>
    public async Task<IReadOnlyDictionary<string, int>> RequestsAsync(string rollout) => (await Service.HistoryAsync()).History!
        .Where(receipt => receipt.RequestId?.StartsWith($"{rollout}.", StringComparison.Ordinal) == true)
        .CountBy(receipt => receipt.RequestId![(rollout.Length + 1)..]).ToDictionary();

    public string Describe() => $"=== {Name} ({Address})\n{string.Join('\n', Lines.TakeLast(80))}\n{Service.Log.Tail(60)}";

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (Load is not null) await Load.DisposeAsync();
        foreach (var agent in _agents) await agent.DisposeAsync();
        await Service.DisposeAsync();
    }
}
