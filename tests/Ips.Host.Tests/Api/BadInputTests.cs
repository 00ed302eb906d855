using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Ips.Host.Api;
using Microsoft.Extensions.DependencyInjection;

namespace Ips.Host.Tests.Api;

/// <summary>Input that no honest client sends: a clear 4xx, never a 500, and memory stays flat.</summary>
public sealed class BadInputTests : IAsyncLifetime
{
    private ApiServer _server = null!;

    public async Task InitializeAsync() => _server = await ApiServer
        .StartAsync(services => services.Configure<ApiOptions>(o => o.MaxBodySizeBytes = 4096));

    public async Task DisposeAsync()
    {
        var unhandled = _server.Log.Events.Where(e => e.Id == ApiEventIds.UnhandledError).ToList();
        await _server.DisposeAsync();
        Assert.Empty(unhandled);
    }

    [Fact]
    public async Task Body_AtTheLimit_IsReadAndBeyondIs413()
    {
        var fits = """{"ip":"10.0.0.1"}""".PadRight(4096);
        (await _server.SendAsync("PUT", "/v1/object/host/H1", body: fits)).Is(HttpStatusCode.OK, ApiCode.Success);
        var answer = await _server.SendAsync("PUT", "/v1/object/host/H1", body: fits + " ");
        answer.Is(HttpStatusCode.RequestEntityTooLarge, ApiCode.WrongTypeOrRange);
        Assert.Contains("4096", answer.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Body_ChunkedBeyondTheLimit_Is413()
    {
        var status = await RawAsync(stream =>
        {
            var head = $"PUT /v1/object/host/H1?accesskey=RW&expires={DateTimeOffset.UtcNow.ToUnixTimeSeconds()}&signature=0 "
                + "HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
            stream.Write(Encoding.ASCII.GetBytes(head));
            for (var i = 0; i < 64; i++) stream.Write(Encoding.ASCII.GetBytes("400\r\n" + new string(' ', 1024) + "\r\n"));
            stream.Write("0\r\n\r\n"u8);
        });
        Assert.Equal(413, status);
    }

    [Theory]
    [InlineData("POST", "/v1/object/host")]
    [InlineData("PUT", "/v1/object/host/H1")]
    public async Task Json_DeepBrokenOrNoObject_Is400(string method, string path)
    {
        foreach (var body in new[]
        {
            new string('[', 2000), """{"owner":""" + new string('[', 1000) + new string(']', 1000) + "}", "{", "nul", "[]", "1", "\"x\"",
                """{"ip":"10.0.0.1"} x""", """{"ip":"10.0.0.1",}""", "\0", "{\"ip\":\"a\nb\"}",
        })
        {
            (await _server.SendAsync(method, path, body: body)).Is(HttpStatusCode.BadRequest, ApiCode.WrongTypeOrRange);
        }
        if (method == "PUT") (await _server.SendAsync(method, path, body: "")).Is(HttpStatusCode.BadRequest, ApiCode.WrongTypeOrRange);
    }

    [Theory]
    [InlineData("POST", "/v1/object/host")]
    [InlineData("PUT", "/v1/object/host/H1")]
    public async Task Body_NotUtf8_Is400(string method, string path)
    {
        foreach (var bad in new byte[][] { [0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf5, 0x80, 0x80, 0x80], [0xe4, 0xb8] })
        {
            var request = new SignedRequest
            {
                Method = method, Path = path, AccessKey = ApiServer.ReadWriteKey,
                Body = [.. "{\"hostname\":\""u8, .. bad, .. "\"}"u8]
            };
            request.Sign();
            (await _server.SendAsync(request)).Is(HttpStatusCode.BadRequest, ApiCode.WrongTypeOrRange);
        }
    }

    [Fact]
    public async Task Parameters_TenThousand_AreA4xx()
    {
        // In the query: more than the request line holds. In a shorter query: more than a request may have. In a body: fields that are not
        // known.
        var long10000 = "?" + string.Join('&', Enumerable.Range(0, 10_000).Select(i => $"p{i}=1"));
        Assert.InRange(await RawAsync(s => s.Write(Encoding.ASCII
            .GetBytes($"GET /v1/sdk/search_ip{long10000} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\r\n"))), 400, 431);
        var shorter = string.Join('&', Enumerable.Range(0, 1_000).Select(i => $"p{i}=1"));
        (await _server.SendAsync("GET", "/v1/sdk/search_ip", shorter)).Is(HttpStatusCode.BadRequest, ApiCode.WrongTypeOrRange);
        await using var large = await ApiServer.StartAsync(services =>
            services.Configure<ApiOptions>(o => o.MaxBodySizeBytes = 1024 * 1024));
        foreach (var (method, path) in new[] { ("POST", "/v1/object/host"), ("PUT", "/v1/object/host/H1") })
        {
            var answer = await large.SendAsync(method, path,
                body: "{" + string.Join(',', Enumerable.Range(0, 10_000).Select(i => $"\"p{i}\":1")) + "}");
            answer.Is(HttpStatusCode.OK, ApiCode.WrongTypeOrRange);
            Assert.True(answer.Text.Length < 4096, "A thousand mistakes must not make a huge answer.");
        }
    }

    [Fact]
    public async Task Headers_Flood_Is431()
    {
        Assert.Equal(431, await RawAsync(stream =>
        {
            stream.Write("GET /v1/object/host/H1 HTTP/1.1\r\nHost: x\r\n"u8);
            stream.Write(Encoding.ASCII.GetBytes(string.Concat(Enumerable.Range(0, 200).Select(i => $"X-{i}: 1\r\n")) + "\r\n"));
        }));
        Assert.Equal(431, await RawAsync(stream => stream.Write(Encoding.ASCII
            .GetBytes($"GET /v1/object/host/H1 HTTP/1.1\r\nHost: x\r\nX-A: {new string('a', 40_000)}\r\n\r\n"))));
    }

    [Theory]
    [InlineData("GET /v1/object/host/%ff HTTP/1.1")]
    [InlineData("GET /v1/object/host/%00 HTTP/1.1")]
    [InlineData("GET /v1/sdk/search_ip?ip=%ff&accesskey=%ff&expires=%ff&signature=%ff HTTP/1.1")]
    [InlineData("GET /v1/sdk/search_ip?%00=%00 HTTP/1.1")]
    [InlineData("GET /v1/sdk/search_ip?&&&==& HTTP/1.1")]
    [InlineData("GE\u007fT / HTTP/1.1")]
    [InlineData("nonsense")]
    public async Task RequestLine_Odd_IsA4xx(string line) =>
        Assert.InRange(await RawAsync(s =>
            s.Write(Encoding.Latin1.GetBytes(line + "\r\nHost: x\r\nContent-Type: application/json\r\n\r\n"))), 400, 499);

    /// <summary>Sends raw bytes and reads the status of the answer.</summary>
    private async Task<int> RawAsync(Action<NetworkStream> send)
    {
        using var client = new TcpClient { SendTimeout = 10_000, ReceiveTimeout = 10_000 };
        await client.ConnectAsync(IPAddress.Loopback, _server.Address.Port);
        await using var stream = client.GetStream();
        try
        {
            send(stream);
        }
        catch (IOException)
        {
            // The server may answer and close before it has read everything; the answer is what counts.
        }
        var buffer = new byte[64];
        var length = 0;
        while (length < 12)
        {
            var read = await stream.ReadAsync(buffer.AsMemory(length)).AsTask().WaitAsync(TimeSpan.FromSeconds(20));
            if (read == 0) break;
            length += read;
        }
        var text = Encoding.ASCII.GetString(buffer, 0, length);
        Assert.StartsWith("HTTP/1.1 ", text, StringComparison.Ordinal);
        return int.Parse(text.AsSpan(9, 3), CultureInfo.InvariantCulture);
    }
}
