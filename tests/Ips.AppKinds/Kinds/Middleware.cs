using System.Threading.RateLimiting;

namespace Ips.AppKinds.Kinds;

/// <summary>Output cache, rate limiter and compression.</summary>
internal static class Middleware
{
    public static Task RunAsync(string[] args, bool line)
    {
        var builder = WebApplication.CreateBuilder(args);
        if (line) builder.AddIps();
        builder.Services.AddOutputCache();
        builder.Services.AddResponseCompression();
        builder.Services.AddRateLimiter(limiter => limiter.AddPolicy("one at a time", _ =>
            RateLimitPartition.GetConcurrencyLimiter("all", _ => new ConcurrencyLimiterOptions { PermitLimit = 1, QueueLimit = 1000 })));
        var app = builder.Build();
        app.UseResponseCompression();
        app.UseRateLimiter();
        app.UseOutputCache();
        app.MapCommon();
        var made = 0;
        app.MapGet("/kind", () => $"made {Interlocked.Increment(ref made)} time{new string('.', 2000)}")
            .CacheOutput().RequireRateLimiting("one at a time");
        return app.RunAsync();
    }
}
