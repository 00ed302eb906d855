using Ips.Actors.Diagnostics;
using Ips.Host.Auth;
using Ips.Host.Inventory.Storage;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Ips.Host.Api;

/// <summary>How the daemon takes the inventory in: <see cref="AddInventory"/>, then <see cref="UseInventory"/>, then <see cref="MapInventory"/>.</summary>
internal static class InventoryHosting
{
    /// <summary>Registers the inventory. <see cref="AuthOptions"/>, <see cref="ApiOptions"/> and <see cref="AccessLogOptions"/> are set, and were checked, by the caller.</summary>
    /// <param name="services">The app's services.</param>
    /// <param name="store">The open store. The caller releases it at the end of the drain, after the last request.</param>
    /// <param name="generation">Which generation this is.</param>
    /// <param name="accessLogOutput">Where the access log goes; null is standard output, also after SIGUSR1 has opened the log file again.</param>
    public static IServiceCollection AddInventory(this IServiceCollection services, IInventoryStore store, Func<int> generation, Stream? accessLogOutput = null)
    {
        services.AddSingleton(store);
        services.AddSingleton<IGenerationNumber>(new GenerationNumber(generation));
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(s => new AccessKeyCache(s.GetRequiredService<IInventoryStore>(), s.GetRequiredService<IOptions<AuthOptions>>(), s.GetRequiredService<TimeProvider>()));
        services.AddSingleton(s => new AccessLogWriter(
            accessLogOutput ?? LogOutput.Open(), s.GetRequiredService<IOptions<AccessLogOptions>>(), s.GetRequiredService<ILogger<AccessLogWriter>>()));
        services.AddSingleton<InventoryApi>();
        services.AddHostedService<InventoryStartup>();
        services.AddOpenApi("v1", options => options.AddDocumentTransformer<OpenApiDescription>());
        return services;
    }

    /// <summary>Adds, in this order: trace id, access log, error handler, and for <c>/v1</c> the check of who asks.</summary>
    public static IApplicationBuilder UseInventory(this IApplicationBuilder app)
    {
        app.UseMiddleware<TraceIdMiddleware>();
        app.UseMiddleware<AccessLogMiddleware>();
        app.UseMiddleware<ErrorMiddleware>();
        app.UseWhen(context => context.Request.Path.StartsWithSegments("/v1"), v1 => v1.UseMiddleware<AuthMiddleware>());
        return app;
    }

    /// <summary>Maps <c>/v1</c> and <c>/openapi/v1.json</c>.</summary>
    public static IEndpointRouteBuilder MapInventory(this IEndpointRouteBuilder endpoints)
    {
        var api = endpoints.ServiceProvider.GetRequiredService<InventoryApi>();
        MapRoute(endpoints, "/v1/sdk/search_ip", ("GET", api.SearchAsync));
        MapRoute(endpoints, "/v1/object/{oid}", ("POST", api.ListAsync));
        MapRoute(endpoints, "/v1/object/{oid}/{id}", ("GET", api.GetAsync), ("PUT", api.PutAsync), ("DELETE", api.DeleteAsync));
        endpoints.Map("/v1/{**rest}", context => Envelope.WriteProblemAsync(context, Problems.NoSuchPath));
        endpoints.MapOpenApi("/openapi/{documentName}.json");
        return endpoints;
    }

    /// <summary>Maps <c>/ping</c>, which answers <c>pong</c> and a line feed, and touches nothing.</summary>
    public static IEndpointRouteBuilder MapPing(this IEndpointRouteBuilder endpoints)
    {
        var pong = "pong\n"u8.ToArray();
        endpoints.MapGet("/ping", context =>
        {
            context.Response.ContentType = "text/plain";
            context.Response.ContentLength = pong.Length;
            return context.Response.Body.WriteAsync(pong, context.RequestAborted).AsTask();
        });
        return endpoints;
    }

    // One endpoint for all methods, and not one for each: routing's own 405 has no envelope, and a catch-all would turn it into 4004.
    private static void MapRoute(IEndpointRouteBuilder endpoints, string pattern, params (string Method, RequestDelegate Handler)[] handlers)
    {
        var allowed = string.Join(", ", handlers.Select(h => h.Method));
        endpoints.Map(pattern, context =>
        {
            foreach (var (method, handler) in handlers)
                if (context.Request.Method == method) return handler(context);
            context.Response.Headers.Allow = allowed;
            return Envelope.WriteProblemAsync(context, Problems.MethodNotAllowed(context.Request.Method, allowed));
        }).WithMetadata(new RouteMethods(pattern, [.. handlers.Select(h => h.Method)]));
    }

    private sealed class GenerationNumber(Func<int> current) : IGenerationNumber
    {
        public int Current => current();
    }
}
