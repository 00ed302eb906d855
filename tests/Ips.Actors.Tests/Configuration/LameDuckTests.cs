using Ips.Actors.Configuration;

namespace Ips.Actors.Tests.Configuration;

/// <summary>How long a stop keeps accepting where nothing is configured.</summary>
[Trait("issue", "15")]
public sealed class LameDuckTests
{
    [Theory]
    [InlineData(false, 30, 0)]
    [InlineData(true, 30, 5)]
    [InlineData(true, 10, 5)]
    [InlineData(true, 9, 4.5)]
    [InlineData(true, 1, 0.5)]
    public void Default_IsThatOfThePlace_AndAlwaysLessThanTheTimeout(bool inKubernetes, double timeout, double expected)
    {
        var options = new DrainOptions { InKubernetes = inKubernetes, Timeout = TimeSpan.FromSeconds(timeout) };
        Assert.Equal(TimeSpan.FromSeconds(expected), options.LameDuck);
        Assert.Empty(IpsKeys.Drain.Check(options));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    public void Default_InKubernetes_GivesWayToWhatIsSet(double seconds)
    {
        var options = new DrainOptions { InKubernetes = true, LameDuck = TimeSpan.FromSeconds(seconds) };
        Assert.Equal(TimeSpan.FromSeconds(seconds), options.LameDuck);
    }
}
