namespace Ips.Host.Api;

/// <summary>Metadata of a route of <c>/v1</c>: a test compares it with the OpenAPI document.</summary>
internal sealed record RouteMethods(string Pattern, IReadOnlyList<string> Methods);
