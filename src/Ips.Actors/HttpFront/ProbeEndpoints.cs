using Ips.Actors.HttpFront;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Adds endpoints for load balancers and service managers to an app.</summary>
public static class ProbeEndpoints
{
    /// <summary>Maps a liveness probe, which answers 200 while the process answers, and a readiness probe. Readiness answers 200 while this
    /// generation wants new clients and the app's health checks pass, else 503: while it stops or drains, while an operator has paused the
    /// service, and while a check fails. The body says why. Results of the checks are reused for one second, and only one run is
    /// made at a time.</summary>
    /// <param name="endpoints">The app. <c>AddIps()</c> must have been called on its builder.</param>
    /// <param name="livenessPath">Path of the liveness probe. Default <c>/healthz</c>.</param>
    /// <param name="readinessPath">Path of the readiness probe. Default <c>/readyz</c>.</param>
    /// <returns>The same app.</returns>
    /// <exception cref="InvalidOperationException"><c>AddIps()</c> was not called.</exception>
    public static IEndpointRouteBuilder MapIpsProbes(
        this IEndpointRouteBuilder endpoints, string livenessPath = "/healthz", string readinessPath = "/readyz")
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        var state = endpoints.ServiceProvider.GetRequiredService<FrontState>();
        endpoints.Map(livenessPath, context => context.Response.WriteAsync("live\n")).WithMetadata(ProbeMark.It);
        var checks = endpoints.ServiceProvider.GetRequiredService<HealthCheckProbe>();
        endpoints.Map(readinessPath, async context =>
        {
            var reason = IpsHealthCheck.NotReady(state) ?? (await checks.RecentAsync().ConfigureAwait(false)).Reason;
            context.Response.StatusCode = reason is null ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
            await context.Response.WriteAsync(reason is null ? "ready\n" : $"not ready\n{reason}\n").ConfigureAwait(false);
        });
        return endpoints;
    }
}
