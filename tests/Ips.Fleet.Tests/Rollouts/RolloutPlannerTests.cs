using Ips.Fleet.Rollouts;

namespace Ips.Fleet.Tests.Rollouts;

/// <summary>From an operator's words to waves.</summary>
public sealed class RolloutPlannerTests
{
    private static readonly RolloutTerms Terms = new(TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(10));

    [Theory]
    [InlineData(1, "a")]
    [InlineData(3, "a|b|c")]
    [InlineData(4, "a|b|c|d")]
    [InlineData(5, "ab|cd|e")] // a quarter of 5 is 1.25, and is rounded up
    [InlineData(8, "ab|cd|ef|gh")]
    [InlineData(9, "abc|def|ghi")]
    public void Wave_NotGiven_IsAQuarterRoundedUp(int nodes, string waves) => Assert.Equal(waves, Waves(Terms, nodes));

    [Theory]
    [InlineData(100, 5, "abcde")]
    [InlineData(50, 5, "abc|de")]
    [InlineData(34, 3, "ab|c")]
    [InlineData(33, 3, "a|b|c")] // 0.99, and 34 % are 1.02
    [InlineData(1, 3, "a|b|c")] // never none
    public void Wave_InPercent_IsAShareOfAllNodesRoundedUp(int percent, int nodes, string waves) =>
        Assert.Equal(waves, Waves(Terms with { WavePercent = percent }, nodes));

    [Theory]
    [InlineData(1, 3, "a|b|c")]
    [InlineData(2, 5, "ab|cd|e")]
    [InlineData(9, 3, "abc")]
    public void Wave_InNodes_IsThatMany(int size, int nodes, string waves) =>
        Assert.Equal(waves, Waves(Terms with { WaveNodes = size }, nodes));

    [Theory]
    [InlineData(1, 5, "a|bc|de")] // the share is of all nodes, the canary included
    [InlineData(2, 4, "ab|c|d")]
    [InlineData(3, 3, "abc")]
    public void Canary_Given_IsTheFirstWave(int canary, int nodes, string waves) =>
        Assert.Equal(waves, Waves(Terms with { Canary = canary }, nodes));

    [Fact]
    public void Plan_HasWhatWasAskedFor()
    {
        var plan = Planned(Terms with { Release = "43", RollsBack = true, ChecksOnly = true }, ["b", "a", "b"], ["a", "b"]).Plan!;
        Assert.Equal(("r1", "web", "43", true, true, "alice on a"),
            (plan.Id, plan.Fleet, plan.Release, plan.RollsBack, plan.ChecksOnly, plan.AskedBy));
        Assert.Equal((Terms.Bake, Terms.Deadline), (plan.Bake, plan.Deadline));
        Assert.Equal(["a", "b"], plan.Nodes); // once, in the order of their names
        Assert.Empty(plan.Missing);
    }

    [Fact]
    public void Missing_Nodes_AreRefusedUnlessSoManyAreAllowed()
    {
        var (plan, fault) = Planned(Terms with { AllowMissing = 1 }, ["a"], ["a", "c", "b"]);
        Assert.Null(plan);
        Assert.Equal("b, c cannot be reached. Start the agents there, leave them out with --allow-missing 2, or drop a node that does not "
            + "come back with 'ips fleet forget web NODE'", fault);
        plan = Planned(Terms with { AllowMissing = 2 }, ["a"], ["a", "c", "b"]).Plan!;
        Assert.Equal(["a"], plan.Nodes);
        Assert.Equal(["b", "c"], plan.Missing);
    }

    [Fact]
    public void Nobody_Reached_IsRefused() =>
        Assert.Equal("no node of the fleet web can be reached", Planned(Terms with { AllowMissing = 9 }, [], ["a"]).Fault);

    // The grammar refuses these too; another member's message does not come by it.
    [Fact]
    public void Terms_OutOfBounds_AreRefusedByTheirOption()
    {
        Assert.StartsWith("--canary is 3, and only 2", Fault(Terms with { Canary = 3 }), StringComparison.Ordinal);
        Assert.StartsWith("--canary is -1;", Fault(Terms with { Canary = -1 }), StringComparison.Ordinal);
        Assert.StartsWith("--wave is 0;", Fault(Terms with { WaveNodes = 0 }), StringComparison.Ordinal);
        Assert.StartsWith("--wave is 101%;", Fault(Terms with { WavePercent = 101 }), StringComparison.Ordinal);
        Assert.StartsWith("--bake is ", Fault(Terms with { Bake = TimeSpan.FromHours(25) }), StringComparison.Ordinal);
        Assert.StartsWith("--deadline is ", Fault(Terms with { Deadline = TimeSpan.FromSeconds(9) }), StringComparison.Ordinal);
        Assert.Null(Fault(Terms with { Bake = TimeSpan.Zero, Deadline = RolloutPlanner.LeastDeadline }));
    }

    private static string? Fault(RolloutTerms terms) => Planned(terms, ["a", "b"], []).Fault;

    private static string Waves(RolloutTerms terms, int nodes)
    {
        var names = Enumerable.Range(0, nodes).Select(index => ((char)('a' + index)).ToString()).ToList();
        var (plan, fault) = Planned(terms, names, names);
        Assert.Null(fault);
        return string.Join('|', plan!.Waves.Select(wave => string.Concat(wave)));
    }

    private static (RolloutPlan? Plan, string? Fault) Planned(RolloutTerms terms, string[] present, string[] known) =>
        Planned(terms, present.AsEnumerable(), known);

    private static (RolloutPlan? Plan, string? Fault) Planned(RolloutTerms terms, IEnumerable<string> present, IEnumerable<string> known) =>
        RolloutPlanner.Plan("r1", "web", terms, present, known, "alice on a", default);
}
