using System.Net;
using System.Net.WebSockets;
using Ips.Actors.Transport;
using Ips.Actors.WebSockets;
using Ips.SampleApp;
using Ips.Testing.WebSockets;
using Ips.Transport.Tests.Transport;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Ips.Transport.Tests.WebSockets;

/// <summary>What an app may rely on while its WebSocket leaves.</summary>
public sealed class ResumableRuleTests
{
    private static readonly byte[] Hello = "hello"u8.ToArray();

    [Fact]
    public async Task Leave_BetweenMessages_LoopEndsSendsWorkAndTheRequestIsNotAborted()
    {
        var seen = new List<string>();
        await using var host = await StartAsync(async (context, socket) =>
        {
            await using var aborted = context.RequestAborted.Register(() => seen.Add("aborted"));
            await foreach (var message in socket.ReadMessagesAsync(context.RequestAborted)) seen.Add(message.Text);
            seen.Add($"leaving {socket.IsLeaving}");
            await socket.SendAsync("part"u8.ToArray(), WebSocketMessageType.Text, endOfMessage: false);
            seen.Add((await Assert.ThrowsAsync<InvalidOperationException>(() => socket.HandOverAsync(Hello))).Message[..9]);
            await socket.SendAsync(" two"u8.ToArray(), WebSocketMessageType.Text);
            seen.Add((await Assert.ThrowsAsync<ArgumentException>(() => socket.HandOverAsync(new byte[16 * 1024 + 1]))).Message[..9]);
            seen.Add($"handed over {await socket.HandOverAsync(Hello, 7)}");
            await Assert.ThrowsAsync<WebSocketException>(() => socket.SendTextAsync("late"));
        });
        using var peer = await CuttingPeer.ConnectAsync((IPEndPoint)host.EndPoint, "/test", 1, cuts: false);
        await peer.SendAsync(Hello, WebSocketMessageType.Text);
        await Eventually.TrueAsync(() => seen.Count > 0);
        var moved = await MovedAsync(host);
        Assert.Equal(["hello", "leaving True", "A message", "The state", "handed over True"], seen);
        Assert.Equal((7, "hello"), (moved.Upgrade!.State!.Version, System.Text.Encoding.UTF8.GetString(moved.Upgrade.State.Bytes)));
        Assert.Equal("part two", System.Text.Encoding.UTF8.GetString((await peer.ReceiveAsync())!.Value.Data));
        await Eventually.TrueAsync(() => host.Registry.Open == 0);
        Assert.DoesNotContain("aborted", seen);
    }

    [Theory]
    [InlineData(1)] // half a header
    [InlineData(5)]
    public async Task Leave_HalfAHeader_Travels(int bytes)
    {
        await using var from = await ResumableMoveTests.StartAsync(1);
        await using var to = await ResumableMoveTests.StartAsync(2);
        using var peer = await CuttingPeer.ConnectAsync((IPEndPoint)from.EndPoint, "/chain", 1, cuts: false);
        var frame = CuttingPeer.Frame(true, 1, Hello, 77);
        await peer.SendRawAsync(frame.AsMemory(0, bytes));
        await Eventually.TrueAsync(() => Assert.Single(from.Registry.Connections).ReceiveEpoch == 2);
        to.Listener.Adopt(await MovedAsync(from));
        await peer.SendRawAsync(frame.AsMemory(bytes));
        Assert.StartsWith("bye 1", await TextAsync(peer), StringComparison.Ordinal);
        Assert.EndsWith(" 2 1", await TextAsync(peer), StringComparison.Ordinal); // by the second one, after one move
    }

