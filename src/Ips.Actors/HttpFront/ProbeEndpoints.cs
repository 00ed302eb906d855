using Ips.Actors.HttpFront;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Endpoints for load balancers and supervisors.</summary>
public static class ProbeEndpoints
{
    /// <summary>Maps <c>/healthz</c> (liveness: 200 while the process answers) and <c>/readyz</c> (readiness: 200 while this generation
    /// wants new clients and the app's health checks pass; 503 in lame duck and drain, while an operator has paused it, and with the reason
    /// in the body while a check fails). A result of the checks is used for a second, and one run at a time is made.</summary>
    /// <param name="endpoints">The app, after <c>AddIps()</c>.</param>
    /// <param name="livenessPath">Path of the liveness probe.</param>
    /// <param name="readinessPath">Path of the readiness probe.</param>
    /// <returns>The same app.</returns>
    public static IEndpointRouteBuilder MapIpsProbes(
        this IEndpointRouteBuilder endpoints, string livenessPath = "/healthz", string readinessPath = "/readyz")
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        var gate = endpoints.ServiceProvider.GetRequiredService<FrontGate>();
        endpoints.Map(livenessPath, context => context.Response.WriteAsync("live\n"));
        var checks = endpoints.ServiceProvider.GetRequiredService<HealthCheckProbe>();
        endpoints.Map(readinessPath, async context =>
        {
            var reason = gate.Ready ? (await checks.RecentAsync().ConfigureAwait(false)).Reason : "";
            context.Response.StatusCode = reason is null ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
            var text = reason switch { null => "ready\n", "" => "not ready\n", _ => $"not ready\n{reason}\n" };
            await context.Response.WriteAsync(text).ConfigureAwait(false);
        });
        return endpoints;
    }
}
