using Ips.Actors.Transport;

namespace Ips.Transport.Tests.Transport;

/// <summary>A connection moves behind a body that the app reads to its end, and never behind one that it leaves unread.</summary>
public sealed class MoveBodyTests : MoveTest
{
    [Theory]
    [InlineData("/echo")]
    [InlineData("/pipe")]
    [InlineData("/exact")]
    public async Task BodyStillArriving_IsReceivedToItsEnd_PipelinedRequestMoves(string path)
    {
        var (client, connection) = await A.ConnectWatchedAsync();
        using var _ = client;
        var body = new string('b', 100_000);
        await client.SendAsync($"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {body.Length}\r\n\r\n{body[..40_000]}");
        await Eventually.TrueAsync(() => connection.IsRequestRunning);

        var move = connection.BeginMove();
        await client.SendAsync(body[40_000..] + "GET /n/behind HTTP/1.1\r\nHost: x\r\n\r\n");

        Assert.Equal("A", (await client.ReceiveAsync())!.Host);
        B.Listener.Adopt(await MovedAsync(move));
        Assert.Equal(("B", "behind"), await ShortAsync(client));
    }

    [Theory]
    [InlineData("/echo", "hello, you")]
    [InlineData("/pipe", "10")]
    public async Task ChunkedWithTrailer_AndPipelinedBehindIt_MovesBehindTheTrailer(string path, string answer)
    {
        var (client, connection) = await A.ConnectWatchedAsync();
        using var _ = client;
        await client.SendAsync($"POST {path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n5\r\n, you\r\n");
        await Eventually.TrueAsync(() => connection.IsRequestRunning);

        var move = connection.BeginMove();
        await client.SendAsync("0\r\nX-Trail");
        await client.SendAsync("er: 1\r\n\r\nGET /n/behind HTTP/1.1\r\nHost: x\r\n\r\n");

        Assert.Equal(("A", answer), await ShortAsync(client));
        B.Listener.Adopt(await MovedAsync(move));
        Assert.Equal(("B", "behind"), await ShortAsync(client));
    }

    [Fact]
    public async Task ExpectContinue_MoveBeginsBeforeTheBody_BothGoOn()
    {
        var (client, connection) = await A.ConnectWatchedAsync();
        using var _ = client;
        await client.SendAsync("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
        Assert.Equal(100, (await client.ReceiveAsync())!.Status);

        var move = connection.BeginMove();
        await client.SendAsync("body");

        Assert.Equal(("A", "body"), await ShortAsync(client));
        B.Listener.Adopt(await MovedAsync(move));
        await AnswersAsync(client, "GET /n/1 HTTP/1.1\r\nHost: x\r\n\r\n", "B", "1");
    }

    [Theory]
    [InlineData("/unread", "Content-Length: 60\r\n\r\n", "GET /n/smuggled HTTP/1.1\r\nHost: x\r\nX-Pad: 0123456789abcdefg\r\n\r\n")]
    [InlineData("/some?bytes=10", "Content-Length: 60\r\n\r\n", "GET /n/smuggled HTTP/1.1\r\nHost: x\r\nX-Pad: 0123456789abcdefg\r\n\r\n")]
    [InlineData("/examine", "Content-Length: 60\r\n\r\n", "GET /n/smuggled HTTP/1.1\r\nHost: x\r\nX-Pad: 0123456789abcdefg\r\n\r\n")]
    [InlineData("/unread", "Transfer-Encoding: chunked\r\n\r\n", "1a\r\nGET /n/smuggled HTTP/1.1\r\n\r\n0\r\n\r\n")]
    [InlineData("/some?bytes=10", "Transfer-Encoding: chunked\r\n\r\n", "1a\r\nGET /n/smuggled HTTP/1.1\r\n\r\n0\r\n\r\n")]
    public async Task UnreadBody_NeverMoves_AndIsNeverParsedAsARequest(string path, string framing, string body)
    {
        body = framing.StartsWith("Content", StringComparison.Ordinal) ? body[..60] : body;
        var (client, connection) = await A.ConnectWatchedAsync();
        using var _ = client;
        await client.SendAsync($"POST {path} HTTP/1.1\r\nHost: x\r\n{framing}{body}");
        Assert.Equal("A", (await client.ReceiveAsync())!.Host);
        await NotMovedAsync(connection.BeginMove(), UnmovableReason.UnreadBody);

        await AnswersAsync(client, "GET /n/after HTTP/1.1\r\nHost: x\r\n\r\n", "A", "after");
        await NotMovedAsync(connection.BeginMove(), UnmovableReason.UnreadBody);
    }

    [Fact]
    public async Task UnreadBody_MoveWaiting_EndsAsUnmovable_AndReceivingGoesOn()
    {
        var (client, connection) = await A.ConnectWatchedAsync();
        using var _ = client;
        await client.SendAsync("POST /unread-gate/u HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12345");
        await A.App.At("u").ReachedAsync();
        var move = connection.BeginMove();
        A.App.At("u").Release();

        await NotMovedAsync(move, UnmovableReason.UnreadBody);
        Assert.Equal("A", (await client.ReceiveAsync())!.Host);
        await AnswersAsync(client, "67890GET /n/after HTTP/1.1\r\nHost: x\r\n\r\n", "A", "after");
    }
}
