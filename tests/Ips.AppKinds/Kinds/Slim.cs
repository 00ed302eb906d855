namespace Ips.AppKinds.Kinds;

/// <summary><c>CreateSlimBuilder</c>: no TLS by configuration, no HTTP/3, no regular expressions in routes.</summary>
internal static class Slim
{
    public static Task RunAsync(string[] args, bool line)
    {
        var builder = WebApplication.CreateSlimBuilder(args);
        if (line) builder.AddIps();
        var app = builder.Build();
        app.MapCommon();
        app.MapGet("/kind", (IHostEnvironment environment) => Results.Text($"slim, {environment.EnvironmentName}"));
        return app.RunAsync();
    }
}
