using Akka.Actor;
using Akka.TestKit;
using Ips.Actors.Diagnostics;
using Ips.Actors.Lifecycle;
using Ips.Actors.SelfReload;
using Ips.Actors.Tests.Support;

namespace Ips.Actors.Tests.SelfReload;

/// <summary>The actor, with a probe as LifecycleActor.</summary>
[Trait("issue", "17")]
public sealed class SelfReloadActorTests : ActorTest
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly RecordingLog _log = new();
    private readonly TestProbe _lifecycle;
    private DiskChange? _release = new("2", "the release has changed");
    private IActorRef _actor = Nobody.Instance;
    private bool _paused;
    private long _memory;

    public SelfReloadActorTests() => _lifecycle = CreateTestProbe();

    [Fact]
    public async Task Look_ReleaseChanged_AsksForAReloadThatChecksFirst()
    {
        Start();
        await AnswerAsync(new LifecycleState.Serving());
        var reload = await _lifecycle.ExpectMsgAsync<LifecycleProtocol.Reload>();
        Assert.Equal(("the release has changed", true, ReloadTrigger.Self, "the release has changed"),
            (reload.Source, reload.CheckFirst, reload.Trigger, reload.Cause));
    }

    [Fact]
    public async Task Look_PausedOrNotTheMainProcess_AsksForNothing()
    {
        Start();
        _paused = true;
        await AnswerAsync(new LifecycleState.Serving());
        await AnswerAsync(new LifecycleState.Joining());
        await AnswerAsync(new LifecycleState.Serving()); // no reload came between
        _paused = false;
        await AnswerAsync(new LifecycleState.Serving());
        await _lifecycle.ExpectMsgAsync<LifecycleProtocol.Reload>();
    }

    [Fact]
    public async Task Restart_AfterATry_DoesNotTryAgain()
    {
        Start();
        await AnswerAsync(new LifecycleState.Serving());
        await _lifecycle.ExpectMsgAsync<LifecycleProtocol.Reload>();
        _actor.Tell(Kill.Instance);
        await AnswerAsync(new LifecycleState.Serving());
        await AnswerAsync(new LifecycleState.Serving()); // and no reload before it
        _release = new("3", "another one");
        await AnswerAsync(new LifecycleState.Serving());
        Assert.Equal("another one", (await _lifecycle.ExpectMsgAsync<LifecycleProtocol.Reload>()).Source);
    }

    [Fact]
    public async Task Look_TooLargeAndNoRoom_Warns()
    {
        (_release, _memory) = (null, 5L << 20);
        Start();
        await AnswerAsync(new LifecycleState.Serving());
        await AnswerAsync(new LifecycleState.Serving());
        Assert.Equal("Uses 5 MiB, over ips.reload.max-memory; 1 MiB are too few for a successor.",
            Assert.Single(_log.Entries, entry => entry.Id.Id == EventIds.NoRoomForSuccessor).Text);
    }

    private void Start()
    {
        var rules = new SelfReloadRules(Release: true, Runtime: false, Interval, TimeSpan.Zero, 1000);
        var age = 0;
        var sight = new SelfReloadSight
        {
            Age = () => TimeSpan.FromSeconds(++age), Release = () => _release, Paused = () => _paused, Random = () => 0,
            Memory = () => (_memory, 1L << 20),
        };
        _actor = Supervise(Props.Create(() => new SelfReloadActor(rules, sight, _lifecycle.Ref, _log)));
    }

    private async Task AnswerAsync(LifecycleState state)
    {
        await RoundTrip(_actor); // it has restarted, if it was to
        Clock.Advance(SelfReloadActor.Pause(Interval));
        await _lifecycle.ExpectMsgAsync<LifecycleProtocol.GetWatch>();
        _lifecycle.Reply(new LifecycleProtocol.WatchReply(state, null, null, null, 0));
        await RoundTrip(_actor);
    }
}
