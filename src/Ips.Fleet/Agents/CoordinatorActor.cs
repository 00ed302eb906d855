using Akka.Actor;
using Akka.Cluster;
using AkkaCluster = Akka.Cluster.Cluster;
using Ips.Actors.Lifecycle;
using Ips.Fleet.Rollouts;
using Microsoft.Extensions.Logging;

namespace Ips.Fleet.Agents;

/// <summary>The one coordinator of the cluster: a <see cref="FleetCoordinator"/> for each fleet that has a member.</summary>
internal sealed class CoordinatorActor : UntypedActor
{
    private readonly string _node;
    private readonly TimeProvider _time;
    private readonly ILogger _log;

    private CoordinatorActor(string node, TimeProvider time, ILogger log)
    {
        (_node, _time, _log) = (node, time, log);
    }

    /// <summary>Makes it.</summary>
    /// <param name="node">The node on which it is.</param>
    /// <param name="time">The clock.</param>
    /// <param name="log">Where it says what it decides.</param>
    internal static Props Props(string node, TimeProvider time, ILogger log) => ActorProps.Of(() => new CoordinatorActor(node, time, log));

    /// <inheritdoc/>
    protected override void PreStart() =>
        AkkaCluster.Get(Context.System).Subscribe(Self, ClusterEvent.InitialStateAsEvents, typeof(ClusterEvent.MemberUp));

    /// <inheritdoc/>
    protected override void PostStop() => AkkaCluster.Get(Context.System).Unsubscribe(Self);

    // A failed child has lost what it knew: the next one asks the agents.
    /// <inheritdoc/>
    protected override SupervisorStrategy SupervisorStrategy() => new OneForOneStrategy(_ => Directive.Restart);

    /// <inheritdoc/>
    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case ClusterEvent.MemberUp { Member: var member }:
                foreach (var fleet in FleetRoles.FleetsOf(member.Roles)) _ = Child(fleet);
                break;
            case FleetMessage.Begin begin: Pass(begin.Fleet, begin); break;
            case FleetMessage.Steer steer: Pass(steer.Fleet, steer); break;
            case FleetMessage.Look look: Pass(look.Fleet, look); break;
            case FleetMessage.Forget forget: Pass(forget.Fleet, forget); break;
            default: Unhandled(message); break;
        }
    }

    private void Pass(string fleet, FleetMessage message)
    {
        if (Context.Child(fleet) is { } child && !child.IsNobody())
        {
            child.Forward(message);
            return;
        }

        Sender.Tell(new FleetMessage.Answer(new FleetView(fleet, _node, []))
        {
            Refusal = $"no agent belongs to the fleet {fleet}",
        });
    }

    private IActorRef Child(string fleet)
    {
        if (Context.Child(fleet) is { } child && !child.IsNobody()) return child;
        return Context.ActorOf(FleetCoordinator.Props(fleet, _node, _time, _log), fleet);
    }
}
