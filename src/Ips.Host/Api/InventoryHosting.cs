using System.Text;
using Ips.Actors.Diagnostics;
using Ips.Host.Auth;
using Ips.Host.Inventory.Storage;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Ips.Host.Api;

/// <summary>How the daemon takes the inventory in: <see cref="AddInventory"/>, then <see cref="UseInventory"/>, then
/// <see cref="MapInventory"/>.</summary>
internal static class InventoryHosting
{
    private static readonly byte[] StartPage = Encoding.UTF8.GetBytes($"""
        ips, the IP inventory: which machine owns this address?

        GET    /v1/sdk/search_ip?ip=A[,B...]   all objects that hold an address
        POST   /v1/object/<oid>                lists a class: host or switch
        GET    /v1/object/<oid>/<id>           one object; PUT and DELETE change it

        Requests to /v1 are signed and have Content-Type: application/json.
        For programs: {OpenApiText.Path}. For people: docs/api.md of the release, 'ips --help'.

        """);

    /// <summary>Registers the inventory. <see cref="AuthOptions"/>, <see cref="ApiOptions"/> and <see cref="AccessLogOptions"/> are set,
    /// and were checked, by the caller.</summary>
    /// <param name="services">The app's services.</param>
    /// <param name="store">The open store. The caller releases it at the end of the drain, after the last request.</param>
    /// <param name="generation">Which generation this is.</param>
    /// <param name="accessLogOutput">Where the access log goes; null is standard output, also after SIGUSR1 has opened the log file
    /// again.</param>
    public static IServiceCollection AddInventory(this IServiceCollection services, IInventoryStore store, Func<int> generation,
        Stream? accessLogOutput = null)
    {
        services.AddSingleton(store);
        services.AddSingleton<IGenerationNumber>(new GenerationNumber(generation));
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(s => new AccessKeyCache(s.GetRequiredService<IInventoryStore>(),
            s.GetRequiredService<IOptions<AuthOptions>>(), s.GetRequiredService<TimeProvider>()));
        services.AddSingleton(s => new AccessLogWriter(
            accessLogOutput ?? LogOutput.Open(), s.GetRequiredService<IOptions<AccessLogOptions>>(),
                s.GetRequiredService<ILogger<AccessLogWriter>>()));
        services.AddSingleton<InventoryApi>();
        services.AddSingleton<StoreHealthCheck>();
        services.AddHealthChecks().AddCheck<StoreHealthCheck>(StoreIdentity.FactName);
        services.AddHostedService<InventoryStartup>();
        services.AddSingleton<BodyMemory>();
        services.AddSingleton<OpenApiText>();
        // Each failing run would be a line of the log; the check itself says when it begins to fail, and when that ends.
        services.AddLogging(logging => logging.AddFilter("Microsoft.Extensions.Diagnostics.HealthChecks", LogLevel.None));
        // What these two log of each request at information and debug is the target as sent, with the signature of v1; the access log has
        // it without.
        services.AddLogging(logging => logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.Warning)
            .AddFilter("Microsoft.AspNetCore.Server.Kestrel.BadRequests", LogLevel.Warning));
        services.AddOpenApi(OpenApiText.DocumentName, options => options.AddDocumentTransformer<OpenApiDescription>());
        return services;
    }

    /// <summary>Adds, in this order: trace id, access log, error handler, for <c>/v1</c> the authentication, and the check of the
    /// query.</summary>
    public static IApplicationBuilder UseInventory(this IApplicationBuilder app)
    {
        app.UseMiddleware<TraceIdMiddleware>();
        app.UseMiddleware<AccessLogMiddleware>();
        app.UseMiddleware<ErrorMiddleware>();
        app.UseWhen(context => context.Request.Path.StartsWithSegments("/v1"), v1 => v1.UseMiddleware<AuthMiddleware>());
        app.UseMiddleware<QueryMiddleware>();
        return app;
    }

    /// <summary>Maps <c>/v1</c>, <c>/openapi/v1.json</c>, and <c>/</c>, which says where to go on.</summary>
    public static IEndpointRouteBuilder MapInventory(this IEndpointRouteBuilder endpoints)
    {
        var api = endpoints.ServiceProvider.GetRequiredService<InventoryApi>();
        MapRoute(endpoints, "/v1/sdk/search_ip", true,
            new RouteMethod("GET", api.SearchAsync, new QueryParameter("ip"), new("oid"), new("page"), new("page_size"),
            new(OrderParser.Sort), new(OrderParser.Prefix, NeedsV21: true), new(OrderParser.After, NeedsV21: true)));
        MapRoute(endpoints, "/v1/object/{oid}", true, new RouteMethod("POST", api.ListAsync));
        MapRoute(endpoints, "/v1/object/{oid}/{id}", true, new RouteMethod("GET", api.GetAsync),
            new RouteMethod("PUT", api.PutAsync, new QueryParameter(InventoryApi.DryRun, NeedsV21: true)),
            new RouteMethod("DELETE", api.DeleteAsync, new QueryParameter(InventoryApi.DryRun)));
        endpoints.Map("/v1/{**rest}", context => Envelope.WriteProblemAsync(context, Problems.NoSuchPath))
            .WithMetadata(IgnoresQuery.Instance);
        MapRoute(endpoints, OpenApiText.Path, false,
            new RouteMethod("GET", endpoints.ServiceProvider.GetRequiredService<OpenApiText>().AnswerAsync));
        MapRoute(endpoints, "/", false, new RouteMethod("GET", context => AnswerTextAsync(context, StartPage)));
        return endpoints;
    }

    /// <summary>Maps <c>/ping</c>, which answers <c>pong</c> and a line feed, and touches nothing.</summary>
    public static IEndpointRouteBuilder MapPing(this IEndpointRouteBuilder endpoints)
    {
        var pong = "pong\n"u8.ToArray();
        endpoints.MapMethods("/ping", ["GET", "HEAD"], context => AnswerTextAsync(context, pong)).WithMetadata(IgnoresQuery.Instance);
        return endpoints;
    }

    // One endpoint for all methods, and not one for each: routing's own 405 has no envelope, and a catch-all would turn it into 4004.
    private static void MapRoute(IEndpointRouteBuilder endpoints, string pattern, bool isSigned, params RouteMethod[] methods)
    {
        var route = new RouteMethods(pattern, methods, isSigned);
        endpoints.Map(pattern, context =>
        {
            if (route.Find(context.Request.Method) is { } method) return method.Handler(context);
            context.Response.Headers.Allow = route.Allowed;
            var problem = Problems.MethodNotAllowed(context.Request.Method, route.Allowed);
            return Envelope.WriteProblemAsync(context,
                isSigned ? problem : problem with { Status = StatusCodes.Status405MethodNotAllowed });
        }).WithMetadata(route);
    }

    private static Task AnswerTextAsync(HttpContext context, byte[] text)
    {
        context.Response.ContentType = "text/plain";
        context.Response.ContentLength = text.Length;
        return context.Response.Body.WriteAsync(text, context.RequestAborted).AsTask();
    }

    private sealed class GenerationNumber(Func<int> current) : IGenerationNumber
    {
        public int Current => current();
    }
}

/// <summary>Which generation this process is, for the access log.</summary>
internal interface IGenerationNumber
{
    /// <summary>From 1; 0 as long as it is not known.</summary>
    int Current { get; }
}
