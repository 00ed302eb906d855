using Akka.Actor;
using Akka.Cluster;
using AkkaCluster = Akka.Cluster.Cluster;
using Ips.Actors.Lifecycle;
using Ips.Fleet.Rollouts;
using Microsoft.Extensions.Logging;

namespace Ips.Fleet.Agents;

/// <summary>Coordinates one fleet: first asks every agent what it has, then carries out what <see cref="RolloutMachine"/>
/// decides.</summary>
internal sealed class FleetCoordinator : UntypedActor, IWithTimers, IWithStash
{
    private const string Deadline = "deadline", Repeat = "repeat", Heard = "heard";

    // How long agents have for an answer about what they have: a member that cannot be reached is noticed in 4 to 5 s.
    private static readonly TimeSpan RecallTime = TimeSpan.FromSeconds(10), LookTime = TimeSpan.FromSeconds(3),
        RepeatInterval = TimeSpan.FromSeconds(3);

    private readonly string _fleet;
    private readonly string _node;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly AkkaCluster _cluster = AkkaCluster.Get(Context.System);
    private readonly string _incarnation;
    private readonly Dictionary<string, Address> _members = [];
    private readonly HashSet<Address> _unreachable = [];
    private readonly Dictionary<string, FleetMessage.Recalled> _recalled = [];
    private readonly HashSet<string> _asked = [];
    private readonly List<IActorRef> _lookers = [];
    private ImmutableSortedSet<string> _known = [];
    private List<RolloutReceipt> _history = [];
    private Epoch _highest = Epoch.None;
    private RolloutState? _state;
    private bool _recalling;

    private FleetCoordinator(string fleet, string node, TimeProvider time, ILogger log)
    {
        (_fleet, _node, _time, _log) = (fleet, node, time, log);
        // Two incarnations on one node never use the same epoch, whatever the first has told whom.
        var incarnation = $"{(uint)_cluster.SelfUniqueAddress.Uid}.{node}";
        _incarnation = incarnation.Length > FleetName.MaxLength ? incarnation[..FleetName.MaxLength] : incarnation;
    }

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    /// <inheritdoc/>
    public IStash Stash { get; set; } = null!;

    /// <summary>Makes it.</summary>
    /// <param name="fleet">The fleet.</param>
    /// <param name="node">The node on which it is.</param>
    /// <param name="time">The clock.</param>
    /// <param name="log">Where it says what it decides.</param>
    internal static Props Props(string fleet, string node, TimeProvider time, ILogger log) =>
        ActorProps.Of(() => new FleetCoordinator(fleet, node, time, log));

    /// <inheritdoc/>
    protected override void PreStart()
    {
        _cluster.Subscribe(Self, ClusterEvent.InitialStateAsEvents, typeof(ClusterEvent.IMemberEvent),
            typeof(ClusterEvent.IReachabilityEvent));
        foreach (var member in _cluster.State.Members.Where(member => member.Status is MemberStatus.Up)) Join(member);
        AskAll("a new coordinator");
    }

    /// <inheritdoc/>
    protected override void PostStop() => _cluster.Unsubscribe(Self);

