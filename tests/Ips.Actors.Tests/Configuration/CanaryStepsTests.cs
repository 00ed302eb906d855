using Ips.Actors.Configuration;

namespace Ips.Actors.Tests.Configuration;

/// <summary>The words of <c>ips.reload.canary</c>, and how long a probation may be.</summary>
public sealed class CanaryStepsTests
{
    [Theory]
    [InlineData("10%;50%", null)]
    [InlineData("", null)]
    [InlineData("off", null)]
    [InlineData("always", null)]
    [InlineData("1%;always;90%", null)]
    [InlineData("ten", "'ten' is no share such as 10%")]
    [InlineData("10", "'10' is no share such as 10%")]
    [InlineData("0%", "0% is not from 1% to 90%")]
    [InlineData("100%", "100% is not from 1% to 90%")]
    [InlineData("50%;10%", "10% is not from 51% to 90%")]
    [InlineData("90%;95%", "95% follows 90%, the greatest share")]
    [InlineData("off;10%", "'off' stands alone")]
    public void Fault_OfWords_SaysWhatIsWrong(string words, string? fault) =>
        Assert.Equal(fault, CanarySteps.Fault(words.Split(';', StringSplitOptions.RemoveEmptyEntries)));

    [Theory]
    [InlineData(null, "10,50", false)]
    [InlineData("", "", false)]
    [InlineData("off", "", false)]
    [InlineData("always", "10,50", true)]
    [InlineData("20%;always", "20", true)]
    public void Of_Words_GivesTheShares(string? words, string percent, bool always)
    {
        var steps = CanarySteps.Of(Options(words));
        Assert.Equal((percent, always), (string.Join(',', steps.Percent), steps.Always));
    }

    [Theory]
    [InlineData(null, 5, 30, 30)]
    [InlineData(null, 60, 30, 60)] // never shorter
    [InlineData(null, 0, 30, 0)]
    [InlineData("off", 5, 30, 5)]
    [InlineData(null, 5, 0, 5)]
    public void LongestProbation_OfACanary_IsTheGreaterOne(string? words, int probation, int max, int longest)
    {
        var options = Options(words);
        (options.Probation, options.ProbationMax) = (TimeSpan.FromSeconds(probation), TimeSpan.FromSeconds(max));
        Assert.Equal(TimeSpan.FromSeconds(longest), options.LongestProbation);
    }

    private static ReloadOptions Options(string? words) =>
        new() { Canary = words?.Split(';', StringSplitOptions.RemoveEmptyEntries) };
}
