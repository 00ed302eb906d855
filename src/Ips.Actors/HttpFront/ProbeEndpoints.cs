using Ips.Actors.HttpFront;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Endpoints for load balancers and supervisors.</summary>
public static class ProbeEndpoints
{
    /// <summary>Maps <c>/healthz</c> (liveness: 200 while the process answers) and <c>/readyz</c> (readiness: 200 while this generation
    /// wants new clients, 503 in lame duck and drain).</summary>
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
        endpoints.Map(readinessPath, context =>
        {
            context.Response.StatusCode = gate.Ready ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
            return context.Response.WriteAsync(gate.Ready ? "ready\n" : "not ready\n");
        });
        return endpoints;
    }
}
