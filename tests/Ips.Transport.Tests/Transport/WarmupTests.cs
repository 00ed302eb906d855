using System.Net.Sockets;
using Ips.Actors.Posix;
using Ips.Actors.Transport;

namespace Ips.Transport.Tests.Transport;

public sealed class WarmupTests
{
    [Theory]
    [InlineData("/n/warm", 200)]
    [InlineData("/nowhere", 404)]
    [InlineData("/large?bytes=1000000", 200)]
    public async Task Get_GoesThroughTheApp_AndReturnsItsStatus(string target, int status)
    {
        await using var host = await TestHost.StartAsync("A");
        using var client = Connect(host, out _);

        Assert.Equal(status, await WarmupClient.GetAsync(client, target, "warmup", CancellationToken.None).WaitAsync(Limits.Step));
        Assert.Equal(0, host.Registry.Open); // not one of the connections that move or are counted
    }

    // As of a client that keeps its connection: Kestrel waits for the first request, and for the second.
    [Theory]
    [InlineData("/n/warm", 200)]
    [InlineData("/nowhere", 404)]
    [InlineData("/large?bytes=1000000", 200)]
    public async Task GetTwice_KeepsTheConnectionForASecondRequest(string target, int status)
    {
        await using var host = await TestHost.StartAsync("A");
        using var client = Connect(host, out var connection);

        var get = WarmupClient.GetTwiceAsync(client, target, "warmup", TimeSpan.FromMilliseconds(1), CancellationToken.None);
        Assert.Equal(status, await get.WaitAsync(Limits.Step));
        Assert.Equal(2, connection.ReceiveEpoch); // the second request came when the first was answered
    }

    [Fact]
    public async Task GetTwice_ServerClosesWithItsFirstAnswer_IsNoFailure()
    {
        var (client, server) = StreamPair.Open();
        using (client)
        {
            var get = WarmupClient.GetTwiceAsync(client, "/", "warmup", TimeSpan.FromMilliseconds(1), CancellationToken.None);
            using (server)
            {
                await server.ReceiveAsync(new byte[1024]);
                await server.SendAsync("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"u8.ToArray());
            }

            Assert.Equal(400, await get.WaitAsync(Limits.Step));
        }
    }

    [Fact]
    public async Task Connection_OfWarmup_IsMarkedAndHasAddresses()
    {
        await using var host = await TestHost.StartAsync("A");
        using var client = Connect(host, out var connection);

        Assert.True(connection.IsWarmup);
        Assert.NotNull(connection.Features.Get<IIpsWarmupFeature>());
        Assert.Equal(host.EndPoint, connection.LocalEndPoint);
        Assert.Equal("127.0.0.1:0", connection.RemoteEndPoint?.ToString());
    }

    [Fact]
    public async Task Connection_OfAClient_IsNotMarked()
    {
        await using var host = await TestHost.StartAsync("A");
        var (client, connection) = await host.ConnectWatchedAsync();
        using (client)
        {
            Assert.False(connection.IsWarmup);
            Assert.Null(connection.Features.Get<IIpsWarmupFeature>());
        }
    }

    [Fact]
    public async Task Get_AppNeverAnswers_EndsAtTheDeadline()
    {
        await using var host = await TestHost.StartAsync("A");
        using var client = Connect(host, out _);
        using var deadline = new CancellationTokenSource();

        var get = WarmupClient.GetAsync(client, "/gate/never", "warmup", deadline.Token);
        await host.App.At("never").ReachedAsync();
        await deadline.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => get.WaitAsync(Limits.Step));
        client.Dispose();
        await Eventually.TrueAsync(() => host.App.Seen.Contains("aborted")); // the app hears of it too
    }

    [Theory]
    [InlineData("", "without an answer")]
    [InlineData("HTTP/1.1", "without an answer")]
    [InlineData("HTTP/1.1 two hundred", "no HTTP/1.1 status line")]
    public async Task Get_NoStatusLine_Throws(string answer, string message)
    {
        var (client, server) = StreamPair.Open();
        using (client)
        {
            using (server)
            {
                await server.SendAsync(System.Text.Encoding.ASCII.GetBytes(answer));
                server.Shutdown(SocketShutdown.Send);
                var error = await Assert.ThrowsAsync<IOException>(() =>
                    WarmupClient.GetAsync(client, "/", "warmup", CancellationToken.None).WaitAsync(Limits.Step));
                Assert.Contains(message, error.Message, StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public async Task Get_StatusLineInPieces_IsRead()
    {
        var (client, server) = StreamPair.Open();
        using (client)
        {
            using (server)
            {
                var get = WarmupClient.GetAsync(client, "/", "warmup", CancellationToken.None);
                await server.ReceiveAsync(new byte[1024]);
                foreach (var piece in "HTTP/1.1 204 No Content\r\n\r\n")
                {
                    await server.SendAsync(new[] { (byte)piece });
                    await Eventually.TrueAsync(() => client.Available == 0);
                }

                server.Shutdown(SocketShutdown.Send);
                Assert.Equal(204, await get.WaitAsync(Limits.Step));
            }
        }
    }

    [Theory]
    [InlineData("relative", "host")]
    [InlineData("/a b", "host")]
    [InlineData("/a\r\nX: y", "host")]
    [InlineData("/a", "ho\r\nst")]
    public async Task Get_TargetOrHostNotOneLine_IsRefused(string target, string host)
    {
        using var client = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await Assert.ThrowsAsync<ArgumentException>(() => WarmupClient.GetAsync(client, target, host, CancellationToken.None));
    }

    private static Socket Connect(TestHost host, out HandoverConnection connection)
    {
        var (client, server) = StreamPair.Open();
        connection = host.Listener.DeliverWarmup(server, host.EndPoint);
        return client;
    }
}
