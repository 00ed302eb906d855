using System.Net;
using System.Net.Sockets;
using Ips.Actors.Handover;
using Ips.Actors.Transport;
using Ips.Testing.WebSockets;
using Ips.Transport.Tests.Transport;

namespace Ips.Transport.Tests.Tunnels;

/// <summary>WebSockets that YARP passes on leave one gateway and go on in another; neither end notices anything.</summary>
public class TunnelMoveTests
{
    // Kestrel's output, and one write of YARP's beyond it.
    private const int MaxHeldBytes = 2 * 64 * 1024;
    private const int EndlessMoves = 100;

    /// <summary>WebSockets under load.</summary>
    protected virtual int Clients => 8;

    /// <summary>Moves under load.</summary>
    protected virtual int Moves => 12;

    [Theory]
    [InlineData("plain")]
    [InlineData("cutting")]
    public async Task UnderLoad_MovedAgainAndAgain_LosesDoublesAndReordersNothing(string kind)
    {
        await using var backend = await TunnelRig.ChainAppAsync();
        var port = ((IPEndPoint)backend.EndPoint).Port;
        var hosts = new List<TestHost>();
        var all = new List<ChainClient>();
        try
        {
            for (var i = 1; i <= 3; i++) hosts.Add(await TunnelRig.GatewayAsync($"{i}", port));
            var address = (IPEndPoint)hosts[0].EndPoint;
            for (var i = 0; i < Clients; i++)
            {
                IChainPeer peer = kind == "cutting" ? await CuttingPeer.ConnectAsync(address, "/chain", i)
                    : await DotnetPeer.ConnectAsync(new Uri($"ws://{address}/chain"));
                all.Add(ChainClient.Start(peer, i, maxBytes: 1_000_000, maxPause: TimeSpan.FromMilliseconds(2)));
            }

            for (var move = 0; move < Moves; move++)
            {
                var before = all.Select(client => client.Answers).ToList();
                await TunnelRig.MoveAllAsync(hosts[move % 3], hosts[(move + 1) % 3], Clients);
                await Eventually.TrueAsync(() => all.Any(client => client.Fault is not null)
                    || all.Zip(before).All(pair => pair.First.Answers > pair.Second + 3));
                Assert.True(all.All(client => client.Fault is null), string.Join("\n", all.Select(client => client.Fault)));
            }

            Assert.All(hosts, host => Assert.Empty(host.App.Seen)); // YARP has reported no error in a move,
            foreach (var client in all) await client.StopAsync();
            Assert.True(all.All(client => client.Fault is null), string.Join("\n", all.Select(client => client.Fault)));
            await Eventually.TrueAsync(() => hosts.All(host => host.Registry.Open == 0));
            Assert.All(hosts, host => Assert.Empty(host.App.Seen)); // nor at the end
        }
        finally
        {
            foreach (var host in hosts) await host.DisposeAsync();
        }
    }

    // The next reload begins while replays are still running: each waits for its own.
    [Fact]
    public async Task Move_BegunBeforeTheReplayIsAnswered_FollowsIt()
    {
        using var backend = new RawBackend();
        var gate = new TaskCompletionSource();
        await using var first = await TunnelRig.GatewayAsync("1", backend.Port);
        await using var second = await TunnelRig.GatewayAsync("2", backend.Port, look: _ =>
        {
            gate.Task.Wait(Limits.Step);
            return true;
        });
        await using var third = await TunnelRig.GatewayAsync("3", backend.Port);
        var (client, socket) = await TunnelRig.ConnectAsync(first, backend);
        using (client)
        using (socket)
        {
            second.Listener.Adopt(await TunnelRig.LeaveAsync(first));
            var move = Assert.Single(second.Registry.Connections).BeginMove(UpgradePolicy.MoveWithTunnels);
            await client.SendRawAsync("there"u8.ToArray());
            gate.SetResult();
            third.Listener.Adopt(Assert.IsType<MoveResult.Moved>(await move.WaitAsync(Limits.Step)));
            Assert.Equal("there"u8.ToArray(), await TunnelRig.ReadAsync(socket, 5));
            await socket.SendAsync((byte[])[0x82, 4, .. "back"u8], SocketFlags.None);
            Assert.Equal("back"u8.ToArray(), (await client.ReceiveAsync())!.Value.Data);
            Assert.Equal(1, backend.Accepted);
        }
    }

