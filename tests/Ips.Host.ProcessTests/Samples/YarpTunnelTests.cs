using System.Net;
using Ips.Actors.Diagnostics;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Processes;
using Ips.Testing.WebSockets;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests.Samples;

/// <summary>WebSockets through samples/Yarp live through reloads of the gateway: each client holds every answer of the app behind it against
/// its own account, and no one connects again.</summary>
public class YarpTunnelTests(ITestOutputHelper output) : ProcessTest(output)
{
    /// <summary>WebSockets.</summary>
    protected virtual int Clients => 12;

    /// <summary>Reloads under load.</summary>
    protected virtual int Reloads => 3;

    /// <summary>The longest message.</summary>
    protected virtual int MaxBytes => 100_000;

    [Fact]
    public async Task Reload_TunnelsUnderLoad_LoseDoubleAndReorderNothing()
    {
        var backend = await StartBackendAsync();
        var gateway = await StartAsync(GatewaySettings(backend));
        var all = await ConnectAsync(gateway.Port);
        for (var reload = 1; reload <= Reloads; reload++)
        {
            var before = all.ConvertAll(client => client.Answers);
            await gateway.ReloadAsync();
            await GoOnAsync(all, before);
        }

        await StopAsync(all);
        await gateway.WaitForMainAloneAsync();
        AssertAllMoved(gateway);
    }

    [Fact]
    public async Task Rollback_TunnelsOfTheSuccessor_ComeBack()
    {
        var backend = await StartBackendAsync();
        var gateway = await StartAsync(GatewaySettings(backend) with { Probation = TimeSpan.FromMinutes(10), Debug = true });
        var stay = await ConnectAsync(gateway.Port);
        gateway.Signal(ProcessTable.SigUsr2);
        await gateway.WaitForStateAsync(1, "OnProbation");
        var come = await ConnectAsync(gateway.Port); // nobody but the successor accepts
        await Eventually.TrueAsync(() => come.All(client => client.Answers > 2));
        var successor = await gateway.Log.WaitForAsync(e => e.Id == EventIds.AcceptingStarted && e.Generation == 2, "the successor");
        Assert.True(ProcessTable.Signal(successor.Pid, ProcessTable.SigTerm));
        await gateway.Log.WaitForAsync(0, EventIds.ReloadFailed);
        await ProcessTable.WaitForEndAsync(successor.Pid, Limits.Step);
        List<ChainClient> all = [.. stay, .. come];
        await GoOnAsync(all, all.ConvertAll(client => client.Answers));
        await StopAsync(all);
        AssertAllMoved(gateway);
    }

    // As the tunnels are on their way: each goes on, or ends. Nothing hangs, and the next reload moves those that are there.
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Move_AGenerationIsKilledInIt_NothingHangsAndTheNextReloadMoves(int generation)
    {
        var backend = await StartBackendAsync();
        var gateway = await StartAsync(GatewaySettings(backend));
        var all = await ConnectAsync(gateway.Port);
        using var slow = await RawClient.ConnectAsync(gateway.Port); // holds the predecessor, which restarts the service if it has to
        await slow.SendGetAsync("/stream?ms=60000&chunks=60");
        gateway.Signal(ProcessTable.SigUsr2);
        var published = await gateway.Log.WaitForAsync(e => e.Id == EventIds.IdentityPublished && e.Generation == 2, "generation 2");
        var killed = generation == 1 ? gateway.First.Pid : published.Pid;
        ProcessTable.Signal(killed, ProcessTable.SigKill); // the first one may have ended by then
        await ProcessTable.WaitForEndAsync(killed, Limits.Step);
        var before = all.ConvertAll(client => client.Answers);
        await Eventually.TrueAsync(() => all.Zip(before).All(pair => pair.First.Fault is not null || pair.First.Answers > pair.Second + 2),
            "an end of each move");
        Output.WriteLine($"{all.Count(client => client.Fault is null)} of {all.Count} go on");

        await Eventually.TrueAsync(async () => await gateway.AnsweringGenerationAsync() > 1);
        slow.Dispose();
        var more = await ConnectAsync(gateway.Port);
        before = more.ConvertAll(client => client.Answers);
        await gateway.ReloadAsync();
        await GoOnAsync(more, before);
        await StopAsync(more);
        foreach (var client in all.Where(client => client.Fault is null)) await client.StopAsync();
        await gateway.WaitForMainAloneAsync();
    }

    /// <summary>The app behind the gateway. It stays up.</summary>
    private protected Task<Service> StartBackendAsync() => StartAsync(new ServiceSettings(ServiceKind.SampleApp)
    {
        More = ["--Ips:GenerationHeader=false"], // the generation in the responses is to be the gateway's
    });

    private protected static ServiceSettings GatewaySettings(Service backend)
    {
        var app = Binaries.SamplePath("Yarp");
        return new ServiceSettings(ServiceKind.SampleApp)
        {
            Program = Binaries.DotNet,
            Prefix = [app],
            WorkingDirectory = Path.GetDirectoryName(app),
            More =
            [
                "--Ips:GenerationHeader=true", "--Ips:Warmup:Requests:0=/ping",
                $"--ReverseProxy:Clusters:prices:Destinations:one:Address=http://127.0.0.1:{backend.Port}/",
            ],
        };
    }

    /// <summary>Clients of two makes, each at its talk; some are idle most of the time.</summary>
    private protected async Task<List<ChainClient>> ConnectAsync(int port)
    {
        var all = new List<ChainClient>();
        for (var i = 0; i < Clients; i++)
        {
            IChainPeer peer = i % 3 == 2 ? await CuttingPeer.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port), "/chain", i)
                : await DotnetPeer.ConnectAsync(new Uri($"ws://127.0.0.1:{port}/chain"));
            all.Add(ChainClient.Start(peer, i, MaxBytes, TimeSpan.FromMilliseconds(i % 5 == 4 ? 500 : 20)));
        }

        return all;
    }

    private static Task GoOnAsync(List<ChainClient> all, List<long> before) => Eventually.TrueAsync(
        () => all.Any(client => client.Fault is not null) || all.Zip(before).All(pair => pair.First.Answers > pair.Second + 2),
        "answers to each client");

    private protected static void AssertAllMoved(Service gateway)
    {
        Assert.Empty(gateway.Log.Of(EventIds.UpgradesRefused));
        Assert.DoesNotContain(gateway.Log.Of(EventIds.Aborted), e => e["Requests"] != "0");
        Assert.All(gateway.Log.Of(EventIds.PredecessorFarewell), e => Assert.Equal("0", e["Polite"]));
    }

    private protected async Task StopAsync(List<ChainClient> all)
    {
        await Task.WhenAll(all.Select(client => client.StopAsync()));
        Output.WriteLine($"{all.Count} clients, {all.Sum(client => client.Answers)} messages, {all.Sum(client => client.Pongs)} pings, "
            + $"{all.Count(client => client.Fault is not null)} faults");
        Assert.True(all.All(client => client.Fault is null), string.Join("\n", all.Select(client => client.Fault)));
        Assert.All(all, client => Assert.Equal(1, Assert.Single(client.Generations))); // of the app behind
    }
}
