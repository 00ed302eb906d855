using System.Net;
using Ips.Actors.Transport;

namespace Ips.Transport.Tests.Transport;

public sealed class MemoryConnectionTests
{
    [Theory]
    [InlineData("/n/warm", 200)]
    [InlineData("/nowhere", 404)]
    [InlineData("/large?bytes=1000000", 200)]
    public async Task Get_GoesThroughTheApp_AndReturnsItsStatus(string target, int status)
    {
        await using var host = await TestHost.StartAsync("A");
        var connection = new MemoryConnection(host.EndPoint);
        host.Listener.Deliver(connection);

        Assert.Equal(status, await WarmupClient.GetAsync(connection, target, "warmup", CancellationToken.None).WaitAsync(Eventually.Limit));
        Assert.Equal(0, host.Registry.Open); // not one of the connections that move or are counted
    }

    [Fact]
    public async Task Get_AppNeverAnswers_EndsAtTheDeadline()
    {
        await using var host = await TestHost.StartAsync("A");
        var connection = new MemoryConnection(host.EndPoint);
        host.Listener.Deliver(connection);
        using var deadline = new CancellationTokenSource();

        var get = WarmupClient.GetAsync(connection, "/gate/never", "warmup", deadline.Token);
        await host.App.At("never").ReachedAsync();
        await deadline.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => get.WaitAsync(Eventually.Limit));
        await Eventually.TrueAsync(() => host.App.Seen.Contains("aborted")); // the app hears of it too
    }

    [Theory]
    [InlineData("relative", "host")]
    [InlineData("/a b", "host")]
    [InlineData("/a\r\nX: y", "host")]
    [InlineData("/a", "ho\r\nst")]
    public async Task Get_TargetOrHostNotOneLine_IsRefused(string target, string host) =>
        await Assert.ThrowsAsync<ArgumentException>(() =>
            WarmupClient.GetAsync(new MemoryConnection(new IPEndPoint(IPAddress.Loopback, 0)), target, host, CancellationToken.None));
}
