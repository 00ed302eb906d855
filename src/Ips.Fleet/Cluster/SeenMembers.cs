using System.Collections.Concurrent;
using Akka.Actor;
using Akka.Cluster;
using AkkaCluster = Akka.Cluster.Cluster;
using Ips.Actors.Lifecycle;
using Ips.Fleet.Security;

namespace Ips.Fleet.Cluster;

/// <summary>Notes where the other members are: the cluster itself forgets all of them when it ends.</summary>
internal sealed class SeenMembers
{
    private readonly ConcurrentDictionary<FleetAddress, bool> _all = new();

    /// <summary>Their addresses.</summary>
    public IReadOnlyList<FleetAddress> All => [.. _all.Keys.OrderBy(address => address.ToString(), StringComparer.Ordinal)];

    /// <summary>Makes the actor that notes them.</summary>
    /// <param name="own">The address of this one.</param>
    public Props Props(FleetAddress own) => ActorProps.Of(() => new Watcher(_all, own));

    private sealed class Watcher : UntypedActor
    {
        private readonly ConcurrentDictionary<FleetAddress, bool> _all;
        private readonly FleetAddress _own;

        public Watcher(ConcurrentDictionary<FleetAddress, bool> all, FleetAddress own) => (_all, _own) = (all, own);

        /// <inheritdoc/>
        protected override void PreStart() =>
            AkkaCluster.Get(Context.System).Subscribe(Self, ClusterEvent.InitialStateAsEvents, typeof(ClusterEvent.MemberUp));

        /// <inheritdoc/>
        protected override void OnReceive(object message)
        {
            if (message is ClusterEvent.MemberUp { Member.Address: { Host: { } host, Port: { } port } }
                && new FleetAddress(host.Trim('[', ']'), port) is var address && address != _own) _all[address] = true;
        }
    }
}
