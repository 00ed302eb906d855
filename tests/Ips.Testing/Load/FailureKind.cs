namespace Ips.Testing.Load;

/// <summary>What went wrong with one request, told apart by what a client sees on the wire.</summary>
internal enum FailureKind
{
    /// <summary>No connection: ECONNREFUSED, or no socket at a Unix socket's path.</summary>
    Refused,

    /// <summary>The connection was reset, before or inside the response.</summary>
    Reset,

    /// <summary>The server ended the connection (FIN) after the request, or just before it as far as a client can know, without one byte of
    /// a response.</summary>
    EofBeforeResponse,

    /// <summary>The server ended the connection (FIN) inside the response.</summary>
    EofInsideResponse,

    /// <summary>A whole response with a status other than 200.</summary>
    WrongStatus,

    /// <summary>A whole, well-framed response whose body has another length or other bytes than expected.</summary>
    WrongLength,

    /// <summary>A connect, read or send took longer than <see cref="LoadOptions.Timeout"/>.</summary>
    Timeout,

    /// <summary>Not a correct HTTP/1.1 response, or bytes after a response that no request asked for.</summary>
    Malformed,
}
