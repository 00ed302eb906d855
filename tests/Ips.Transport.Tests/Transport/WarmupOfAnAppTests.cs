using System.Collections.Concurrent;
using Ips.Actors.HttpFront;
using Ips.Actors.Transport;
using Ips.Testing.Processes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Ips.Transport.Tests.Transport;

public sealed class WarmupOfAnAppTests
{
    [Fact]
    public async Task Start_OfAnAppWithAddIps_WarmsTheTransportAndCountsNothing()
    {
        using var folder = new TempFolder();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Configuration["urls"] = "http://127.0.0.1:0";
        builder.Configuration["Ips:PidFile"] = folder.PathOf("app.pid");
        builder.AddIps();
        await using var app = builder.Build();
        ConcurrentQueue<HandoverConnection?> warmups = [];
        app.Use((context, next) =>
        {
            if (context.Features.Get<IIpsWarmupFeature>() is not null) warmups.Enqueue(context.Features.Get<HandoverConnection>());
            return next(context);
        });
        app.MapGet("/ping", () => "pong");
        await app.StartAsync();

        // A client is answered only after the warm-up, as accepting begins then.
        using var client = new HttpClient();
        Assert.Equal("pong", await client.GetStringAsync(new Uri($"{app.Urls.Single()}/ping")).WaitAsync(Eventually.Limit));
        var gate = app.Services.GetRequiredService<FrontGate>();
        await Eventually.TrueAsync(() => gate.Requests > 0);

        Assert.NotEmpty(warmups);
        Assert.All(warmups, connection => Assert.True(connection?.IsWarmup)); // each over a connection of the kind that clients have
        Assert.Equal(1, gate.Requests); // the client's
        await app.StopAsync();
    }
}
