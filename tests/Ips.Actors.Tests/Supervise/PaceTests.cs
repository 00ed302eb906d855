using Ips.Actors.Supervise;

namespace Ips.Actors.Tests.Supervise;

[Trait("issue", "11")]
public sealed class PaceTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Fact]
    public void TryTake_ABurst_ThenOneAnInterval_AndAfterARestABurstAgain()
    {
        var pace = new Pace(burst: 3, interval: Second);
        Assert.Equal([true, true, true, false], Enumerable.Range(0, 4).Select(_ => pace.TryTake(Second)));
        Assert.Equal(Second, pace.Wait(Second));
        Assert.Equal(Second / 4, pace.Wait(Second * 1.75));
        Assert.False(pace.TryTake(Second * 1.75));
        Assert.True(pace.TryTake(Second * 2));
        Assert.False(pace.TryTake(Second * 2));
        Assert.Equal(TimeSpan.Zero, pace.Wait(Second * 3));
        Assert.Equal([true, true, true, false], Enumerable.Range(0, 4).Select(_ => pace.TryTake(Second * 1000)));
    }
}
