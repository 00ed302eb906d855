using Ips.Fleet.Rollouts;
using Ips.Host.Fleet;

namespace Ips.Host.Tests.Fleet;

/// <summary>Fleets and rollouts as an operator reads them.</summary>
public sealed class FleetTextTests
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 2, 12, 0, 0, TimeSpan.Zero);

    private static readonly RolloutPlan Plan = new("r1", "web", [["a"], ["b", "web-10"]], TimeSpan.FromSeconds(90),
        TimeSpan.FromMinutes(10), "alice (uid 1000) on a", Noon)
    {
        Release = "43",
    };

    [Fact]
    public void Fleet_WithoutARollout_IsALineForEachNodeAndTheLastRollout() => Assert.Equal(
        "fleet web, coordinated by a\n"
        + "      a       Serving      43\n"
        + "      b       unreachable  nobody listens\n"
        + "      web-10  missing\n"
        + "last rollout: done 2026-01-02 12:00:00Z, by alice (uid 1000) on a",
        FleetText.Write(new FleetView("web", "a",
            [new("a", "Serving") { Release = "43" }, new("b", "unreachable") { Reason = "nobody listens" }, new("web-10", "missing")])
        {
            History = [new(Plan, RolloutOutcome.Done, [], Noon)],
        }).Replace("  nobody", "nobody", StringComparison.Ordinal));

    [Theory]
    [InlineData(RolloutAim.Advance, "wave 1 of 2: a")]
    [InlineData(RolloutAim.Pause, "paused; wave 1 of 2: a")]
    [InlineData(RolloutAim.Halt, "halting; wave 1 of 2: a")]
    [InlineData(RolloutAim.RollBack, "rolling back; wave 1 of 2: a")]
    internal void Fleet_InARollout_SaysWhoAskedForWhatAndHowFarItIs(RolloutAim aim, string phase) => Assert.Equal(
        "fleet web, coordinated by b\n"
        + "rollout r1 of 43, by alice (uid 1000) on a, since 2026-01-02 12:00:00Z\n"
        + phase + "\n"
        + "   1  a  baking   43\n"
        + "   2  b  checked  42",
        FleetText.Write(new FleetView("web", "b", [Node("a", "baking", 1, "43"), Node("b", "checked", 2, "42")])
        {
            Rollout = Plan, Aim = aim, Phase = "wave 1 of 2: a",
        }));

    [Fact]
    public void Fleet_WithoutCoordinatorOrNodes_SaysSo() =>
        Assert.Equal("fleet web, coordinated by nobody\n  no node is known", FleetText.Write(new FleetView("web", null, [])));

    [Fact]
    public void Receipt_Done_HasNoAdvice() => Assert.Equal(
        "done: rollout r1 of fleet web\n   1  a  done  43\nleft out: b",
        FleetText.Write(new RolloutReceipt(Plan with { Missing = ["b"] }, RolloutOutcome.Done, [Node("a", "done", 1, "43")], Noon)));

    [Fact]
    public void Receipt_Halted_SaysWhatContinuesAndWhatUndoes() => Assert.Equal(
        "halted: rollout r1 of fleet web\n"
        + "b: rolled back: errors\n"
        + "   1  a       done     43\n"
        + "   2  b       failed   42  rolled back: errors\n"
        + "   2  web-10  checked  42\n"
        + "Continue, once it is mended: ips reload --fleet web --release 43 --bake 90s\n"
        + "Undo: ips reload --fleet web --release 42 --bake 90s",
        FleetText.Write(Halted("42")));

    // The last node kept its release by itself: nobody else has the former one.
    [Fact]
    public void Receipt_HaltedAtTheLastNode_SaysWhatUndoes() => Assert.EndsWith(
        "\nUndo: ips reload --fleet web --release 42 --bake 90s",
        FleetText.Write(Halted("42") with { Nodes = [Node("a", "done", 1, "43"), Node("b", "failed", 2, "42")] }),
        StringComparison.Ordinal);

    [Fact]
    public void Receipt_HaltedWithoutOneFormerRelease_NamesNoUndo()
    {
        var receipt = Halted("42");
        Assert.DoesNotContain("Undo", FleetText.Write(receipt with
        {
            Nodes = [.. receipt.Nodes, Node("c", "checked", 2, "41")],
        }), StringComparison.Ordinal);
        Assert.DoesNotContain("Undo", FleetText.Write(receipt with { Plan = Plan with { Release = null } }), StringComparison.Ordinal);
    }

    [Fact]
    public void History_IsALineForEachRollout()
    {
        Assert.Equal("no rollout yet", FleetText.History([]));
        Assert.Equal("2026-01-02 12:00:00Z  halted       43  3 nodes  alice (uid 1000) on a  b: rolled back: errors\n"
            + "2026-01-02 12:00:00Z  rolled back  (in place)  0 nodes  alice (uid 1000) on a",
            FleetText.History([Halted("42"), new(Plan with { Release = null }, RolloutOutcome.RolledBack, [], Noon)]));
    }

    private static RolloutReceipt Halted(string former) => new(Plan, RolloutOutcome.Halted,
        [Node("a", "done", 1, "43"), Node("b", "failed", 2, former) with { Reason = "rolled back: errors" },
            Node("web-10", "checked", 2, former)], Noon)
    {
        Reason = "b: rolled back: errors",
    };

    private static NodeView Node(string name, string state, int wave, string release) =>
        new(name, state) { Wave = wave, Release = release };
}
