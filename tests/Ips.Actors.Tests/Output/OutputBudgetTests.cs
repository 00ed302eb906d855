using Ips.Actors.Output;

namespace Ips.Actors.Tests.Output;

public sealed class OutputBudgetTests
{
    private const int LineBytes = 1024;

    [Fact]
    public void TryTake_EndlessWriter_GetsTheBurstAndThenTheRate()
    {
        var budget = new OutputBudget();
        Assert.Equal(OutputBudget.BurstBytes, Take(budget, TimeSpan.Zero));
        Assert.Equal(0, Take(budget, TimeSpan.Zero));
        // or each line that just fits would come with one that counts those before
        Assert.Equal(0, Take(budget, TimeSpan.FromSeconds(0.9)));
        Assert.Equal(OutputBudget.BytesPerSecond, Take(budget, TimeSpan.FromSeconds(1)));
        Assert.Equal(OutputBudget.BytesPerSecond * 3, Take(budget, TimeSpan.FromSeconds(4)));
    }

    [Fact]
    public void TryTake_AfterALongRest_GetsNoMoreThanTheBurst()
    {
        var budget = new OutputBudget();
        Take(budget, TimeSpan.Zero);
        Assert.Equal(OutputBudget.BurstBytes, Take(budget, TimeSpan.FromDays(1)));
    }

    private static long Take(OutputBudget budget, TimeSpan now)
    {
        var taken = 0L;
        while (budget.TryTake(LineBytes, now)) taken += LineBytes;
        return taken;
    }
}
