namespace Ips.Host.Auth;

/// <summary>How a request is signed; docs/api.md describes both with examples.</summary>
internal enum SignatureScheme
{
    /// <summary>HMAC-SHA1 in the query parameters <c>accesskey</c>, <c>expires</c>, <c>signature</c>; the body's MD5.</summary>
    V1,

    /// <summary>HMAC-SHA256 in the header Authorization; the body's SHA-256, and a nonce.</summary>
    V2,
}
