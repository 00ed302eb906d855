using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using Ips.Actors.Configuration;
using Ips.Actors.Diagnostics;
using Ips.Actors.HttpFront;
using Ips.Actors.Transport;
using Ips.Testing.Load;
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
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Start_OfAnAppWithAddIps_AsksOnlyWhatTheAppNamedAndCountsNothing(bool named)
    {
        await using var app = Build(options => options.Warmup.Requests = named ? ["/ping"] : []);
        ConcurrentQueue<HandoverConnection?> requests = [];
        app.App.Use((context, next) =>
        {
            requests.Enqueue(context.Features.Get<HandoverConnection>());
            return next(context);
        });
        app.App.MapGet("/ping", (HttpContext context) => context.Features.Get<IIpsWarmupFeature>() is null ? "pong" : "warm");
        await app.App.StartAsync();

        // A client is answered only after the warm-up, as accepting begins then.
        Assert.Equal("pong", await GetOnceAsync(app.App));
        var gate = app.App.Services.GetRequiredService<FrontState>();
        await Eventually.TrueAsync(() => gate.Requests > 0);

        Assert.Equal(named, requests.Count > 1);
        Assert.All(requests.SkipLast(1), connection => Assert.True(connection?.IsWarmup)); // of the kind that clients have
        Assert.Equal(1, gate.Requests); // the client's
        // Another thread logs it. A first generation requests only what the app has named, so that clients do not wait for more.
        if (named) await Eventually.TrueAsync(() => app.Lines.Ids.Contains(EventIds.WarmedUp));
        await app.App.StopAsync();
        Assert.Equal(named, app.Lines.Ids.Contains(EventIds.WarmedUp));
    }

    [Fact]
    public async Task Start_AppThatAnswersTooSlowly_SaysThatTheWarmUpWasForNothing()
    {
        await using var app = Build(options =>
            (options.Warmup.Requests, options.Warmup.Timeout) = (["/ping"], TimeSpan.FromMilliseconds(200)));
        app.App.MapGet("/ping", async (HttpContext context) =>
        {
            if (context.Features.Get<IIpsWarmupFeature>() is not null) await Task.Delay(Timeout.Infinite, context.RequestAborted);
            return "pong";
        });
        await app.App.StartAsync();

        Assert.Equal("pong", await GetOnceAsync(app.App)); // it serves all the same
        await Eventually.TrueAsync(() => app.Lines.Ids.Contains(EventIds.WarmupUnfinished));
        Assert.DoesNotContain(EventIds.WarmedUp, app.Lines.Ids);
        await app.App.StopAsync();
    }

    [Fact]
    public async Task Start_LaterRoundsTakeTooLong_IsAsWarmAsItGets()
    {
        await using var app = Build(options => (options.Warmup.Requests, options.Warmup.Timeout) = (["/ping"], TimeSpan.FromSeconds(3)));
        var asked = 0;
        app.App.MapGet("/ping", async (HttpContext context) =>
        {
            if (Interlocked.Increment(ref asked) > 2) await Task.Delay(Timeout.Infinite, context.RequestAborted);
        });
        await app.App.StartAsync();

        await Eventually.TrueAsync(() => app.Lines.Ids.Contains(EventIds.AcceptingStarted));
        await Eventually.TrueAsync(() => app.Lines.Ids.Contains(EventIds.WarmedUp));
        Assert.DoesNotContain(EventIds.WarmupUnfinished, app.Lines.Ids);
        await app.App.StopAsync();
    }

    // 502 and 504 are said of a server behind this one.
    [Theory]
    [InlineData(StatusCodes.Status502BadGateway, true)]
    [InlineData(StatusCodes.Status504GatewayTimeout, true)]
    [InlineData(StatusCodes.Status500InternalServerError, false)]
    [InlineData(StatusCodes.Status503ServiceUnavailable, false)]
    public async Task Start_NamedPathIsAnsweredByAFault_WarnsUnlessItIsSaidOfAServerBehind(int status, bool isFine)
    {
        await using var app = Build(options => (options.Warmup.Requests, options.Warmup.Timeout) = (["/ping"], Limits.Step));
        app.App.MapGet("/ping", () => Results.StatusCode(status));
        await app.App.StartAsync();

        await Eventually.TrueAsync(() => app.Lines.Ids.Contains(EventIds.AcceptingStarted)); // in any case: nobody else would serve
        await Eventually.TrueAsync(() => app.Lines.Ids.Contains(isFine ? EventIds.WarmedUp : EventIds.ServesUnhealthy));
        Assert.DoesNotContain(isFine ? EventIds.ServesUnhealthy : EventIds.WarmedUp, app.Lines.Ids);
        await app.App.StopAsync();
    }

    [Fact]
    [Trait("issue", "14")]
    public async Task Start_MiddlewareThrowsOnWhatIsNamed_WarnsInItsWords()
    {
        await using var app = Build(options => options.Warmup.Requests = ["/ping"]);
        app.App.Use((context, next) => context.Request.Headers.ContainsKey("X-Tenant") ? next(context)
            : throw new InvalidOperationException("no tenant"));
        await app.App.StartAsync();

        await Eventually.TrueAsync(() => app.Lines.Ids.Contains(EventIds.ServesUnhealthy));
        Assert.Contains(app.Lines.Texts, text => text.Contains("/ping was answered with 500 (Ips:Warmup:Requests): no tenant",
            StringComparison.Ordinal));
        await app.App.StopAsync();
    }

    // The connections are not the endpoint's, so neither its protocol nor TLS keeps the app cold.
    [Theory]
    [InlineData(HttpProtocols.Http2, false)]
    [InlineData(HttpProtocols.Http1, true)]
    [Trait("issue", "14")]
    public async Task Start_EndpointSpeaksNoPlainHttp1_IsWarmedAllTheSame(HttpProtocols protocols, bool tls)
    {
        using var certificate = X509CertificateLoader.LoadPkcs12(TestCertificate.MakePfx(out _), TestCertificate.Password);
        await using var app = Build(
            options => options.Warmup.Requests = ["/ping"],
            kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
            {
                listen.Protocols = protocols;
                if (tls) listen.UseHttps(certificate);
            }));
        ConcurrentQueue<string> seen = [];
        app.App.MapGet("/ping", (HttpRequest request) => seen.Enqueue($"{request.Scheme}://{request.Host}"));
        await app.App.StartAsync();

        await Eventually.TrueAsync(() => app.Lines.Ids.Contains(EventIds.AcceptingStarted));
        Assert.DoesNotContain(EventIds.ServesUnhealthy, app.Lines.Ids);
        Assert.NotEmpty(seen);
        Assert.All(seen, url => Assert.Equal(tls ? "https://localhost" : "http://localhost", url));
        await app.App.StopAsync();
    }

    [Fact]
    [Trait("issue", "14")]
    public async Task Warm_InASuccessor_AsksTheHealthEndpointsAndHeedsNoStatusOfTheirs()
    {
        await using var app = Build(options => { });
        app.App.MapIpsProbes("/live", "/ready");
        app.App.MapHealthChecks("/health");
        app.App.MapHealthChecks("/health/{part}");
        app.App.MapGet("/other", () => "other");
        await app.App.StartAsync();
        await Eventually.TrueAsync(() => app.Lines.Ids.Contains(EventIds.AcceptingStarted));
        app.Paths.Clear();
        Assert.Equal(["/health", "/live"], HealthPaths.Of(app.App.Services).Order(StringComparer.Ordinal));

        Assert.Null(await Warmup(app, HealthPaths.Of(app.App.Services)).WarmAsync(CancellationToken.None).WaitAsync(Limits.Step));
        Assert.Equal(["/health", "/live"], app.Paths.Distinct().Order(StringComparer.Ordinal));
        Assert.Equal(4, app.Paths.Count); // twice: as a client that keeps its connection
        await app.App.StopAsync();
    }

    [Fact]
    [Trait("issue", "14")]
    public async Task Warm_AfterAFault_AsksOnlyWhatIsNamed()
    {
        await using var app = Build(options => { });
        var status = StatusCodes.Status503ServiceUnavailable;
        app.App.MapGet("/ping", () => Results.StatusCode(status));
        await app.App.StartAsync();
        await Eventually.TrueAsync(() => app.Lines.Ids.Contains(EventIds.AcceptingStarted));

        var warmup = Warmup(app, [], "/ping");
        Assert.Contains("/ping was answered with 503", await warmup.WarmAsync(CancellationToken.None), StringComparison.Ordinal);
        app.Paths.Clear();
        Assert.NotNull(await warmup.WarmAsync(CancellationToken.None));
        status = StatusCodes.Status200OK;
        Assert.Null(await warmup.WarmAsync(CancellationToken.None));
        Assert.Null(await warmup.WarmAsync(CancellationToken.None)); // it is warm
        Assert.Equal(["/ping", "/ping"], app.Paths);
        await app.App.StopAsync();
    }

    private static AppWarmup Warmup(TestedApp app, IReadOnlyList<string> healthPaths, params IReadOnlyList<string> named)
    {
        var services = app.App.Services;
        return new AppWarmup(
            isSuccessor: true, services.GetRequiredService<HandoverConnectionFactory>(), services.GetRequiredService<AppPipeline>(),
            services.GetRequiredService<IHttpContextFactory>(), () => [.. app.App.Urls], () => healthPaths,
            new WarmupOptions { Requests = named, Timeout = Limits.Step }, TimeProvider.System, app.Lines);
    }

    private static TestedApp Build(Action<IpsOptions> configure, Action<KestrelServerOptions>? kestrel = null)
    {
        var folder = new TempFolder();
        var builder = WebApplication.CreateSlimBuilder();
        var lines = new CapturedLines();
        builder.Logging.ClearProviders().AddProvider(lines);
        if (kestrel is null) builder.Configuration["urls"] = "http://127.0.0.1:0";
        else builder.WebHost.UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel);
        builder.Configuration["Ips:PidFile"] = folder.PathOf("app.pid");
        builder.Services.AddHealthChecks();
        builder.AddIps(configure);
        var app = builder.Build();
        var tested = new TestedApp(app, lines, folder);
        app.Use((context, next) =>
        {
            tested.Paths.Enqueue(context.Request.Path);
            return next(context);
        });
        return tested;
    }

    // A connection that is kept would be waited for at the stop.
    private static async Task<string> GetOnceAsync(WebApplication app)
    {
        using var client = new HttpClient();
        return await client.GetStringAsync(new Uri($"{app.Urls.Single()}/ping")).WaitAsync(Limits.Step);
    }

    private sealed record TestedApp(WebApplication App, CapturedLines Lines, TempFolder Folder) : IAsyncDisposable
    {
        public ConcurrentQueue<string> Paths { get; } = [];

        public async ValueTask DisposeAsync()
        {
            await App.DisposeAsync();
            Folder.Dispose();
        }
    }

    private sealed class CapturedLines : ILoggerProvider, ILogger
    {
        public ConcurrentQueue<int> Ids { get; } = [];

        public ConcurrentQueue<string> Texts { get; } = [];

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter)
        {
            Texts.Enqueue(formatter(state, exception));
            Ids.Enqueue(eventId.Id);
        }

        public void Dispose()
        {
        }
    }
}
