namespace Ips.Host.Api;

/// <summary>The <c>code</c> of an answer. A contract with clients: numbers are never reused.</summary>
internal enum ApiCode
{
    /// <summary>Done.</summary>
    Success = 0,

    /// <summary>An error without a code of its own, for example a version that does not match.</summary>
    Other = 4000,

    /// <summary>No key was made yet. A key that is not known is <see cref="SignatureWrong"/>; with <see cref="ApiCompatibility.GinIps"/>
    /// it is this.</summary>
    KeyNotFound = 4001,

    /// <summary>A parameter or field has the wrong type, or its value is out of range.</summary>
    WrongTypeOrRange = 4002,

    /// <summary>The signature is not that of this request with this key, or there is no such key.</summary>
    SignatureWrong = 4003,

    /// <summary>There is no such object or path.</summary>
    NotFound = 4004,

    /// <summary>A parameter or field is missing.</summary>
    ParameterMissing = 4005,

    /// <summary>The path exists, but not with this method.</summary>
    MethodNotAllowed = 4006,

    /// <summary><c>expires</c> is outside of the window, or the nonce was used before.</summary>
    Expired = 4007,

    /// <summary>The key is known, but may not do this.</summary>
    AccessDenied = 4009,

    /// <summary>A fault of the server; the message carries the trace id.</summary>
    Internal = 5000,

    /// <summary>The store does not answer, or takes no writes: HTTP 503.</summary>
    StoreAway = 5003,

    /// <summary><see cref="Internal"/> with <see cref="ApiCompatibility.GinIps"/>.</summary>
    GinIpsInternal = 100001,
}
