using System.Net;
using System.Net.Sockets;
using Ips.Actors.Configuration;
using Ips.Actors.HttpFront;
using Ips.Actors.Launch;
using Ips.Actors.Transport;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Ips.Transport.Tests.Transport;

/// <summary>A Kestrel of its own in this process, on our transport or on the stock one.</summary>
internal sealed class TestHost : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly string? _unixPath;

    private TestHost(WebApplication app, string name, string? unixPath) => (_app, Name, _unixPath) = (app, name, unixPath);

    public string Name { get; }

    public ConnectionRegistry Registry => _app.Services.GetRequiredService<ConnectionRegistry>();

    public FrontState Front => _app.Services.GetRequiredService<FrontState>();

    public TestListener Listener => _app.Services.GetRequiredService<TestListener>();

    public TestApp App => _app.Services.GetRequiredService<TestApp>();

    public EndPoint EndPoint => _unixPath is null ? IPEndPoint.Parse(new Uri(_app.Urls.Single()).Authority)
        : new UnixDomainSocketEndPoint(_unixPath);

    public static async Task<TestHost> StartAsync(
        string name, bool stock = false, bool unix = false, Action<ListenOptions>? listen = null,
            Action<KestrelServerOptions>? kestrel = null, Action<WebApplication>? map = null, Action<DrainOptions>? drain = null,
            Action<IServiceCollection>? services = null,
        params IReadOnlyList<Type> movable)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        if (Environment.GetEnvironmentVariable("TRANSPORT_LOG") is not null) builder.Logging.AddConsole().SetMinimumLevel(LogLevel.Debug);
        builder.Services.AddSingleton<TestApp>();
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromSeconds(2));
        var path = unix ? Path.Combine(Path.GetTempPath(), $"ips-{Guid.NewGuid():N}.sock") : null;
        builder.WebHost.ConfigureKestrel(options =>
        {
            options.Limits.MinRequestBodyDataRate = null; // tests stop in the middle of a body, on machines of any speed
            options.Limits.MinResponseDataRate = null;
            kestrel?.Invoke(options);
            if (path is null) options.Listen(IPAddress.Loopback, 0, listen ?? (_ => { }));
            else options.ListenUnixSocket(path, listen ?? (_ => { }));
        });
        services?.Invoke(builder.Services);
        var draining = new DrainOptions();
        drain?.Invoke(draining);
        if (!stock)
        {
            builder.Services.AddSingleton<ConnectionRegistry>();
            builder.Services.AddSingleton(provider => new HandoverConnectionFactory(
                provider.GetRequiredService<IOptions<SocketTransportOptions>>().Value,
                provider.GetRequiredService<IMemoryPoolFactory<byte>>(),
                provider.GetRequiredService<ConnectionRegistry>(),
                provider.GetRequiredService<ILogger<HandoverConnectionFactory>>(),
                movable.ToHashSet()));
            builder.Services.AddSingleton<FrontState>();
            builder.Services.AddSingleton(provider => new PoliteClose(
                provider.GetRequiredService<FrontState>(), provider.GetRequiredService<ConnectionRegistry>(), draining,
                    TimeProvider.System,
                NullLogger.Instance));
            builder.Services.AddSingleton(new GenerationContext
            {
                Number = 1,
                StartCommand = new("/x", [], "/", new Dictionary<string, string>())
            });
            builder.Services.AddSingleton<TestListener>();
            builder.Services.AddSingleton<IConnectionListenerFactory>(provider => provider.GetRequiredService<TestListener>());
        }
        var app = builder.Build();
        app.Services.GetRequiredService<TestApp>().Map(app, name, watched: !stock);
        map?.Invoke(app);
        await app.StartAsync();
        return new TestHost(app, name, path);
    }

    public async Task<RawClient> ConnectAsync()
    {
        var socket = new Socket(EndPoint.AddressFamily, SocketType.Stream, _unixPath is null ? ProtocolType.Tcp : ProtocolType.Unspecified);
        await socket.ConnectAsync(EndPoint);
        if (_unixPath is null) socket.NoDelay = true;
        return new RawClient(socket);
    }

    /// <summary>A client and the connection that this host has of it.</summary>
    public async Task<(RawClient Client, HandoverConnection Connection)> ConnectWatchedAsync()
    {
        var before = Registry.Connections.ToHashSet();
        var client = await ConnectAsync();
        HandoverConnection? connection = null;
        await Eventually.TrueAsync(() => (connection = Registry.Connections.FirstOrDefault(c => !before.Contains(c))) is not null);
        return (client, connection!);
    }

    public async ValueTask DisposeAsync()
    {
        App.ReleaseAll();
        await _app.StopAsync();
        await _app.DisposeAsync();
        if (_unixPath is not null) File.Delete(_unixPath);
    }
}
