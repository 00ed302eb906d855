namespace Ips.Bench.Peers;

/// <summary>The app of two peers: with <c>AddIps()</c>, and on stock Kestrel with the listening socket of its parent.</summary>
internal static class PingApp
{
    public static async Task<int> RunAsync(bool withIps, string[] args)
    {
        var builder = WebApplication.CreateSlimBuilder(args);
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        if (withIps)
        {
            builder.AddIps(options => (options.GenerationHeader, options.Warmup.Requests) = (true, ["/ping"]));
        }
        else
        {
            builder.WebHost.ConfigureKestrel(kestrel => kestrel.UseSystemd()); // LISTEN_FDS
        }

        await using var app = builder.Build();
        if (!withIps)
        {
            // With AddIps() the generation is there already.
            var pid = Environment.ProcessId.ToString();
            app.Use((context, next) =>
            {
                context.Response.Headers["X-Ips-Generation"] = pid;
                return next(context);
            });
        }

        app.MapGet("/ping", () => "pong");
        await app.RunAsync();
        return 0;
    }
}
