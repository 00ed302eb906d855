using Akka.Actor;
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

    public SuccessorJudgeTests() => Slot.Judge = _judge = new SuccessorJudge(_meter);

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
