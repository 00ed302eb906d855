using Akka.Actor;
using Akka.Cluster;
using AkkaCluster = Akka.Cluster.Cluster;
using Ips.Actors.Lifecycle;
using Ips.Fleet.Rollouts;
using Microsoft.Extensions.Logging;

namespace Ips.Fleet.Agents;

/// <summary>The agent of a node: what <see cref="AgentMachine"/> decides it writes down, answers, and does to its services.</summary>
internal sealed class AgentActor : UntypedActor, IWithTimers, IDisposable
{
    // Members come in crowds, and each record that is written waits for the disk: those of a second are written at once.
    private static readonly TimeSpan WriteAgain = TimeSpan.FromSeconds(5), Crowd = TimeSpan.FromSeconds(1);

    private readonly string _node;
    private readonly IReadOnlyDictionary<string, IServiceDriver> _services;
    private readonly IRecordStore _store;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly CancellationTokenSource _ending = new();
    private readonly Dictionary<string, AgentState> _states = [];
    private readonly Dictionary<string, IActorRef> _coordinators = [];
    private readonly HashSet<string> _restarted = [];
    private readonly Dictionary<string, Member> _seen = [];

    private AgentActor(string node, IReadOnlyDictionary<string, IServiceDriver> services, IRecordStore store, TimeProvider time,
        ILogger log)
    {
        (_node, _services, _store, _time, _log) = (node, services, store, time, log);
    }

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    /// <summary>Makes it.</summary>
    /// <param name="node">The node's name.</param>
    /// <param name="services">Its services by fleet.</param>
    /// <param name="store">Its records.</param>
    /// <param name="time">The clock.</param>
    /// <param name="log">Where it says what it is asked for.</param>
    internal static Props Props(string node, IReadOnlyDictionary<string, IServiceDriver> services, IRecordStore store, TimeProvider time,
        ILogger log) => ActorProps.Of(() => new AgentActor(node, services, store, time, log));

    /// <inheritdoc/>
    protected override void PreStart()
    {
        foreach (var fleet in _services.Keys)
        {
            var record = _store.Read(fleet);
            if (record.Plan is not null) _restarted.Add(fleet);
            Apply(fleet, AgentMachine.Start(_node, record), null);
        }

        AkkaCluster.Get(Context.System).Subscribe(Self, ClusterEvent.InitialStateAsEvents, typeof(ClusterEvent.MemberUp));
    }

    /// <inheritdoc/>
    public void Dispose() => _ending.Dispose();

    /// <inheritdoc/>
    protected override void PostStop()
    {
        AkkaCluster.Get(Context.System).Unsubscribe(Self);
        _ending.Cancel();
        Dispose();
    }

