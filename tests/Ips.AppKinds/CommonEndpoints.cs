using System.Globalization;
using Ips.Testing.Load;

namespace Ips.AppKinds;

/// <summary>What each web app of this program serves, besides <c>/kind</c>.</summary>
internal static class CommonEndpoints
{
    /// <summary>Maps <c>/</c> and what the strict client asks for; with the line, the probes and <c>/generation</c> too.</summary>
    public static void MapCommon(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/", context => context.Response.WriteAsync("Hello World!"));
        endpoints.MapLoadEndpoints();
        if (endpoints.ServiceProvider.GetService<IIpsGeneration>() is not { } generation) return;
        endpoints.MapIpsProbes();
        endpoints.MapGet("/generation", context => context.Response.WriteAsync(Describe(generation)));
    }

    /// <summary>A generation in words.</summary>
    public static string Describe(IIpsGeneration generation) =>
        string.Create(CultureInfo.InvariantCulture, $"generation {generation.Number}, primary {generation.IsPrimary}");
}
