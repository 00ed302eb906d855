using Ips.Actors.Configuration;

namespace Ips.Actors.Tests.Configuration;

public sealed class SizeTextTests
{
    [Theory]
    [InlineData("0B", 0)]
    [InlineData("1500B", 1500)]
    [InlineData("64KiB", 65_536)]
    [InlineData(" 64 KiB ", 65_536)]
    [InlineData("16MiB", 16_777_216)]
    [InlineData("2GiB", 2_147_483_648)]
    [InlineData("-1KiB", -1024)]
    public void TryParse_NumberAndUnit_IsThatMany(string text, long bytes)
    {
        Assert.True(SizeText.TryParse(text, out var value, out var reason));
        Assert.Equal((bytes, null), (value, reason));
    }

    [Theory]
    [InlineData("65536", "a bare number has no unit: write 65536B or 65536KiB")]
    [InlineData("64K", "'K' is no unit; B, KiB, MiB and GiB are")]
    [InlineData("64kb", "'kb' is no unit")]
    [InlineData("1.5MiB", "for example 64KiB")]
    [InlineData("", "for example 64KiB")]
    [InlineData("9999999999GiB", "beyond")]
    [InlineData("99999999999999999999B", "for example")]
    public void TryParse_NoSize_SaysWhy(string text, string why)
    {
        Assert.False(SizeText.TryParse(text, out _, out var reason));
        Assert.Contains(why, reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, "0B")]
    [InlineData(1023, "1023B")]
    [InlineData(65_536, "64KiB")]
    [InlineData(16_777_216, "16MiB")]
    [InlineData(16_777_217, "16777217B")]
    public void Format_Size_IsReadBack(long bytes, string text)
    {
        Assert.Equal(text, SizeText.Format(bytes));
        Assert.True(SizeText.TryParse(text, out var value, out _));
        Assert.Equal(bytes, value);
    }
}
