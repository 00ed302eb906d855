namespace Ips.AppKinds.Kinds;

/// <summary>Endpoints by <c>app.Urls</c>.</summary>
internal static class AppUrls
{
    public static Task RunAsync(string[] args, bool line)
    {
        var builder = WebApplication.CreateBuilder(args);
        if (line) builder.AddIps();
        var app = builder.Build();
        app.Urls.Add($"http://127.0.0.1:{app.Configuration["port"]}");
        app.MapCommon();
        app.MapGet("/kind", () => $"{app.Urls.Count} address");
        return app.RunAsync();
    }
}