    /// <inheritdoc/>
    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case ClusterEvent.MemberUp { Member: var member } when FleetRoles.NodeOf(member.Roles) is { } node:
                _seen[node] = member;
                if (!Timers.IsTimerActive(nameof(SeenDue))) Timers.StartSingleTimer(nameof(SeenDue), new SeenDue(), Crowd);
                break;
            case ClusterEvent.MemberUp: break;
            case SeenDue: WriteSeen(); break;
            case FleetMessage.Recall recall when _states.TryGetValue(recall.Fleet, out var state): Recall(recall.Fleet, state); break;
            case FleetMessage.Forget forget when _states.TryGetValue(forget.Fleet, out var state):
                _seen.Remove(forget.Node);
                Know(forget.Fleet, AgentMachine.Seen(state, [], forget.Node));
                break;
            case FleetMessage.Promise { Plan.Fleet: var fleet } promise: Obey(fleet, promise.Epoch, promise); break;
            case FleetMessage.Order order: Obey(order.Fleet, order.Epoch, order); break;
            case FleetMessage.Close { Receipt.Plan.Fleet: var fleet } close: Obey(fleet, close.Epoch, close); break;
            case Progressed progressed: Progress(progressed); break;
            default: Unhandled(message); break;
        }
    }

    private void WriteSeen()
    {
        var isWritten = true;
        foreach (var (fleet, state) in _states.ToList())
        {
            var nodes = _seen.Where(seen => seen.Value.HasRole(fleet)).Select(seen => seen.Key);
            isWritten &= Know(fleet, AgentMachine.Seen(state, nodes, null));
        }

        if (isWritten) _seen.Clear();
        else Timers.StartSingleTimer(nameof(SeenDue), new SeenDue(), WriteAgain);
    }

    private bool Know(string fleet, (AgentState State, IReadOnlyList<AgentEffect> Effects) next)
    {
        try
        {
            return Apply(fleet, next, null);
        }
        catch (IOException e)
        {
            _log.NotWritten(fleet, e.Message);
            return false;
        }
    }

    private void Recall(string fleet, AgentState state)
    {
        var recalled = new FleetMessage.Recalled(_node, state.Record) { Restarted = _restarted.Contains(fleet) };
        _services[fleet].LookAsync(_ending.Token).PipeTo(Sender, Self, success: service => recalled with { Service = service },
            failure: error => recalled with { Service = new ServiceView("unreachable") { Fault = error.GetBaseException().Message } });
    }

    private void Obey(string fleet, Epoch epoch, FleetMessage message)
    {
        if (!_states.TryGetValue(fleet, out var state))
        {
            Sender.Tell(new FleetMessage.Refused(_node, epoch, Epoch.None, $"this node has no service of the fleet {fleet}"));
            return;
        }

        var next = AgentMachine.Next(state, message);
        if (message is FleetMessage.Promise { Plan: var plan, Aim: var aim } && state.Record.Promised != epoch
            && next.State.Record.Promised == epoch) _log.Promised(fleet, plan.Id, aim, epoch.ToString(), plan.AskedBy);
        try
        {
            if (Apply(fleet, next, Sender) && !next.Effects.Any(effect => effect is AgentEffect.Reply { Message: FleetMessage.Refused }))
            {
                _coordinators[fleet] = Sender;
                if (message is FleetMessage.Promise) _restarted.Remove(fleet);
            }
        }
        catch (IOException e)
        {
            // Nothing was promised and nothing begun: the coordinator hears why.
            _log.NotWritten(fleet, e.Message);
            Sender.Tell(new FleetMessage.Refused(_node, epoch, state.Record.Promised, Bounded(e.Message)));
        }
    }

    // The state changes only once it is on the disk.
    private bool Apply(string fleet, (AgentState State, IReadOnlyList<AgentEffect> Effects) next, IActorRef? asker)
    {
        foreach (var effect in next.Effects)
        {
            switch (effect)
            {
                case AgentEffect.Store store: _store.Write(fleet, store.Record); break;
                case AgentEffect.Reply { Message: FleetMessage.Refused refused } when asker is not null:
                    _log.Refuses(fleet, asker.Path.Address.ToString(), refused.Reason);
                    asker.Tell(refused);
                    break;
                case AgentEffect.Reply reply: (asker ?? _coordinators.GetValueOrDefault(fleet))?.Tell(reply.Message); break;
                case AgentEffect.Run run: Run(fleet, run.Order, run.Step, next.State.Record.Plan!); break;
            }
        }

        _states[fleet] = next.State;
        return true;
    }

    private void Run(string fleet, ServiceOrder order, StepState step, RolloutPlan plan)
    {
        _log.Begins(fleet, order.Id, order.Release ?? "the release in place");
        var self = Self;
        _ = StepAsync(_services[fleet], order, step, plan.Bake, further => self.Tell(new Progressed(fleet, order.Id, further)));
    }

    private async Task StepAsync(IServiceDriver service, ServiceOrder order, StepState step, TimeSpan bake, Action<StepState> tell)
    {
        var cancellation = _ending.Token;
        try
        {
            if (step.Phase == StepPhase.Running)
            {
                step = order.Kind == StepKind.Check ? await service.CheckAsync(order, cancellation).ConfigureAwait(false)
                    : await service.ReloadAsync(order, cancellation).ConfigureAwait(false);
                if (order.Kind == StepKind.Reload && step is { Phase: StepPhase.Done, Changed: true })
                    step = step with { Phase = StepPhase.Baking, BakesSince = _time.GetUtcNow() };
                tell(Bounded(step));
            }

            if (step.Phase != StepPhase.Baking) return;
            var fault = await service.BakeAsync((step.BakesSince ?? _time.GetUtcNow()) + bake, cancellation).ConfigureAwait(false);
            tell(Bounded(step with { Phase = fault is null ? StepPhase.Done : StepPhase.Failed, Reason = fault }));
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // The agent ends; the next one continues the step.
        }
        catch (Exception e)
        {
            tell(Bounded(step with { Phase = StepPhase.Failed, Reason = e.GetBaseException().Message }));
        }
    }

    private void Progress(Progressed progressed)
    {
        var (fleet, id, step) = progressed;
        if (step.Phase == StepPhase.Failed) _log.StepFailed(fleet, id, step.Reason ?? "no reason");
        else _log.StepReached(fleet, id, step.Phase);
        try
        {
            Apply(fleet, AgentMachine.Progressed(_states[fleet], id, step), null);
        }
        catch (IOException e)
        {
            // It has happened, whether or not it can be written: it is tried until the disk has room.
            _log.NotWritten(fleet, e.Message);
            Timers.StartSingleTimer(id, progressed, WriteAgain);
        }
    }

    private static StepState Bounded(StepState step) => step.Reason is { } reason ? step with { Reason = Bounded(reason) } : step;

    private static string Bounded(string text) =>
        text.Length <= StepState.LongestReason ? text : text[..(StepState.LongestReason - 1)] + "…";

    private sealed record SeenDue;

    private sealed record Progressed(string Fleet, string OrderId, StepState Step);
}

internal static partial class AgentLog
{
    [LoggerMessage(6100, LogLevel.Information, "{Fleet}: rollout {Rollout} is to {Aim} (epoch {Epoch}), asked for by {AskedBy}.")]
    public static partial void Promised(this ILogger logger, string fleet, string rollout, RolloutAim aim, string epoch, string askedBy);

    [LoggerMessage(6101, LogLevel.Information, "{Fleet}: begins {Order} with {Release}.")]
    public static partial void Begins(this ILogger logger, string fleet, string order, string release);

    [LoggerMessage(6102, LogLevel.Information, "{Fleet}: {Order} is {Phase}.")]
    public static partial void StepReached(this ILogger logger, string fleet, string order, StepPhase phase);

    [LoggerMessage(6103, LogLevel.Warning, "{Fleet}: {Order} failed: {Reason}")]
    public static partial void StepFailed(this ILogger logger, string fleet, string order, string reason);

    [LoggerMessage(6104, LogLevel.Warning, "{Fleet}: refuses {Coordinator}: {Reason}")]
    public static partial void Refuses(this ILogger logger, string fleet, string coordinator, string reason);

    [LoggerMessage(6105, LogLevel.Error, "{Fleet}: the record could not be written, nothing is promised: {Reason}")]
    public static partial void NotWritten(this ILogger logger, string fleet, string reason);
}
