using Ips.Host.ProcessTests.Harness;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests.Receipts;

/// <summary>The history is the daemon's, not a generation's.</summary>
public sealed class HistoryTests(ITestOutputHelper output) : ReceiptTest(output)
{
    [Fact]
    public async Task History_OverGenerations_HasEveryOutcome()
    {
        Put("good");
        var service = await StartAsync();
        var (first, promoted) = await ReloadAsync(service); // who waits gets the receipt, although the predecessor leaves
        Assert.Equal((0, "promoted", 2), (first, promoted.Outcome, promoted.NewGeneration));
        await service.WaitForMainAloneAsync();
        Assert.Equal(promoted.NewPid, service.MainPid);

        Put("bad", "exit 5", serves: false);
        Assert.Equal(4, (await ReloadAsync(service)).ExitCode);
        Put("good");
        Assert.Equal(0, (await ReloadAsync(service)).ExitCode);
        await service.WaitForMainAloneAsync();

        var history = await HistoryAsync(service);
        Assert.Equal(["promoted", "refused", "promoted"], history.Select(receipt => receipt.Outcome));
        Assert.Equal([2, 3, 3], history.Select(receipt => receipt.NewGeneration));
        Assert.Equal(promoted.ElapsedMs, history[0].ElapsedMs);
        Assert.Contains("exited with 5", history[1].Reason, StringComparison.Ordinal);
        Assert.All(history.Where(receipt => receipt.Outcome == "promoted"), receipt => Assert.NotNull(receipt.Drain));
        Assert.Equal(service.MainPid, (await service.StatusAsync()).LastReload!.NewPid);
        var table = await CommandAsync(service, "history");
        Assert.Equal(4, table.Output.Count);
    }

    [Fact]
    public async Task Drain_ConnectionsOfThePredecessor_AreCountedInTheHistory()
    {
        Put("good");
        var service = await StartAsync();
        using var moved = await RawClient.ConnectAsync(service.Port);
        await moved.GetAsync("/ping");
        Assert.Equal(0, (await ReloadAsync(service)).ExitCode);
        await service.WaitForMainAloneAsync();
        var drain = Assert.Single(await HistoryAsync(service)).Drain!;
        Assert.Equal((1, 0, 0, 0), (drain.Moved, drain.Connections, drain.AbortedRequests, drain.ClosedIdle));
        Assert.Contains("X-Ips-Generation: 2", await moved.GetAsync("/ping"), StringComparison.Ordinal);
    }
}
