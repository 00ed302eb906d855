using System.Net;
using System.Net.Sockets;
using Ips.Actors.Transport;
using Ips.Testing.WebSockets;
using Ips.Transport.Tests.Transport;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Yarp.ReverseProxy.Forwarder;

namespace Ips.Transport.Tests.Tunnels;

/// <summary>How tunnels end: by either end, by a refusal, and those that cannot move.</summary>
public sealed class TunnelEndTests
{
    private static readonly byte[] ServiceRestart = [0x88, 0x02, 0x03, 0xF4], GoingAway = [0x88, 0x02, 0x03, 0xE9];

    /// <summary>What the other generation does, and what is counted.</summary>
    public static TheoryData<string, string> Refusals => new()
    {
        { "route", "status-404" },
        { "auth", "status-401" },
        { "identity", "identity" },
        { "resumable", "kind" },
        { "plain", "kind" },
    };

    // The FIN of either end: the other one gets what was under way, and then the end.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Move_AnEndHasClosed_TheOtherGetsAllBytesAndTheEnd(bool backendCloses)
    {
        using var backend = new RawBackend();
        await using var a = await TunnelRig.GatewayAsync("1", backend.Port);
        await using var b = await TunnelRig.GatewayAsync("2", backend.Port);
        var (client, socket) = await TunnelRig.ConnectAsync(a, backend);
        using (client)
        using (socket)
        {
            // The reader is slow, so that neither gateway has seen the FIN when the tunnel moves.
            var (from, to) = backendCloses ? (socket, client.Socket) : (client.Socket, socket);
            var start = backendCloses ? TunnelRig.EndlessFrame : [];
            await from.SendAsync(start, SocketFlags.None);
            var sent = await TunnelRig.FillAsync(from, TunnelRig.Known);
            from.Shutdown(SocketShutdown.Send);
            b.Listener.Adopt(await TunnelRig.LeaveAsync(a));
            if (start.Length > 0) Assert.Equal(start, await TunnelRig.ReadAsync(to, start.Length));
            Assert.Equal(TunnelRig.Known(0, sent), await TunnelRig.ReadAsync(to, sent));
            Assert.Equal(0, await to.ReceiveAsync(new byte[1], SocketFlags.None).WaitAsync(Limits.Step));
            await Eventually.TrueAsync(() => b.Registry.Open == 0);
        }
    }

    [Theory]
    [MemberData(nameof(Refusals))]
    public async Task Replay_NotAnsweredAsBefore_ClosesWith1012AfterTheFrameThatTheBackendHasBegun(string how, string reason)
    {
        using var backend = new RawBackend();
        await using var from = await TunnelRig.GatewayAsync("1", backend.Port, user: "one");
        await using var to = await TunnelRig.GatewayAsync("2", backend.Port, user: how == "identity" ? "another" : "one",
            look: how != "auth" ? null : context =>
            {
                context.Response.StatusCode = 401;
                return false;
            },
            map: how switch
            {
                "route" => app => { }
                ,
                "resumable" => app => app.MapResumableWebSocket("/raw", (_, _) => Task.CompletedTask),
                "plain" => app =>
                {
                    app.UseWebSockets();
                    app.Run(async context => (await context.WebSockets.AcceptWebSocketAsync()).Dispose());
                }
                ,
                _ => null,
            });
        var refusals = new List<string?>();
        to.Registry.Replayed = refusal => { lock (refusals) refusals.Add(refusal); };
        var (client, socket) = await TunnelRig.ConnectAsync(from, backend);
        using (client)
        using (socket)
        {
            byte[] frame = [0x82, 126, 0x10, 0, .. TunnelRig.Known(0, 4096)];
            await socket.SendAsync(frame.AsMemory(0, 100), SocketFlags.None);
            var got = await TunnelRig.ReadAsync(client.Socket, 100);
            to.Listener.Adopt(await TunnelRig.LeaveAsync(from));
            await client.SendRawAsync("GET /n/smuggled HTTP/1.1\r\nHost: x\r\n\r\n"u8.ToArray());
            byte[] next = [0x81, 4, .. "next"u8];
            await socket.SendAsync((byte[])[.. frame[100..], .. next], SocketFlags.None);
            byte[] all = [.. got, .. await client.ReadToEndAsync()];
            Assert.Equal([.. frame, .. ServiceRestart], all);
            await Eventually.TrueAsync(() => to.Registry.Open == 0);
            lock (refusals) Assert.Equal([reason], refusals);
            while (await socket.ReceiveAsync(new byte[1024], SocketFlags.None).WaitAsync(Limits.Step) > 0)
            {
            }

            Assert.Equal(1, backend.Accepted);
        }
    }

    // What came of an app's own WebSocket is not spliced into a new connection to a backend.
    [Fact]
    public async Task Replay_OfAnAppsWebSocketMeetsAProxy_IsRefused()
    {
        using var backend = new RawBackend();
        await using var from = await TunnelRig.GatewayAsync("1", backend.Port, map: app =>
            app.MapResumableWebSocket("/raw", async (context, socket) =>
            {
                await foreach (var _ in socket.ReadMessagesAsync(context.RequestAborted))
                {
                }

                await socket.HandOverAsync(default);
            }));
        await using var to = await TunnelRig.GatewayAsync("2", backend.Port);
        var refusals = new List<string?>();
        to.Registry.Replayed = refusal => { lock (refusals) refusals.Add(refusal); };
        using var client = await CuttingPeer.ConnectAsync((IPEndPoint)from.EndPoint, "/raw", 1, cuts: false);
        to.Listener.Adopt(await TunnelRig.LeaveAsync(from));
        Assert.Equal(ServiceRestart, await client.ReadToEndAsync());
        lock (refusals) Assert.Equal(["kind"], refusals);
        Assert.Equal(0, backend.Accepted);
    }

