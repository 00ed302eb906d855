namespace Ips.Testing.Load;

/// <summary>How a connection's rest between two requests ended.</summary>
internal enum Rest
{
    /// <summary>The time is over: as far as the client knows, the connection is open.</summary>
    Ready,

    /// <summary>The server closed the connection, and the client knows.</summary>
    Closed,

    /// <summary>The load stops.</summary>
    Stopping,
}
