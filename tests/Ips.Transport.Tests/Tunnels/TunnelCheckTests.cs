using System.Collections.Concurrent;
using Ips.Actors.Transport;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Yarp.ReverseProxy.Forwarder;

namespace Ips.Transport.Tests.Tunnels;

/// <summary>An app whose tunnels cannot move is told at the start: nobody would notice before a reload.</summary>
public sealed class TunnelCheckTests
{
    private const string Text = "WebSockets that YARP proxies do not move: ";

    [Theory]
    [InlineData("last", null)]
    [InlineData("derived", null)]
    [InlineData("too-early", "call AddIpsTunnels() after ConfigureHttpClient() and the like.")]
    [InlineData("own-factory", "OwnFactory is not derived from ForwarderHttpClientFactory.")]
    [InlineData("own-factory-later", "OwnFactory is not derived from ForwarderHttpClientFactory.")]
    public async Task Start_FactoryThatYarpAsks_IsNamedIfItIsNotOurs(string how, string? warning)
    {
        using var backend = new RawBackend();
        using var log = new Warnings();
        await using var gateway = await TunnelRig.GatewayAsync("1", backend.Port, proxy: proxy =>
        {
            proxy.Services.AddSingleton<ILoggerProvider>(log);
            if (how is "too-early" or "own-factory-later") proxy.AddIpsTunnels();
            if (how.StartsWith("own", StringComparison.Ordinal))
                proxy.Services.AddSingleton<IForwarderHttpClientFactory>(new OwnFactory());
            else if (how == "derived") proxy.Services.AddSingleton<IForwarderHttpClientFactory>(new DerivedFactory());
            else proxy.ConfigureHttpClient((_, handler) => handler.MaxConnectionsPerServer = 100);
        });
        Assert.Equal(warning is null ? [] : [Text + warning], log.Lines);
        if (how != "too-early") return;

        // As it says: it does not move.
        var (client, socket) = await TunnelRig.ConnectAsync(gateway, backend);
        using (client)
        using (socket)
        {
            var move = Assert.Single(gateway.Registry.Connections).BeginMove(UpgradePolicy.MoveWithTunnels);
            Assert.Equal(new MoveResult.NotMovable(UnmovableReason.Backend), await move.WaitAsync(Limits.Step));
        }
    }

    private sealed class OwnFactory : IForwarderHttpClientFactory
    {
        public HttpMessageInvoker CreateClient(ForwarderHttpClientContext context) => new(new SocketsHttpHandler { UseProxy = false });
    }

    private sealed class DerivedFactory : ForwarderHttpClientFactory;

    /// <summary>The warnings of Ips.</summary>
    private sealed class Warnings : ILoggerProvider, ILogger
    {
        public ConcurrentQueue<string> Lines { get; } = new();

        public ILogger CreateLogger(string categoryName) =>
            categoryName.StartsWith("Ips.", StringComparison.Ordinal) ? this : NullLogger.Instance;

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel)) Lines.Enqueue(formatter(state, exception));
        }

        public void Dispose()
        {
        }
    }
}
