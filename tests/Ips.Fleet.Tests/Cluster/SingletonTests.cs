using System.Diagnostics;
using Ips.Fleet.Cluster;
using Xunit.Abstractions;

namespace Ips.Fleet.Tests.Cluster;

/// <summary>The coordinator is on the oldest agent, and every node finds it, in untrusted mode and over TLS.</summary>
[Collection(nameof(Network))]
public sealed class SingletonTests(ITestOutputHelper output)
{
    [Fact]
    public async Task Coordinator_WhoseNodeLeaves_MovesToTheNextOldestAndIsFound()
    {
        using var site = new FleetSite();
        var seed = FleetSite.Address(51);
        var watch = Stopwatch.StartNew();
        var first = site.Start("n1", seed);
        await FleetSite.AskAsync(first.Fleet.Coordinator, "web", node => node == "n1");
        var second = site.Start("n2", FleetSite.Address(52), seed);
        await FleetSite.AskAsync(second.Fleet.Coordinator, "web", node => node == "n1");
        var third = site.Start("n3", FleetSite.Address(53), seed);
        await FleetSite.AskAsync(third.Fleet.Coordinator, "web", node => node == "n1");
        output.WriteLine($"three agents up after {watch.ElapsedMilliseconds} ms");

        watch.Restart();
        await first.Fleet.LeaveAsync().WaitAsync(FleetSite.Step);
        Assert.Equal(FleetEnd.Left, await first.Fleet.Ended);
        output.WriteLine($"left after {watch.ElapsedMilliseconds} ms");
        Assert.Equal("n2", await FleetSite.AskAsync(third.Fleet.Coordinator, "web", node => node == "n2"));
        Assert.Equal("n2", await FleetSite.AskAsync(second.Fleet.Coordinator, "web", node => node == "n2"));
        output.WriteLine($"found after {watch.ElapsedMilliseconds} ms");
        Assert.DoesNotContain(third.Log.Lines, line => line.StartsWith("Error", StringComparison.Ordinal));
    }
}
