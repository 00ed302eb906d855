using System.Collections.Concurrent;
using Ips.Fleet.Agents;
using Ips.Fleet.Rollouts;

namespace Ips.Fleet.Tests.Fleets;

/// <summary>What a step of a service can be held at.</summary>
internal enum Point
{
    Check,
    Reload,
    RollBack,
    Bake,
}

/// <summary>The services of one fleet, and what must hold of them whatever happens to agents and network.</summary>
/// <param name="name">The fleet.</param>
/// <param name="nodes">Its nodes.</param>
internal sealed class RigFleet(string name, IEnumerable<string> nodes)
{
    private readonly Lock _gate = new();
    private readonly HashSet<string> _atWork = [];

    public string Name { get; } = name;

    public SortedDictionary<string, RigService> Services { get; } =
        new(nodes.ToDictionary(node => node, node => new RigService(node)), StringComparer.Ordinal);

    /// <summary>Drivers instead of those of <see cref="Services"/>; the fleet is not judged then.</summary>
    public Func<string, IServiceDriver>? Drivers { get; init; }

    public ConcurrentQueue<string> Violations { get; } = new();

    /// <summary>The most nodes that were reloaded or baked at the same time since the last rollout.</summary>
    public int MostAtWork { get; private set; }

    /// <summary>The steps of these nodes stop there until <see cref="Free"/>; of every node if none is named.</summary>
    public void Hold(Point point, params string[] nodes)
    {
        foreach (var service in Select(nodes)) service.Held[point] = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    public void Free(Point point, params string[] nodes)
    {
        foreach (var service in Select(nodes))
        {
            if (service.Held.TryRemove(point, out var held)) held.SetResult();
        }
    }

    public void Fail(Point point, string reason, params string[] nodes)
    {
        foreach (var service in Select(nodes)) service.Faults[point] = reason;
    }

    /// <summary>Nodes whose service is at that point now.</summary>
    public IEnumerable<string> At(Point point) => Services.Values.Where(service => service.At.ContainsKey(point))
        .Select(service => service.Node);

    public IEnumerable<string> Serving(string release) => Services.Values.Where(service => service.Serves == release)
        .Select(service => service.Node);

    public void AtWork(string node, bool isAtWork)
    {
        lock (_gate)
        {
            _ = isAtWork ? _atWork.Add(node) : _atWork.Remove(node);
            MostAtWork = Math.Max(MostAtWork, _atWork.Count);
        }
    }

    /// <summary>What must hold after every rollout.</summary>
    public void Judge(RolloutReceipt receipt)
    {
        var (plan, release) = (receipt.Plan, receipt.Plan.Release!);
        Assert.Empty(Violations);
        Assert.InRange(MostAtWork, 0, plan.Waves.Max(wave => wave.Count));
        var known = receipt.Nodes.Where(node => node.State != "silent").ToDictionary(node => node.Node);
        foreach (var service in Services.Values)
        {
            var begun = service.Begun.Where(id => id.StartsWith($"{plan.Id}.", StringComparison.Ordinal)).ToList();
            Assert.Equal(begun.Distinct(), begun);
            if (!plan.Nodes.Contains(service.Node)) Assert.Empty(begun);
            if (!known.TryGetValue(service.Node, out var view)) continue;
            if (view.Release is { } told) Assert.Equal((service.Node, service.Serves), (service.Node, told));
            switch (view.State)
            {
                case "done": Assert.Equal(release, service.Serves); break;
                case "untouched" or "checked": Assert.Empty(begun); break;
                case "rolled-back": Assert.NotEqual(release, service.Serves); break;
                default: Assert.Equal("failed", view.State); break;
            }
        }

        switch (receipt.Outcome)
        {
            case RolloutOutcome.Done: Assert.All(plan.Nodes, node => Assert.Equal(release, Services[node].Serves)); break;
            case RolloutOutcome.Halted: Assert.NotEmpty(receipt.Reason!); break;
            default: Assert.DoesNotContain(plan.Nodes, node => Services[node].Serves == release); break;
        }

        lock (_gate)
        {
            _atWork.Clear();
            MostAtWork = 0;
        }
    }

    /// <summary>A driver for an agent that starts.</summary>
    public IServiceDriver DriverOf(string node) => Drivers?.Invoke(node) ?? new Driver(this, Services[node]);

    private IEnumerable<RigService> Select(string[] nodes) => nodes.Length == 0 ? Services.Values : nodes.Select(node => Services[node]);

    /// <summary>An agent's hold on a service that outlives it.</summary>
    private sealed class Driver(RigFleet fleet, RigService service) : IServiceDriver
    {
        private readonly ConcurrentDictionary<string, bool> _asked = new();

        public Task<ServiceView> LookAsync(CancellationToken cancellation) => Task.FromResult(
            new ServiceView("Serving") { Release = service.Serves, Generation = 1 + service.Begun.Count });

        public async Task<StepState> CheckAsync(ServiceOrder order, CancellationToken cancellation)
        {
            await service.PassAsync(Point.Check).WaitAsync(cancellation);
            return service.Faults.TryGetValue(Point.Check, out var fault) ? new StepState(order.Kind, StepPhase.Failed) { Reason = fault }
                : new StepState(order.Kind, StepPhase.Done) { Serves = service.Serves, Former = service.Serves };
        }

        public Task<StepState> ReloadAsync(ServiceOrder order, CancellationToken cancellation)
        {
            if (!_asked.TryAdd(order.Id, true)) fleet.Violations.Enqueue($"{service.Node}: an agent asks twice for {order.Id}");
            return service.ReloadAsync(fleet, order).WaitAsync(cancellation);
        }

        public async Task<string?> BakeAsync(DateTimeOffset until, CancellationToken cancellation)
        {
            fleet.AtWork(service.Node, true);
            try
            {
                var rest = until - TimeProvider.System.GetUtcNow();
                if (rest > TimeSpan.Zero) await Task.Delay(rest, cancellation); // the bake itself
                await service.PassAsync(Point.Bake).WaitAsync(cancellation);
                return service.Faults.GetValueOrDefault(Point.Bake);
            }
            finally
            {
                fleet.AtWork(service.Node, false);
            }
        }
    }
}

/// <summary>A service: what it was asked is carried out once for each id, whether or not an agent waits for it.</summary>
internal sealed class RigService(string node)
{
    private readonly ConcurrentDictionary<string, Lazy<Task<StepState>>> _asked = new();

