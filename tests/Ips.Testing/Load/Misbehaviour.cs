namespace Ips.Testing.Load;

/// <summary>What a <see cref="MisbehavingServer"/> does to the requests that it was told to spoil.</summary>
internal enum Misbehaviour
{
    /// <summary>Nothing: each request is answered as it should be.</summary>
    None,

    /// <summary>Has a port or path, but does not listen.</summary>
    Refuse,

    /// <summary>Resets the connection once the request was read.</summary>
    ResetBeforeResponse,

    /// <summary>Resets the connection after half of the response's bytes.</summary>
    ResetInsideResponse,

    /// <summary>Closes (FIN) once the request was read.</summary>
    CloseBeforeResponse,

    /// <summary>Closes (FIN) after half of a response with Content-Length.</summary>
    CutContentLength,

    /// <summary>Closes (FIN) before the last chunk of a chunked response.</summary>
    CutChunked,

    /// <summary>Answers 503, well-framed.</summary>
    WrongStatus,

    /// <summary>Answers one byte too many, with a Content-Length that says so.</summary>
    WrongLength,

    /// <summary>Answers the right length with the last byte changed.</summary>
    WrongBody,

    /// <summary>Reads the request and says nothing.</summary>
    NeverAnswer,

    /// <summary>Sends more bytes right behind the response.</summary>
    ExtraBytes,

    /// <summary>Answers well, and sends more bytes after the delay.</summary>
    UnaskedBytes,

    /// <summary>Answers with something that is not HTTP.</summary>
    Garbage,

    /// <summary>Answers well, and closes (FIN) after the delay without having said so.</summary>
    CloseUntold,

    /// <summary>Answers well, and resets after the delay without having said so.</summary>
    ResetUntold,

    /// <summary>Answers well with <c>Connection: close</c>, and closes. Not a fault.</summary>
    ClosePolitely,

    /// <summary>Answers 413 with the request's body half sent, and closes.</summary>
    RejectBody,
}
