using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using Akka.Actor;
using Akka.Cluster;
using Akka.Remote;
using Akka.Remote.Transport;
using AkkaCluster = Akka.Cluster.Cluster;
using Ips.Fleet.Agents;
using Ips.Fleet.Cluster;
using Ips.Fleet.Rollouts;
using Ips.Fleet.Security;
using Ips.Fleet.Tests.Cluster;
using Ips.Fleet.Wire;

namespace Ips.Fleet.Tests.Fleets;

/// <summary>Agents in one process, each with an actor system and a loopback address of its own: 127.0.0.2 and so on.</summary>
internal sealed class FleetRig : IAsyncDisposable
{
    /// <summary>Twenty systems in one process: fewer threads and wake-ups each than an agent has alone, and more patience with a busy
    /// machine.</summary>
    private const string Together = """
        akka {
          scheduler.tick-duration = 50ms
          remote {
            handshake-timeout = 30s
            retry-gate-closed-for = 1s
            dot-netty.tcp {
              connection-timeout = 30s
              server-socket-worker-pool { pool-size-min = 1, pool-size-max = 1 }
              client-socket-worker-pool { pool-size-min = 1, pool-size-max = 1 }
            }
          }
          cluster {
            gossip-interval = 500ms
            leader-actions-interval = 500ms
            monitored-by-nr-of-members = 5
            failure-detector.acceptable-heartbeat-pause = 20s
            split-brain-resolver.down-all-when-unstable = off
          }
        }

        """;

    /// <summary>Nobody vanishes: a machine that is busy for a while is no failure.</summary>
    public const string Patient = """
        akka.cluster {
          failure-detector { heartbeat-interval = 5s, acceptable-heartbeat-pause = 120s }
          downing-provider-class = ""
        }

        """;

    /// <summary>Akka's test transports over the real one: one that cuts links, and one that loses messages.</summary>
    private const string Faulty = "akka.remote.dot-netty.tcp.applied-adapters = [\"trttl\", \"gremlin\"]\n";

    private readonly string _folder = Directory.CreateTempSubdirectory("ips-rig-").FullName;
    private readonly string _overrides;
    private readonly bool _faulty;
    private int _rollouts;

    private FleetRig(int agents, RigFleet[] fleets, bool faulty, string overrides)
    {
        ThreadPool.SetMinThreads(Math.Max(32, agents * 2), 32); // the systems share it, as 20 processes would not
        (_faulty, _overrides) = (faulty, Together + (faulty ? Faulty : "") + overrides);
        Fleets = fleets.ToDictionary(fleet => fleet.Name);
        Nodes = Enumerable.Range(1, agents).Select(index => new RigNode(this, Name(index), FleetSite.Address(1 + index),
            Path.Combine(_folder, Name(index)))).ToDictionary(node => node.Name);
    }

    public static TimeSpan Step { get; } = TimeSpan.FromSeconds(120);

    public IReadOnlyDictionary<string, RigNode> Nodes { get; }

    public IReadOnlyDictionary<string, RigFleet> Fleets { get; }

    /// <summary>The names of agents <paramref name="from"/> to <paramref name="to"/>.</summary>
    public static IEnumerable<string> Names(int from, int to) => Enumerable.Range(from, to - from + 1).Select(Name);

    /// <summary>Starts them, and waits until every fleet has all its nodes. The first is the coordinator.</summary>
    public static async Task<FleetRig> StartAsync(int agents, RigFleet[] fleets, bool faulty = false, string overrides = "",
        Func<string, string>? more = null)
    {
        var rig = new FleetRig(agents, fleets, faulty, overrides);
        foreach (var node in rig.Nodes.Values) node.More = more?.Invoke(node.Name) ?? "";
        await rig.MeetAsync();
        return rig;
    }

    /// <summary>Starts every agent as a fleet is started the first time.</summary>
    public async Task MeetAsync()
    {
        var first = Nodes[Name(1)];
        first.Start([first.Address]);
        await first.UpAsync();
        foreach (var node in Nodes.Values.Skip(1)) node.Start([first.Address]);
        await Task.WhenAll(Nodes.Values.Select(node => node.UpAsync()));
        foreach (var fleet in Fleets.Values) await LookAsync(fleet, view => view.Nodes.All(node => node.State != "missing")
            && view.Nodes.Count == fleet.Services.Count && view.Phase is null);
    }

    /// <summary>Begins a rollout.</summary>
    /// <returns>Its id.</returns>
    public async Task<string> BeginAsync(RigFleet fleet, RolloutTerms terms)
    {
        var id = $"r{Interlocked.Increment(ref _rollouts)}-{fleet.Name}";
        var answer = await AskAsync(new FleetMessage.Begin(id, fleet.Name, terms, "alice on n2"));
        Assert.Null(answer.Refusal);
        return id;
    }

