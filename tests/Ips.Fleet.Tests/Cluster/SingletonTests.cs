using System.Diagnostics;
using Ips.Fleet.Cluster;
using Ips.Fleet.Security;
using Xunit.Abstractions;

namespace Ips.Fleet.Tests.Cluster;

/// <summary>The coordinator is on the oldest agent, and every node finds it, in untrusted mode and over TLS.</summary>
[Collection(nameof(Network))]
public sealed class SingletonTests(ITestOutputHelper output)
{
    [Fact]
    public async Task Coordinator_WhoseNodeLeaves_OrVanishes_MovesToTheNextOldestAndIsFound()
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
        var fourth = site.Start("n4", FleetSite.Address(54), witness: true, seed);
        await FleetSite.AskAsync(fourth.Fleet.Coordinator, "web", node => node == "n1");
        output.WriteLine($"four agents up after {watch.ElapsedMilliseconds} ms");

        watch.Restart();
        await first.Fleet.LeaveAsync().WaitAsync(FleetSite.Step);
        Assert.Equal(FleetEnd.Left, await first.Fleet.Ended);
        output.WriteLine($"left after {watch.ElapsedMilliseconds} ms");
        Assert.Equal("n2", await FleetSite.AskAsync(third.Fleet.Coordinator, "web", node => node == "n2"));
        Assert.Equal("n2", await FleetSite.AskAsync(second.Fleet.Coordinator, "web", node => node == "n2"));
        output.WriteLine($"found after {watch.ElapsedMilliseconds} ms");

        // Without a word: the others notice, agree, and wait for as long as the lost one may need to notice as well.
        watch.Restart();
        second.Fleet.Dispose();
        Assert.Equal("n3", await FleetSite.AskAsync(fourth.Fleet.Coordinator, "web", node => node == "n3"));
        output.WriteLine($"replaced after {watch.ElapsedMilliseconds} ms");
        Assert.DoesNotContain(third.Log.Lines, line => line.StartsWith("Error", StringComparison.Ordinal));
        Assert.Empty(fourth.Heard);

        var cluster = Akka.Cluster.Cluster.Get(third.Fleet.System);
        cluster.Down(cluster.SelfAddress);
        Assert.Equal(FleetEnd.CountedOut, await third.Fleet.Ended.WaitAsync(FleetSite.Step));
        Assert.Null(fourth.Fleet.Agent);
    }

    [Fact]
    public async Task Address_ThatIsTaken_IsAnErrorThatNamesIt_AndFreeAgainOnceTheAgentEnded()
    {
        using var site = new FleetSite();
        var address = FleetSite.Address(55);
        var first = site.Start("n1", address);
        var other = site.Start("n2", FleetSite.Address(56));
        Assert.Equal("n1", await FleetSite.AskAsync(FleetSite.AgentOf(other.Fleet.System, address), "web"));
        Assert.Contains(address.ToString(), Assert.Throws<FleetStartException>(() => site.Start("n1", address)).Message,
            StringComparison.Ordinal);
        first.Fleet.Dispose();
        Assert.Equal(FleetEnd.Ended, await first.Fleet.Ended.WaitAsync(FleetSite.Step));
        site.Start("n1", address);
        Assert.Equal("n1", await FleetSite.AskAsync(FleetSite.AgentOf(other.Fleet.System, address), "web"));
    }

    [Theory]
    [InlineData(null, "keep-majority", 0)]
    [InlineData(3, "static-quorum", 3)]
    public void Quorum_ByHand_TakesThePlaceOfTheMajority(int? quorum, string strategy, int size)
    {
        var address = new FleetAddress("::1", 4747);
        var config = FleetConfiguration.Of(new AgentOptions("n1", address, [address], "/s", "/a")
        {
            Quorum = quorum, DownAfter = TimeSpan.FromSeconds(7),
        }).GetConfig("akka");
        Assert.Equal(strategy, config.GetString("cluster.split-brain-resolver.active-strategy"));
        Assert.Equal(size, config.GetInt("cluster.split-brain-resolver.static-quorum.quorum-size"));
        Assert.Equal(TimeSpan.FromSeconds(7), config.GetTimeSpan("cluster.split-brain-resolver.stable-after"));
        Assert.Equal("akka.tcp://ips-fleet@[::1]:4747", config.GetStringList("cluster.seed-nodes").Single());
        Assert.True(config.GetBoolean("remote.dot-netty.tcp.dns-use-ipv6"));
    }
}
