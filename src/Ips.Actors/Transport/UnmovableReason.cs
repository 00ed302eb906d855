namespace Ips.Actors.Transport;

/// <summary>Why a connection did not move. The receipt of a reload counts each.</summary>
internal enum UnmovableReason
{
    /// <summary>It can move.</summary>
    None = 0,

    /// <summary>It ended while it was waited for: by the client, by <c>Connection: close</c>, or by an abort.</summary>
    Ended,

    /// <summary><see cref="HandoverConnection.CancelMove"/> came first.</summary>
    Canceled,

    /// <summary>A request ended before the app had read its body to the end, so that nobody but Kestrel knows where the next request
    /// begins.</summary>
    UnreadBody,

    /// <summary>WebSocket or another protocol that took over the connection.</summary>
    Upgraded,

    /// <summary>A WebSocket that is passed on to a backend over a connection that cannot move: over TLS or HTTP/2, or of a client that the
    /// app makes itself.</summary>
    Backend,

    /// <summary>The connection speaks TLS; its keys live in this process.</summary>
    Tls,

    /// <summary>The connection speaks HTTP/2.</summary>
    Http2,

    /// <summary>The app keeps something in <c>ConnectionContext.Items</c> (Negotiate keeps an identity there).</summary>
    ConnectionItems,

    /// <summary>Connection middleware or the app set a feature of the connection that Kestrel does not set itself.</summary>
    ConnectionFeatures,

    /// <summary>Connection middleware replaced the transport, the end points, another part of the connection, or read bytes before HTTP did
    /// (PROXY protocol).</summary>
    ConnectionMiddleware,

    /// <summary>No descriptor was left to duplicate the socket's; see RLIMIT_NOFILE.</summary>
    NoDescriptor,

    /// <summary>The other generation had no room for its descriptor; see RLIMIT_NOFILE.</summary>
    Declined,

    /// <summary>The other generation ended before it had it.</summary>
    CarrierGone,

    /// <summary>The other generation does not listen on the endpoint that it came by, or speaks TLS there.</summary>
    EndpointGone,
}
