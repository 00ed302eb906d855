using System.Net;
using System.Net.Sockets;
using Ips.Testing.Load;
using Ips.Testing.Processes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Ips.Transport.Tests.StrictClient;

/// <summary>The client against a real server, in one process: it finds nothing wrong with Kestrel, and everything wrong with a plain
/// restart of it.</summary>
public sealed class KestrelLoadTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData("http://127.0.0.1:0", LoadDistance.Near)]
    [InlineData("http://127.0.0.1:0", LoadDistance.Far)]
    [InlineData("http://[::1]:0", LoadDistance.Near)]
    [InlineData("unix", LoadDistance.Near)]
    [InlineData("unix", LoadDistance.Far)]
    internal async Task Kestrel_UnderTheWholeMix_NothingFails(string address, LoadDistance distance)
    {
        var path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        var generation = 1;
        await using var app = await StartAsync(address == "unix" ? $"http://unix:{path}" : address, () => generation);
        var target = address == "unix" ? LoadTarget.Unix(path) : LoadTarget.Tcp(EndPointOf(app));
        await using var load = StrictLoad.Start(Quick(target) with { Distance = distance });

        await load.WaitForGenerationAsync(1, Limit, count: 3);
        generation = 2;
        await load.WaitForGenerationAsync(2, Limit, count: 3);
        var report = await load.StopAsync().WaitAsync(Limit);

        Assert.True(report.FailedRequests == 0 && report.ClosedIdle == 0 && report.PoliteCloses == 0 && report.Resets == 0,
            report.ToString());
        Assert.Equal([1, 2], report.ResponsesByGeneration.Keys);
        Assert.Equal(5, report.Workers.Count);
    }

    [Fact]
    public async Task Kestrel_StoppedAndStartedAgain_TheLoadCatchesIt()
    {
        // Not a port that the system picks: while nobody listens on it, one of the load's own connections could get it.
        var endPoint = new IPEndPoint(IPAddress.Loopback, FreePort.Next());
        var first = await StartAsync($"http://{endPoint}", () => 1);
        await using var load = StrictLoad.Start(Quick(LoadTarget.Tcp(endPoint)));
        await load.WaitForGenerationAsync(1, Limit);
        await first.DisposeAsync();
        // Between the two there is nobody, for as long as it takes a worker of each kind to find out.
        await load.WaitForFailuresAsync(1, Limit);
        await using var second = await StartAsync($"http://{endPoint}", () => 2);
        await load.WaitForGenerationAsync(2, Limit);
        var report = await load.StopAsync().WaitAsync(Limit);

        Assert.Contains(FailureKind.Refused, report.FailuresByKind);
        // 64 idle connections were closed without having been told.
        Assert.True(report.ClosedIdle > 0, report.ToString());
    }

    [Fact]
    public async Task Large_ReadSlowly_ArrivesWhole()
    {
        await using var app = await StartAsync("http://127.0.0.1:0", () => 5);
        await using var reader = await SlowReader.StartAsync(new SlowReaderOptions { Target = LoadTarget.Tcp(EndPointOf(app)) });
        var result = await reader.FinishAsync().WaitAsync(Limit);

        Assert.Equal((null, ""), (result.Failure, result.Detail));
        Assert.Equal((512 * 1024, 5, false), (result.BodyBytes, result.Generation, result.SaidClose));
        // 64 reads of 8 KB, 20 ms before each.
        Assert.InRange(result.Elapsed, TimeSpan.FromSeconds(1.2), Limit);
    }

    /// <summary>The whole mix of 86 connections with everything that takes seconds made short.</summary>
    private static LoadOptions Quick(LoadTarget target) => new()
    {
        Target = target,
        Paths = new LoadPaths { Stream = "/stream?ms=200&chunks=10" },
        BusyThinkTime = TimeSpan.FromMilliseconds(1),
        OneShotThinkTime = TimeSpan.FromMilliseconds(1),
        IdleIntervalMin = TimeSpan.FromMilliseconds(20),
        IdleIntervalMax = TimeSpan.FromMilliseconds(300),
        UploadTime = TimeSpan.FromMilliseconds(200),
        UploadPieces = 10,
    };

    private static async Task<WebApplication> StartAsync(string url, Func<int> generation)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls(url);
        builder.Logging.ClearProviders();
        var app = builder.Build();
        app.Use((context, next) =>
        {
            context.Response.Headers["X-Ips-Generation"] = generation().ToString(System.Globalization.CultureInfo.InvariantCulture);
            return next(context);
        });
        app.MapLoadEndpoints();
        await app.StartAsync();
        return app;
    }

    private static IPEndPoint EndPointOf(WebApplication app)
    {
        var address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        return IPEndPoint.Parse(new Uri(address).Authority);
    }
}
