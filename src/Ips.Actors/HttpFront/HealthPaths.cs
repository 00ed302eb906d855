using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Patterns;
using Microsoft.Extensions.DependencyInjection;

namespace Ips.Actors.HttpFront;

/// <summary>The health endpoints that an app mapped: they are made to be asked, so a warm-up may.</summary>
internal static class HealthPaths
{
    // What MapHealthChecks() calls each of its endpoints; it leaves no other sign on them.
    private const string DisplayName = "Health checks";

    /// <summary>The paths of those that need no parameter.</summary>
    public static IReadOnlyList<string> Of(IServiceProvider services) =>
    [
        .. (services.GetService<EndpointDataSource>()?.Endpoints ?? []).OfType<RouteEndpoint>()
            .Where(endpoint => endpoint.DisplayName == DisplayName || endpoint.Metadata.GetMetadata<ProbeMark>() is not null)
            .Select(endpoint => Literal(endpoint.RoutePattern)).OfType<string>().Distinct(),
    ];

    private static string? Literal(RoutePattern pattern)
    {
        if (pattern.Parameters.Count > 0 || pattern.RawText is not { } text) return null;
        var path = text.StartsWith('/') ? text : $"/{text.TrimStart('~')}";
        return path.AsSpan().ContainsAnyExceptInRange('!', '~') ? null : path;
    }
}

/// <summary>Marks the liveness probe of <c>MapIpsProbes()</c>. The readiness probe answers 503 meanwhile, which an app that logs its
/// requests would show as an error.</summary>
internal sealed class ProbeMark
{
    /// <summary>The one.</summary>
    public static ProbeMark It { get; } = new();
}