    public string Node { get; } = node;

    public string Serves { get; private set; } = "1";

    /// <summary>The ids of reloads and rollbacks that began.</summary>
    public ConcurrentQueue<string> Begun { get; } = new();

    public ConcurrentDictionary<Point, TaskCompletionSource> Held { get; } = new();

    public ConcurrentDictionary<Point, string> Faults { get; } = new();

    public ConcurrentDictionary<Point, bool> At { get; } = new();

    public async Task PassAsync(Point point)
    {
        At[point] = true;
        if (Held.TryGetValue(point, out var held)) await held.Task;
        At.TryRemove(point, out _);
    }

    public Task<StepState> ReloadAsync(RigFleet fleet, ServiceOrder order) =>
        _asked.GetOrAdd(order.Id, _ => new(() => CarryOutAsync(fleet, order))).Value;

    private async Task<StepState> CarryOutAsync(RigFleet fleet, ServiceOrder order)
    {
        var point = order.Kind == StepKind.Reload ? Point.Reload : Point.RollBack;
        Begun.Enqueue(order.Id);
        fleet.AtWork(Node, true);
        await PassAsync(point);
        var fault = Faults.GetValueOrDefault(point)
            ?? (order.Expects is { } expected && expected != Serves ? $"{expected} was expected to serve, and {Serves} serves" : null);
        if (fault is not null || point == Point.RollBack) fleet.AtWork(Node, false); // otherwise it bakes
        if (fault is not null) return new StepState(order.Kind, StepPhase.Failed) { Reason = fault, Serves = Serves };
        Serves = order.Release!;
        return new StepState(order.Kind, StepPhase.Done) { Changed = true, Serves = Serves };
    }
}
