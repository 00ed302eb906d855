using Akka.Actor;
using Akka.TestKit;
using Ips.Actors.Configuration;
using Ips.Actors.Diagnostics;
using Ips.Actors.Files;
using Ips.Actors.Handover;
using Ips.Actors.Lifecycle;
using Ips.Actors.Reloader;
using Ips.Actors.Tests.Support;
using Ips.Actors.Transport;

namespace Ips.Actors.Tests.Reloader;

/// <summary>Which failing health checks of a successor count against it.</summary>
[Trait("issue", "12")]
public sealed class IgnoreCheckTests : ActorTest
{
    private static readonly Dictionary<string, string> StoreFails = new() { ["store"] = "it does not answer" };

    private readonly IpsOptions _options = new();
    private readonly RecordingLog _log = new();
    private readonly TestProbe _lifecycle, _successor;
    private readonly FakeHealthUrl _healthUrl = new();
    private readonly FakeLauncher _launcher;
    private readonly IActorRef _reloader;
    private ProbeResult _here = ProbeResult.Healthy;
    private Dictionary<string, string> _facts = [];

    public IgnoreCheckTests()
    {
        (_lifecycle, _successor) = (CreateTestProbe(), CreateTestProbe());
        var listeners = CreateTestProbe();
        listeners.Offering(() => new ListenerProtocol.Offered([]));
        _launcher = new FakeLauncher(_successor.Ref);
        var slot = new SuccessorSlot
        {
            HealthUrl = _healthUrl, MakeHealthUrl = _ => _healthUrl, OwnHealth = () => Task.FromResult(_here), Facts = () => _facts,
        };
        var identity = RuntimeFiles.Adopt("/nowhere/ips.pid", null, null, _log);
        var (mover, lifecycle) = (CreateTestProbe().Ref, _lifecycle.Ref);
        _reloader = Supervise(Props.Create(() => new ReloaderActor(slot, _launcher, identity, listeners.Ref, mover, lifecycle, _options,
            _log)));
    }

