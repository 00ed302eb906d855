namespace Ips.Testing.Fuzz;

/// <summary>How a connection ended, as its client saw it.</summary>
internal enum FuzzEnd
{
    /// <summary>The client left a connection that was open.</summary>
    ClientLeft,

    /// <summary>The server sent its FIN.</summary>
    ServerFin,

    /// <summary>The connection was reset, or could not be made.</summary>
    ServerReset,

    /// <summary>What the client waited for did not come.</summary>
    TimedOut,

    /// <summary>Something came that is no HTTP/1.1 response.</summary>
    Malformed,
}