    [Fact]
    public async Task Move_ClientDoesNotRead_TravellingBytesStayFlatAndArriveWhole()
    {
        using var backend = new RawBackend();
        await using var a = await TunnelRig.GatewayAsync("1", backend.Port);
        await using var b = await TunnelRig.GatewayAsync("2", backend.Port);
        var (client, socket) = await TunnelRig.ConnectAsync(a, backend, [.. TunnelRig.EndlessFrame, .. TunnelRig.Known(0, 1000)]);
        using (client)
        using (socket)
        {
            var sent = 1000 + await TunnelRig.FillAsync(socket, (at, count) => TunnelRig.Known(1000 + at, count));
            var most = 0;
            for (var move = 0; move < 20; move++)
            {
                var (from, to) = move % 2 == 0 ? (a, b) : (b, a);
                var moved = await TunnelRig.LeaveAsync(from);
                most = Math.Max(most, moved.Upgrade!.Unsent.Length);
                to.Listener.Adopt(moved);
                sent += await TunnelRig.FillAsync(socket, (at, count) => TunnelRig.Known(sent + at, count));
            }

            Assert.InRange(most, 1, UpgradeParcel.MaxUnsentBytes);
            Assert.Equal(TunnelRig.EndlessFrame, await TunnelRig.ReadAsync(client.Socket, TunnelRig.EndlessFrame.Length));
            Assert.Equal(TunnelRig.Known(0, sent), await TunnelRig.ReadAsync(client.Socket, sent));
        }
    }

    [Fact]
    public async Task Move_BackendDoesNotRead_TravellingBytesStayFlatAndArriveWhole()
    {
        using var backend = new RawBackend();
        await using var a = await TunnelRig.GatewayAsync("1", backend.Port);
        await using var b = await TunnelRig.GatewayAsync("2", backend.Port);
        var (client, socket) = await TunnelRig.ConnectAsync(a, backend);
        using (client)
        using (socket)
        {
            var sent = await TunnelRig.FillAsync(client.Socket, TunnelRig.Known);
            var most = 0;
            for (var move = 0; move < 20; move++)
            {
                var (from, to) = move % 2 == 0 ? (a, b) : (b, a);
                var moved = await TunnelRig.LeaveAsync(from);
                most = Math.Max(most, moved.Upgrade!.Received.Length);
                to.Listener.Adopt(moved);
                var before = sent;
                sent += await TunnelRig.FillAsync(client.Socket, (at, count) => TunnelRig.Known(before + at, count));
            }

            Assert.InRange(most, 1, UpgradeParcel.MaxReceivedBytes);
            Assert.Equal(TunnelRig.Known(0, sent), await TunnelRig.ReadAsync(socket, sent));
        }
    }

