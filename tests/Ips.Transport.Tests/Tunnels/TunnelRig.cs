using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Claims;
using Ips.Actors.Transport;
using Ips.Testing.WebSockets;
using Ips.Transport.Tests.Transport;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Forwarder;

namespace Ips.Transport.Tests.Tunnels;

/// <summary>Gateways of several generations in this process, and what is behind them.</summary>
internal static class TunnelRig
{
    /// <summary>Bytes that are known by their place.</summary>
    public static byte[] Known(int start, int count) =>
        [.. Enumerable.Range(start, count).Select(i => (byte)((i * 31) ^ (i >> 8) ^ (i >> 16)))];

    /// <summary>The head of a server's binary frame whose payload is longer than a test sends.</summary>
    public static readonly byte[] EndlessFrame = [0x82, 127, 0, 0, 0, 1, 0, 0, 0, 0];

    /// <summary>A gateway.</summary>
    public static Task<TestHost> GatewayAsync(string name, int backendPort, Action<IReverseProxyBuilder>? proxy = null,
        TimeSpan? activityTimeout = null, string? user = null, Func<HttpContext, bool>? look = null, Action<WebApplication>? map = null) =>
        TestHost.StartAsync(name,
        services: services =>
        {
            var builder = services.AddReverseProxy().LoadFromMemory(
                [new RouteConfig { RouteId = "all", ClusterId = "app",
                    Match = new RouteMatch { Path = "/{name:regex(chain|raw)}" } }],
                [new ClusterConfig
                {
                    ClusterId = "app",
                    HttpRequest = new ForwarderRequestConfig { ActivityTimeout = activityTimeout },
                    Destinations = new Dictionary<string, DestinationConfig>
                    {
                        ["one"] = new() { Address = $"http://127.0.0.1:{backendPort}/" },
                    },
                }]);
            proxy?.Invoke(builder);
            builder.AddIpsTunnels();
        },
        map: app =>
        {
            app.Use(async (context, next) =>
            {
                if (user is not null)
                    context.User = new ClaimsPrincipal(new ClaimsIdentity([new Claim(ClaimTypes.NameIdentifier, user)], "test"));
                if (look?.Invoke(context) == false) return;
                await next(context);
                if (context.Features.Get<IForwarderErrorFeature>() is { } error)
                    app.Services.GetRequiredService<TestApp>().Seen.Enqueue($"{error.Error}: {error.Exception?.Message}");
            });
            if (map is not null) map(app);
            else app.MapReverseProxy();
        });

    /// <summary>An app with the WebSocket that <see cref="ChainClient"/> talks with.</summary>
    public static Task<TestHost> ChainAppAsync() => TestHost.StartAsync("backend", stock: true, map: app =>
    {
        app.UseWebSockets(new WebSocketOptions { KeepAliveInterval = TimeSpan.FromMilliseconds(20) });
        app.Map("/chain", async (HttpContext context) =>
        {
            using var socket = await context.WebSockets.AcceptWebSocketAsync();
            await ServeChainAsync(socket);
        });
    });

    /// <summary>All connections of a gateway leave, and the other one adopts them.</summary>
    public static async Task MoveAllAsync(TestHost from, TestHost to, int count)
    {
        var leaving = from.Registry.Connections.Select(connection => connection.BeginMove(UpgradePolicy.MoveWithTunnels)).ToList();
        Assert.Equal(count, leaving.Count);
        foreach (var left in leaving) to.Listener.Adopt(await MovedAsync(left));
    }

    /// <summary>The only connection leaves.</summary>
    public static Task<MoveResult.Moved> LeaveAsync(TestHost from) =>
        MovedAsync(Assert.Single(from.Registry.Connections).BeginMove(UpgradePolicy.MoveWithTunnels));

    /// <summary>A WebSocket through a gateway, and its backend's end.</summary>
    public static async Task<(CuttingPeer Client, Socket Backend)> ConnectAsync(TestHost gateway, RawBackend backend, byte[]? first = null,
        int receiveBuffer = 0)
    {
        var accepting = backend.AcceptAsync(first, receiveBuffer);
        var client = await CuttingPeer.ConnectAsync((IPEndPoint)gateway.EndPoint, "/raw", 1, cuts: false);
        return (client, await accepting);
    }

    /// <summary>Reads so many bytes.</summary>
    public static async Task<byte[]> ReadAsync(Socket socket, int count)
    {
        var (bytes, done) = (new byte[count], 0);
        while (done < count)
        {
            var read = await socket.ReceiveAsync(bytes.AsMemory(done), SocketFlags.None).AsTask().WaitAsync(Limits.Step);
            if (read == 0) throw new EndOfStreamException($"The end after {done} of {count} bytes.");
            done += read;
        }

        return bytes;
    }

    /// <summary>Writes until the other end takes no more for a moment.</summary>
    /// <returns>How many bytes it took.</returns>
    public static async Task<int> FillAsync(Socket socket, Func<int, int, byte[]> make)
    {
        socket.Blocking = false;
        var sent = 0;
        for (var since = Environment.TickCount64; Environment.TickCount64 - since < 300;)
        {
            var count = socket.Send(make(sent, 64 * 1024), SocketFlags.None, out var code);
            if (code is SocketError.Success)
            {
                sent += count;
                since = Environment.TickCount64;
            }
            else
            {
                Assert.Equal(SocketError.WouldBlock, code);
                await Task.Delay(10);
            }
        }

        return sent;
    }

    /// <summary>Until its connection is closed.</summary>
    public static Task EndingAsync(Func<Task> talk) => Task.Run(async () =>
    {
        try
        {
            await talk();
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Closed.
        }
    });

    private static async Task<MoveResult.Moved> MovedAsync(Task<MoveResult> move)
    {
        var result = await move.WaitAsync(Limits.Step);
        return result as MoveResult.Moved ?? throw new InvalidOperationException($"Not moved: {result}");
    }

    private static async Task ServeChainAsync(WebSocket socket)
    {
        var (chain, buffer) = (new MessageChain(), new byte[64 * 1024]);
        try
        {
            while (true)
            {
                var message = new MemoryStream();
                ValueWebSocketReceiveResult received;
                do
                {
                    received = await socket.ReceiveAsync(buffer.AsMemory(), CancellationToken.None);
                    message.Write(buffer.AsSpan(0, received.Count));
                }
                while (!received.EndOfMessage);
                if (received.MessageType is WebSocketMessageType.Close)
                {
                    await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
                    return;
                }

                chain.Add(message.ToArray());
                await socket.SendAsync(System.Text.Encoding.ASCII.GetBytes($"{chain.Text} 1 0"), WebSocketMessageType.Text, true,
                    CancellationToken.None);
                if (chain.Count % 5 == 0) await socket.SendAsync(message.ToArray(), received.MessageType, true, CancellationToken.None);
            }
        }
        catch (WebSocketException)
        {
            // The client sees it as well, and says so.
        }
    }
}
