namespace Ips.Host.Auth;

/// <summary>What a request says about itself, nothing of it checked yet.</summary>
/// <param name="Scheme">How it is signed.</param>
/// <param name="AccessKey">The key's name.</param>
/// <param name="ExpiresText"><c>expires</c> as sent: this text is signed.</param>
/// <param name="Expires">The same as a number, Unix seconds.</param>
/// <param name="Nonce">The nonce; empty for v1.</param>
/// <param name="Signature">The signature, hex.</param>
internal sealed record Credentials(SignatureScheme Scheme, string AccessKey, string ExpiresText, long Expires, string Nonce, string Signature);
