namespace Ips.AppKinds.Kinds;

/// <summary><c>CreateEmptyBuilder</c> with Kestrel: no configuration, no logging, no defaults.</summary>
internal static class Empty
{
    public static Task RunAsync(string[] args, bool line)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { Args = args });
        builder.Configuration.AddCommandLine(args);
        builder.WebHost.UseKestrelCore().UseUrls(builder.Configuration["urls"]!);
        builder.Services.AddRoutingCore();
        if (line) builder.AddIps();
        var app = builder.Build();
        app.UseRouting();
        app.MapCommon();
        app.MapGet("/kind", context =>
            context.Response.WriteAsync($"empty, {app.Services.GetServices<ILoggerProvider>().Count()} loggers"));
#pragma warning disable ASP0014 // an empty builder adds no endpoint middleware
        app.UseEndpoints(_ => { });
#pragma warning restore ASP0014
        return app.RunAsync();
    }
}
