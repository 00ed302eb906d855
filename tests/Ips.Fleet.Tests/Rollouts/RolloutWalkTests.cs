using Ips.Fleet.Rollouts;
using Xunit.Abstractions;

namespace Ips.Fleet.Tests.Rollouts;

public class RolloutWalkTests(ITestOutputHelper output)
{
    internal static RolloutPlan Plan(bool rollsBack, params string[][] waves) =>
        new("r1", "web", waves, TimeSpan.FromSeconds(60), TimeSpan.FromMinutes(10), "alice on a", default) { RollsBack = rollsBack, Release = "new" };

    [Theory]
    [InlineData(false, 0, 0, 0)]
    [InlineData(true, 0, 0, 0)]
    [InlineData(true, 0, 1, 0)]
    [InlineData(true, 0, 0, 1)]
    [InlineData(true, 1, 0, 0)]
    [InlineData(false, 1, 0, 0)]
    public void TwoNodes(bool rollsBack, int losses, int restarts, int steers)
    {
        var watch = System.Diagnostics.Stopwatch.StartNew();
        var walk = new RolloutWalk(Plan(rollsBack, ["a"], ["b"]), new(losses, restarts, steers), new());
        walk.Run();
        output.WriteLine($"{walk.Worlds} worlds, {walk.Transitions} transitions, {string.Join(", ", walk.Outcomes.Order())}, {watch.Elapsed.TotalSeconds:0.0} s");
    }
}
