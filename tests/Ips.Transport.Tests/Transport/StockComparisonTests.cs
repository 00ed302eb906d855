using System.Collections.Concurrent;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Hosting;

namespace Ips.Transport.Tests.Transport;

/// <summary>What Kestrel's own socket transport does is the rule: the same client against both, and both must show the same.</summary>
public sealed class StockComparisonTests
{
    [Fact]
    public async Task Features_AreTheStockOnes_AndTheEndPoints()
    {
        var (stock, ours) = await OnBothAsync(async (client, _) =>
        {
            await client.SendAsync("GET /features HTTP/1.1\r\nHost: x\r\n\r\n");
            return (await client.ReceiveAsync())!.Body;
        });
        Assert.Contains(typeof(IConnectionSocketFeature).FullName!, stock, StringComparison.Ordinal);
        var added = ours.Split('\n').Except(stock.Split('\n'));
        Assert.Equal([typeof(IConnectionEndPointFeature).FullName!], added);
        Assert.Empty(stock.Split('\n').Except(ours.Split('\n')));
    }

    [Theory]
    [InlineData("client closes idle")]
    [InlineData("client closes during a request")]
    [InlineData("client half-closes during a request")]
    [InlineData("client resets during a request")]
    [InlineData("client closes in the middle of a body")]
    [InlineData("client resets in the middle of a body")]
    [InlineData("app aborts")]
    [InlineData("server closes")]
    [InlineData("half a request, then close")]
    [InlineData("garbage")]
    [InlineData("response to a slow reader")]
    [InlineData("client leaves a large response")]
    [InlineData("body that nobody reads")]
    [InlineData("large body that nobody reads")]
    public async Task Behaviour_IsTheStockOne(string scenario)
    {
        var (stock, ours) = await OnBothAsync((client, host) => ObserveAsync(scenario, client, host));
        Assert.Equal(stock, ours);
    }

    private static async Task<string> ObserveAsync(string scenario, RawClient client, ObservedHost host)
    {
        const string Gate = "GET /gate/g HTTP/1.1\r\nHost: x\r\n\r\n";
        switch (scenario)
        {
            case "client closes idle":
                await client.SendAsync("GET /n/1 HTTP/1.1\r\nHost: x\r\n\r\n");
                await client.ReceiveAsync();
                client.Socket.Shutdown(SocketShutdown.Send);
                return await host.ClosedAsync(client);
            case "client closes during a request" or "client resets during a request" or "client half-closes during a request":
                await client.SendAsync(Gate);
                await host.App.At("g").ReachedAsync();
                if (scenario.Contains("half", StringComparison.Ordinal)) client.Socket.Shutdown(SocketShutdown.Send);
                else if (scenario.Contains("resets", StringComparison.Ordinal)) client.Reset();
                else client.Socket.Close();
                await Eventually.TrueAsync(() => host.App.Seen.Contains("aborted"));
                host.App.At("g").Release();
                return await host.ClosedAsync(scenario.Contains("half", StringComparison.Ordinal) ? client : null);
            case "client closes in the middle of a body" or "client resets in the middle of a body":
                await client.SendAsync("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n12345");
                await Eventually.TrueAsync(() => host.Requests > 0);
                if (scenario.Contains("resets", StringComparison.Ordinal)) client.Reset();
                else client.Socket.Shutdown(SocketShutdown.Send);
                await Eventually.TrueAsync(() => !host.App.Seen.IsEmpty);
                if (scenario.Contains("resets", StringComparison.Ordinal)) return await host.ClosedAsync(null);

                // Kestrel aborts while its read ends: measured on both transports, 298 of 300 are a RST and 2 a FIN.
                var end = await host.ClosedAsync(client);
                return end.Replace("FIN", "RST", StringComparison.Ordinal);
            case "app aborts":
                await client.SendAsync("GET /abort HTTP/1.1\r\nHost: x\r\n\r\n");
                return await host.ClosedAsync(client);
            case "server closes":
                await client.SendAsync("GET /close HTTP/1.1\r\nHost: x\r\n\r\n");
                return (await client.ReceiveAsync())!.Body + await host.ClosedAsync(client);
            case "half a request, then close":
                await client.SendAsync("GET /n/1 HTTP/1.1\r\nHo");
                client.Socket.Shutdown(SocketShutdown.Send);
                return await host.ClosedAsync(client);
            case "garbage":
                await client.SendAsync("\0\0\0\r\n\r\n");
                return (await client.ReceiveAsync())!.Status + await host.ClosedAsync(client);
            case "response to a slow reader":
                await client.SendAsync("GET /large?bytes=20000000 HTTP/1.1\r\nHost: x\r\n\r\n");
                await Eventually.TrueAsync(() => client.Socket.Available > 0);
                Assert.DoesNotContain("written", host.App.Seen); // held up by the client
                return (await client.ReceiveAsync())!.Body.Length.ToString(System.Globalization.CultureInfo.InvariantCulture);
            case "client leaves a large response":
                await client.SendAsync("GET /large?bytes=20000000 HTTP/1.1\r\nHost: x\r\n\r\n");
                await Eventually.TrueAsync(() => client.Socket.Available > 0);
                client.Reset();
                await Eventually.TrueAsync(() => host.App.Seen.Contains("written"));
                return await host.ClosedAsync(null);
            case "body that nobody reads" or "large body that nobody reads":
                var length = scenario.StartsWith("large", StringComparison.Ordinal) ? 5_000_000 : 5_000;
                await client.SendAsync($"POST /unread HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n" + new string('u', length));
                var answer = (await client.ReceiveAsync())!;
                await client.SendAsync("GET /n/1 HTTP/1.1\r\nHost: x\r\n\r\n");
                return answer.Body + (await client.ReceiveAsync())!.Body;
            default:
                throw new ArgumentOutOfRangeException(nameof(scenario), scenario, "No such scenario.");
        }
    }

    private static async Task<(string Stock, string Ours)> OnBothAsync(Func<RawClient, ObservedHost, Task<string>> observe) =>
        (await OnOneAsync(stock: true, observe), await OnOneAsync(stock: false, observe));

    private static async Task<string> OnOneAsync(bool stock, Func<RawClient, ObservedHost, Task<string>> observe)
    {
        ObservedHost observed = null!;
        await using var host = await TestHost.StartAsync("X", stock, listen: options => options.Use(next => context =>
        {
            context.ConnectionClosed.Register(() => observed.Events.Enqueue("closed"));
            return next(context);
        }));
        observed = new ObservedHost(host);
        using var client = await host.ConnectAsync();
        var seen = await observe(client, observed).WaitAsync(Limits.Step);
        return $"{seen}; app: {string.Join(',', host.App.Seen.Distinct().Order(StringComparer.Ordinal))}";
    }

    private sealed class ObservedHost(TestHost host)
    {
        public ConcurrentQueue<string> Events { get; } = new();

        public TestApp App => host.App;

        public int Requests => host.App.Requests;

        /// <summary>The end as the client sees it, once the server's side has ended as well.</summary>
        public async Task<string> ClosedAsync(RawClient? client)
        {
            var end = client is null ? "gone" : await client.EndAsync();
            await Eventually.TrueAsync(() => !Events.IsEmpty);
            return $"{end}, {string.Join(',', Events)}";
        }
    }
}
