using System.Buffers;
using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ips.Actors.Transport;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Ips.Transport.Tests.Transport;

/// <summary>Each kind of connection that must stay, says so, and is served on.</summary>
public sealed class UnmovableTests
{
    [Fact]
    public async Task ConnectionItems_Stay()
    {
        await using var host = await TestHost.StartAsync("A");
        var (client, connection) = await host.ConnectWatchedAsync();
        using var _ = client;
        await client.SendAsync("GET /items HTTP/1.1\r\nHost: x\r\n\r\n");
        await client.ReceiveAsync();

        await StaysAsync(connection, UnmovableReason.ConnectionItems);
        await client.SendAsync("GET /n/1 HTTP/1.1\r\nHost: x\r\n\r\n");
        Assert.Equal("1", (await client.ReceiveAsync())!.Body);
    }

    [Fact]
    public async Task Upgraded_Stays_AndKeepsTalking()
    {
        await using var host = await TestHost.StartAsync("A");
        var (client, connection) = await host.ConnectWatchedAsync();
        using var _ = client;
        await client.SendAsync("GET /upgrade HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n");
        Assert.Equal(101, (await client.ReceiveAsync())!.Status);

        await StaysAsync(connection, UnmovableReason.Upgraded);
        await client.SendAsync("HTTP/1.1 200 echoed\r\nContent-Length: 0\r\n\r\n");
        Assert.Equal(200, (await client.ReceiveAsync())!.Status);
    }

    [Fact]
    public async Task UpgradeOffered_ButNotTaken_Moves()
    {
        await using var host = await TestHost.StartAsync("A");
        var (client, connection) = await host.ConnectWatchedAsync();
        using var _ = client;
        await client.SendAsync("GET /n/1 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n");
        Assert.Equal("1", (await client.ReceiveAsync())!.Body);

        var moved = Assert.IsType<MoveResult.Moved>(await connection.BeginMove().WaitAsync(Limits.Step));
        host.Listener.Adopt(moved);
        await client.SendAsync("GET /n/2 HTTP/1.1\r\nHost: x\r\n\r\n");
        Assert.Equal("2", (await client.ReceiveAsync())!.Body);
    }

    [Fact]
    public async Task Tls_Stays_ButMovesBeforeTheFirstByte()
    {
        using var certificate = Certificate();
        await using var host = await TestHost.StartAsync("A", listen: options => options.UseHttps(certificate));
        var (client, connection) = await host.ConnectWatchedAsync();
        using var _ = client;
        var moved = Assert.IsType<MoveResult.Moved>(await connection.BeginMove().WaitAsync(Limits.Step));
        Assert.True(client.IsQuiet()); // not a byte of TLS from the one it left
        connection = host.Listener.Adopt(moved);

        await using var tls = new SslStream(new NetworkStream(client.Socket), false,
            (_, shown, _, _) => shown?.GetCertHashString() == certificate.GetCertHashString());
        await tls.AuthenticateAsClientAsync("localhost").WaitAsync(Limits.Step);
        await RequestAsync(tls);
        await StaysAsync(connection, UnmovableReason.Tls);
        await RequestAsync(tls);
    }

    [Fact]
    public async Task Http2PriorKnowledge_Stays()
    {
        await using var host = await TestHost.StartAsync("A", listen: options => options.Protocols = HttpProtocols.Http2);
        using var http = new HttpClient
        {
            DefaultRequestVersion = new Version(2, 0),
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact
        };
        Assert.Equal("1", await http.GetStringAsync(new Uri($"http://{host.EndPoint}/n/1")));

        await StaysAsync(host.Registry.Connections.Single(), UnmovableReason.Http2);
        Assert.Equal("2", await http.GetStringAsync(new Uri($"http://{host.EndPoint}/n/2")));
    }

    [Fact]
    public async Task MiddlewareThatReads_Stays()
    {
        await using var host = await TestHost.StartAsync("A", listen: options => options.Use(next => async context =>
        {
            var line = await context.Transport.Input.ReadAtLeastAsync(7); // "PROXY\r\n"
            context.Transport.Input.AdvanceTo(line.Buffer.GetPosition(7));
            await next(context);
        }));
        var (client, connection) = await host.ConnectWatchedAsync();
        using var _ = client;
        await client.SendAsync("PROXY\r\nGET /n/1 HTTP/1.1\r\nHost: x\r\n\r\n");
        Assert.Equal("1", (await client.ReceiveAsync())!.Body);

        await StaysAsync(connection, UnmovableReason.ConnectionMiddleware);
    }

