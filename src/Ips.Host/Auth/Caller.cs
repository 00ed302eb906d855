namespace Ips.Host.Auth;

/// <summary>Who a checked request comes from; a feature of the HttpContext, set for <c>/v1</c>.</summary>
/// <param name="KeyName">The access key's name; null for an anonymous request from loopback.</param>
/// <param name="Scheme">How the request was signed; null if it was not.</param>
internal sealed record Caller(string? KeyName, SignatureScheme? Scheme);
