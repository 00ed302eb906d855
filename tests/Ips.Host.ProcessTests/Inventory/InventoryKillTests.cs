using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Processes;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests.Inventory;

/// <summary>What was acknowledged is there, whenever the daemon is killed.</summary>
public class InventoryKillTests(ITestOutputHelper output) : InventoryTest(output)
{
    private const int KilledBySigKill = 128 + ProcessTable.SigKill;

    /// <summary>How often it is killed.</summary>
    protected virtual int Rounds => 5;

    [Fact]
    public async Task Kill_UnderWrites_LosesNoAcknowledgedWrite()
    {
        var service = await PrepareAsync();
        var ledger = new WriteLedger();
        var random = new Random(1);
        for (var round = 0; round < Rounds; round++)
        {
            await service.StartAsync();
            Assert.Empty(ledger.Faults(await HostsAsync(service)));

            // At a random number of writes, with others under way.
            var enough = ledger.Acknowledged + random.Next(20, 120);
            await using var load = new InventoryLoad(service.Target, Writers, Readers, ledger, round);
            await load.WaitForAsync(l => l.Acknowledged >= enough, $"{enough} writes in round {round}");
            load.ExpectKill();
            service.Signal(ProcessTable.SigKill);
            Assert.Equal(KilledBySigKill, await service.First.WaitForExitAsync(Limits.Step));
            await load.StopAsync();
            Assert.Empty(load.Faults);
        }

        await service.StartAsync();
        Assert.Empty(ledger.Faults(await HostsAsync(service)));
        Output.WriteLine($"{Rounds} rounds of kill -9, {ledger.Acknowledged} writes acknowledged, all found");
    }
}
