using System.Globalization;
using Ips.Actors.Diagnostics;
using Ips.Host.ProcessTests.Harness;
using Ips.Host.ProcessTests.Receipts;
using Ips.Testing.Processes;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests;

/// <summary>A release that is refused leaves nothing behind: no process, and no more of the log than it may have.</summary>
public sealed class RefusedOutputTests(ITestOutputHelper output) : ReceiptTest(output)
{
    private const long MostBytes = 12 * 1024 * 1024; // the burst of 4 MiB, and up to half a minute at 256 KiB/s on a busy machine

    [Theory]
    [InlineData("yes a flood & sleep 1")]
    [InlineData("setsid yes a flood & echo $! > \"$(dirname \"$0\")/child\"; sleep 1")] // out of the group: no process reads its output
    public async Task RefusedRelease_ChildThatWritesForEver_EndsWithItAndItsOutputIsBounded(string flood)
    {
        Put("good");
        var service = await StartAsync();
        Put("bad", $"yes a flood | head -c {FloodBytes}; {flood}; exit 3", serves: false);
        var (code, receipt) = await ReloadAsync(service);
        Assert.Equal((4, "refused"), (code, receipt.Outcome));
        var escaped = Path.Combine(Folder, "child");
        if (File.Exists(escaped))
            Assert.True(ProcessTable.Signal(int.Parse(await File.ReadAllTextAsync(escaped), CultureInfo.InvariantCulture),
                ProcessTable.SigKill));
        await service.WaitForMainAloneAsync();

        Assert.InRange(new FileInfo(service.Log.Path).Length, OneFloodBytes, MostBytes);
        Assert.Contains($"\"eventId\":{EventIds.OutputDropped},", await LinesOfPumpAsync(service), StringComparison.Ordinal);
        Put("good");
        await service.ReloadAsync();
        await service.StopAsync();
    }

    [Fact]
    public async Task PromotedRelease_ChildOfIt_LivesOn()
    {
        Put("good");
        var service = await StartAsync();
        Put("next", "sleep 600 & echo $! > \"$(dirname \"$0\")/child\"");
        var second = await service.ReloadAsync();
        var child = int.Parse(await File.ReadAllTextAsync(Path.Combine(Folder, "child")), CultureInfo.InvariantCulture);
        await service.Processes.WaitForOnlyAsync(second, child);
        Assert.True(ProcessTable.IsAlive(child));
    }

    private const long OneFloodBytes = 1024 * 1024, FloodBytes = 16 * 1024 * 1024;

    private static async Task<string> LinesOfPumpAsync(Service service) =>
        string.Join('\n', (await File.ReadAllLinesAsync(service.Log.Path))
            .Where(line => line.Contains("OutputPump", StringComparison.Ordinal)));
}
