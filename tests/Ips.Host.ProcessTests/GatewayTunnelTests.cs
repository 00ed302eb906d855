using System.Net;
using Ips.Actors.Diagnostics;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Load;
using Ips.Testing.Processes;
using Ips.Testing.WebSockets;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests;

/// <summary>WebSockets through YARP live through reloads of the gateway: each client holds every answer of the app behind it against
/// its own account, and no one connects again.</summary>
public class GatewayTunnelTests(ITestOutputHelper output) : ProcessTest(output)
{
    /// <summary>WebSockets.</summary>
    protected virtual int Clients => 12;

    /// <summary>Reloads under load.</summary>
    protected virtual int Reloads => 3;

    /// <summary>The longest message.</summary>
    protected virtual int MaxBytes => 100_000;

    [Theory]
    [InlineData(LoadDistance.Near)]
    [InlineData(LoadDistance.Far)]
    internal async Task Reload_TunnelsUnderLoad_LoseDoubleAndReorderNothing(LoadDistance distance)
    {
        await using var gateway = await StartGatewayAsync();
        await using var far = distance == LoadDistance.Far ? FarAway.From(gateway.Port) : null;
        var all = await ConnectAsync(far?.Port ?? gateway.Port);
        for (var reload = 1; reload <= Reloads; reload++)
        {
            var before = all.ConvertAll(client => client.Answers);
            await gateway.ReloadAsync();
            await GoOnAsync(gateway, all, before);
        }

        await StopAsync(all);
        await gateway.AssertPredecessorsEndedWellAsync();
        Assert.Empty(gateway.Messages(EventIds.UpgradesRefused));
    }

    [Fact]
    public async Task Rollback_TunnelsOfTheSuccessor_ComeBack()
    {
        await using var gateway = await StartGatewayAsync("--Ips:Reload:Probation=00:10:00", "--Ips:Reload:Canary:0=off");
        var stay = await ConnectAsync(gateway.Port);
        ProcessTable.Signal(gateway.MainPid, ProcessTable.SigUsr2);
        await Eventually.TrueAsync(() => gateway.Messages(EventIds.AcceptingStarted).Count == 2, "a successor that accepts");
        await Eventually.TrueAsync(() => gateway.Messages(EventIds.AcceptingQuiesced).Count == 1, "a predecessor that does not");
        var come = await ConnectAsync(gateway.Port); // nobody but the successor accepts
        await Eventually.TrueAsync(() => come.All(client => client.Answers > 2));
        var successor = gateway.Processes.Alive().Single(pid => pid != gateway.MainPid);
        List<ChainClient> all = [.. stay, .. come];
        Assert.True(ProcessTable.Signal(successor, ProcessTable.SigTerm));
        await ProcessTable.WaitForEndAsync(successor, Limits.Step);
        await GoOnAsync(gateway, all, all.ConvertAll(client => client.Answers));

        // Back in a process that has had them, and from there to a third one.
        await StopAsync(all);
        Assert.Empty(gateway.Messages(EventIds.UpgradesRefused));
    }

    // As the tunnels are on their way: each goes on, or ends. Nothing hangs, and the next reload moves those that are there.
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public Task Move_AGenerationIsKilledInIt_NothingHangsAndTheNextReloadMoves(int generation) =>
        KillInMoveAsync(generation, TimeSpan.Zero);

    /// <summary>Kills a generation while tunnels move.</summary>
    /// <param name="generation">Which.</param>
    /// <param name="later">How long after the promotion: which step of which tunnel it meets is chance.</param>
    private protected async Task KillInMoveAsync(int generation, TimeSpan later)
    {
        await using var gateway = await StartGatewayAsync();
        var all = await ConnectAsync(gateway.Port);
        using var slow = await RawClient.ConnectAsync(gateway.Port); // holds the predecessor, which restarts the service if it has to
        await slow.SendGetAsync("/stream?ms=60000&chunks=60");
        ProcessTable.Signal(gateway.First.Pid, ProcessTable.SigUsr2);
        await Eventually.TrueAsync(() => gateway.MainPid != gateway.First.Pid, "a promotion");
        await Task.Delay(later);
        var killed = generation == 1 ? gateway.First.Pid : gateway.MainPid;
        ProcessTable.Signal(killed, ProcessTable.SigKill); // the first one may have ended by then
        await ProcessTable.WaitForEndAsync(killed, Limits.Step);
        var before = all.ConvertAll(client => client.Answers);
        await Eventually.TrueAsync(() => all.Zip(before).All(pair => pair.First.Fault is not null || pair.First.Answers > pair.Second + 2),
            "an end of each move");
        Output.WriteLine($"{all.Count(client => client.Fault is null)} of {all.Count} go on");

        await Eventually.TrueAsync(() => gateway.MainPid is var main && main != killed && ProcessTable.IsAlive(main),
            "a main process");
        slow.Dispose();
        var more = await ConnectAsync(gateway.Port);
        before = more.ConvertAll(client => client.Answers);
        await gateway.ReloadAsync();
        await GoOnAsync(gateway, more, before);
        await StopAsync(more);
        foreach (var client in all.Where(client => client.Fault is null)) await client.StopAsync();
        await gateway.Processes.WaitForOnlyAsync(gateway.MainPid);
    }

