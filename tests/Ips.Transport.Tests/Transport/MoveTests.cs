using System.Globalization;
using System.Text;
using Ips.Actors.Transport;

namespace Ips.Transport.Tests.Transport;

/// <summary>Connections leave one Kestrel and go on in another; the client sees nothing but answers.</summary>
public sealed class MoveTests : MoveTest
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Idle_Moves_NextAnswerComesFromTheOther(bool unix)
    {
        await using var from = await TestHost.StartAsync("from", unix: unix);
        await using var to = await TestHost.StartAsync("to", unix: unix);
        var (client, connection) = await from.ConnectWatchedAsync();
        using var _ = client;
        for (var i = 0; i < 3; i++)
            await AnswersAsync(client, $"GET /n/{i} HTTP/1.1\r\nHost: x\r\n\r\n", "from", $"{i}");

        var moved = await MovedAsync(connection.BeginMove());
        Assert.True(moved.Leftover.IsEmpty);
        await Eventually.TrueAsync(() => from.Registry.Open == 0);
        Assert.True(client.IsQuiet());

        to.Listener.Adopt(moved);
        await AnswersAsync(client, "GET /n/9 HTTP/1.1\r\nHost: x\r\n\r\n", "to", "9");
    }

    [Fact]
    public async Task MovedThereAndBack_Again_EachAnswers()
    {
        var (client, connection) = await A.ConnectWatchedAsync();
        using var _ = client;
        for (var i = 0; i < 50; i++)
        {
            var (here, there) = i % 2 == 0 ? (A, B) : (B, A);
            await AnswersAsync(client, $"GET /n/{i} HTTP/1.1\r\nHost: x\r\n\r\n", here.Name, $"{i}");
            connection = there.Listener.Adopt(await MovedAsync(connection.BeginMove()));
        }
    }

    [Fact]
    public async Task NeverSpoke_Moves()
    {
        var (client, connection) = await A.ConnectWatchedAsync();
        using var _ = client;

        B.Listener.Adopt(await MovedAsync(connection.BeginMove()));

        await AnswersAsync(client, "GET /n/1 HTTP/1.1\r\nHost: x\r\n\r\n", "B", "1");
    }

    [Fact]
    public async Task Busy_MovesAfterItsResponse_NextRequestStaysInTheKernel()
    {
        var (client, connection) = await A.ConnectWatchedAsync();
        using var _ = client;
        await client.SendAsync("GET /gate/busy HTTP/1.1\r\nHost: x\r\n\r\n");
        await A.App.At("busy").ReachedAsync();

        var move = connection.BeginMove();
        await client.SendAsync("GET /n/2 HTTP/1.1\r\nHost: x\r\n\r\n");
        Assert.False(move.IsCompleted);
        A.App.At("busy").Release();

        var first = await client.ReceiveAsync();
        Assert.Equal(("A", "busy"), (first!.Host, first.Body));
        Assert.False(first.Headers.ContainsKey("Connection"));
        var moved = await MovedAsync(move);
        Assert.True(moved.Leftover.IsEmpty);
        B.Listener.Adopt(moved);
        Assert.Equal("B", (await client.ReceiveAsync())!.Host);
    }

    [Fact]
    public async Task PipelinedRequest_TravelsAsLeftover()
    {
        var (client, connection) = await A.ConnectWatchedAsync();
        using var _ = client;
        const string Next = "GET /n/second HTTP/1.1\r\nHost: x\r\n\r\n";
        await client.SendAsync("GET /gate/first HTTP/1.1\r\nHost: x\r\n\r\n" + Next);
        await A.App.At("first").ReachedAsync();

        var move = connection.BeginMove();
        A.App.At("first").Release();

        var moved = await MovedAsync(move);
        Assert.Equal(Next, Encoding.Latin1.GetString(moved.Leftover.Span));
        B.Listener.Adopt(moved);
        Assert.Equal(("A", "first"), await ShortAsync(client));
        Assert.Equal(("B", "second"), await ShortAsync(client));
    }

    [Fact]
    public async Task AdoptedLeftover_MovesOnAtOnce()
    {
        var (client, connection) = await A.ConnectWatchedAsync();
        using var _ = client;
        await client.SendAsync("GET /gate/g HTTP/1.1\r\nHost: x\r\n\r\nGET /n/2 HTTP/1.1\r\nHost: x\r\n\r\nGET /n/3 HTTP/1.1\r\nHo");
        await A.App.At("g").ReachedAsync();
        var move = connection.BeginMove();
        A.App.At("g").Release();

        // Back and forth while Kestrel may or may not have looked at the leftover: whoever looked, answers.
        connection = B.Listener.Adopt(await MovedAsync(move));
        var again = connection.BeginMove();
        await client.SendAsync("st: x\r\n\r\n");
        A.Listener.Adopt(await MovedAsync(again));

        Assert.Equal("g", (await ShortAsync(client)).Body);
        Assert.Equal("2", (await ShortAsync(client)).Body);
        Assert.Equal("3", (await ShortAsync(client)).Body);
    }

    [Fact]
    public async Task LeftoverAboveTheLimit_IsServedHereFirst()
    {
        var (client, connection) = await A.ConnectWatchedAsync();
        using var _ = client;
        await client.SendAsync("GET /gate/first HTTP/1.1\r\nHost: x\r\n\r\n");
        await A.App.At("first").ReachedAsync();
        var filler = new string('f', 1500);
        var pipelined = string.Concat(Enumerable.Range(0, 30).Select(i => $"GET /n/{i} HTTP/1.1\r\nHost: x\r\nX-Filler: {filler}\r\n\r\n"));
        await client.SendAsync(pipelined);
        await Eventually.TrueAsync(() => client.Socket.Connected && connection.Socket.Available == 0 && connection.ReceiveEpoch >= 2);

        var move = connection.BeginMove();
        A.App.At("first").Release();
        var moved = await MovedAsync(move);
        Assert.InRange(moved.Leftover.Length, 1, HandoverConnection.LeftoverLimitBytes);
        B.Listener.Adopt(moved);

        Assert.Equal(("A", "first"), await ShortAsync(client));
        var hosts = new List<string>();
        for (var i = 0; i < 30; i++)
        {
            var (host, body) = await ShortAsync(client);
            Assert.Equal(i.ToString(CultureInfo.InvariantCulture), body);
            hosts.Add(host);
        }
        Assert.Equal(["A", "B"], hosts.Distinct());
    }

    [Fact]
    public async Task InputFull_ReceivingPaused_MoveGoesOnWhenThereIsRoom()
    {
        var (client, connection) = await A.ConnectWatchedAsync();
        using var _ = client;
        await client.SendAsync("GET /gate/full HTTP/1.1\r\nHost: x\r\n\r\n");
        await A.App.At("full").ReachedAsync();
        const int Count = 400;
        var filler = new string('f', 6000); // 2.4 MB in all, above the input's 1 MiB
        var sending = client.SendAsync(string.Concat(Enumerable.Range(0, Count)
            .Select(i => $"GET /n/{i} HTTP/1.1\r\nHost: x\r\nX-Filler: {filler}\r\n\r\n")));
        await Eventually.TrueAsync(() => connection.IsPaused);

        var move = connection.BeginMove();
        A.App.At("full").Release();

        Assert.Equal(("A", "full"), await ShortAsync(client));
        var adopted = AdoptAsync();
        var hosts = new List<string>();
        for (var i = 0; i < Count; i++)
        {
            var (host, body) = await ShortAsync(client);
            Assert.Equal(i.ToString(CultureInfo.InvariantCulture), body);
            hosts.Add(host);
        }
        await sending;
        await adopted;
        Assert.Equal(["A", "B"], hosts.Distinct());

        async Task AdoptAsync() => B.Listener.Adopt(await MovedAsync(move));
    }

    [Theory]
    [InlineData("G")]
    [InlineData("GET /n/1 HT")]
    [InlineData("GET /n/1 HTTP/1.1\r\n")]
    [InlineData("GET /n/1 HTTP/1.1\r\nHost: x\r\nX-Ha")]
    [InlineData("GET /n/1 HTTP/1.1\r\nHost: x\r\n\r")]
    public async Task HalfHeader_IsFinishedAndAnsweredHere_ThenMoves(string half)
    {
        const string Whole = "GET /n/1 HTTP/1.1\r\nHost: x\r\nX-Half: y\r\n\r\n";
        var rest = half.EndsWith("\n\r", StringComparison.Ordinal) ? "\n" : Whole[half.Length..];
        var (client, connection) = await A.ConnectWatchedAsync();
        using var _ = client;
        await client.SendAsync(half);
        await Eventually.TrueAsync(() => connection is { ReceiveEpoch: 1, AwaitsInput: true }); // Kestrel has looked at it

        var move = connection.BeginMove();
        Assert.False(move.IsCompleted);
        await client.SendAsync(rest);

        Assert.Equal(("A", "1"), await ShortAsync(client));
        B.Listener.Adopt(await MovedAsync(move));
        await AnswersAsync(client, Whole, "B", "1");
    }

    [Fact]
    public async Task ConnectionClose_EndsTheMove_ClientGetsItsFin()
    {
        var (client, connection) = await A.ConnectWatchedAsync();
        using var _ = client;
        await client.SendAsync("GET /gate/c HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        await A.App.At("c").ReachedAsync();
        var move = connection.BeginMove();
        A.App.At("c").Release();

        Assert.Equal(("A", "c"), await ShortAsync(client));
        Assert.Equal("FIN", await client.EndAsync());
        await NotMovedAsync(move, UnmovableReason.Ended);
        await NotMovedAsync(connection.BeginMove(), UnmovableReason.Ended);
    }

    [Fact]
    public async Task FinReceivedBehindARequest_MoveEnds_AndNothingHangs()
    {
        var (client, connection) = await A.ConnectWatchedAsync();
        using var _ = client;
        await client.SendAsync("GET /gate/f HTTP/1.1\r\nHost: x\r\n\r\nGET /n/2 HTTP/1.1\r\nHost: x\r\n\r\n");
        await A.App.At("f").ReachedAsync();
        client.Socket.Shutdown(System.Net.Sockets.SocketShutdown.Send);
        await Eventually.TrueAsync(() => A.App.Seen.Contains("aborted"));

        await NotMovedAsync(connection.BeginMove(), UnmovableReason.Ended);
        A.App.At("f").Release();
        await Eventually.TrueAsync(() => A.Registry.Open == 0);
    }

    [Fact]
    public async Task Cancel_WhileBusy_GoesOnHere_AndMovesLater()
    {
        var (client, connection) = await A.ConnectWatchedAsync();
        using var _ = client;
        await client.SendAsync("GET /gate/k HTTP/1.1\r\nHost: x\r\n\r\n");
        await A.App.At("k").ReachedAsync();
        var move = connection.BeginMove();
        Assert.Same(move, connection.BeginMove());
        Assert.True(connection.CancelMove());
        await NotMovedAsync(move, UnmovableReason.Canceled);
        Assert.False(connection.CancelMove());

        await client.SendAsync("GET /n/2 HTTP/1.1\r\nHost: x\r\n\r\n");
        A.App.At("k").Release();
        Assert.Equal(("A", "k"), await ShortAsync(client));
        Assert.Equal(("A", "2"), await ShortAsync(client));

        B.Listener.Adopt(await MovedAsync(connection.BeginMove()));
        await AnswersAsync(client, "GET /n/3 HTTP/1.1\r\nHost: x\r\n\r\n", "B", "3");
    }

    [Fact]
    public async Task LargeResponseStillInTheKernel_MovesAndArrivesWhole()
    {
        var (client, connection) = await A.ConnectWatchedAsync();
        using var _ = client;
        await client.SendAsync("GET /large?bytes=200000 HTTP/1.1\r\nHost: x\r\n\r\n");
        await Eventually.TrueAsync(() => A.App.Seen.Contains("written"));

        B.Listener.Adopt(await MovedAsync(connection.BeginMove()));

        Assert.Equal(200_000, (await client.ReceiveAsync())!.Body.Length);
        await AnswersAsync(client, "GET /n/3 HTTP/1.1\r\nHost: x\r\n\r\n", "B", "3");
    }

    [Fact]
    public async Task ManyIdle_AllMove_DescriptorsAreGivenBack()
    {
        const int Count = 500;
        var before = Sockets();
        var clients = new List<RawClient>();
        for (var i = 0; i < Count; i++) clients.Add(await A.ConnectAsync());
        foreach (var client in clients) await client.SendAsync("GET /n/1 HTTP/1.1\r\nHost: x\r\n\r\n");
        foreach (var client in clients) Assert.Equal("A", (await client.ReceiveAsync())!.Host);

        var moves = A.Registry.Connections.Select(connection => connection.BeginMove()).ToArray();
        foreach (var move in moves) B.Listener.Adopt(await MovedAsync(move));
        Assert.Equal(Count, moves.Length);
        foreach (var client in clients) await client.SendAsync("GET /n/2 HTTP/1.1\r\nHost: x\r\n\r\n");
        foreach (var client in clients) Assert.Equal(("B", "2"), await ShortAsync(client));

        foreach (var client in clients) client.Dispose();
        await Eventually.TrueAsync(() => A.Registry.Open == 0 && B.Registry.Open == 0);
        await Eventually.TrueAsync(() => Sockets() <= before + 5);

        // Not all descriptors: each assembly that is loaded meanwhile has two.
        static int Sockets() => Directory.GetFileSystemEntries("/proc/self/fd")
            .Count(fd => new FileInfo(fd).LinkTarget?.StartsWith("socket:", StringComparison.Ordinal) ?? false);
    }
}
