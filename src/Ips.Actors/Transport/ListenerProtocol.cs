using System.Net;
using Akka.Actor;
using Akka.Hosting;
using Ips.Actors.Handover;
using Ips.Actors.Posix;

namespace Ips.Actors.Transport;

/// <summary>What the owner of the listening sockets (ListenerActor) is asked and answers; the registry knows it by this type, as that
/// actor is in a layer above.</summary>
internal abstract class ListenerProtocol
{
    private ListenerProtocol()
    {
    }

    /// <summary>The owner, once it is registered.</summary>
    /// <param name="actors">The actors.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public static async Task<IActorRef> OwnerAsync(ActorRegistry actors, CancellationToken cancellationToken)
    {
        var told = actors.GetAsync<ListenerProtocol>(cancellationToken);
        // The registry looks first and waits then: what is registered in between is told to nobody.
        return actors.TryGet<ListenerProtocol>(out var owner) ? owner : await told.ConfigureAwait(false);
    }

    /// <summary>Adopt or open a listening socket for an endpoint as Kestrel asks for it. Reply: <see cref="Bound"/> or
    /// <see cref="BindFailed"/>.</summary>
    /// <param name="EndPoint">An IP or Unix-domain endpoint.</param>
    /// <param name="Listener">Gets the connections; told of the socket before the first one.</param>
    public sealed record Bind(EndPoint EndPoint, IConnectionTaker Listener);

    /// <summary>Takes the connections of a listening socket.</summary>
    public interface IConnectionTaker
    {
        /// <summary>The socket is there.</summary>
        /// <param name="bound">What it is.</param>
        /// <param name="sockets">Makes Sockets of its connections.</param>
        /// <param name="accept">Accepts one connection and delivers it before it returns; false if nobody waits. Called after
        /// <see cref="Ready"/>, until it gives false. If it gives that to an argument of true, <see cref="Ready"/> is called when somebody
        /// connects.</param>
        void Attach(Bound bound, AcceptedSockets sockets, Func<bool, bool> accept);

        /// <summary>Somebody connects. On the accept thread; must not block.</summary>
        void Ready();

        /// <summary>A descriptor was accepted, with the address of who connects, over IP, or adopted, with what was received of it, or what
        /// travelled with an upgraded one. Owns it from then on; must not block.</summary>
        void Deliver(int fd, ReadOnlyMemory<byte> leftover, IPEndPoint? peer, UpgradeParcel? upgrade = null);
    }

    /// <summary>Adopt or open a listening socket that the app accepts from. Reply: <see cref="Bound"/> or
    /// <see cref="BindFailed"/>.</summary>
    /// <param name="EndPoint">An IP or Unix-domain endpoint.</param>
    /// <param name="Backlog">Length of the kernel's queue; null for the configured one.</param>
    /// <param name="Listener">Gets the socket, and is closed before it.</param>
    public sealed record Listen(EndPoint EndPoint, int? Backlog, OwnListener Listener);

    /// <summary>Deliver connections that moved here, each to the endpoint that it came by. Reply: <see cref="Adopted"/>.
    /// Owns the descriptors; one whose endpoint is gone is closed.</summary>
    public sealed record Adopt(IReadOnlyList<MovedConnection> Connections);

    /// <summary>Kestrel drops the endpoint, perhaps to bind it again: its socket is kept for a while, then closed. Reply:
    /// <see cref="Unbound"/>.</summary>
    public sealed record Unbind(int Id);

    /// <summary>The app has asked for all of its endpoints: is there a passed socket that it did not ask for? Reply:
    /// <see cref="EndpointsChecked"/>.</summary>
    public sealed record CheckEndpoints;

    /// <summary>Describe the sockets for a handover; until <c>ListenerOrder.HandoverEnded</c> the set does not change.
    /// Reply: <see cref="Offered"/>.</summary>
    public sealed record Offer;

    /// <summary>The predecessor has closed its copies of the sockets.</summary>
    public sealed record PredecessorEnded;

    /// <summary>The socket is there. <paramref name="EndPoint"/> has the real port.</summary>
    public sealed record Bound(int Id, EndpointKey Key, EndPoint EndPoint);

    /// <summary>The connections are delivered, <paramref name="Lost"/> of them to nobody.</summary>
    public sealed record Adopted(int Count, int Lost);

    /// <summary>The socket is not there.</summary>
    public sealed record BindFailed(Exception Error);

    /// <summary>Null if each passed socket has its endpoint.</summary>
    public sealed record EndpointsChecked(Exception? Error);

    /// <summary>The answer to a <see cref="Bind"/> or <see cref="Listen"/>, if the socket is there.</summary>
    /// <exception cref="PosixException">It is not; or another exception of <see cref="BindFailed"/>.</exception>
    public static Bound Check(object reply) => reply switch
    {
        Bound bound => bound,
        BindFailed { Error: var error } => throw error,
        _ => throw new InvalidOperationException($"ListenerActor answered {reply}."),
    };

    /// <summary>The accept loop no longer delivers to this endpoint.</summary>
    public sealed record Unbound(int Id);

    /// <summary>The sockets; each descriptor is a duplicate that the receiver closes. In dead letters they close with the
    /// process.</summary>
    public sealed record Offered(IReadOnlyList<OfferedSocket> Sockets);
}
