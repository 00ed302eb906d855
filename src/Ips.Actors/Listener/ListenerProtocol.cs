using System.Net;

namespace Ips.Actors.Listener;

/// <summary>What <see cref="ListenerActor"/> is asked and answers.</summary>
internal static class ListenerProtocol
{
    /// <summary>Adopt or open a listening socket for an endpoint as Kestrel asks for it. Reply: <see cref="Bound"/> or <see cref="BindFailed"/>.</summary>
    /// <param name="EndPoint">An IP or Unix-domain endpoint.</param>
    /// <param name="OnAccepted">Gets each accepted descriptor, on the accept thread; owns it, must not block.</param>
    public sealed record Bind(EndPoint EndPoint, Action<int> OnAccepted);

    /// <summary>Kestrel drops the endpoint: close its socket, unless a handover is under way; then after it. Reply: <see cref="Unbound"/>.</summary>
    public sealed record Unbind(int Id);

    /// <summary>Accept from every socket, now and bound later.</summary>
    public sealed record StartAccepting;

    /// <summary>Stop accepting, sockets kept. Reply: <see cref="Quiesced"/>.</summary>
    public sealed record Quiesce;

    /// <summary>Close every socket of this generation. <paramref name="HandedOver"/>: a successor has them, so Unix paths stay.</summary>
    public sealed record Release(bool HandedOver);

    /// <summary>Describe the sockets for a handover; until <see cref="HandoverEnded"/> the set does not change. Reply: <see cref="Offered"/>.</summary>
    public sealed record Offer;

    /// <summary>The handover ended, one way or the other: what was put off is done now.</summary>
    public sealed record HandoverEnded;

    /// <summary>The socket is there. <paramref name="EndPoint"/> has the real port.</summary>
    public sealed record Bound(int Id, EndPoint EndPoint);

    /// <summary>The socket is not there.</summary>
    public sealed record BindFailed(Exception Error);

    /// <summary>The accept loop no longer delivers to this endpoint.</summary>
    public sealed record Unbound(int Id);

    /// <summary>Nothing is accepted any more.</summary>
    public sealed record Quiesced;

    /// <summary>The sockets; each descriptor is a duplicate that the receiver closes. In dead letters they close with the process.</summary>
    public sealed record Offered(IReadOnlyList<OfferedSocket> Sockets);
}

/// <summary>A listening socket that travels.</summary>
/// <param name="Endpoint">The endpoint as asked for, in the text of <see cref="EndpointKey"/>.</param>
/// <param name="Ordinal">Counts equal endpoints from 0.</param>
/// <param name="Fd">A descriptor that the receiver owns.</param>
internal sealed record OfferedSocket(string Endpoint, int Ordinal, int Fd);
