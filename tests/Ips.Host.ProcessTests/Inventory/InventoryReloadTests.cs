using System.Globalization;
using Ips.Host.ProcessTests.Harness;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests.Inventory;

/// <summary>The inventory through reloads: two generations on one store, and no client notices.</summary>
public class InventoryReloadTests(ITestOutputHelper output) : InventoryTest(output)
{
    private const int WritesAGeneration = 20;

    /// <summary>Reloads of the test.</summary>
    protected virtual int Reloads => 5;

    [Fact]
    public async Task Reload_UnderSignedReadsAndWrites_FailsNoRequestAndLosesNoWrite()
    {
        var service = await PrepareAsync();
        await service.StartAsync();
        var ledger = new WriteLedger();
        await using var load = new InventoryLoad(service.Target, Writers, Readers, ledger, name: 0);
        for (var generation = 1; generation <= Reloads + 1; generation++)
        {
            await load.WaitForAsync(l => l.ByGeneration.GetValueOrDefault(generation) >= WritesAGeneration,
                string.Create(CultureInfo.InvariantCulture, $"{WritesAGeneration} writes acknowledged by generation {generation}"));
            if (generation <= Reloads) await service.ReloadAsync();
        }

        await load.StopAsync();
        Output.WriteLine($"{load.Requests} requests, {ledger.Acknowledged} writes acknowledged, by generation: "
            + $"{string.Join(", ", ledger.ByGeneration)}");
        Assert.Empty(load.Faults);
        Assert.Empty(ledger.Faults(await HostsAsync(service)));

        // The predecessors released the store and ended; what the last one leaves is whole.
        Assert.Equal(0, await service.First.WaitForExitAsync(Limits.Step));
        await service.WaitForMainAloneAsync();
        await service.StopAsync();
        Assert.False(File.Exists(service.StoreFile + "-wal"), "The write-ahead log is still there: a connection was not closed.");
    }
}
