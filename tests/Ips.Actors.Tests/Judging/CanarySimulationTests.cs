using Ips.Actors.Judging;

namespace Ips.Actors.Tests.Judging;

/// <summary>The rule under simulated load, briefly: what <see cref="CanarySimulationSoakTests"/> does at length.</summary>
public sealed class CanarySimulationTests
{
    public static TheoryData<string> Noises => [.. SimulatedNoise.All.Keys];

    [Theory]
    [MemberData(nameof(Noises))]
    public void IdenticalRelease_UnderNoise_IsHardlyEverRolledBack(string noise) =>
        Assert.InRange(RolledBack(SimulatedNoise.All[noise], 40), 0, 1);

    [Fact]
    public void TenthOfRequestsFails_HundredRequestsASecond_IsSeenFourTimesOfFive() =>
        Assert.InRange(RolledBack(new Traffic(100, 100) { NewErrors = .1 }, 100), 65, 95);

    [Fact]
    public void FiftiethOfRequestsFails_ThousandRequestsASecond_IsSeen() =>
        Assert.InRange(RolledBack(new Traffic(1000, 200) { NewErrors = .02 }, 40), 35, 40);

    [Fact]
    public void ThreeTimesAsSlow_ThousandRequestsASecond_IsSeen() =>
        Assert.InRange(RolledBack(new Traffic(1000, 200) { Slower = 3 }, 20), 19, 20);

    [Fact]
    public void DeadlockedPool_HundredRequestsASecond_IsSeen() =>
        Assert.InRange(RolledBack(new Traffic(100, 100) { Hangs = 1 }, 40), 38, 40);

    [Fact]
    public void ThirdSlower_ThousandRequestsASecond_IsNoRollback() =>
        Assert.Equal(0, RolledBack(new Traffic(1000, 200) { Slower = 1.3 }, 20));

    [Fact]
    public void TenRequestsASecond_AreNotJudged() =>
        Assert.All(CanarySimulation.Run(new Traffic(10, 20), 20, firstSeed: 1), reload => Assert.IsType<Verdict.NotJudged>(reload.Verdict));

    private static int RolledBack(Traffic traffic, int reloads) =>
        CanarySimulation.Run(traffic, reloads, firstSeed: 1).Count(reload => reload.RolledBackAt is not null);
}

/// <summary>Loads under which two identical generations must look alike.</summary>
internal static class SimulatedNoise
{
    /// <summary>By name.</summary>
    public static IReadOnlyDictionary<string, Traffic> All { get; } = new Dictionary<string, Traffic>
    {
        ["quiet"] = new(10, 20),
        ["busy"] = new(1000, 200),
        ["few clients"] = new(1000, 4),
        ["clients that differ"] = new(1000, 20) { ClientSpread = .5 },
        ["many errors"] = new(1000, 200) { Errors = .1 },
        ["backend fails"] = new(1000, 200) { OutageSeconds = .3 },
        ["backend fails for long"] = new(1000, 200) { OutageSeconds = 2 },
        ["backend stalls"] = new(1000, 200) { StallSeconds = 2 },
        ["poisoned clients"] = new(1000, 200) { PoisonClients = .02 },
        ["few clients, some poisoned"] = new(1000, 20) { PoisonClients = .05 },
        ["collections"] = new(1000, 200) { Wander = .2, Collections = 3 },
        ["slow to warm up"] = new(1000, 200) { Cold = 3, ColdSeconds = 1 },
    };
}
