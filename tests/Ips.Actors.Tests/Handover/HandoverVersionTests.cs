using Ips.Actors.Handover;

namespace Ips.Actors.Tests.Handover;

/// <summary>A release hands over to the next, and back to the one before.</summary>
public sealed class HandoverVersionTests
{
    [Theory]
    [InlineData(1, 1, 1, 1, 1)]
    [InlineData(1, 2, 1, 1, 1)] // the successor is newer
    [InlineData(1, 1, 1, 2, 1)] // the successor is older: a downgrade
    [InlineData(1, 3, 2, 4, 3)]
    [InlineData(2, 4, 1, 3, 3)]
    [InlineData(2, 2, 1, 2, 2)]
    [InlineData(2, 3, 1, 1, null)]
    [InlineData(1, 1, 2, 3, null)]
    [InlineData(3, 2, 1, 9, null)] // nonsense
    public void Choose_TwoRanges_IsTheHighestCommonVersion(int helloMin, int helloMax, int min, int max, int? expected) =>
        Assert.Equal(expected, HandoverVersion.Choose(new HelloFrame(helloMin, helloMax, 1, "x"), min, max));

    [Fact]
    public void Choose_ThisBuildAndItself_IsItsHighest() =>
        Assert.Equal(HandoverVersion.Max, HandoverVersion.Choose(new HelloFrame(HandoverVersion.Min, HandoverVersion.Max, 1, "x")));
}
