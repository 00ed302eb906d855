namespace Ips.AppKinds.Kinds;

/// <summary>A minimal API, as <c>dotnet new webapi</c> begins one.</summary>
internal static class MinimalApi
{
    public static Task RunAsync(string[] args, bool line)
    {
        var builder = WebApplication.CreateBuilder(args);
        if (line) builder.AddIps();
        var app = builder.Build();
        app.MapCommon();
        app.MapGet("/kind", (string? name) => new { Greeting = $"Hello {name ?? "minimal API"}" });
        return app.RunAsync();
    }
}
