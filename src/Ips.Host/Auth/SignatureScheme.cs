namespace Ips.Host.Auth;

/// <summary>How a request is signed; docs/api.md describes each with examples.</summary>
internal enum SignatureScheme
{
    /// <summary>HMAC-SHA1 in the query parameters <c>accesskey</c>, <c>expires</c>, <c>signature</c>; the body's MD5.</summary>
    V1,

    /// <summary>HMAC-SHA256 in the header Authorization; the body's SHA-256, and a nonce.</summary>
    V2,

    /// <summary>As v2, over all that the server acts on: the target as sent, Host, the conditions and the body of every method.</summary>
    V21,
}
