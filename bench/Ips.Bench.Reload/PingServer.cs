namespace Ips.Bench.Reload;

/// <summary>One app, with and without <c>AddIps()</c> as its only difference.</summary>
internal static class PingServer
{
    public static async Task<int> RunAsync(bool withIps)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Configuration["urls"] = "http://127.0.0.1:0";
        if (withIps)
        {
            // A PID file of its own, so that two runs do not meet.
            var folder = Directory.CreateTempSubdirectory("ips-bench-");
            AppDomain.CurrentDomain.ProcessExit += (_, _) => folder.Delete(recursive: true);
            builder.Configuration["Ips:PidFile"] = Path.Combine(folder.FullName, "app.pid");
            builder.AddIps();
        }

        await using var app = builder.Build();
        app.MapGet("/ping", () => "pong\n");
        await app.StartAsync();
        Console.WriteLine(new Uri(app.Urls.First()).Port);
        await Console.In.ReadToEndAsync();
        await app.StopAsync();
        return 0;
    }
}
