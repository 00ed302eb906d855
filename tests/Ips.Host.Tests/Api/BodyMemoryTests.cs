using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Ips.Host.Api;
using Ips.Host.Auth;
using Microsoft.Extensions.DependencyInjection;

namespace Ips.Host.Tests.Api;

/// <summary>What a request may cost before its signature is checked.</summary>
[Trait("issue", "11")]
public sealed class BodyMemoryTests
{
    private const int BodySize = 15 * 1024 * 1024;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    [Theory]
    [InlineData("PUT", "/v1/object/host/H1", "v1")]
    [InlineData("PUT", "/v1/object/host/H1", "v2")]
    [InlineData("POST", "/v1/object/host", "v2")]
    public async Task UnknownKey_IsAnsweredBeforeItsBodyComes(string method, string path, string scheme)
    {
        await using var server = await ApiServer.StartAsync();
        using var stranger = await SlowBody.BeginAsync(server, method, path, "STRANGER", scheme, 60_000, 0);
        var answer = await stranger.AnswerAsync().WaitAsync(Limit);
        Assert.StartsWith("HTTP/1.1 401 ", answer, StringComparison.Ordinal);
        Assert.Contains("\"code\":4003", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task BodiesOfKnownKeys_BeyondTheMemory_Are503_AndTheMemoryIsGivenBack()
    {
        await using var server = await ApiServer.StartAsync(services =>
            services.Configure<ApiOptions>(o => o.MaxBodySizeBytes = 16 * 1024 * 1024));
        List<SlowBody> slow = [];
        try
        {
            for (var i = 0; i < 6; i++) slow.Add(await SlowBody
                .BeginAsync(server, "PUT", "/v1/object/host/H1", ApiServer.ReadWriteKey, "v1", BodySize, BodySize - 1));
            var answer = await (await Task.WhenAny(slow.Select(body => body.AnswerAsync())).WaitAsync(Limit));
            Assert.StartsWith("HTTP/1.1 503 ", answer, StringComparison.Ordinal);
            Assert.Contains("Retry-After: 1", answer, StringComparison.OrdinalIgnoreCase);
            Assert.Contains("\"code\":5000", answer, StringComparison.Ordinal);
            // Small ones still find room.
            (await server.SendAsync("PUT", "/v1/object/host/H2", body: """{"ip":"10.0.0.1"}""")).Is(HttpStatusCode.OK, ApiCode.Success);
        }
        finally
        {
            foreach (var body in slow) body.Dispose();
        }
        var large = """{"ip":"10.0.0.1"}""".PadRight(BodySize);
        using var deadline = new CancellationTokenSource(Limit);
        for (var done = 0; done < 8; done++) // one after the other: twice what fits at once
        {
            var answer = await server.SendAsync("PUT", "/v1/object/host/H1", body: large);
            if (answer.Status == HttpStatusCode.OK) continue;
            Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.Status);
            Assert.False(deadline.IsCancellationRequested, "The memory of aborted bodies was not given back.");
            done--; // the server has not seen yet that a connection is gone
        }
    }

    [Fact]
    public async Task Nonces_OfOneKey_LeaveRoomForTheOthers()
    {
        await using var server = await ApiServer.StartAsync(services => services.Configure<AuthOptions>(o =>
        {
            o.NonceCapacity = 1000;
            o.Window = TimeSpan.FromMinutes(5);
        }));
        var taken = 0;
        while ((await server.SendAsync("GET", "/v1/sdk/search_ip", "ip=10.0.0.1", scheme: "v2")) is { Status: HttpStatusCode.OK }) taken++;
        Assert.InRange(taken, 400, 600);
        var refused = await server.SendAsync("GET", "/v1/sdk/search_ip", "ip=10.0.0.1", scheme: "v2");
        refused.Is(HttpStatusCode.Unauthorized, ApiCode.AccessDenied);
        Assert.Contains("ips.auth.nonce-capacity", refused.Message, StringComparison.Ordinal);
        for (var i = 0; i < 100; i++)
            (await server.SendAsync("GET", "/v1/sdk/search_ip", "ip=10.0.0.1", key: ApiServer.ReadOnlyKey, scheme: "v2"))
                .Is(HttpStatusCode.OK, ApiCode.Success);
    }

    /// <summary>A request whose body does not end.</summary>
    private sealed class SlowBody : IDisposable
    {
        private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp);
        private Task _sending = Task.CompletedTask;

        public static async Task<SlowBody> BeginAsync(ApiServer server, string method, string path, string key, string scheme, int length,
            int sent)
        {
            var slow = new SlowBody();
            await slow._socket.ConnectAsync(server.Address.Host, server.Address.Port);
            var expires = DateTimeOffset.UtcNow.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
            var (query, authorization) = scheme == "v1"
                ? ($"?accesskey={key}&expires={expires}&signature={new string('0', 40)}", "")
                : ("", $"Authorization: IPS-HMAC-SHA256 accesskey={key}, expires={expires}, nonce={Guid.NewGuid():N}, "
                    + $"signature={new string('0', 64)}\r\n");
            await slow._socket.SendAsync(Encoding.ASCII.GetBytes(
                $"{method} {path}{query} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{authorization}Content-Length: "
                    + $"{length}\r\n\r\n"));
            slow._sending = slow.SendAsync(sent);
            return slow;
        }

        public async Task<string> AnswerAsync()
        {
            var buffer = new byte[8192];
            var text = "";
            while (!text.Contains("\"code\"", StringComparison.Ordinal))
            {
                var read = await _socket.ReceiveAsync(buffer.AsMemory());
                if (read == 0) throw new IOException($"The connection ended after '{text}'.");
                text += Encoding.UTF8.GetString(buffer, 0, read);
            }
            return text;
        }

        public void Dispose()
        {
            _socket.Dispose();
            Assert.True(((IAsyncResult)_sending).AsyncWaitHandle.WaitOne(Limit));
        }

        private async Task SendAsync(int bytes)
        {
            var block = new byte[64 * 1024];
            try
            {
                for (var sent = 0; sent < bytes; sent += block.Length) await _socket
                    .SendAsync(block.AsMemory(0, Math.Min(block.Length, bytes - sent)));
            }
            catch (SocketException)
            {
                // Refused meanwhile, or the test is over.
            }
            catch (ObjectDisposedException)
            {
                // As above.
            }
        }
    }
}
