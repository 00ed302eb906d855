using Akka.Actor;
using Akka.TestKit;
using Ips.Actors.Handover;
using Ips.Actors.Lifecycle;
using Ips.Actors.Reloader;
using Ips.Actors.Tests.Support;

namespace Ips.Actors.Tests.Reloader;

/// <summary>How a successor on probation is judged.</summary>
public sealed class SuccessorHealthTests : ReloaderTest
{
    [Fact]
    public async Task Health_ComesInTime_KeepsTheProbation()
    {
        var successor = await ServeAsync();
        for (var i = 0; i < 10; i++)
        {
            Clock.Advance(Silence - TimeSpan.FromMilliseconds(1));
            successor.Say(new HealthFrame(true, i, 0));
            await RoundTrip();
        }

        Assert.False(Lifecycle.HasMessages);
    }

    [Fact]
    public async Task Health_ThreeReportsMissing_IsAFailureThatCannotFinishRequests()
    {
        await ServeAsync();
        Clock.Advance(Silence);
        var failed = await Lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorFailed>();
        Assert.Equal(("it sent no health report for 3 intervals of 1 s", false), (failed.Reason, failed.Responsive));
    }

    [Theory]
    [InlineData("health check 'store' is unhealthy", "health check 'store' is unhealthy")]
    [InlineData(null, "its health report is negative")]
    public async Task Health_Negative_IsAFailureThatFinishesRequests(string? reason, string expected)
    {
        var successor = await ServeAsync();
        successor.Say(new HealthFrame(false, 1, 1, reason));
        Assert.Equal(new LifecycleEvent.SuccessorFailed(expected, Responsive: true),
            await Lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorFailed>());
        Clock.Advance(Silence);
        await RoundTrip();
        Assert.False(Lifecycle.HasMessages); // told once
    }

    [Theory]
    [InlineData(100, 10, true)]
    [InlineData(100, 11, false)]
    [InlineData(19, 19, true)] // too few to judge
    public async Task Health_ServerErrors_AreJudgedAboveTheRatioAndTheMinimum(int requests, int errors, bool good)
    {
        (Options.Reload.MaxErrorRatio, Options.Reload.MinRequests) = (0.1, 20);
        var successor = await ServeAsync();
        successor.Say(new HealthFrame(true, requests, errors));
        await RoundTrip();
        if (!good)
        {
            Assert.Contains("ips.reload.max-error-ratio = 0.1", (await Lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorFailed>()).Reason,
                StringComparison.Ordinal);
        }

        Assert.False(Lifecycle.HasMessages);
    }

    [Fact]
    public async Task HealthUrl_FailsThreeTimesInARow_IsAFailureThatFinishesRequests()
    {
        Options.Reload.HealthUrl = "http://127.0.0.1:1/healthz";
        var successor = await ServeAsync();
        // asked while this generation answers it
        await FakeHealthUrl.AnswerAsync(await HealthUrl.Asked.Reader.ReadAsync().AsTask().WaitAsync(Patience), null);
        foreach (var (fault, inARow) in new[] { ("503", 1), ("503", 2), (null, 0), ("503", 1), ("503", 2), ("503", 3) })
        {
            Assert.False(Lifecycle.HasMessages);
            Clock.Advance(Options.Reload.HealthInterval);
            await FakeHealthUrl.AnswerAsync(await HealthUrl.Asked.Reader.ReadAsync().AsTask().WaitAsync(Patience), fault);
            // answers are piped, each on its own
            await Until(() => (Slot.State as SuccessorState.OnProbation)?.UrlFailures == (inARow < 3 ? inARow : null));
            successor.Say(new HealthFrame(true, 1, 0));
            await RoundTrip();
        }

        var failed = await Lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorFailed>();
        Assert.True(failed.Responsive);
        Assert.Contains("failed 3 times in a row: 503", failed.Reason, StringComparison.Ordinal);
    }
}