    // Two descriptors each, and some 250 of a gateway.
    [Fact]
    public Task Move_HardlyAnyDescriptorLeft_WaitsForRoomAndClosesTheRestPolitely() =>
        MoveScarceAsync(limit: 640, tunnels: 150, TimeSpan.FromSeconds(1));

    /// <summary>A twentieth is kept for new clients: a move waits for room, and a client that the successor has no room for gets Close
    /// 1001.</summary>
    /// <param name="limit">Of open files, for each generation of the gateway.</param>
    /// <param name="tunnels">How many.</param>
    /// <param name="maxPause">Of each client, between two messages.</param>
    private protected async Task MoveScarceAsync(int limit, int tunnels, TimeSpan maxPause)
    {
        const int atOnce = 200;
        var backend = await StartAsync(new ServiceSettings(ServiceKind.SampleApp) { More = ["--Ips:GenerationHeader=false"] });
        await using var gateway = await Gateway.StartAsync(Folder, backend.Port, limit,
            ["--Tunnels=true", "--Ips:Drain:WebSocketSpread=00:00:00.500"]);
        var address = new IPEndPoint(IPAddress.Loopback, gateway.Port);
        var all = new List<ChainClient>();
        while (all.Count < tunnels)
        {
            var peers = await Task.WhenAll(Enumerable.Range(all.Count, Math.Min(atOnce, tunnels - all.Count))
                .Select(i => CuttingPeer.ConnectAsync(address, "/chain", i, cuts: false)));
            all.AddRange(peers.Select((peer, i) => ChainClient.Start(peer, all.Count + i, maxPause: maxPause)).ToList());
        }

        await Eventually.TrueAsync(() => all.All(client => client.Answers > 0), "an answer to each client");
        var open = ProcessTable.OpenFileDescriptors(gateway.MainPid);
        var before = all.ConvertAll(client => client.Answers);
        var watch = System.Diagnostics.Stopwatch.StartNew();
        await gateway.ReloadAsync();
        using var other = await RawClient.ConnectAsync(gateway.Port);
        Assert.StartsWith("HTTP/1.1 200 ", await other.GetAsync("/ping"), StringComparison.Ordinal);
        var served = watch.Elapsed;
        await Eventually.TrueAsync(() => all.Zip(before).All(pair => pair.First.Fault is not null || pair.First.Answers > pair.Second + 2),
            "answers to each client, or its close");
        Output.WriteLine($"{open} of {limit} descriptors open; {all.Count(client => client.Fault is not null)} of {all.Count} were closed; "
            + $"a new client was served {served.TotalSeconds:0.0} s after the reload began, "
            + $"all decided {watch.Elapsed.TotalSeconds:0.0} s");
        foreach (var line in gateway.Messages(EventIds.ConnectionsMoved)) Output.WriteLine(line);
        Assert.All(all.Where(client => client.Fault is not null), client => Assert.StartsWith("closed with 1001 ", client.Fault!,
            StringComparison.Ordinal));
        Assert.Contains(all, client => client.Fault is null);
        Assert.DoesNotContain(gateway.First.Lines, line => line.Text.Contains("Too many open files", StringComparison.Ordinal));
        await Task.WhenAll(all.Where(client => client.Fault is null).Select(client => client.StopAsync()));
        Assert.All(all, client =>
            Assert.True(client.Fault?.StartsWith("closed with 1001 ", StringComparison.Ordinal) ?? true, client.Fault));
        Assert.Equal(0, await gateway.First.WaitForExitAsync(Limits.Step));
    }

    private async Task<Gateway> StartGatewayAsync(params IReadOnlyList<string> more)
    {
        // It stays up, and the generation in the responses is to be the gateway's.
        var backend = await StartAsync(new ServiceSettings(ServiceKind.SampleApp) { More = ["--Ips:GenerationHeader=false"] });
        return await Gateway.StartAsync(Folder, backend.Port, ["--Tunnels=true", .. more]);
    }

    /// <summary>Clients of two makes, each at its talk; some are idle most of the time.</summary>
    private async Task<List<ChainClient>> ConnectAsync(int port)
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

    private async Task GoOnAsync(Gateway gateway, List<ChainClient> all, List<long> before)
    {
        await Eventually.TrueAsync(
            () => all.Any(client => client.Fault is not null) || all.Zip(before).All(pair => pair.First.Answers > pair.Second + 2),
            "answers to each client");
        if (all.Any(client => client.Fault is not null)) Output.WriteLine(gateway.First.OutputTail(200));
        Assert.True(all.All(client => client.Fault is null), string.Join("\n", all.Select(client => client.Fault)));
    }

    private async Task StopAsync(List<ChainClient> all)
    {
        await Task.WhenAll(all.Select(client => client.StopAsync()));
        Output.WriteLine($"{all.Count} clients, {all.Sum(client => client.Answers)} messages, {all.Sum(client => client.Pongs)} pings, "
            + $"{all.Count(client => client.Fault is not null)} faults");
        Assert.True(all.All(client => client.Fault is null), string.Join("\n", all.Select(client => client.Fault)));
        Assert.All(all, client => Assert.Equal(1, Assert.Single(client.Generations))); // of the app behind
    }
}