    public async Task<string?> SteerAsync(RigFleet fleet, RolloutAim aim) =>
        (await AskAsync(new FleetMessage.Steer(fleet.Name, aim, "bob on n3"))).Refusal;

    /// <summary>Asks the coordinator from any agent that is up, again and again as <c>ips fleet</c> does.</summary>
    public async Task<FleetMessage.Answer> AskAsync(FleetMessage message, string? from = null)
    {
        var watch = Stopwatch.StartNew();
        while (true)
        {
            var asker = from is null ? Nodes.Values.LastOrDefault(node => node.System is not null) : Nodes[from];
            Assert.True(asker?.System is not null, $"no agent is up\n{Shown()}");
            try
            {
                return await asker.System.Coordinator.Ask<FleetMessage.Answer>(message, TimeSpan.FromSeconds(3));
            }
            catch (AskTimeoutException)
            {
                Assert.True(watch.Elapsed < Step, $"{asker.Name} asks in vain for {message}\n{Shown()}"); // and again
            }
        }
    }

    /// <summary>Sends a message to an agent from another node, past the coordinator.</summary>
    public async Task<FleetMessage> AskAgentAsync(string from, RigNode agent, FleetMessage message) =>
        await Nodes[from].AgentAt(agent).Ask<FleetMessage>(message, Step);

    /// <summary>Looks until the fleet is as wanted.</summary>
    public async Task<FleetView> LookAsync(RigFleet fleet, Func<FleetView, bool> until)
    {
        var watch = Stopwatch.StartNew();
        while (true)
        {
            var view = (await AskAsync(new FleetMessage.Look(fleet.Name))).View;
            if (until(view)) return view;
            Assert.True(watch.Elapsed < Step, $"{fleet.Name} in vain: {Shown(view)}\n{Shown()}");
            await Task.Delay(50); // between two questions
        }
    }

    /// <summary>Waits for the end of a rollout, and judges it.</summary>
    public async Task<RolloutReceipt> EndAsync(RigFleet fleet, string id)
    {
        var view = await LookAsync(fleet, view => view.History.Any(receipt => receipt.Plan.Id == id));
        var receipt = view.History.Single(receipt => receipt.Plan.Id == id);
        if (fleet.Drivers is null) fleet.Judge(receipt);
        return receipt;
    }

    /// <summary>Cuts every link between the two parts, or heals it.</summary>
    public Task CutAsync(IEnumerable<string> part, bool cut)
    {
        Assert.True(_faulty);
        var one = part.ToHashSet();
        var links = Nodes.Values.Where(node => node.System is not null).SelectMany(node => Nodes.Values
            .Where(other => one.Contains(node.Name) != one.Contains(other.Name)).Select(other => node.ThrottleAsync(other, cut)));
        return Task.WhenAll(links);
    }

    /// <summary>Waits for something that needs no question.</summary>
    public static async Task UntilAsync(Func<bool> condition, string what, Action? meanwhile = null)
    {
        var watch = Stopwatch.StartNew();
        while (!condition())
        {
            Assert.True(watch.Elapsed < Step, $"in vain: {what}");
            meanwhile?.Invoke();
            await Task.Delay(20); // between two looks
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in Nodes.Values) node.Kill();
        await Task.WhenAll(Nodes.Values.Select(node => node.GoneAsync()));
        Directory.Delete(_folder, recursive: true);
    }

    private string Shown() => string.Join("\n", Nodes.Values.SelectMany(node => node.Log.Lines.TakeLast(12)
        .Select(line => $"{node.Name} {line}")));

    private static string Shown(FleetView view) => $"{view.Coordinator} {view.Rollout?.Id} {view.Aim} {view.Phase} "
        + string.Join(" ", view.Nodes.Select(node => $"{node.Node}={node.State}:{node.Release}"))
        + string.Join(" ", view.History.Select(receipt => $"{receipt.Plan.Id}={receipt.Outcome}: {receipt.Reason}"));

    private static string Name(int index) => $"n{index:00}";

    /// <summary>A node: its disk and its services stay when its agent ends.</summary>
    internal sealed class RigNode(FleetRig rig, string name, FleetAddress address, string folder)
    {
        private Task _ended = Task.CompletedTask;

        public string Name => name;

        public FleetAddress Address => address;

        public FleetSystem? System { get; private set; }

        /// <summary>How often its agent was started.</summary>
        public int Starts { get; private set; }

        public LineLog Log { get; } = new();

