using Ips.Actors.Configuration;

namespace Ips.Actors.Tests.Configuration;

public sealed class DurationTextTests
{
    [Theory]
    [InlineData("30s", 30_000)]
    [InlineData("30 s", 30_000)]
    [InlineData(" 100ms ", 100)]
    [InlineData("1.5 minutes", 90_000)]
    [InlineData("1h", 3_600_000)]
    [InlineData("2d", 172_800_000)]
    [InlineData("-5s", -5_000)]
    [InlineData("0s", 0)]
    public void TryParse_NumberAndUnit_IsThatLong(string text, double ms)
    {
        Assert.True(DurationText.TryParse(text, out var value, out var reason));
        Assert.Equal(TimeSpan.FromMilliseconds(ms), value);
        Assert.Null(reason);
    }

    [Theory]
    [InlineData("30", "HOCON would read it as 30 ms")]
    [InlineData("infinite", "without a limit")]
    [InlineData("", "for example 30s")]
    [InlineData("s", "for example 30s")]
    [InlineData("soon", "for example 30s")]
    [InlineData("3 fortnights", "'fortnights' is no unit")]
    [InlineData("3S", "'S' is no unit")]
    [InlineData("1e9s", "for example")]
    [InlineData("99999999999999999d", "beyond")]
    public void TryParse_NoDuration_SaysWhy(string text, string why)
    {
        Assert.False(DurationText.TryParse(text, out _, out var reason));
        Assert.Contains(why, reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, "0s")]
    [InlineData(100, "100ms")]
    [InlineData(1_000, "1s")]
    [InlineData(90_000, "90s")]
    [InlineData(60_000, "1m")]
    [InlineData(3_600_000, "1h")]
    [InlineData(172_800_000, "48h")]
    [InlineData(-5_000, "-5s")]
    [InlineData(0.5, "0.5ms")]
    public void Format_AnyDuration_IsReadBackAsTheSame(double ms, string text)
    {
        var value = TimeSpan.FromMilliseconds(ms);
        Assert.Equal(text, DurationText.Format(value));
        Assert.True(DurationText.TryParse(text, out var back, out _));
        Assert.Equal(value, back);
    }
}
