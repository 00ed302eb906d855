using Akka.Actor;
using Akka.Cluster;

namespace AkkaCluster;

/// <summary>Makes the primary generation, and no other, a member of the cluster.</summary>
internal static class Membership
{
    /// <summary>A node that has left ends its actor system, and that ends its host, which still has to answer requests: not here. And by
    /// default two processes can listen on one port; the kernel then spreads their peers over both. Here the second one fails.</summary>
    public const string Settings = """
        akka.coordinated-shutdown { terminate-actor-system = off, run-by-actor-system-terminate = off }
        akka.remote.dot-netty.tcp.tcp-reuse-addr = off
        """;

    /// <summary>Joins and leaves with the generation.</summary>
    /// <param name="services">Of the app.</param>
    /// <param name="seed">A member's address; null for the first one, which joins itself.</param>
    public static void Follow(IServiceProvider services, string? seed)
    {
        var generation = services.GetRequiredService<IIpsGeneration>();
        // JoinSeedNodesAsync and not JoinAsync, which tries again only after 10 s if the seed is not ready yet.
        generation.OnPromoted(cancellation => Cluster.Get(System())
            .JoinSeedNodesAsync([seed is null ? Cluster.Get(System()).SelfAddress : Address.Parse(seed)], cancellation));
        // The successor is promoted, and joins, when this has ended: it has 10 s.
        generation.OnDraining(cancellation => Cluster.Get(System()).LeaveAsync(cancellation));
        generation.OnReleasing(_ => System().Terminate()); // the last request is answered

        ActorSystem System() => services.GetRequiredService<ActorSystem>(); // there is none before the host starts
    }
}
