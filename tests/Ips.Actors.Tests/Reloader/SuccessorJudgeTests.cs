using Akka.Actor;
using Ips.Actors.Diagnostics;
using Ips.Actors.Handover;
using Ips.Actors.Lifecycle;
using Ips.Actors.Reloader;
using Ips.Actors.Tests.Judging;

namespace Ips.Actors.Tests.Reloader;

/// <summary>A successor that is compared with this generation.</summary>
public sealed class SuccessorJudgeTests : ReloaderTest
{
    private static readonly TimeSpan Window = TimeSpan.FromMilliseconds(250);

    private readonly FakeMeter _meter = new();
    private readonly SuccessorJudge _judge;

    public SuccessorJudgeTests() => Slot.Judge = _judge = new SuccessorJudge(_meter, Options.Reload);

    [Fact]
    public async Task Serve_ToASuccessor_AsksForWindows()
    {
        var successor = await SpawnAsync();
        Assert.True(_meter.IsOn); // from the beginning of the reload
        successor.Say(new HelloFrame(1, 1, successor.Pid, "2.0"));
        await SentAsync<WelcomeFrame>();
        successor.Say(new ReadyFrame(Accepts: []));
        await Lifecycle.FishForMessageAsync(message => message is LifecycleEvent.SuccessorReady);
        Reloader.Tell(new ReloaderOrder.SendServe());
        var asked = (await SentAsync<ServeFrame>()).Windows!;
        Assert.Equal(250, asked.IntervalMs);
        Assert.Equal(["GET /"], asked.Routes);
    }

    [Fact]
    public async Task Window_OfAWorseSuccessor_FailsItWithTheReason()
    {
        var successor = await ServeAsync(canary: true);
        _judge.Step(.5);
        for (var index = 1; index <= 3; index++)
        {
            Clock.Advance(index == 1 ? TimeSpan.FromMilliseconds(100) : Window);
            successor.Say(WindowFeed.Failing(1, 2, 3, 4)(_meter.Make(index)));
            await RoundTrip();
        }

        var judged = await Lifecycle.ExpectMsgAsync<LifecycleProtocol.SuccessorJudged>(); // first, so that the receipt has it
        Assert.Equal("worse", judged.Judgement.Verdict);
        var failed = await Lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorFailed>();
        Assert.StartsWith("12 of the 60 requests that it answered failed", failed.Reason, StringComparison.Ordinal);
        Assert.True(failed.Responsive);
        Assert.False(_meter.IsOn);
    }

    [Fact]
    public async Task Window_OfASuccessorThatIsNoCanary_DecidesNothing()
    {
        var successor = await ServeAsync();
        Assert.False(_meter.IsOn);
        Clock.Advance(TimeSpan.FromMilliseconds(100));
        for (var index = 1; index <= 3; index++) successor.Say(WindowFeed.Failing(1, 2, 3, 4)(_meter.Make(index)));
        await RoundTrip();
        await PromoteAsync(successor);
        await Lifecycle.ExpectMsgAsync<LifecycleEvent.PromotionAcknowledged>(); // and no judgement before it
        Assert.False(_meter.IsOn);
    }

    [Fact]
    public async Task Conclusion_OfTooFewRequests_WaitsForMore()
    {
        _meter.Make = index => WindowFeed.Window(index, 6) with { Connections = index == 1 ? 5 : 0 };
        var successor = await ServeAsync(canary: true);
        _judge.Step(.5);
        var index = 0;
        await Pass(20);
        Reloader.Tell(new ReloaderOrder.ConcludeProbation());
        var longer = await Lifecycle.ExpectMsgAsync<LifecycleEvent.ProbationLengthened>();
        Assert.Equal(("240 requests tell too little, 7 s would be enough", Options.Reload.ProbationMax), (longer.Reason, longer.Longest));
        Assert.Equal(1, Written.Count(EventIds.ProbationLengthened));
        await Pass(3);
        await Lifecycle.ExpectNoMsgAsync(TimeSpan.Zero); // told once
        await Pass(5); // 7 s
        await Lifecycle.ExpectMsgAsync<LifecycleEvent.ProbationPassed>();
        Clock.Advance(Options.Reload.ProbationMax); // its clock was stopped
        Assert.DoesNotContain(await Told(), told => told is LifecycleEvent.ProbationPassed);

        async Task Pass(int count)
        {
            for (; count > 0; count--)
            {
                Clock.Advance(index++ == 0 ? TimeSpan.FromMilliseconds(100) : Window);
                successor.Say(new HealthFrame(true, 0, 0));
                successor.Say(_meter.Make(index));
                await RoundTrip();
            }
        }

        async Task<IReadOnlyList<object>> Told()
        {
            await RoundTrip();
            List<object> told = [];
            while (Lifecycle.HasMessages) told.Add(await Lifecycle.ExpectMsgAsync<object>());
            return told;
        }
    }

    [Fact]
    public async Task Conclusion_OfTooFewRequestsForTheLongestProbation_IsPassedThen()
    {
        Options.Reload.ProbationMax = TimeSpan.FromSeconds(8);
        Options.Reload.HealthInterval = TimeSpan.FromMinutes(1);
        _meter.Make = index => WindowFeed.Window(index, 6) with { Connections = index == 1 ? 5 : 0 };
        var successor = await ServeAsync(canary: true);
        _judge.Step(.5);
        for (var index = 1; index <= 20; index++)
        {
            Clock.Advance(index == 1 ? TimeSpan.FromMilliseconds(100) : Window);
            successor.Say(_meter.Make(index));
            await RoundTrip();
        }

        Reloader.Tell(new ReloaderOrder.ConcludeProbation());
        await Lifecycle.ExpectMsgAsync<LifecycleEvent.ProbationLengthened>();
        Clock.Advance(TimeSpan.FromMilliseconds(2999)); // the successor's windows do not come
        await RoundTrip();
        Assert.False(Lifecycle.HasMessages);
        Clock.Advance(TimeSpan.FromMilliseconds(1));
        await Lifecycle.ExpectMsgAsync<LifecycleEvent.ProbationPassed>();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Conclusion_WithoutRequestsOrCanary_IsPassedAtOnce(bool canary)
    {
        _meter.Make = index => WindowFeed.Window(index, 0);
        var successor = await ServeAsync(canary);
        if (canary) _judge.Step(.5);
        Clock.Advance(TimeSpan.FromMilliseconds(100));
        if (canary) successor.Say(_meter.Make(1));
        Reloader.Tell(new ReloaderOrder.ConcludeProbation());
        await Lifecycle.ExpectMsgAsync<LifecycleEvent.ProbationPassed>();
    }

    [Fact]
    public async Task Promotion_OfASuccessorThatTellsNothing_SaysSo()
    {
        var successor = await ServeAsync(canary: true);
        _judge.Step(.5);
        Clock.Advance(TimeSpan.FromMilliseconds(100));
        await PromoteAsync(successor);
        var judged = await Lifecycle.ExpectMsgAsync<LifecycleProtocol.SuccessorJudged>();
        Assert.Equal("not judged: the new release does not tell how it does", judged.Judgement.Text);
    }

    [Fact]
    public async Task Window_ThatCrossesThePromotion_IsNoFault()
    {
        var successor = await ServeAsync(canary: true);
        await PromoteAsync(successor);
        successor.Say(_meter.Make(1));
        await RoundTrip();
        await Lifecycle.FishForMessageAsync(message => message is LifecycleEvent.PromotionAcknowledged);
        await Lifecycle.ExpectNoMsgAsync(TimeSpan.Zero);
    }
}
