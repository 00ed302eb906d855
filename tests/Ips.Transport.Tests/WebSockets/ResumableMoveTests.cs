using System.Net;
using System.Net.WebSockets;
using Ips.Actors.Configuration;
using Ips.Actors.Transport;
using Ips.SampleApp;
using Ips.Testing.WebSockets;
using Ips.Transport.Tests.Transport;
using Microsoft.AspNetCore.Builder;

namespace Ips.Transport.Tests.WebSockets;

/// <summary>WebSockets leave one Kestrel at a quiet point and go on in another; the clients notice nothing.</summary>
public sealed class ResumableMoveTests : IAsyncLifetime
{
    private readonly List<TestHost> _hosts = [];

    /// <inheritdoc/>
    public async Task InitializeAsync()
    {
        for (var i = 1; i <= 3; i++) _hosts.Add(await StartAsync(i));
    }

    /// <inheritdoc/>
    public async Task DisposeAsync()
    {
        foreach (var host in _hosts) await host.DisposeAsync();
    }

    [Theory]
    [InlineData("plain")]
    [InlineData("deflate")]
    [InlineData("cutting")]
    public async Task UnderLoad_MovedAgainAndAgain_LosesDoublesAndReordersNothing(string kind)
    {
        const int clients = 8, moves = 12;
        var all = new List<ChainClient>();
        for (var i = 0; i < clients; i++)
            all.Add(ChainClient.Start(await ConnectAsync(kind, i), i, maxBytes: 100_000, maxPause: TimeSpan.FromMilliseconds(2)));
        for (var move = 0; move < moves; move++)
        {
            var before = all.Select(client => client.Answers).ToList();
            var (from, to) = (_hosts[move % 3], _hosts[(move + 1) % 3]);
            var leaving = from.Registry.Connections.Select(connection => connection.BeginMove(UpgradePolicy.Move)).ToList();
            Assert.Equal(clients, leaving.Count);
            foreach (var left in leaving) to.Listener.Adopt(await MovedAsync(left));
            await Eventually.TrueAsync(() => all.Any(client => client.Fault is not null)
                || all.Zip(before).All(pair => pair.First.Answers > pair.Second + 3));
            Assert.True(all.All(client => client.Fault is null), string.Join("\n", all.Select(client => client.Fault)));
        }

        foreach (var client in all) await client.StopAsync();
        Assert.True(all.All(client => client.Fault is null), string.Join("\n", all.Select(client => client.Fault)));
        Assert.All(all, client => Assert.Equal(moves, client.Moves));
        Assert.All(all, client => Assert.Equal([1, 2, 3], client.Generations));
        if (kind == "cutting") Assert.NotEqual(0, all.Sum(client => client.Pongs));
    }

    private async Task<IChainPeer> ConnectAsync(string kind, int seed)
    {
        var endPoint = (IPEndPoint)_hosts[0].EndPoint;
        if (kind == "cutting") return await CuttingPeer.ConnectAsync(endPoint, "/chain", seed);
        var peer = await DotnetPeer.ConnectAsync(new Uri($"ws://{endPoint}/chain"), deflate: kind == "deflate");
        Assert.Equal(kind == "deflate", peer.IsCompressed);
        return peer;
    }

    internal static Task<TestHost> StartAsync(int number, Action<DrainOptions>? drain = null, bool keepAliveTimeout = false) =>
        TestHost.StartAsync($"{number}", drain: drain, map: app =>
        {
            if (keepAliveTimeout)
            {
                app.UseWebSockets(new WebSocketOptions
                {
                    KeepAliveInterval = TimeSpan.FromMilliseconds(5), KeepAliveTimeout = TimeSpan.FromSeconds(5),
                });
            }

            app.MapResumableWebSocket("/chain", (context, socket) => ChainChat.ServeAsync(context, socket, number), options =>
                (options.Compress, options.KeepAliveInterval) = (true, TimeSpan.FromMilliseconds(20)));
        });

    private static async Task<MoveResult.Moved> MovedAsync(Task<MoveResult> move)
    {
        var result = await move.WaitAsync(Limits.Step);
        return result as MoveResult.Moved ?? throw new InvalidOperationException($"Not moved: {result}");
    }
}
