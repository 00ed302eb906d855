namespace Ips.Host.Auth;

/// <summary>What a request says about itself, nothing of it checked yet.</summary>
/// <param name="Scheme">How it is signed.</param>
/// <param name="AccessKey">The key's name.</param>
/// <param name="ExpiresText"><c>expires</c> as sent: this text is signed.</param>
/// <param name="Expires">The same as a number, Unix seconds.</param>
/// <param name="Nonce">The nonce; empty for v1.</param>
/// <param name="Signature">The signature, hex.</param>
internal sealed record Credentials(SignatureScheme Scheme, string AccessKey, string ExpiresText, long Expires, string Nonce,
    string Signature);

/// <summary>Who a checked request comes from; a feature of the HttpContext, set for <c>/v1</c>.</summary>
/// <param name="KeyName">The access key's name; null for an anonymous request from loopback.</param>
/// <param name="Scheme">How the request was signed; null if it was not.</param>
internal sealed record Caller(string? KeyName, SignatureScheme? Scheme);

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
