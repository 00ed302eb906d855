
using Ips.Actors.Configuration;
using Ips.Actors.Handover;
using Ips.Actors.Lifecycle;

namespace Ips.Actors.Tests.Receipts;

public sealed class HealthJudgeTests
{
    [Theory]
    [InlineData(1, 20, 1000, 1000, false)] // off
    [InlineData(0.1, 20, 19, 19, false)] // too few to judge
    [InlineData(0.1, 20, 20, 2, false)] // at the limit
    [InlineData(0.1, 20, 20, 3, true)]
    [InlineData(0, 1, 1, 1, true)]
    [InlineData(0, 1, 1000, 0, false)]
    [InlineData(0.5, 1, 0, 0, false)] // no request yet
    public void Fault_Errors_AreJudgedAboveTheRatioOfEnoughRequests(double max, int min, long requests, long errors, bool fault) =>
        Assert.Equal(fault, HealthJudge.Fault(new HealthFrame(true, requests, errors),
            new ReloadOptions { MaxErrorRatio = max, MinRequests = min }) is not null);

    [Fact]
    public void Fault_TooManyErrors_NamesCountsLimitAndKey() =>
        Assert.Equal("7 of the 21 requests that it answered failed with a 5xx status: a ratio of 0.333, above ips.reload.max-error-ratio "
            + "= 0.05",
            HealthJudge.Fault(new HealthFrame(true, 21, 7), new ReloadOptions { MaxErrorRatio = 0.05 }));

    [Fact]
    public void Fault_Unhealthy_IsTheReasonWhateverTheErrors() =>
        Assert.Equal("the store is gone", HealthJudge.Fault(new HealthFrame(false, 0, 0, "the store is gone"), new ReloadOptions()));
}
