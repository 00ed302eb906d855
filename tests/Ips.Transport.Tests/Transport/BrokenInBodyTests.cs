using System.Net.Sockets;

namespace Ips.Transport.Tests.Transport;

/// <summary>Kestrel reads the rest of an unread body away, but not on a connection that broke meanwhile: there its own transport gives it
/// that rest as the next request, and the app runs it. Ours does not.</summary>
public sealed class BrokenInBodyTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ClientLeavesWithItsBodyUnread_TheBodyIsNoRequest(bool fin)
    {
        await using var host = await TestHost.StartAsync("A");
        var (client, connection) = await host.ConnectWatchedAsync();
        using var _ = client;
        const string body = "GET /n/smuggled HTTP/1.1\r\nHost: x\r\n\r\n";
        await client.SendAsync($"POST /unread-gate/body HTTP/1.1\r\nHost: x\r\nContent-Length: {body.Length}\r\n\r\n{body}{body}");
        await host.App.At("body").ReachedAsync();
        var closed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var __ = connection.ConnectionClosed.Register(() => closed.TrySetResult());
        if (fin) client.Socket.Shutdown(SocketShutdown.Send);
        else client.Reset();
        await closed.Task.WaitAsync(Limits.Step);

        host.App.At("body").Release();
        await Eventually.TrueAsync(() => host.Registry.Open == 0);
        Assert.Equal(1, host.App.Requests);
    }
}
