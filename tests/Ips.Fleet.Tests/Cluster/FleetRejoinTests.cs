using Ips.Fleet.Cluster;
using Ips.Fleet.Security;

namespace Ips.Fleet.Tests.Cluster;

/// <summary>An agent that was counted out knows whom to ask, and founds no cluster beside theirs.</summary>
[Trait("issue", "19")]
public sealed class FleetRejoinTests
{
    private static readonly FleetAddress A = new("10.0.0.1", 4747), B = new("10.0.0.2", 4747), C = new("10.0.0.3", 4747);

    [Fact]
    public void Founder_OfAFleetByTheWizard_WaitsForAllItHasSeen()
    {
        var again = FleetRejoin.Options(Of(A, A), [B, C]);
        Assert.Equal([A, B, C], again.Seeds);
        Assert.Equal("akka.cluster.seed-node-timeout = 365d", FleetRejoin.Overrides(again));
    }

    [Fact]
    public void Another_AsksAllItHasSeen_AsOftenAsEver()
    {
        var again = FleetRejoin.Options(Of(B, A), [A, C]);
        Assert.Equal([A, C], again.Seeds);
        Assert.Null(FleetRejoin.Overrides(again));
    }

    [Fact]
    public void Alone_Founds() => Assert.Null(FleetRejoin.Overrides(FleetRejoin.Options(Of(A, A), [])));

    private static AgentOptions Of(FleetAddress address, params FleetAddress[] seeds) => new("n", address, seeds, "/s", "/a.sock");
}
