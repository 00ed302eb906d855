using System.Collections.Concurrent;
using System.Net;
using Ips.Actors.Diagnostics;
using Ips.Actors.HttpFront;
using Ips.Actors.Transport;
using Ips.Testing.Processes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
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
        Assert.Equal("pong", await GetOnceAsync(app));
        var gate = app.Services.GetRequiredService<FrontState>();
        await Eventually.TrueAsync(() => gate.Requests > 0);

        Assert.NotEmpty(warmups);
        Assert.All(warmups, connection => Assert.True(connection?.IsWarmup)); // each over a connection of the kind that clients have
        Assert.Equal(1, gate.Requests); // the client's
        await app.StopAsync();
    }

    [Fact]
    public async Task Start_AppThatAnswersTooSlowly_SaysThatTheWarmUpWasForNothing()
    {
        using var folder = new TempFolder();
        var builder = WebApplication.CreateSlimBuilder();
        var lines = new CapturedLines();
        builder.Logging.ClearProviders().AddProvider(lines);
        builder.Configuration["urls"] = "http://127.0.0.1:0";
        builder.Configuration["Ips:PidFile"] = folder.PathOf("app.pid");
        builder.AddIps(options => options.Warmup.Timeout = TimeSpan.FromMilliseconds(200));
        await using var app = builder.Build();
        app.MapGet("/ping", async (HttpContext context) =>
        {
            if (context.Features.Get<IIpsWarmupFeature>() is not null) await Task.Delay(Timeout.Infinite, context.RequestAborted);
            return "pong";
        });
        await app.StartAsync();

        Assert.Equal("pong", await GetOnceAsync(app)); // it serves all the same
        Assert.Contains(EventIds.WarmupUnfinished, lines.Ids);
        Assert.DoesNotContain(EventIds.WarmedUp, lines.Ids);
        await app.StopAsync();
    }

    // A gateway whose server behind it is down yet must start, and one that is down must not keep it from being replaced.
    [Theory]
    [InlineData(StatusCodes.Status502BadGateway, true)]
    [InlineData(StatusCodes.Status504GatewayTimeout, true)]
    [InlineData(StatusCodes.Status500InternalServerError, false)]
    [InlineData(StatusCodes.Status503ServiceUnavailable, false)]
    public async Task Start_WarmUpIsAnsweredByAFault_CountsUnlessItIsSaidOfAServerBehind(int status, bool serves)
    {
        using var folder = new TempFolder();
        var builder = WebApplication.CreateSlimBuilder();
        var lines = new CapturedLines();
        builder.Logging.ClearProviders().AddProvider(lines);
        builder.Configuration["urls"] = "http://127.0.0.1:0";
        builder.Configuration["Ips:PidFile"] = folder.PathOf("app.pid");
        builder.AddIps(options => options.Warmup.Timeout = Limits.Step);
        await using var app = builder.Build();
        app.MapGet("/ping", () => Results.StatusCode(status));
        await app.StartAsync();

        await Eventually.TrueAsync(() => lines.Ids.Contains(serves ? EventIds.AcceptingStarted : EventIds.FrontFailed));
        Assert.Equal(serves, lines.Ids.Contains(EventIds.WarmedUp));
        await app.StopAsync();
    }

    // It answers HTTP/1.1 with 400 and closes: that must cost neither the start nor, if another endpoint is there, the warm-up.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Start_EndpointSpeaksHttp2Only_WarmsByAnotherIfThereIsOne(bool another)
    {
        using var folder = new TempFolder();
        var builder = WebApplication.CreateSlimBuilder();
        var lines = new CapturedLines();
        builder.Logging.ClearProviders().AddProvider(lines);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2);
            if (another) kestrel.Listen(IPAddress.Loopback, 0);
        });
        builder.Configuration["Ips:PidFile"] = folder.PathOf("app.pid");
        builder.AddIps(options => options.Warmup.Timeout = Limits.Step);
        await using var app = builder.Build();
        var warmups = 0;
        app.MapGet("/ping", () => $"{Interlocked.Increment(ref warmups)}");
        await app.StartAsync();

        await Eventually.TrueAsync(() => lines.Ids.Contains(EventIds.AcceptingStarted));
        Assert.DoesNotContain(EventIds.FrontFailed, lines.Ids);
        Assert.Equal(another, warmups > 0);
        await app.StopAsync();
    }

    // A connection that is kept would be waited for at the stop.
    private static async Task<string> GetOnceAsync(WebApplication app)
    {
        using var client = new HttpClient();
        return await client.GetStringAsync(new Uri($"{app.Urls.Single()}/ping")).WaitAsync(Limits.Step);
    }

    private sealed class CapturedLines : ILoggerProvider, ILogger
    {
        public ConcurrentQueue<int> Ids { get; } = [];

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter) => Ids.Enqueue(eventId.Id);

        public void Dispose()
        {
        }
    }
}
