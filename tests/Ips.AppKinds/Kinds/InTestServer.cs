using Microsoft.AspNetCore.TestHost;

namespace Ips.AppKinds.Kinds;

/// <summary>An app in <c>TestServer</c>, as tests host it; what its own client sees goes to stdout.</summary>
internal static class InTestServer
{
    public static async Task RunAsync(string[] args, bool line)
    {
        var builder = WebApplication.CreateBuilder(args);
        if (line) builder.AddIps();
        builder.WebHost.UseTestServer();
        var app = builder.Build();
        app.MapCommon();
        app.MapGet("/kind", (Microsoft.AspNetCore.Hosting.Server.IServer server) => server.GetType().Name);
        await app.StartAsync();
        using var client = app.GetTestClient();
        string[] paths = line ? ["/", "/kind", "/generation", "/healthz", "/readyz"] : ["/", "/kind"];
        foreach (var path in paths)
        {
            using var response = await client.GetAsync(path);
            Console.WriteLine($"{path}: {(int)response.StatusCode} {await response.Content.ReadAsStringAsync()}");
        }

        Console.WriteLine("works");
        await app.WaitForShutdownAsync();
    }
}