    [Fact]
    public async Task MiddlewareThatWrapsTheTransport_Stays()
    {
        await using var host = await TestHost.StartAsync("A", listen: options => options.UseConnectionLogging());
        var (client, connection) = await host.ConnectWatchedAsync();
        using var _ = client;
        await client.SendAsync("GET /n/1 HTTP/1.1\r\nHost: x\r\n\r\n");
        Assert.Equal("1", (await client.ReceiveAsync())!.Body);

        await StaysAsync(connection, UnmovableReason.ConnectionMiddleware);
    }

    [Fact]
    public async Task MiddlewareThatOnlyLooks_Moves()
    {
        await using var host = await TestHost.StartAsync("A", listen: options => options.Use(next => next));
        var (client, connection) = await host.ConnectWatchedAsync();
        using var _ = client;
        await client.SendAsync("GET /n/1 HTTP/1.1\r\nHost: x\r\n\r\n");
        Assert.Equal("1", (await client.ReceiveAsync())!.Body);

        host.Listener.Adopt(Assert.IsType<MoveResult.Moved>(await connection.BeginMove().WaitAsync(Limits.Step)));
        await client.SendAsync("GET /n/2 HTTP/1.1\r\nHost: x\r\n\r\n");
        Assert.Equal("2", (await client.ReceiveAsync())!.Body);
    }

    [Fact, Trait("issue", "11")]
    public async Task FeatureOfTheApp_Stays()
    {
        await using var host = await TestHost.StartAsync("A", listen: options => options.Use(next => context =>
        {
            context.Features.Set<INameOfClient>(new NameOfClient("alice"));
            return next(context);
        }));
        await StaysAfterARequestAsync(host, UnmovableReason.ConnectionFeatures);
    }

    [Fact, Trait("issue", "11")]
    public async Task FeatureSetByARequest_Stays()
    {
        await using var host = await TestHost.StartAsync("A");
        var (client, connection) = await host.ConnectWatchedAsync();
        using var _ = client;
        await client.SendAsync("GET /feature HTTP/1.1\r\nHost: x\r\n\r\n");
        Assert.Equal("kept", (await client.ReceiveAsync())!.Body);

        await StaysAsync(connection, UnmovableReason.ConnectionFeatures);
    }

    // The one that Kestrel sets itself, wrapped: Kestrel's type as the key, the app's as the value.
    [Fact, Trait("issue", "11")]
    public async Task FeatureOfKestrelWrapped_Stays()
    {
        await using var host = await TestHost.StartAsync("A", listen: options => options.Use(next => context =>
        {
            var inner = context.Features.GetRequiredFeature<IConnectionLifetimeNotificationFeature>();
            context.Features.Set<IConnectionLifetimeNotificationFeature>(new WrappedNotification(inner));
            return next(context);
        }));
        await StaysAfterARequestAsync(host, UnmovableReason.ConnectionFeatures);
    }

    [Fact, Trait("issue", "11")]
    public async Task FeatureOfTheTransportReplaced_Stays_WhateverTheAppSays()
    {
        await using var host = await TestHost.StartAsync("A", movable: [typeof(IConnectionEndPointFeature)], listen: options =>
            options.Use(next => context =>
            {
                context.Features.Set<IConnectionEndPointFeature>(new OtherEndPoint());
                return next(context);
            }));
        await StaysAfterARequestAsync(host, UnmovableReason.ConnectionMiddleware);
    }

    [Theory, Trait("issue", "11")]
    [InlineData("closed")]
    [InlineData("id")]
    public async Task PropertyReplaced_Stays(string property)
    {
        using var lifetime = new CancellationTokenSource();
        await using var host = await TestHost.StartAsync("A", listen: options => options.Use(next => context =>
        {
            if (property == "id") context.ConnectionId = "alice";
            else context.ConnectionClosed = lifetime.Token;
            return next(context);
        }));
        await StaysAfterARequestAsync(host, UnmovableReason.ConnectionMiddleware);
    }

    [Fact, Trait("issue", "11")]
    public async Task FeatureThatMayMove_Moves()
    {
        await using var host = await TestHost.StartAsync("A", movable: [typeof(INameOfClient)], listen: options =>
            options.Use(next => context =>
            {
                context.Features.Set<INameOfClient>(new NameOfClient("alice"));
                return next(context);
            }));
        await MovesAfterARequestAsync(host);
    }

