namespace Ips.Testing.Fuzz;

/// <summary>What the app does with the body of a request.</summary>
internal enum FuzzReading
{
    /// <summary>Reads it to its end as a pipe.</summary>
    Pipe,

    /// <summary>Reads it to its end as a stream.</summary>
    Stream,

    /// <summary>Reads just the content and does not ask for more: of a chunked body the last chunk and the trailers stay unread.</summary>
    Exact,

    /// <summary>Reads nothing.</summary>
    Ignore,
}
