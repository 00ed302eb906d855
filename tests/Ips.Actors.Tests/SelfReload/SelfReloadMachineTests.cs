using Ips.Actors.Configuration;
using Ips.Actors.SelfReload;

namespace Ips.Actors.Tests.SelfReload;

/// <summary>When a service reloads by itself, in virtual time.</summary>
[Trait("issue", "17")]
public sealed class SelfReloadMachineTests
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);
    private static readonly SelfReloadRules Everything = new(Release: true, Runtime: true, Interval, TimeSpan.FromHours(2), 1000);

    private SelfReloadMachine _machine = new();

    [Fact]
    public void Rules_OfDefaultOptions_AreNone() => Assert.Null(SelfReloadRules.Of(new ReloadOptions()));

    [Fact]
    public void Rules_OfEachOption_AreThere()
    {
        Assert.True(SelfReloadRules.Of(new() { Watch = ["release"] })!.Release);
        Assert.True(SelfReloadRules.Of(new() { Watch = ["runtime"] })!.Runtime);
        Assert.Equal(TimeSpan.FromHours(1), SelfReloadRules.Of(new() { Every = TimeSpan.FromHours(1) })!.Every);
        Assert.Equal(7, SelfReloadRules.Of(new() { MaxMemory = 7 })!.MaxMemoryBytes);
    }

    [Fact]
    public void Look_NothingChanged_DoesNothing() => Assert.Null(Look(At(0)));

    [Theory]
    [InlineData(0.0, 0)]
    [InlineData(0.5, 30)]
    [InlineData(1.0, 60)]
    public void Look_ReleaseChanged_ReloadsAfterARandomPartOfTheInterval(double random, int seconds)
    {
        var first = Look(At(100) with { Release = new("2", "the release changed") }, random);
        Assert.Equal(seconds == 0, first is SelfReloadOrder.Reload);
        if (seconds == 0) return;
        Assert.Null(Look(At(100 + seconds - 1) with { Release = new("2", "the release changed") }, 0));
        Assert.Equal(new SelfReloadOrder.Reload(SelfReloadCause.Release, "the release changed"),
            Look(At(100 + seconds) with { Release = new("2", "the release changed") }, 0));
    }

    [Fact]
    public void Look_ReloadFailed_IsNotTriedAgainUntilTheReleaseChanges()
    {
        Assert.NotNull(Look(At(0) with { Release = new("2", "") }));
        for (var second = 1; second < 100_000; second += 100) Assert.Null(Look(At(second % 7000) with { Release = new("2", "") }));
        Assert.NotNull(Look(At(7100) with { Release = new("3", "") }));
    }

    [Fact]
    public void Look_TwoChangesAtOnce_AreOneReloadAnInterval()
    {
        var both = At(0) with { Release = new("2", "release"), Runtime = new("10", "runtime") };
        Assert.Equal(SelfReloadCause.Release, Assert.IsType<SelfReloadOrder.Reload>(Look(both)).Cause);
        Assert.Null(Look(both with { At = Interval - TimeSpan.FromSeconds(1) })); // it failed, or this process would not be asked
        Assert.Equal(SelfReloadCause.Runtime, Assert.IsType<SelfReloadOrder.Reload>(Look(both with { At = Interval })).Cause);
    }

    [Fact]
    public void Look_CannotReloadNow_WaitsUntilItCan()
    {
        var changed = At(0) with { Release = new("2", ""), CanReload = false };
        Assert.Null(Look(changed));
        Assert.Null(Look(changed with { At = TimeSpan.FromMinutes(30) }));
        Assert.NotNull(Look(changed with { At = TimeSpan.FromMinutes(31), CanReload = true }));
    }

    [Fact]
    public void Look_ChangeTakenBack_IsForgotten()
    {
        Assert.Null(Look(At(0) with { Release = new("2", "") }, random: 1));
        Assert.Null(Look(At(30)));
        Assert.Null(Look(At(61) with { Release = new("2", "") }, random: 1)); // seen anew
        Assert.NotNull(Look(At(121) with { Release = new("2", "") }));
    }

    [Fact]
    public void Look_OfAnOldProcess_ReloadsOnceForEachTimeItsAge()
    {
        Assert.Null(Look(At(7199)));
        Assert.Equal(new SelfReloadOrder.Reload(SelfReloadCause.Age, "the process is older than 2h (ips.reload.every)"), Look(At(7200)));
        Assert.Null(Look(At(14_399)));
        Assert.NotNull(Look(At(14_400)));
    }

    [Fact]
    public void Look_MuchMemoryAndRoom_ReloadsAndTriesAgainAfterAnHour()
    {
        var large = At(0) with { MemoryBytes = 2L << 20, RoomBytes = 3L << 20 };
        Assert.Equal("the process uses 2 MiB, more than 1000B (ips.reload.max-memory)",
            Assert.IsType<SelfReloadOrder.Reload>(Look(large)).Why);
        Assert.Null(Look(large with { At = TimeSpan.FromMinutes(59) }));
        Assert.NotNull(Look(large with { At = TimeSpan.FromMinutes(60) }));
    }

    [Fact]
    public void Look_MuchMemoryAndNoRoom_WarnsOnceAnHour()
    {
        var large = At(0) with { MemoryBytes = 2000, RoomBytes = 2999 };
        Assert.Equal(new SelfReloadOrder.WarnOfMemory(2000, 2999), Look(large));
        Assert.Null(Look(large with { At = TimeSpan.FromMinutes(59) }));
        Assert.NotNull(Look(large with { At = TimeSpan.FromMinutes(61) }));
        Assert.IsType<SelfReloadOrder.Reload>(Look(large with { At = TimeSpan.FromMinutes(62), RoomBytes = 3000 }));
    }

    [Fact]
    public void Look_WhatNoRuleNames_IsIgnored()
    {
        var rules = new SelfReloadRules(Release: false, Runtime: false, Interval, TimeSpan.Zero, 0);
        var facts = At(1_000_000) with { Release = new("2", ""), Runtime = new("2", ""), MemoryBytes = long.MaxValue };
        Assert.Null(_machine.Look(rules, facts, 0).Order);
    }

    private static SelfReloadFacts At(int seconds) => new(TimeSpan.FromSeconds(seconds), CanReload: true);

    private SelfReloadOrder? Look(SelfReloadFacts facts, double random = 0)
    {
        (_machine, var order) = _machine.Look(Everything, facts, random);
        return order;
    }
}
