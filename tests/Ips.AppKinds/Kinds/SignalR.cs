using Microsoft.AspNetCore.SignalR;

namespace Ips.AppKinds.Kinds;

/// <summary>SignalR.</summary>
internal static class SignalR
{
    public static Task RunAsync(string[] args, bool line)
    {
        var builder = WebApplication.CreateBuilder(args);
        if (line) builder.AddIps();
        builder.Services.AddSignalR();
        var app = builder.Build();
        app.MapCommon();
        app.MapHub<EchoHub>("/hub");
        app.MapGet("/kind", async (IHubContext<EchoHub> hub) =>
        {
            await hub.Clients.All.SendAsync("asked");
            return "told all clients";
        });
        return app.RunAsync();
    }
}

/// <summary>Answers what it is told.</summary>
internal sealed class EchoHub : Hub
{
#pragma warning disable CA1822 // a hub's methods are called on an instance
    public string Echo(string text) => text;
#pragma warning restore CA1822
}
