using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Ips.Actors.Posix;
using Ips.Actors.Transport;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ips.Actors.HttpFront;

/// <summary>A Kestrel of its own beside the app's, without network, logs and metrics. What it compiles is warm for the app's one too, and
/// nothing of the app sees its requests: no connection middleware, limit, counter or log.</summary>
[SupportedOSPlatform("linux")]
internal sealed class WarmupServer : IAsyncDisposable
{
    private readonly ServiceProvider _services;
    private readonly IServer _server;
    private readonly MemoryListener _listener;

    private WarmupServer(ServiceProvider services, MemoryListener listener) =>
        (_services, _server, _listener) = (services, services.GetRequiredService<IServer>(), listener);

    /// <summary>Starts one.</summary>
    /// <param name="connections">Makes its connections, which are of the same kind as those of clients.</param>
    /// <param name="application">Answers the requests.</param>
    /// <param name="port">The local port that the app sees.</param>
    /// <param name="cancellationToken">The deadline.</param>
    public static async Task<WarmupServer> StartAsync(
        HandoverConnectionFactory connections, WarmupApplication application, int port, CancellationToken cancellationToken)
    {
        var listener = new MemoryListener(connections);
        var services = new ServiceCollection();
        services.AddOptions<KestrelServerOptions>().Configure(options =>
            options.Listen(new IPEndPoint(IPAddress.Loopback, port), listen => listen.Protocols = HttpProtocols.Http1));
        services.AddSingleton<ILoggerFactory>(NullLoggerFactory.Instance).AddSingleton<IMeterFactory>(new SilentMeters())
            .AddSingleton<DiagnosticSource>(new SilentSource()).AddSingleton<IConnectionListenerFactory>(listener);
        // KestrelServer, which is public, has a meter that every listener in the process can see.
        new Registration(services).UseKestrelCore();
        var server = new WarmupServer(services.BuildServiceProvider(), listener);
        try
        {
            await server._server.StartAsync(application, cancellationToken).ConfigureAwait(false);
            return server;
        }
        catch
        {
            await server._services.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Connects.</summary>
    /// <returns>The client's end; the caller closes it.</returns>
    /// <exception cref="IOException">The process has no descriptors left.</exception>
    public Socket Connect()
    {
        // A real socket: the code of the transport is as cold as the app's, and its part of the first request would be the larger one.
        var (client, server) = StreamPair.Open();
        _listener.Deliver(server);
        return client;
    }

    /// <summary>Ends it, and a request that still runs.</summary>
    public async ValueTask DisposeAsync()
    {
        await _server.StopAsync(new CancellationToken(canceled: true)).ConfigureAwait(false);
        await _services.DisposeAsync().ConfigureAwait(false);
        await _listener.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>Hands sockets over to Kestrel.</summary>
    private sealed class MemoryListener(HandoverConnectionFactory connections) : IConnectionListenerFactory, IConnectionListener
    {
        private readonly Channel<Socket> _sockets = Channel.CreateUnbounded<Socket>();

        public EndPoint EndPoint { get; private set; } = new IPEndPoint(IPAddress.Loopback, 0);

        public void Deliver(Socket socket)
        {
            if (!_sockets.Writer.TryWrite(socket)) socket.Dispose();
        }

        public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
        {
            EndPoint = endpoint;
            return ValueTask.FromResult<IConnectionListener>(this);
        }

        public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
        {
            while (await _sockets.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false))
            {
                if (_sockets.Reader.TryRead(out var socket)) return connections.CreateWarmup(socket, EndPoint);
            }

            return null;
        }

        public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
        {
            _sockets.Writer.TryComplete();
            return ValueTask.CompletedTask;
        }

        public ValueTask DisposeAsync()
        {
            _sockets.Writer.TryComplete();
            while (_sockets.Reader.TryRead(out var socket)) socket.Dispose();
            return ValueTask.CompletedTask;
        }
    }

    /// <summary>Meters that are disposed of are published to nobody, and neither are their instruments.</summary>
    private sealed class SilentMeters : IMeterFactory
    {
        public Meter Create(MeterOptions options)
        {
            var meter = new Meter(options);
            meter.Dispose();
            return meter;
        }

        public void Dispose()
        {
        }
    }

    private sealed class SilentSource : DiagnosticSource
    {
        public override bool IsEnabled(string name) => false;

        public override void Write(string name, object? value)
        {
        }
    }

    /// <summary>As much of a web host as Kestrel needs to register itself.</summary>
    private sealed class Registration(IServiceCollection services) : IWebHostBuilder
    {
#pragma warning disable ASPDEPR008 // the interface still has it
        public IWebHost Build() => throw new NotSupportedException();
#pragma warning restore ASPDEPR008

        public IWebHostBuilder ConfigureAppConfiguration(Action<WebHostBuilderContext, IConfigurationBuilder> configureDelegate) => this;

        public IWebHostBuilder ConfigureServices(Action<IServiceCollection> configureServices)
        {
            configureServices(services);
            return this;
        }

        public IWebHostBuilder ConfigureServices(Action<WebHostBuilderContext, IServiceCollection> configureServices)
        {
            configureServices(new WebHostBuilderContext(), services);
            return this;
        }

        public string? GetSetting(string key) => null;

        public IWebHostBuilder UseSetting(string key, string? value) => this;
    }
}
