using Akka.Actor;
using Ips.Actors.Handover;

namespace Ips.Actors.Transport;

/// <summary>What <see cref="MoverActor"/> is asked and answers.</summary>
internal static class MoverProtocol
{
    /// <summary>Move every connection that can, those included that come yet; LifecycleActor hears when only busy and unmovable ones are
    /// left.</summary>
    /// <param name="Carrier">Gets <see cref="Carry"/>.</param>
    /// <param name="Endpoints">The endpoints that the other generation takes connections for; null means all.</param>
    /// <param name="Canary">Only this share of them, until <see cref="EndCanary"/> or until all are to move; null for all.</param>
    /// <param name="Upgrades">The other generation takes upgraded connections too.</param>
    /// <param name="Tunnels">Tunnels among them.</param>
    public sealed record Begin(
        IActorRef Carrier, IReadOnlySet<EndpointKey>? Endpoints, CanaryShare? Canary = null, bool Upgrades = false,
        bool Tunnels = false);

    /// <summary>A share of the connections.</summary>
    /// <param name="Percent">Of the new ones; at most a quarter of the live ones moves.</param>
    /// <param name="Accepts">The endpoints whose new connections the other generation takes.</param>
    public sealed record CanaryShare(int Percent, IReadOnlySet<EndpointKey> Accepts);

    /// <summary>A new connection that nobody has read from goes to the other generation. Owned by the receiver.</summary>
    public sealed record Pass(IActorRef Carrier, MovedConnection Connection);

    /// <summary>The canary is gone: the next one begins anew when all that it was to get is back here.</summary>
    public sealed record EndCanary;

    /// <summary>To the carrier: send these. It owns the descriptors. Reply: <see cref="Delivered"/>, <see cref="Returned"/> and
    /// <see cref="CarrierLost"/>, in portions.</summary>
    public sealed record Carry(IReadOnlyList<MovedConnection> Connections);

    /// <summary>So many have arrived at the other generation.</summary>
    public sealed record Delivered(int Count);

    /// <summary>The other generation cannot be reached any more: what has not left stays here and is closed politely.</summary>
    /// <param name="Count">Connections on their way that are lost with it: it may have read from them.</param>
    public sealed record CarrierLost(int Count);

    /// <summary>So many came back, and were adopted here again. <see cref="CarrierLeaving"/> was told before.</summary>
    public sealed record Returned(int Count, UnmovableReason Reason);

    /// <summary>The other generation is about to leave, has no room, or is gone; what has left already is still carried, then
    /// <see cref="CarryEnded"/>.</summary>
    /// <param name="Finish">Busy connections may follow first, and whatever an older generation has on its way here. Else nothing more is
    /// asked to move.</param>
    public sealed record CarrierLeaving(bool Finish);

    /// <summary>No connection comes from an older generation any more.</summary>
    public sealed record IntakeClosed;

    /// <summary>To the carrier: no <see cref="Carry"/> follows.</summary>
    public sealed record CarryEnded;

    /// <summary>Tell the sender when nothing is on its way. Reply: <see cref="Flushed"/>.</summary>
    public sealed record Flush;

    /// <summary>Nothing is on its way.</summary>
    public sealed record Flushed;

    /// <summary>To LifecycleActor: what could leave at once has left.</summary>
    /// <param name="Moved">Connections that arrived at the other generation.</param>
    /// <param name="Busy">Connections that will follow when their request has ended.</param>
    /// <param name="Staying">Connections that cannot move, by reason.</param>
    public sealed record Settled(int Moved, int Busy, IReadOnlyDictionary<string, int> Staying);
}

/// <summary>What became of <see cref="HandoverConnection.BeginMove"/>.</summary>
internal abstract record MoveResult
{
    private MoveResult()
    {
    }

    /// <summary>The connection has left Kestrel and this process may no longer touch it.</summary>
    /// <param name="Descriptor">A descriptor of the socket, close-on-exec, numbered <see cref="Posix.ConnectionDescriptor.LowestNumber"/>
    /// or more. The receiver of the result owns it and closes it with close(2), never with shutdown(2).</param>
    /// <param name="Leftover">Bytes that were received here and belong to the next request: at most
    /// <see cref="HandoverConnection.LeftoverLimitBytes"/>.</param>
    /// <param name="Upgrade">What travels with an upgraded connection.</param>
    public sealed record Moved(int Descriptor, ReadOnlyMemory<byte> Leftover, UpgradeParcel? Upgrade = null) : MoveResult;

    /// <summary>The connection is served on here, or has ended.</summary>
    public sealed record NotMovable(UnmovableReason Reason) : MoveResult;
}