    /// <inheritdoc/>
    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case ClusterEvent.MemberUp { Member: var member }: Join(member); break;
            case ClusterEvent.MemberRemoved { Member: var member }: Leave(member); break;
            case ClusterEvent.UnreachableMember { Member: var member }: _unreachable.Add(member.Address); break;
            case ClusterEvent.ReachableMember { Member: var member }: Return(member); break;
            case ClusterEvent.IClusterDomainEvent: break;
            case FleetMessage.Recalled recalled when _members.ContainsKey(recalled.Node): OnRecalled(recalled); break;
            case RecallElapsed: EndRecall(); break;
            case FleetMessage.Begin or FleetMessage.Steer or FleetMessage.Forget when _recalling: Stash.Stash(); break;
            case FleetMessage.Begin begin: Begin(begin); break;
            case FleetMessage.Steer steer: Steer(steer); break;
            case FleetMessage.Forget forget: Forget(forget); break;
            case FleetMessage.Look: Look(); break;
            case LookElapsed: AnswerLookers(); break;
            case DeadlineElapsed: Happened(new RolloutEvent.DeadlineElapsed()); break;
            case RepeatDue: Happened(new RolloutEvent.RepeatDue()); break;
            case FleetMessage.Promised promised: Happened(new RolloutEvent.Promised(promised.Node, promised.Epoch, promised.Steps)); break;
            case FleetMessage.Report report when report.Rollout == _state?.Plan.Id:
                Happened(new RolloutEvent.Reported(report.Node, report.Step));
                break;
            case FleetMessage.Report: break;
            case FleetMessage.Refused refused:
                _log.AgentRefuses(_fleet, refused.Node, refused.Reason);
                Happened(new RolloutEvent.Refused(refused.Node, refused.Asked, refused.Highest, refused.Reason));
                break;
            case FleetMessage.Closed closed when closed.Rollout == _state?.Plan.Id: Happened(new RolloutEvent.Closed(closed.Node)); break;
            case FleetMessage.Closed: break;
            default: Unhandled(message); break;
        }
    }

    private void Join(Member member)
    {
        if (!member.HasRole(_fleet) || FleetRoles.NodeOf(member.Roles) is not { } node) return;
        _members[node] = member.Address;
        _unreachable.Remove(member.Address);
        _known = _known.Add(node);
        Ask(node);
    }

    private void Leave(Member member)
    {
        _unreachable.Remove(member.Address);
        if (FleetRoles.NodeOf(member.Roles) is not { } node || _members.GetValueOrDefault(node) != member.Address) return;
        _members.Remove(node);
        _recalled.Remove(node);
        _asked.Remove(node);
        if (_recalling && _asked.Count == 0) EndRecall();
    }

    private void Return(Member member)
    {
        _unreachable.Remove(member.Address);
        if (FleetRoles.NodeOf(member.Roles) is { } node && _members.ContainsKey(node)) Ask(node);
    }

    private void Ask(string node)
    {
        _asked.Add(node);
        Send(node, new FleetMessage.Recall(_fleet));
    }

    private void AskAll(string why)
    {
        _log.Recalls(_fleet, _node, why);
        _recalling = true;
        _state = null;
        _recalled.Clear();
        Timers.CancelAll();
        foreach (var node in _members.Keys) Ask(node);
        Timers.StartSingleTimer(Heard, new RecallElapsed(), RecallTime);
    }

    private void OnRecalled(FleetMessage.Recalled recalled)
    {
        _asked.Remove(recalled.Node);
        _recalled[recalled.Node] = recalled;
        _known = _known.Union(recalled.Record.KnownNodes);
        if (recalled.Record.Promised > _highest) _highest = recalled.Record.Promised;
        if (_recalling)
        {
            if (_asked.Count == 0) EndRecall();
            return;
        }

        if (_lookers.Count > 0 && _asked.Count == 0) AnswerLookers();
        // It was away while its rollout ended, or while all others were.
        if (recalled.Record.Plan is not { } plan || plan.Id == _state?.Plan.Id) return;
        if (_history.Find(receipt => receipt.Plan.Id == plan.Id) is { } over)
            Send(recalled.Node, new FleetMessage.Close(NextEpoch(), over));
        else if (_state is null) AskAll($"{recalled.Node} has the rollout {plan.Id}");
    }

    private void EndRecall()
    {
        if (!_recalling) return;
        _recalling = false;
        Timers.Cancel(Heard);
        _asked.Clear();
        var recovery = RolloutRecovery.Of([.. _recalled.Values.Select(answer => new Recollection(answer.Node, answer.Record,
            answer.Restarted))]);
        _history = [.. _history.UnionBy(recovery.History, receipt => receipt.Plan.Id).OrderBy(receipt => receipt.EndedAt)
            .TakeLast(FleetRecord.MostReceipts)];
        if (recovery.ToClose.Count > 0)
        {
            var epoch = NextEpoch();
            foreach (var (node, receipt) in recovery.ToClose) Send(node, new FleetMessage.Close(epoch, receipt));
        }

        if (recovery.Plan is { } plan)
        {
            _log.Continues(_fleet, plan.Id, recovery.Aim, recovery.Reason ?? "its coordinator changed");
            Started(RolloutMachine.Begin(plan, NextEpoch(), recovery.Aim, isNew: false, recovery.Reason));
        }

        Stash.UnstashAll();
        AnswerLookers();
    }

    private Epoch NextEpoch() => _highest = new Epoch(_highest.Counter + 1, _incarnation);

    private void Begin(FleetMessage.Begin begin)
    {
        if (_state?.Plan.Id == begin.Id || _history.Exists(receipt => receipt.Plan.Id == begin.Id))
        {
            Answer(null);
            return;
        }

        if (_state is { } open)
        {
            Answer($"{open.Plan.AskedBy} has had a rollout of {_fleet} open since {open.Plan.AskedAt:u}: {Phase(open)}");
            return;
        }

        var (plan, fault) = RolloutPlanner.Plan(begin.Id, _fleet, begin.Terms, Present(), _known, begin.AskedBy, _time.GetUtcNow());
        if (plan is null)
        {
            Answer(fault);
            return;
        }

        _log.BeginsRollout(_fleet, plan.Id, begin.AskedBy, plan.Nodes.Count(), plan.Waves.Count);
        Started(RolloutMachine.Begin(plan, NextEpoch(), RolloutAim.Advance, isNew: true));
        Answer(null);
    }

    private void Steer(FleetMessage.Steer steer)
    {
        var fault = _state is { } state ? RolloutMachine.SteerFault(state, steer.Aim) : "no rollout is open";
        if (fault is null)
        {
            _log.Steered(_fleet, steer.Aim, steer.AskedBy);
            Happened(new RolloutEvent.Steered(steer.Aim, steer.AskedBy));
        }

        Answer(fault);
    }

    private void Forget(FleetMessage.Forget forget)
    {
        var fault = _members.ContainsKey(forget.Node) ? $"{forget.Node} is up; stop its agent first"
            : !_known.Contains(forget.Node) ? $"no node {forget.Node} is known"
            : _state is { } open ? $"a rollout is open ({Phase(open)}); wait for its end" : null;
        if (fault is null)
        {
            _known = _known.Remove(forget.Node);
            foreach (var node in _members.Keys) Send(node, forget);
        }

        Answer(fault);
    }

    private void Look()
    {
        if (_state is not null && !_recalling)
        {
            Answer(null);
            return;
        }

        _lookers.Add(Sender);
        if (_recalling) return;
        foreach (var node in Present().ToList()) Ask(node);
        Timers.StartSingleTimer(nameof(Look), new LookElapsed(), LookTime);
        if (_asked.Count == 0) AnswerLookers();
    }

    private void AnswerLookers()
    {
        Timers.Cancel(nameof(Look));
        foreach (var looker in _lookers) looker.Tell(new FleetMessage.Answer(View()));
        _lookers.Clear();
    }

    private void Answer(string? refusal) => Sender.Tell(new FleetMessage.Answer(View()) { Refusal = refusal });

    private void Started((RolloutState State, IReadOnlyList<RolloutEffect> Effects) next)
    {
        Timers.StartPeriodicTimer(Repeat, new RepeatDue(), RepeatInterval, RepeatInterval);
        Perform(next);
    }

    private void Happened(RolloutEvent happened)
    {
        if (_state is { } state && !_recalling) Perform(RolloutMachine.Next(state, happened, _time.GetUtcNow()));
    }

    private void Perform((RolloutState State, IReadOnlyList<RolloutEffect> Effects) next)
    {
        if (_state is { } before && before.Aim != next.State.Aim) _log.Aims(_fleet, next.State.Aim, next.State.Reason ?? "asked for");
        _state = next.State;
        if (_state.Epoch > _highest) _highest = _state.Epoch;
        foreach (var effect in next.Effects)
        {
            switch (effect)
            {
                case RolloutEffect.AskPromise ask: Send(ask.Node, new FleetMessage.Promise(ask.Epoch, ask.Plan, ask.Aim)); break;
                case RolloutEffect.GiveOrder give:
                    Send(give.Node, new FleetMessage.Order(give.Epoch, _fleet, _state.Plan.Id, give.Kind));
                    break;
                case RolloutEffect.TellClosed tell: Send(tell.Node, new FleetMessage.Close(tell.Epoch, tell.Receipt)); break;
                case RolloutEffect.SetDeadline { Time: { } time }: Timers.StartSingleTimer(Deadline, new DeadlineElapsed(), time); break;
                case RolloutEffect.SetDeadline: Timers.Cancel(Deadline); break;
                case RolloutEffect.Finish finish: Finish(finish.Receipt); return;
                case RolloutEffect.AskAnew anew: AskAll(anew.Reason); return;
            }
        }
    }

    private void Finish(RolloutReceipt receipt)
    {
        _log.Finished(_fleet, receipt.Plan.Id, receipt.Outcome, receipt.Reason ?? "");
        _history = [.. _history.Append(receipt).TakeLast(FleetRecord.MostReceipts)];
        _state = null;
        Timers.CancelAll();
    }

    private void Send(string node, FleetMessage message)
    {
        if (_members.TryGetValue(node, out var address))
            Context.ActorSelection(new RootActorPath(address) / "user" / "agent").Tell(message, Self);
    }

    private IEnumerable<string> Present() => _members.Where(pair => !_unreachable.Contains(pair.Value)).Select(pair => pair.Key);

    private FleetView View()
    {
        var inPlan = _state is { } open ? RolloutMachine.Views(open) : [];
        var present = Present().ToHashSet();
        var others = _known.Union(_members.Keys).Except(inPlan.Select(node => node.Node)).Order(StringComparer.Ordinal).Select(node =>
            _recalled.GetValueOrDefault(node)?.Service is var service && present.Contains(node)
                ? new NodeView(node, service?.State ?? "up") { Release = service?.Release, Reason = service?.Fault }
                : new NodeView(node, "missing"));
        return new FleetView(_fleet, _node, [.. inPlan, .. others])
        {
            Rollout = _state?.Plan,
            Aim = _state?.Aim ?? RolloutAim.Advance,
            Phase = _state is { } state ? Phase(state) : _recalling ? "asking every agent what it has" : null,
            History = _history,
        };
    }

    private static string Phase(RolloutState state) => RolloutText.Phase(state);

    private sealed record DeadlineElapsed;

    private sealed record RepeatDue;

    private sealed record RecallElapsed;

    private sealed record LookElapsed;
}

