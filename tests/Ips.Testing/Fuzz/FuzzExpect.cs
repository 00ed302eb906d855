namespace Ips.Testing.Fuzz;

/// <summary>Whether a request says <c>Expect: 100-continue</c>, and what its client makes of that.</summary>
internal enum FuzzExpect
{
    /// <summary>It does not say so.</summary>
    No,

    /// <summary>The body is sent at once, as a client may.</summary>
    SendsAnyway,

    /// <summary>The body is sent when the 100 has come, or the answer without it.</summary>
    Waits,

    /// <summary>The body is never sent: the client leaves with the answer.</summary>
    NeverSends,
}
