using Ips.Actors.Diagnostics;
using Ips.Host.ProcessTests.Harness;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests.Receipts;

/// <summary><c>ips reload --check</c>: says whether a reload would work, and changes nothing.</summary>
public sealed class CheckTests(ITestOutputHelper output) : ReceiptTest(output)
{
    [Fact]
    public async Task Check_GoodRelease_PassesAndAcceptsNothing()
    {
        Put("good");
        var service = await StartAsync();
        var before = service.MainPid;
        var (code, receipt) = await ReloadAsync(service, "--check");
        Assert.Equal((0, "checked", true), (code, receipt.Outcome, receipt.DryRun));
        Assert.True(receipt.PhasesMs!.ContainsKey("ready"));
        Assert.False(receipt.PhasesMs.ContainsKey("serving"));
        Assert.Equal(before, service.MainPid);
        Assert.DoesNotContain(service.Log.Of(EventIds.AcceptingStarted), e => e.Generation == 2);
        Assert.DoesNotContain(service.Log.Of(EventIds.AcceptingQuiesced), e => e.Generation == 1);
        await service.WaitForMainAloneAsync();
        Assert.Equal(1, await service.AnsweringGenerationAsync());

        await service.ReloadAsync(); // and a reload works
        Assert.Equal(2, await service.AnsweringGenerationAsync());
    }

    [Fact]
    public async Task Check_BadRelease_FailsWithExitCode4AndItsOutput()
    {
        Put("good");
        var service = await StartAsync();
        Put("bad", "echo no such table: hosts >&2; exit 9", serves: false);
        var result = await CommandAsync(service, "reload", "--check");
        Assert.Equal(4, result.ExitCode);
        Assert.StartsWith("Check failed after", result.Output[0], StringComparison.Ordinal);
        Assert.Equal("  no such table: hosts", result.Output[^1]);
        Assert.Equal(1, await service.AnsweringGenerationAsync());
        await service.WaitForMainAloneAsync();

        Put("good");
        await service.ReloadAsync();
    }
}
