using System.Net;

namespace Ips.AppKinds.Kinds;

/// <summary>Endpoints in code: <c>ConfigureKestrel</c> with <c>Listen</c>.</summary>
internal static class Listen
{
    public static Task RunAsync(string[] args, bool line)
    {
        var builder = WebApplication.CreateBuilder(args);
        if (line) builder.AddIps();
        builder.WebHost.ConfigureKestrel((context, kestrel) =>
        {
            kestrel.Listen(IPAddress.Loopback, context.Configuration.GetValue<int>("port"));
            kestrel.AddServerHeader = false;
        });
        var app = builder.Build();
        app.MapCommon();
        app.MapGet("/kind", (HttpContext context) => $"on port {context.Connection.LocalPort == app.Configuration.GetValue<int>("port")}");
        return app.RunAsync();
    }
}