    // While it leaves nothing more is read from the backend: what is read then can only be kept, and a tunnel that has too much is lost.
    [Fact]
    public async Task Move_BackendSpeaksWithoutEnd_OnlyWhatTheServerHeldTravels()
    {
        using var backend = new RawBackend();
        await using var a = await TunnelRig.GatewayAsync("1", backend.Port);
        await using var b = await TunnelRig.GatewayAsync("2", backend.Port);
        var (client, socket) = await TunnelRig.ConnectAsync(a, backend);
        using (client)
        using (socket)
        {
            var (most, got, block) = (0, 0L, new byte[64 * 1024]);
            var speaking = TunnelRig.EndingAsync(async () =>
            {
                while (true) await socket.SendAsync(block, SocketFlags.None);
            });
            var reading = TunnelRig.EndingAsync(async () =>
            {
                var buffer = new byte[64 * 1024];
                while (await client.Socket.ReceiveAsync(buffer, SocketFlags.None) is > 0 and var count) Interlocked.Add(ref got, count);
            });
            for (var move = 0; move < EndlessMoves; move++)
            {
                var (from, to) = move % 2 == 0 ? (a, b) : (b, a);
                var before = Interlocked.Read(ref got);
                var moved = await TunnelRig.LeaveAsync(from);
                most = Math.Max(most, moved.Upgrade!.Unsent.Length);
                to.Listener.Adopt(moved);
                await Eventually.TrueAsync(() => Interlocked.Read(ref got) > before + (1024 * 1024));
                await Eventually.TrueAsync(() => from.Registry.Open == 0);
            }

            Assert.InRange(most, 0, MaxHeldBytes);
            socket.Dispose();
            client.Dispose();
            await Task.WhenAll(speaking, reading).WaitAsync(Limits.Step);
        }
    }

    // The leave does not come about: nothing has happened, unless the tunnel was to be closed meanwhile.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Leave_RolledBack_GoesOnAndMovesLater(bool toStay)
    {
        using var backend = new RawBackend();
        IMovableUpgrade? tunnel = null;
        await using var a = await TunnelRig.GatewayAsync("1", backend.Port, look: context =>
        {
            context.Response.OnStarting(() =>
            {
                tunnel = context.Features.Get<IMovableUpgrade>();
                return Task.CompletedTask;
            });
            return true;
        });
        await using var b = await TunnelRig.GatewayAsync("2", backend.Port);
        var (client, socket) = await TunnelRig.ConnectAsync(a, backend);
        using (client)
        using (socket)
        {
            Assert.True(await tunnel!.LeaveAsync());
            Assert.False(await tunnel.LeaveAsync());
            if (toStay) Assert.False(tunnel.Stay());
            tunnel.Release(left: false);
            Assert.Equal(toStay, tunnel.Decided.IsCompleted);
            await client.SendRawAsync("one"u8.ToArray());
            Assert.Equal("one"u8.ToArray(), await TunnelRig.ReadAsync(socket, 3));
            if (toStay)
            {
                Assert.False(await tunnel.Decided);
                Assert.False(await tunnel.LeaveAsync());
                return;
            }

            b.Listener.Adopt(await TunnelRig.LeaveAsync(a));
            await client.SendRawAsync("two"u8.ToArray());
            Assert.Equal("two"u8.ToArray(), await TunnelRig.ReadAsync(socket, 3));
        }
    }

    [Fact]
    public async Task ActivityTimeout_AfterAMove_StillEndsAnIdleTunnel()
    {
        using var backend = new RawBackend();
        var timeout = TimeSpan.FromSeconds(1);
        await using var a = await TunnelRig.GatewayAsync("1", backend.Port, activityTimeout: timeout);
        await using var b = await TunnelRig.GatewayAsync("2", backend.Port, activityTimeout: timeout);
        var (client, socket) = await TunnelRig.ConnectAsync(a, backend);
        using (client)
        using (socket)
        {
            b.Listener.Adopt(await TunnelRig.LeaveAsync(a));
            for (byte i = 0; i < 6; i++) // longer than the time-out
            {
                await client.SendRawAsync(new[] { i });
                Assert.Equal([i], await TunnelRig.ReadAsync(socket, 1));
                await Task.Delay(timeout / 4);
            }

            Assert.Equal(0, await socket.ReceiveAsync(new byte[1], SocketFlags.None).WaitAsync(Limits.Step));
            await Eventually.TrueAsync(() => !b.App.Seen.IsEmpty);
            Assert.StartsWith("UpgradeActivityTimeout", Assert.Single(b.App.Seen), StringComparison.Ordinal);
            Assert.Empty(a.App.Seen);
        }
    }
}