    [Theory]
    [InlineData(false, false, "health check 'store' is unhealthy: it does not answer")]
    [InlineData(true, false, null)]
    [InlineData(false, true, null)]
    public async Task Ready_WithAFailingCheck_CountsUnlessItFailsHereOrIsIgnored(bool failsHere, bool ignored, string? reason)
    {
        _here = failsHere ? _here with { Failing = StoreFails } : _here;
        await SpawnAsync(ignored ? new ReloadTerms([], ["store"]) : null);
        _launcher.Last.Say(new ReadyFrame(Failing: StoreFails));
        if (reason is null)
        {
            await _lifecycle.FishForMessageAsync(message => message is LifecycleEvent.SuccessorReady);
            Assert.True(_log.Has(EventIds.ChecksExcused));
        }
        else
        {
            Assert.Equal(reason, ((LifecycleEvent.SuccessorFailed)await _lifecycle.FishForMessageAsync(message =>
                message is LifecycleEvent.SuccessorFailed)).Reason);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Health_WithAFailingCheck_CountsUnlessItFailsHere(bool failsHere)
    {
        _here = failsHere ? _here with { Failing = StoreFails } : _here;
        await SpawnAsync(null);
        _launcher.Last.Say(new ReadyFrame());
        await _lifecycle.FishForMessageAsync(message => message is LifecycleEvent.SuccessorReady);
        _reloader.Tell(new ReloaderOrder.SendServe());
        _launcher.Last.Say(new HealthFrame(false, 0, 0, "health check 'store' is unhealthy", StoreFails));
        var word = await _lifecycle.FishForMessageAsync(message =>
            message is LifecycleEvent.SuccessorServes or LifecycleEvent.SuccessorFailed);
        Assert.Equal(failsHere, word is LifecycleEvent.SuccessorServes);
    }

    [Fact]
    public async Task Health_AnOlderSuccessorFails_CountsAsBefore()
    {
        _here = _here with { Failing = StoreFails };
        await SpawnAsync(null);
        _launcher.Last.Say(new ReadyFrame());
        await _lifecycle.FishForMessageAsync(message => message is LifecycleEvent.SuccessorReady);
        _reloader.Tell(new ReloaderOrder.SendServe());
        _launcher.Last.Say(new HealthFrame(false, 0, 0, "health check 'store' is unhealthy"));
        await _lifecycle.FishForMessageAsync(message => message is LifecycleEvent.SuccessorFailed);
    }

    [Theory]
    [InlineData("it answered 503", null, false)] // paused, or its store is away
    [InlineData("it answered 503", "http://127.0.0.1/other", true)] // what failed here is not what judges
    [InlineData(null, null, true)]
    public async Task HealthUrl_ThatFailsHereToo_DoesNotCount(string? here, string? url, bool counts)
    {
        await SpawnAsync(null);
        await FakeHealthUrl.AnswerAsync(await _healthUrl.Asked.Reader.ReadAsync(), here);
        _launcher.Last.Say(new ReadyFrame(HealthUrl: url));
        await _lifecycle.FishForMessageAsync(message => message is LifecycleEvent.SuccessorReady);
        _reloader.Tell(new ReloaderOrder.SendServe());
        for (var i = 0; i < 3; i++)
        {
            _launcher.Last.Say(new HealthFrame(true, 0, 0));
            await RoundTrip(_reloader);
            Clock.Advance(_options.Reload.HealthInterval);
            await FakeHealthUrl.AnswerAsync(await _healthUrl.Asked.Reader.ReadAsync().AsTask().WaitAsync(Patience), "it answered 503");
            await RoundTrip(_reloader);
            await RoundTrip(_reloader); // the answer is piped
        }

        Assert.Equal(counts, _log.Has(EventIds.SuccessorFailed));
    }

    [Fact]
    public async Task Welcome_TellsTheFactsButForThoseThatAreAccepted()
    {
        _facts = new() { ["store"] = "a", ["other"] = "b" };
        await SpawnAsync(null);
        var ahead = (WelcomeFrame)(await _successor.ExpectMsgAsync<FakeSuccessor.Sent>()).Frame;
        Assert.Equal(["other", "store"], ahead.Facts!.Keys.Order(StringComparer.Ordinal));
        Assert.True(ahead.Judges);
        Assert.Equal(ahead.Facts, ((WelcomeFrame)(await _successor.ExpectMsgAsync<FakeSuccessor.Sent>()).Frame).Facts);
        _reloader.Tell(new ReloaderOrder.EndSuccessor(false, "over"));
        _launcher.Last.End(0, 0);
        _launcher.Last.CloseChannel();
        await _lifecycle.FishForMessageAsync(message => message is LifecycleEvent.SuccessorGone);

        _reloader.Tell(new ReloaderOrder.SpawnSuccessor { Generation = 2, Terms = new ReloadTerms(["store"], []) });
        var sent = (FakeSuccessor.Sent)await _successor.FishForMessageAsync(message =>
            message is FakeSuccessor.Sent { Frame: WelcomeFrame });
        Assert.Equal(["other"], ((WelcomeFrame)sent.Frame).Facts!.Keys);
    }

    // So that it does not wait until its deadline for what cannot get better.
    [Theory]
    [InlineData(false, false, null)]
    [InlineData(true, false, "store")]
    [InlineData(false, true, "queue")]
    [InlineData(true, true, "store queue")]
    public async Task Welcome_TellsWhichChecksNeedNoWaiting(bool failsHere, bool ignored, string? excused)
    {
        _here = failsHere ? _here with { Failing = StoreFails } : _here;
        await SpawnAsync(ignored ? new ReloadTerms([], ["queue"]) : null);
        for (var i = 0; i < 2; i++) // ahead of its hello, and in answer to it
        {
            var welcome = (WelcomeFrame)(await _successor.ExpectMsgAsync<FakeSuccessor.Sent>()).Frame;
            Assert.Equal(excused, welcome.Excused is { } names ? string.Join(' ', names) : null);
        }
    }

    [Fact]
    public void Frames_OfAnOlderBuild_HaveNoneOfIt()
    {
        var welcome = (WelcomeFrame)HandoverCodec
            .Decode("""{"type":"welcome","version":1,"generation":2,"endpoints":[],"lock":false,"control":false,"healthIntervalMs":100}"""u8
            .ToArray());
        Assert.Null(welcome.Facts);
        Assert.False(welcome.Judges);
        Assert.Null(welcome.Excused);
        var same = new WelcomeFrame(2, 2, [], false, false, 100, Facts: new Dictionary<string, string> { ["store"] = "a" }, Judges: true);
        Assert.Equal("a", ((WelcomeFrame)HandoverCodec.Decode(HandoverCodec.Encode(same))).Facts!["store"]);
        Assert.NotNull(FrameRules.Fault(same with { Facts = Enumerable.Range(0, 17).ToDictionary(i => $"{i}", _ => "") }));
        Assert.Equal(["a"], ((WelcomeFrame)HandoverCodec.Decode(HandoverCodec.Encode(same with { Excused = ["a"] }))).Excused!);
        Assert.NotNull(FrameRules.Fault(same with { Excused = [.. Enumerable.Range(0, 33).Select(i => $"{i}")] }));
        Assert.NotNull(FrameRules.Fault(same with { Excused = [null!] }));
        Assert.NotNull(FrameRules.Fault(same with { Excused = [new string('a', 101)] }));
        Assert.NotNull(FrameRules.Fault(new ReadyFrame(Failing: new Dictionary<string, string> { [""] = "" })));
    }

    private async Task SpawnAsync(ReloadTerms? terms)
    {
        _reloader.Tell(new ReloaderOrder.SpawnSuccessor { Generation = 2, Terms = terms });
        await _lifecycle.FishForMessageAsync(message => message is LifecycleEvent.SuccessorSpawned);
        _launcher.Last.Say(new HelloFrame(1, 2, 101, "1.0"));
        await _lifecycle.FishForMessageAsync(message => message is LifecycleEvent.SuccessorGreeted);
    }
}