        public FullableDisk Disk { get; } = new();

        /// <summary>Settings of this agent alone.</summary>
        public string More { get; set; } = "";

        /// <summary>Gets the reason of each end that was not asked for.</summary>
        public Action<FleetEnd>? OnEnd { get; set; }

        public void Start(IEnumerable<FleetAddress> seeds)
        {
            var fleets = rig.Fleets.Values.Where(fleet => fleet.Services.ContainsKey(name)).ToList();
            var options = new AgentOptions(name, address, [.. seeds], folder, Path.Combine(folder, "sock"))
            {
                Fleets = [.. fleets.Select(fleet => new FleetService(fleet.Name, "/none"))],
            };
            var services = fleets.ToDictionary(fleet => fleet.Name, fleet => fleet.DriverOf(name));
            var uris = string.Join(", ", options.Seeds.Select(seed => $"\"{Uri(seed)}\""));
            var system = FleetSystem.Start(options, Log, TimeProvider.System,
                (_, _) => AgentActor.Props(name, services, Disk, TimeProvider.System, Log),
                _ => CoordinatorActor.Props(name, TimeProvider.System, Log),
                $"{rig._overrides}akka.cluster.seed-nodes = [{uris}]\n{More}");
            System = system;
            Starts++;
            _ended = EndAsync(system);
        }

        public Task UpAsync() => UntilAsync(() => System is { } system
            && AkkaCluster.Get(system.System).SelfMember.Status == MemberStatus.Up, $"{name} is up");

        /// <summary>As <c>kill -9</c> of the agent; its service is not affected.</summary>
        public void Kill()
        {
            System?.Dispose();
            System = null;
        }

        public Task GoneAsync() => _ended.WaitAsync(Step);

        /// <summary>The agent of another node, by what this one knows of the network.</summary>
        public ActorSelection AgentAt(RigNode other) =>
            System!.System.ActorSelection(FleetSystem.AgentAt(Akka.Actor.Address.Parse(Uri(other.Address))));

        public async Task ThrottleAsync(RigNode other, bool cut)
        {
            var transport = ((IRemoteActorRefProvider)((ExtendedActorSystem)System!.System).Provider).Transport;
            Assert.True(await transport.ManagementCommand(new SetThrottle(Akka.Actor.Address.Parse(Uri(other.Address)),
                ThrottleTransportAdapter.Direction.Both, cut ? Blackhole.Instance : Unthrottled.Instance)).WaitAsync(Step));
        }

        public async Task LoseAsync(double share)
        {
            var transport = ((IRemoteActorRefProvider)((ExtendedActorSystem)System!.System).Provider).Transport;
            FailureInjectorTransportAdapter.IGremlinMode mode = share > 0 ? new FailureInjectorTransportAdapter.Drop(share, share)
                : FailureInjectorTransportAdapter.PassThru.Instance;
            Assert.True(await transport.ManagementCommand(new FailureInjectorTransportAdapter.All(mode)).WaitAsync(Step));
        }

        public string Uri(FleetAddress of) => $"akka.{(rig._faulty ? "trttl.gremlin." : "")}tcp://{FleetConfiguration.SystemName}@{of}";

        private async Task EndAsync(FleetSystem system)
        {
            var end = await system.Ended;
            if (System != system) return;
            System = null;
            if (OnEnd is { } handler) handler(end);
            // As the process of an agent does: on a busy machine an agent can be counted out that nobody has killed.
            else if (end == FleetEnd.CountedOut) Start(rig.Nodes.Values.Where(node => node != this).Select(node => node.Address));
        }
    }
}

/// <summary>A disk that outlives an agent, and can be full for the records of a fleet. It is memory: the disks of 20 nodes are not
/// one.</summary>
internal sealed class FullableDisk : IRecordStore
{
    public const string Full = "No space left on device";

    private readonly ConcurrentDictionary<string, byte[]> _files = new();
    private int _refusals;

    public ConcurrentDictionary<string, bool> FullFor { get; } = new();

    /// <summary>How often a record could not be written.</summary>
    public int Refusals => _refusals;

    public FleetRecord Read(string fleet) =>
        _files.TryGetValue(fleet, out var bytes) ? JsonSerializer.Deserialize(bytes, FleetJson.Default.FleetRecord)! : FleetRecord.Empty;

    public void Write(string fleet, FleetRecord record)
    {
        if (FullFor.ContainsKey(fleet))
        {
            Interlocked.Increment(ref _refusals);
            throw new IOException(Full);
        }

        _files[fleet] = JsonSerializer.SerializeToUtf8Bytes(record, FleetJson.Default.FleetRecord);
    }
}
