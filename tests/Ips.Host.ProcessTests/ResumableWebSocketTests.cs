using System.Net;
using Ips.Actors.Diagnostics;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Load;
using Ips.Testing.Processes;
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

    [Theory]
    [InlineData(false, LoadDistance.Near)]
    [InlineData(false, LoadDistance.Far)]
    [InlineData(true, LoadDistance.Near)]
    internal async Task Reload_ResumableWebSocketsUnderLoad_LosesDoublesAndReordersNothing(bool canary, LoadDistance distance)
    {
        var service = Prepare(canary ? new ServiceSettings(ServiceKind.SampleApp) { Canary = true, Probation = TimeSpan.FromSeconds(2) }
            : new ServiceSettings(ServiceKind.SampleApp));
        await service.StartAsync();
        await service.ReloadAsync(); // descriptors are compared with those of another successor
        var descriptors = await Descriptors.SettledAsync(service, open: 0);
        await using var far = distance == LoadDistance.Far ? FarAway.From(service.Port) : null;
        var all = await ConnectAsync(far?.Port ?? service.Port);
        var reloads = canary ? 2 : Reloads;
        for (var reload = 1; reload <= reloads; reload++)
        {
            await service.ReloadAsync();
            await AllMovedAsync(all, reload);
        }

        await StopAsync(all);
        Assert.All(all, client => Assert.Equal(reloads, client.Moves));
        Assert.All(all, client => Assert.Subset(Enumerable.Range(2, reloads + 1).ToHashSet(), client.Generations.ToHashSet()));
        await service.WaitForMainAloneAsync();
        Assert.DoesNotContain(service.Log.Of(EventIds.Aborted), e => e["Requests"] != "0");
        Assert.Empty(service.Log.Of(EventIds.UpgradesRefused));
        Assert.All(service.Log.Of(EventIds.PredecessorFarewell), e => Assert.Equal("0", e["Polite"]));
        await Descriptors.WaitForNoMoreThanAsync(service.MainPid, descriptors);
    }

    // It offers compression with a window of the client's choice, as browsers do.
    [PythonFact]
    public async Task Reload_PythonWebSockets_LoseDoubleAndReorderNothing()
    {
        var service = Prepare(new ServiceSettings(ServiceKind.SampleApp));
        await service.StartAsync();
        await using var client = PythonChain.Start($"ws://127.0.0.1:{service.Port}/chain");
        for (var reload = 1; reload <= 3; reload++)
        {
            await service.ReloadAsync();
            await client.WaitForMoveAsync(reload);
        }

        Output.WriteLine($"{await client.StopAsync()} messages");
    }

    [Fact]
    public async Task Rollback_WebSocketsOfTheSuccessor_ComeBack()
    {
        var service = Prepare(new ServiceSettings(ServiceKind.SampleApp) { Probation = TimeSpan.FromMinutes(10), Debug = true });
        await service.StartAsync();
        var stay = await ConnectAsync(service.Port);
        service.Signal(ProcessTable.SigUsr2);
        await service.WaitForStateAsync(1, "OnProbation");
        var come = await ConnectAsync(service.Port); // nobody but the successor accepts
        await Eventually.TrueAsync(() => come.All(client => client.Answers > 2));
        Assert.True(ProcessTable.Signal((await service.Log.WaitForAsync(e => e.Id == EventIds.AcceptingStarted && e.Generation == 2,
            "the successor")).Pid, ProcessTable.SigTerm));
        await AllMovedAsync(come, 1);
        await service.Log.WaitForAsync(0, EventIds.ReloadFailed);
        await StopAsync([.. stay, .. come]);
        Assert.All(come, client => Assert.Equal([1, 2], client.Generations));
        Assert.All(stay, client => Assert.Equal((0, 1), (client.Moves, Assert.Single(client.Generations))));
    }

    // As the WebSockets are on their way: each goes on, or ends. Nothing hangs, and the next reload moves those that are there.
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public Task Move_AGenerationIsKilledInIt_NothingHangsAndTheNextReloadMoves(int generation) => KillInMoveAsync(generation, 0);

    /// <summary>Kills a generation while WebSockets move.</summary>
    /// <param name="generation">Which.</param>
    /// <param name="moved">The share of the clients that have noticed that they moved, by then.</param>
    private protected async Task KillInMoveAsync(int generation, double moved)
    {
        var service = Prepare(new ServiceSettings(ServiceKind.SampleApp));
        await service.StartAsync();
        var all = await ConnectAsync(service.Port);
        using var slow = await RawClient.ConnectAsync(service.Port); // holds the predecessor, which restarts the service if it has to
        await slow.SendGetAsync("/stream?ms=60000&chunks=60");
        service.Signal(ProcessTable.SigUsr2);
        var published = await service.Log.WaitForAsync(e => e.Id == EventIds.IdentityPublished && e.Generation == 2, "generation 2");
        await Eventually.TrueAsync(() => all.Count(client => client.Moves > 0) >= Math.Max(1, all.Count * moved));
        var killed = generation == 1 ? service.First.Pid : published.Pid;
        ProcessTable.Signal(killed, ProcessTable.SigKill); // the first one may have ended by then
        await ProcessTable.WaitForEndAsync(killed, Limits.Step);
        var before = all.ConvertAll(client => client.Answers);
        await Eventually.TrueAsync(() => all.Zip(before).All(pair => pair.First.Fault is not null || pair.First.Answers > pair.Second + 2),
            "an end of each move");
        Output.WriteLine($"{all.Count(client => client.Fault is null)} of {all.Count} go on");

        await Eventually.TrueAsync(async () => await service.AnsweringGenerationAsync() > 1);
        slow.Dispose();
        var more = await ConnectAsync(service.Port);
        await service.ReloadAsync();
        await AllMovedAsync(more, 1);
        await StopAsync(more);
        foreach (var client in all.Where(client => client.Fault is null)) await client.StopAsync();
        await service.WaitForMainAloneAsync();
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
