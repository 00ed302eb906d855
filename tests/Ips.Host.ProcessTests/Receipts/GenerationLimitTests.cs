using System.Globalization;
using Ips.Actors.Diagnostics;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Processes;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests.Receipts;

/// <summary>Generations that drain for long do not pile up, and do not block a reload.</summary>
public sealed class GenerationLimitTests(ITestOutputHelper output) : ReceiptTest(output)
{
    private readonly List<RawClient> _stuck = [];

    public override async Task DisposeAsync()
    {
        _stuck.ForEach(client => client.Dispose());
        await base.DisposeAsync();
    }

    [Fact]
    public async Task MaxGenerations_Reached_OldestIsAbortedAndTheReceiptSaysSo()
    {
        Put("good");
        var service = await StartAsync(more: ["ips.reload.max-generations = 3", "ips.reload.room-timeout = 0s"]);
        List<int> pids = [service.MainPid];
        for (var reload = 0; reload < 2; reload++)
        {
            await StickAsync(service);
            var (_, receipt) = await ReloadAsync(service);
            Assert.Null(receipt.AbortedGenerations);
            pids.Add(service.MainPid);
        }

        Assert.All(pids, pid => Assert.True(ProcessTable.IsAlive(pid)));
        var (code, full) = await ReloadAsync(service);
        Assert.Equal((0, "promoted"), (code, full.Outcome));
        Assert.Equal([1], full.AbortedGenerations);
        Assert.False(ProcessTable.IsAlive(pids[0]));
        Assert.True(ProcessTable.IsAlive(pids[1])); // drains on
        Assert.Equal(4, await service.AnsweringGenerationAsync());
        Assert.Equal(pids[0].ToString(CultureInfo.InvariantCulture), Assert.Single(service.Log.Of(EventIds.MakingRoom))["Pid"]);
        Assert.Equal(1, (await HistoryAsync(service))[^1].AbortedGenerations!.Single());
    }

    [Fact]
    public async Task MaxGenerations_ReachedAndToRefuse_ReloadIsRefusedUntilOneHasDrained()
    {
        Put("good");
        var service = await StartAsync(more: ["ips.reload.max-generations = 2", "ips.reload.when-full = refuse",
            "ips.reload.room-timeout = 0s"]);
        var first = service.MainPid;
        await StickAsync(service);
        Assert.Equal(0, (await ReloadAsync(service)).ExitCode);
        var (code, refused) = await ReloadAsync(service);
        Assert.Equal((4, "refused"), (code, refused.Outcome));
        Assert.Contains($"1 (PID {first}) still drain", refused.Reason, StringComparison.Ordinal);
        Assert.Equal(2, await service.AnsweringGenerationAsync());

        _stuck[0].Dispose();
        await ProcessTable.WaitForEndAsync(first, Limits.Step);
        Assert.Equal(0, (await ReloadAsync(service)).ExitCode);
    }

    // Half a request: the generation that has it cannot move it and drains until its deadline.
    private async Task StickAsync(Service service)
    {
        var client = await RawClient.ConnectAsync(service.Port);
        _stuck.Add(client);
        await client.SendAsync("GET /ping HTTP/1.1\r\nHost: loc");
        // Seen by the server when it counts one more connection.
        await Eventually.TrueAsync(async () => (await service.StatusAsync()).OpenConnections > 0, "a connection that is accepted");
    }
}