    // After a move in the middle of a frame, the Close of a generation that cannot pass it on comes at the message's end.
    [Fact]
    public async Task Drain_MovedInAFrame_IsClosedWith1001AfterIt()
    {
        using var backend = new RawBackend();
        await using var a = await TunnelRig.GatewayAsync("1", backend.Port);
        await using var b = await TunnelRig.GatewayAsync("2", backend.Port);
        var (client, socket) = await TunnelRig.ConnectAsync(a, backend);
        using (client)
        using (socket)
        {
            await socket.SendAsync((byte[])[0x82, 5, 1, 2], SocketFlags.None);
            var got = await TunnelRig.ReadAsync(client.Socket, 4);
            b.Listener.Adopt(await TunnelRig.LeaveAsync(a));
            await socket.SendAsync((byte[])[3], SocketFlags.None);
            Assert.Equal([3], await TunnelRig.ReadAsync(client.Socket, 1));
            b.Front.Draining = true;
            var move = Assert.Single(b.Registry.Connections).BeginMove(UpgradePolicy.Move); // the other one takes no tunnels
            Assert.Equal(new MoveResult.NotMovable(UnmovableReason.Upgraded), await move.WaitAsync(Limits.Step));
            await Task.Delay(100); // a Close that comes too early
            await socket.SendAsync((byte[])[4, 5], SocketFlags.None);
            Assert.Equal([4, 5, 0x88, 2, 3, 0xE9], await TunnelRig.ReadAsync(client.Socket, 6));
            Assert.Equal([0x82, 5, 1, 2], got);
        }
    }

    // Else each test whose clients end would see YARP report an error, by chance: to a proxy it has gone away too early.
    [Fact]
    public async Task Close_OfATestsClient_LetsTheServerEndFirst()
    {
        using var backend = new RawBackend();
        await using var gateway = await TunnelRig.GatewayAsync("1", backend.Port);
        var (client, socket) = await TunnelRig.ConnectAsync(gateway, backend);
        using (client)
        using (socket)
        {
            await socket.SendAsync(GoingAway, SocketFlags.None);
            var ending = Task.Run(async () =>
            {
                Assert.Null(await client.ReceiveAsync());
                client.Dispose();
            });
            await TunnelRig.ReadAsync(socket, 8); // its Close, masked
            await Task.Delay(100); // an end that comes too early
            Assert.False(ending.IsCompleted);
            socket.Shutdown(SocketShutdown.Send);
            await ending.WaitAsync(Limits.Step);
            await Eventually.TrueAsync(() => gateway.Registry.Open == 0);
            Assert.Empty(gateway.App.Seen);
        }
    }

    [Theory]
    [InlineData("own-factory", UnmovableReason.Backend)]
    [InlineData("own-stream", UnmovableReason.Backend)]
    [InlineData("configured", null)]
    [InlineData("derived", null)]
    internal async Task Client_AsTheAppConfiguresIt_MovesIfItIsYarps(string how, UnmovableReason? reason)
    {
        using var backend = new RawBackend();
        var configured = 0;
        await using var a = await TunnelRig.GatewayAsync("1", backend.Port, proxy: proxy =>
        {
            switch (how)
            {
                case "own-factory": proxy.Services.AddSingleton<IForwarderHttpClientFactory>(new OwnFactory()); break;
                case "derived": proxy.Services.AddSingleton<IForwarderHttpClientFactory>(new DerivedFactory(() => configured++)); break;
                case "configured":
                    proxy.ConfigureHttpClient((_, handler) => configured += handler.MaxConnectionsPerServer > 0 ? 1 : 0);
                    break;
                default:
                    proxy.ConfigureHttpClient((_, handler) => handler.ConnectCallback = async (context, cancellationToken) =>
                    {
                        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
                        await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
                        return new OwnStream(socket);
                    });
                    break;
            }
        });
        await using var b = await TunnelRig.GatewayAsync("2", backend.Port);
        var (client, socket) = await TunnelRig.ConnectAsync(a, backend);
        using (client)
        using (socket)
        {
            var move = Assert.Single(a.Registry.Connections).BeginMove(UpgradePolicy.MoveWithTunnels);
            if (reason is { } stays)
            {
                Assert.Equal(new MoveResult.NotMovable(stays), await move.WaitAsync(Limits.Step));
                a.Front.Draining = true;
                Assert.Equal(GoingAway, await TunnelRig.ReadAsync(client.Socket, GoingAway.Length));
                await Eventually.TrueAsync(() => a.Front.CountDrain(0, 0, 0).ClosedPolitelyBy is not null);
                Assert.Equal(new Dictionary<string, int> { ["backend"] = 1 }, a.Front.CountDrain(0, 0, 0).ClosedPolitelyBy);
            }
            else
            {
                Assert.True(configured > 0);
                b.Listener.Adopt(Assert.IsType<MoveResult.Moved>(await move.WaitAsync(Limits.Step)));
            }

            await client.SendRawAsync("on"u8.ToArray());
            Assert.Equal("on"u8.ToArray(), await TunnelRig.ReadAsync(socket, 2));
        }
    }

    // It may do with the bytes what it wants.
    private sealed class OwnStream(Socket socket) : NetworkStream(socket, ownsSocket: true);

    private sealed class OwnFactory : IForwarderHttpClientFactory
    {
        public HttpMessageInvoker CreateClient(ForwarderHttpClientContext context) =>
            new(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false, UseCookies = false });
    }

    private sealed class DerivedFactory(Action configured) : ForwarderHttpClientFactory
    {
        protected override void ConfigureHandler(ForwarderHttpClientContext context, SocketsHttpHandler handler)
        {
            base.ConfigureHandler(context, handler);
            configured();
        }
    }
}
