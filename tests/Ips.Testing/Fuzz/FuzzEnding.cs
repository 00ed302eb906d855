namespace Ips.Testing.Fuzz;

/// <summary>How a client of the fuzz leaves.</summary>
internal enum FuzzEnding
{
    /// <summary>It has all its answers, sees that nothing follows, and closes.</summary>
    ReadsAll,

    /// <summary>The same, but its last request asks for the close, which must come.</summary>
    AsksClose,

    /// <summary>The same after a request that it sent the beginning of, and no more.</summary>
    HalfRequest,

    /// <summary>It does not send the body that it has announced, and closes when it has the answer.</summary>
    KeepsBody,

    /// <summary>It resets the connection, at any moment.</summary>
    Resets,

    /// <summary>It sends its FIN, at any moment, and reads on.</summary>
    SendsFin,
}
