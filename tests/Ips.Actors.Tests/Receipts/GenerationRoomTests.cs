
using Ips.Actors.Configuration;
using Ips.Actors.Handover;
using Ips.Actors.Lifecycle;

namespace Ips.Actors.Tests.Receipts;

public sealed class GenerationRoomTests
{
    [Theory]
    [InlineData(4, 0)]
    [InlineData(4, 2)]
    [InlineData(2, 0)]
    public void Plan_RoomLeft_AbortsAndRefusesNothing(int max, int older)
    {
        foreach (var whenFull in Enum.GetValues<WhenFull>())
        {
            var plan = Plan(max, older, whenFull);
            Assert.Empty(plan.ToAbort);
            Assert.Null(plan.Refusal);
        }
    }

    [Theory]
    [InlineData(4, 3, new[] { 1 })]
    [InlineData(4, 5, new[] { 1, 2, 3 })] // the limit was lowered meanwhile
    [InlineData(2, 1, new[] { 1 })]
    public void Plan_Full_AbortsTheOldest(int max, int older, int[] aborted)
    {
        var plan = Plan(max, older, WhenFull.AbortOldest);
        Assert.Equal(aborted, plan.ToAbort.Select(entry => entry.Generation));
        Assert.Null(plan.Refusal);
    }

    [Fact]
    public void Plan_FullAndToRefuse_NamesWhoDrainsAndTheKeys()
    {
        var plan = Plan(4, 3, WhenFull.Refuse);
        Assert.Empty(plan.ToAbort);
        Assert.Equal("generation 4 serves and 1 (PID 101), 2 (PID 102), 3 (PID 103) still drain: ips.reload.max-generations = 4 allows "
            + "no further one"
            + " (ips.reload.when-full = abort-oldest would abort the oldest)", plan.Refusal);
    }

    [Fact]
    public void Plan_FullForACheck_AbortsNobody()
    {
        var plan = Plan(4, 3, WhenFull.AbortOldest, dryRun: true);
        Assert.Empty(plan.ToAbort);
        Assert.Contains("nothing is aborted for a check", plan.Refusal, StringComparison.Ordinal);
    }

    private static RoomPlan Plan(int max, int older, WhenFull whenFull, bool dryRun = false) => GenerationRoom.Plan(
        [.. Enumerable.Range(1, older).Select(number => new GenerationEntry(number, 100 + number, 1))], older + 1, dryRun,
        new ReloadOptions { MaxGenerations = max, WhenFull = whenFull });
}