    [Fact, Trait("issue", "11")]
    public async Task FeatureTakenAway_Moves()
    {
        await using var host = await TestHost.StartAsync("A", listen: options => options.Use(next => context =>
        {
            context.Features.Set<INameOfClient>(new NameOfClient("alice"));
            context.Features.Set<INameOfClient>(null);
            return next(context);
        }));
        await MovesAfterARequestAsync(host);
    }

    // The middleware of the next generation makes it again, and no client has seen the first one.
    [Fact, Trait("issue", "11")]
    public async Task FeatureOfAConnectionThatIsSilent_Moves()
    {
        await using var host = await TestHost.StartAsync("A", listen: options => options.Use(next => context =>
        {
            context.Features.Set<INameOfClient>(new NameOfClient("alice"));
            return next(context);
        }));
        var (client, connection) = await host.ConnectWatchedAsync();
        using var _ = client;
        host.Listener.Adopt(Assert.IsType<MoveResult.Moved>(await connection.BeginMove().WaitAsync(Limits.Step)));
        await client.SendAsync("GET /n/1 HTTP/1.1\r\nHost: x\r\n\r\n");
        Assert.Equal("1", (await client.ReceiveAsync())!.Body);
    }

    // Each feature that Kestrel sets only if it is asked for something: a limit of connections, a duration that somebody measures.
    [Fact, Trait("issue", "11")]
    public async Task FeaturesOfKestrel_Move()
    {
        using var durations = new MeterListener();
        durations.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Name == "kestrel.connection.duration") listener.EnableMeasurementEvents(instrument);
        };
        durations.Start();
        List<string> seen = [];
        await using var host = await TestHost.StartAsync("A", kestrel: options => options.Limits.MaxConcurrentConnections = 10,
            listen: options =>
            options.Use(next => context =>
            {
                seen.AddRange(context.Features.Select(feature => feature.Key.Name));
                return next(context);
            }));
        await MovesAfterARequestAsync(host);
        Assert.Contains(nameof(IDecrementConcurrentConnectionCountFeature), seen);
        Assert.Contains(nameof(IConnectionMetricsTagsFeature), seen);
    }

    private static async Task StaysAfterARequestAsync(TestHost host, UnmovableReason reason)
    {
        var (client, connection) = await host.ConnectWatchedAsync();
        using var _ = client;
        await client.SendAsync("GET /n/1 HTTP/1.1\r\nHost: x\r\n\r\n");
        Assert.Equal("1", (await client.ReceiveAsync())!.Body);

        await StaysAsync(connection, reason);
        await client.SendAsync("GET /n/2 HTTP/1.1\r\nHost: x\r\n\r\n");
        Assert.Equal("2", (await client.ReceiveAsync())!.Body);
    }

    private static async Task MovesAfterARequestAsync(TestHost host)
    {
        var (client, connection) = await host.ConnectWatchedAsync();
        using var _ = client;
        await client.SendAsync("GET /n/1 HTTP/1.1\r\nHost: x\r\n\r\n");
        Assert.Equal("1", (await client.ReceiveAsync())!.Body);

        host.Listener.Adopt(Assert.IsType<MoveResult.Moved>(await connection.BeginMove().WaitAsync(Limits.Step)));
        await client.SendAsync("GET /n/2 HTTP/1.1\r\nHost: x\r\n\r\n");
        Assert.Equal("2", (await client.ReceiveAsync())!.Body);
    }

    private static async Task StaysAsync(HandoverConnection connection, UnmovableReason reason) =>
        Assert.Equal(new MoveResult.NotMovable(reason), await connection.BeginMove().WaitAsync(Limits.Step));

    private static async Task RequestAsync(SslStream tls)
    {
        await tls.WriteAsync("GET /n/1 HTTP/1.1\r\nHost: x\r\n\r\n"u8.ToArray());
        var buffer = new byte[4096];
        Assert.True(await tls.ReadAsync(buffer).AsTask().WaitAsync(Limits.Step) > 0);
    }

    private static X509Certificate2 Certificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
    }

    private interface INameOfClient;

    private sealed record NameOfClient(string Name) : INameOfClient;

    private sealed class WrappedNotification(IConnectionLifetimeNotificationFeature inner) : IConnectionLifetimeNotificationFeature
    {
        public CancellationToken ConnectionClosedRequested
        {
            get => inner.ConnectionClosedRequested;
            set => inner.ConnectionClosedRequested = value;
        }

        public void RequestClose() => inner.RequestClose();
    }

    private sealed class OtherEndPoint : IConnectionEndPointFeature
    {
        public EndPoint? LocalEndPoint { get; set; }

        public EndPoint? RemoteEndPoint { get; set; }
    }
}
