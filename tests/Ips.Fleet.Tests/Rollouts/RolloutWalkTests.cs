using System.Diagnostics;
using Ips.Fleet.Rollouts;
using Xunit.Abstractions;

namespace Ips.Fleet.Tests.Rollouts;

/// <summary>Every world that a rollout can come to keeps every rule, and a fault in the machines is noticed.</summary>
public class RolloutWalkTests(ITestOutputHelper output)
{
    // The cheap walks first: most faults are seen there.
    private static readonly (bool RollsBack, Budget Budget)[] Walks =
        [(true, new(0, 0, 0)), (false, new(0, 0, 1)), (false, new(0, 1, 0)), (false, new(1, 0, 0)), (true, new(0, 1, 0))];

    public static TheoryData<string> Mutants => [.. RolloutMutants.All.Keys];

    [Theory]
    [InlineData(false, 0, 0, 0)]
    [InlineData(true, 0, 0, 0)]
    [InlineData(false, 0, 1, 0)]
    [InlineData(false, 0, 0, 1)]
    [InlineData(false, 1, 0, 0)]
    public void TwoWaves_WhateverHappens_KeepsEveryRule(bool rollsBack, int losses, int restarts, int steers)
    {
        var walk = Walk(Plan(rollsBack, ["a"], ["b"]), new(losses, restarts, steers), new());
        Assert.Superset(new HashSet<RolloutOutcome> { RolloutOutcome.Done, RolloutOutcome.Halted, RolloutOutcome.Refused }, walk.Outcomes);
        if (rollsBack) Assert.Contains(RolloutOutcome.RolledBack, walk.Outcomes);
    }

    [Fact]
    public void OneNode_FormerCoordinatorLives_KeepsEveryRule() =>
        Walk(Plan(rollsBack: false, ["a"]), new(1, 0, 0, FormerLives: true), new());

    [Fact]
    public void OneWaveOfTwo_WhateverHappens_KeepsEveryRule() => Walk(Plan(rollsBack: false, ["a", "b"]), new(0, 0, 0), new());

    [Theory]
    [MemberData(nameof(Mutants))]
    public void Mutant_IsNoticed(string name)
    {
        foreach (var (rollsBack, budget) in Walks)
        {
            try
            {
                new RolloutWalk(Plan(rollsBack, ["a"], ["b"]), budget, RolloutMutants.All[name]).Run();
            }
            catch (RolloutViolation violation)
            {
                output.WriteLine($"{name}: {violation.Message.Split('\n')[0]}");
                return;
            }
        }

        Assert.Fail($"no walk notices: {name}");
    }

    internal static RolloutPlan Plan(bool rollsBack, params string[][] waves) =>
        new("r1", "web", waves, TimeSpan.FromSeconds(60), TimeSpan.FromMinutes(10), "alice on a", default)
        {
            RollsBack = rollsBack,
            Release = "new",
        };

    private RolloutWalk Walk(RolloutPlan plan, Budget budget, WalkedMachines machines) => Walk(output, plan, budget, machines);

    internal static RolloutWalk Walk(ITestOutputHelper output, RolloutPlan plan, Budget budget, WalkedMachines machines)
    {
        var start = Stopwatch.GetTimestamp();
        var walk = new RolloutWalk(plan, budget, machines);
        walk.Run();
        output.WriteLine($"{walk.Worlds} worlds, {walk.Transitions} transitions, {string.Join(", ", walk.Outcomes.Order())}; "
            + $"{Stopwatch.GetElapsedTime(start).TotalSeconds:0.0} s");
        return walk;
    }
}

/// <summary>The larger walks: what is rolled back can come to more.</summary>
[Trait("kind", "soak")]
public class RolloutWalkSoakTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(1, 0, 0)]
    [InlineData(0, 1, 0)]
    [InlineData(0, 0, 1)]
    [InlineData(0, 1, 1)]
    public void TwoWaves_RolledBack_KeepsEveryRule(int losses, int restarts, int steers) =>
        RolloutWalkTests.Walk(output, RolloutWalkTests.Plan(rollsBack: true, ["a"], ["b"]), new(losses, restarts, steers), new());

    [Fact]
    public void OneNode_FormerCoordinatorLives_KeepsEveryRule() =>
        RolloutWalkTests.Walk(output, RolloutWalkTests.Plan(rollsBack: true, ["a"]), new(1, 0, 0, FormerLives: true), new());

    [Fact]
    public void OneWaveOfTwo_RolledBack_KeepsEveryRule() =>
        RolloutWalkTests.Walk(output, RolloutWalkTests.Plan(rollsBack: true, ["a", "b"]), new(0, 0, 0), new());
}
