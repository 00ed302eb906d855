using System.Diagnostics;
using Ips.Host.Cli;

namespace Ips.Host.Tests.Cli;

public sealed class ProcessWatchTests
{
    [Fact]
    public async Task WaitForEnd_ProcessThatEnds_IsSeen()
    {
        using var process = Process.Start(new ProcessStartInfo("cat") { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        var watch = Assert.IsType<ProcessWatch>(ProcessWatch.TryOpen(process.Id));
        Assert.True(watch.Runs);
        Assert.False(await watch.WaitForEndAsync(TimeSpan.FromMilliseconds(50), TimeProvider.System, default));

        var waiting = watch.WaitForEndAsync(TimeSpan.FromSeconds(20), TimeProvider.System, default);
        process.StandardInput.Close(); // ends cat
        Assert.True(await waiting);
        Assert.False(watch.Runs);
    }

    [Fact]
    public void TryOpen_NoProcess_IsNull() => Assert.Null(ProcessWatch.TryOpen(int.MaxValue));
}
