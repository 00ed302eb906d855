using Akka.Actor;
using Akka.TestKit;
using Ips.Actors.Files;
using Ips.Actors.Handover;
using Ips.Actors.Lifecycle;
using Ips.Actors.Predecessor;
using Ips.Actors.Tests.Judging;
using Ips.Actors.Tests.Reloader;
using Ips.Actors.Tests.Support;

namespace Ips.Actors.Tests.Predecessor;

/// <summary>A successor tells its windows, if it is asked.</summary>
public sealed class WindowReportTests : ActorTest
{
    private readonly FakeMeter _meter = new();
    private readonly TestProbe _sent, _lifecycle;
    private readonly FakeSuccessor _channel;
    private readonly IActorRef _actor;

    public WindowReportTests()
    {
        (_sent, _lifecycle) = (CreateTestProbe(), CreateTestProbe());
        var other = CreateTestProbe();
        _channel = new FakeSuccessor(1, _sent.Ref);
        var link = new PredecessorLink(_channel, TimeSpan.FromHours(1)) { Windows = _meter };
        link.Reach(HandoverPhase.Ready);
        var log = new RecordingLog();
        var files = RuntimeFiles.Adopt("/nowhere/ips.pid", null, null, log);
        _actor = Supervise(Props.Create(() =>
            new PredecessorActor(link, files, other.Ref, other.Ref, other.Ref, _lifecycle.Ref, log)));
    }

    [Fact]
    public async Task Serve_ThatAsks_IsAnsweredByWindowsUntilThePromotion()
    {
        await ServeAsync(new ServeFrame(Windows: new WindowTerms(250, ["GET /a"])));
        Assert.Equal(["GET /a"], _meter.Routes);
        Clock.Advance(TimeSpan.FromMilliseconds(100));
        Assert.Equal(1, (await WindowAsync()).Index);
        Clock.Advance(TimeSpan.FromMilliseconds(250));
        Assert.Equal(2, (await WindowAsync()).Index);

        _actor.Tell(new PredecessorOrder.AcknowledgePromotion());
        Assert.IsType<PromotedFrame>((await _sent.ExpectMsgAsync<FakeSuccessor.Sent>()).Frame);
        Assert.False(_meter.IsOn);
        Clock.Advance(TimeSpan.FromMilliseconds(250));
        await RoundTrip(_actor);
        await _sent.ExpectNoMsgAsync(TimeSpan.Zero);
    }

    [Fact]
    public async Task Serve_OfAnOlderBuild_IsAnsweredByNone()
    {
        await ServeAsync(new ServeFrame());
        Clock.Advance(TimeSpan.FromMilliseconds(350));
        await RoundTrip(_actor);
        await _sent.ExpectNoMsgAsync(TimeSpan.Zero);
        Assert.False(_meter.IsOn);
    }

    private async Task ServeAsync(ServeFrame serve)
    {
        _channel.Say(serve);
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.ServeReceived>();
        _actor.Tell(new PredecessorOrder.BeginHealthReports());
        await RoundTrip(_actor);
    }

    private async Task<WindowFrame> WindowAsync() => Assert.IsType<WindowFrame>((await _sent.ExpectMsgAsync<FakeSuccessor.Sent>()).Frame);
}