internal static partial class CoordinatorLog
{
    [LoggerMessage(6110, LogLevel.Information, "{Fleet}: {Node} coordinates, and asks every agent ({Why}).")]
    public static partial void Recalls(this ILogger logger, string fleet, string node, string why);

    [LoggerMessage(6111, LogLevel.Warning, "{Fleet}: continues rollout {Rollout}, which is to {Aim}: {Why}.")]
    public static partial void Continues(this ILogger logger, string fleet, string rollout, RolloutAim aim, string why);

    [LoggerMessage(6112, LogLevel.Information, "{Fleet}: rollout {Rollout} by {AskedBy}: {Nodes} nodes in {Waves} waves.")]
    public static partial void BeginsRollout(this ILogger logger, string fleet, string rollout, string askedBy, int nodes, int waves);

    [LoggerMessage(6113, LogLevel.Information, "{Fleet}: {AskedBy} wants the rollout to {Aim}.")]
    public static partial void Steered(this ILogger logger, string fleet, RolloutAim aim, string askedBy);

    [LoggerMessage(6114, LogLevel.Warning, "{Fleet}: the rollout is to {Aim}: {Why}")]
    public static partial void Aims(this ILogger logger, string fleet, RolloutAim aim, string why);

    [LoggerMessage(6115, LogLevel.Information, "{Fleet}: rollout {Rollout} is over: {Outcome} {Reason}")]
    public static partial void Finished(this ILogger logger, string fleet, string rollout, RolloutOutcome outcome, string reason);

    [LoggerMessage(6116, LogLevel.Warning, "{Fleet}: {Node} refuses: {Reason}")]
    public static partial void AgentRefuses(this ILogger logger, string fleet, string node, string reason);
}