    [Fact]
    public async Task Leave_InAMessage_WaitsForItsEnd()
    {
        await using var from = await ResumableMoveTests.StartAsync(1);
        await using var to = await ResumableMoveTests.StartAsync(2);
        using var peer = await CuttingPeer.ConnectAsync((IPEndPoint)from.EndPoint, "/chain", 1, cuts: false);
        await peer.SendFrameAsync(false, 1, "he"u8.ToArray());
        await peer.PingAsync([1]);
        await Eventually.TrueAsync(() => Assert.Single(from.Registry.Connections) is { AwaitsInput: true, ReceiveEpoch: > 1 });
        var move = Assert.Single(from.Registry.Connections).BeginMove(UpgradePolicy.Move);
        await peer.SendFrameAsync(true, 0, "llo"u8.ToArray());
        Assert.Contains(" 1 0", await TextAsync(peer), StringComparison.Ordinal); // answered by the first one
        to.Listener.Adopt(Assert.IsType<MoveResult.Moved>(await move.WaitAsync(Limits.Step)));
        await peer.SendAsync(Hello, WebSocketMessageType.Text);
        Assert.StartsWith("bye 1", await TextAsync(peer), StringComparison.Ordinal);
        Assert.EndsWith(" 2 1", await TextAsync(peer), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Drain_UnfinishedMessageAtTheDeadline_IsClosedWith1001()
    {
        await using var host = await ResumableMoveTests.StartAsync(1, drain => (drain.Timeout, drain.WebsocketSpread) =
            (TimeSpan.FromSeconds(2), TimeSpan.Zero));
        using var peer = await CuttingPeer.ConnectAsync((IPEndPoint)host.EndPoint, "/chain", 1, cuts: false);
        await peer.SendFrameAsync(false, 1, "he"u8.ToArray());
        await Eventually.TrueAsync(() => Assert.Single(host.Registry.Connections) is { AwaitsInput: true, ReceiveEpoch: > 1 });
        (host.Front.Move.Moving, host.Front.Draining) = (true, true);
        var move = Assert.Single(host.Registry.Connections).BeginMove(UpgradePolicy.Move);
        Assert.Null(await peer.ReceiveAsync().WaitAsync(Limits.Step));
        Assert.Equal(1001, (int)peer.Closed!);
        Assert.Equal(new MoveResult.NotMovable(UnmovableReason.Upgraded), await move.WaitAsync(Limits.Step));
    }

    [Theory]
    [InlineData(UpgradePolicy.Close)]
    [InlineData(UpgradePolicy.Keep)]
    internal async Task Drain_OtherGenerationTakesNone_IsClosedWith1001(UpgradePolicy policy)
    {
        await using var host = await ResumableMoveTests.StartAsync(1, drain => (drain.Timeout, drain.WebsocketSpread) =
            (TimeSpan.FromSeconds(2), TimeSpan.Zero));
        using var peer = await CuttingPeer.ConnectAsync((IPEndPoint)host.EndPoint, "/chain", 1, cuts: false);
        await Eventually.TrueAsync(() => Assert.Single(host.Registry.Connections).AwaitsInput);
        (host.Front.Move.Moving, host.Front.Draining) = (true, true);
        var move = Assert.Single(host.Registry.Connections).BeginMove(policy);
        Assert.Equal(new MoveResult.NotMovable(UnmovableReason.Upgraded), await move.WaitAsync(Limits.Step));
        Assert.Null(await peer.ReceiveAsync().WaitAsync(Limits.Step));
        Assert.Equal(1001, (int)peer.Closed!);
    }

    // It reads ahead while it waits for the answer to its ping, and what it has read would be lost.
    [Fact]
    public async Task KeepAliveTimeout_OfTheApp_IsNotUsed()
    {
        await using var from = await ResumableMoveTests.StartAsync(1, keepAliveTimeout: true);
        await using var to = await ResumableMoveTests.StartAsync(2, keepAliveTimeout: true);
        var client = ChainClient.Start(await CuttingPeer.ConnectAsync((IPEndPoint)from.EndPoint, "/chain", 5), 5);
        foreach (var (a, b) in new[] { (from, to), (to, from), (from, to) })
        {
            var answers = client.Answers;
            await Eventually.TrueAsync(() => client.Answers > answers + 20 || client.Fault is not null);
            b.Listener.Adopt(await MovedAsync(a));
        }

        await client.StopAsync();
        Assert.Null(client.Fault);
    }

    [Fact]
    public async Task CanceledMove_BeforeTheBoundary_ServesOnAndMovesLater()
    {
        await using var from = await ResumableMoveTests.StartAsync(1);
        using var peer = await CuttingPeer.ConnectAsync((IPEndPoint)from.EndPoint, "/chain", 1, cuts: false);
        await peer.SendFrameAsync(false, 1, "he"u8.ToArray());
        await Eventually.TrueAsync(() => Assert.Single(from.Registry.Connections) is { AwaitsInput: true, ReceiveEpoch: > 1 });
        var connection = Assert.Single(from.Registry.Connections);
        var move = connection.BeginMove(UpgradePolicy.Move);
        Assert.True(connection.CancelMove());
        Assert.IsType<MoveResult.NotMovable>(await move.WaitAsync(Limits.Step));
        await peer.SendFrameAsync(true, 0, "llo"u8.ToArray());
        Assert.EndsWith(" 1 0", await TextAsync(peer), StringComparison.Ordinal);
        await peer.CloseAsync();
        Assert.Null(await peer.ReceiveAsync().WaitAsync(Limits.Step));
    }

    // Kestrel's input is full, and the app does not read: what is in it travels.
    [Fact]
    public async Task Leave_InputFull_AllOfItTravels()
    {
        const int messages = 2000;
        var (before, counted) = (0, 0);
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var slow = await StartAsync(async (context, socket) =>
        {
            await foreach (var _ in socket.ReadMessagesAsync())
            {
                await gate.Task;
                before++;
            }


            await socket.HandOverAsync(Hello);
        });
        using var peer = await CuttingPeer.ConnectAsync((IPEndPoint)slow.EndPoint, "/test", 1, cuts: false);
        var frame = CuttingPeer.Frame(true, 2, new byte[1000], 3);
        var sending = Task.Run(async () =>
        {
            for (var i = 0; i < messages; i++) await peer.SendRawAsync(frame);
        });
        await Eventually.TrueAsync(() => Assert.Single(slow.Registry.Connections).IsPaused);
        var move = Assert.Single(slow.Registry.Connections).BeginMove(UpgradePolicy.Move);
        gate.SetResult();
        var moved = Assert.IsType<MoveResult.Moved>(await move.WaitAsync(Limits.Step));
        Assert.InRange(moved.Upgrade!.Received.Length, 1, Ips.Actors.Handover.UpgradeParcel.MaxReceivedBytes);

        await using var other = await StartAsync(async (context, socket) =>
        {
            await foreach (var message in socket.ReadMessagesAsync()) counted += message.Data.Length == 1000 ? 1 : 1_000_000;
        });
        other.Listener.Adopt(moved);
        await sending.WaitAsync(Limits.Step);
        await Eventually.TrueAsync(() => before + counted >= messages);
        Assert.Equal(messages, before + counted);
    }

    // A client that does not read: what Kestrel holds of it travels as well.
    [Fact]
    public async Task Leave_ClientDoesNotRead_UnsentBytesTravelWhole()
    {
        const int messages = 60, size = 1000;
        var sent = 0;
        await using var from = await StartAsync(async (context, socket) =>
        {
            // Until the client's window and the server's buffer are full, but for the last message.
            for (var i = 0; i < 20_000 && !socket.IsLeaving; i++)
            {
                var send = socket.SendAsync(Enumerable.Repeat((byte)i, size).ToArray(), WebSocketMessageType.Binary);
                sent++;
                if (await Task.WhenAny(send, Task.Delay(300)) == send) continue;
                await send;
                break;
            }

            await foreach (var _ in socket.ReadMessagesAsync())
            {
            }

            await socket.HandOverAsync(Hello);
        });
        await using var to = await StartAsync(async (context, socket) =>
        {
            await socket.SendTextAsync("end");
            await foreach (var _ in socket.ReadMessagesAsync())
            {
            }
        });
        using var peer = await CuttingPeer.ConnectAsync((IPEndPoint)from.EndPoint, "/test", 1, cuts: false);
        await Eventually.TrueAsync(() => sent > messages);
        var reading = 0;
        // Some is read, so that the last send ends, and some is left: the app is given time to find its window open before more is read.
        while (reading < messages || !await SoonAsync(() => Assert.Single(from.Registry.Connections).AwaitsInput))
        {
            Assert.Equal(size, (await peer.ReceiveAsync())!.Value.Data.Length);
            reading++;
        }

        var moved = await MovedAsync(from);
        to.Listener.Adopt(moved);
        while (await peer.ReceiveAsync() is { } message && message.Type is WebSocketMessageType.Binary)
        {
            Assert.Equal(Enumerable.Repeat((byte)reading, size), message.Data);
            reading++;
        }

        Assert.Equal(sent, reading);
    }

    private static async Task<bool> SoonAsync(Func<bool> condition)
    {
        for (var tries = 0; tries < 20 && !condition(); tries++) await Task.Delay(5);
        return condition();
    }

    private static async Task<string> TextAsync(CuttingPeer peer) =>
        System.Text.Encoding.UTF8.GetString((await peer.ReceiveAsync().WaitAsync(Limits.Step))!.Value.Data);

    private static async Task<MoveResult.Moved> MovedAsync(TestHost host) => Assert.IsType<MoveResult.Moved>(
        await Assert.Single(host.Registry.Connections).BeginMove(UpgradePolicy.Move).WaitAsync(Limits.Step));

    private static Task<TestHost> StartAsync(Func<HttpContext, ResumableWebSocket, Task> serve) =>
        TestHost.StartAsync("test", map: app => app.MapResumableWebSocket("/test", serve));
}
