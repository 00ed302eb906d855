using System.Net;
using Ips.Actors.Diagnostics;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.WebSockets;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests;

/// <summary>WebSockets whose app lets them move live through reloads: each client holds every answer against its own account.</summary>
public class ResumableWebSocketTests(ITestOutputHelper output) : ProcessTest(output)
{
    /// <summary>Clients of each kind.</summary>
    protected virtual int Clients => 10;

    /// <summary>Reloads of each test.</summary>
    protected virtual int Reloads => 4;

    [Fact]
    public async Task Reload_ResumableWebSocketsUnderLoad_LosesDoublesAndReordersNothing()
    {
        var service = await StartAsync(new ServiceSettings(ServiceKind.SampleApp));
        var all = await ConnectAsync(service.Port);
        for (var reload = 1; reload <= Reloads; reload++)
        {
            await service.ReloadAsync();
            await AllMovedAsync(all, reload);
        }

        await StopAsync(all);
        Assert.All(all, client => Assert.Equal(Reloads, client.Moves));
        await service.WaitForMainAloneAsync();
        Assert.DoesNotContain(service.Log.Of(EventIds.Aborted), e => e["Requests"] != "0");
        Assert.Empty(service.Log.Of(EventIds.UpgradesRefused));
        Assert.All(service.Log.Of(EventIds.PredecessorFarewell), e => Assert.Equal("0", e["Polite"]));
    }

    /// <summary>Clients of each kind, each at its talk.</summary>
    private protected async Task<List<ChainClient>> ConnectAsync(int port)
    {
        var all = new List<ChainClient>();
        var address = new Uri($"ws://127.0.0.1:{port}/chain");
        for (var i = 0; i < Clients; i++)
        {
            var pause = TimeSpan.FromMilliseconds(i % 5 == 4 ? 500 : 20); // some are idle most of the time
            all.Add(ChainClient.Start(await DotnetPeer.ConnectAsync(address), i, maxPause: pause));
            all.Add(ChainClient.Start(await DotnetPeer.ConnectAsync(address, deflate: true), i, maxBytes: 60_000, maxPause: pause));
            all.Add(ChainClient.Start(await CuttingPeer.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port), "/chain", i), i,
                maxBytes: 60_000, maxPause: pause));
        }

        return all;
    }

    private protected static Task AllMovedAsync(List<ChainClient> all, int moves) => Eventually.TrueAsync(
        () => all.All(client => client.Moves >= moves) || all.Any(client => client.Fault is not null), $"move {moves} of each client");

    private protected async Task StopAsync(List<ChainClient> all)
    {
        await Task.WhenAll(all.Select(client => client.StopAsync()));
        Output.WriteLine($"{all.Count} clients, {all.Sum(client => client.Answers)} messages, {all.Sum(client => client.Pongs)} pings, "
            + $"{all.Count(client => client.Fault is not null)} faults");
        Assert.True(all.All(client => client.Fault is null), string.Join("\n", all.Select(client => client.Fault)));
    }
}
