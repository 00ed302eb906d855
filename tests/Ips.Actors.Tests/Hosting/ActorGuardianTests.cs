using Akka.Actor;
using Akka.TestKit;
using Ips.Actors.Hosting;
using Ips.Actors.Lifecycle;
using Ips.Actors.Tests.Support;

namespace Ips.Actors.Tests.Hosting;

/// <summary>The parent of all actors, with children that only fail.</summary>
public sealed class ActorGuardianTests : ActorTest
{
    private readonly RecordingLog _log = new();
    private readonly TaskCompletionSource<ExitCode> _exit = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<IReadOnlyList<IActorRef>> _children = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TestProbe _told;

    public ActorGuardianTests()
    {
        _told = CreateTestProbe();
        Sys.ActorOf(Props.Create(() => new ActorGuardian(Compose, code => _exit.TrySetResult(code), _log)), "ips");
    }

    public static TheoryData<string> Faults => ["kill", "exception", "broken log"];

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task Child_Fails_RestartsAndTheLifecycleIsTold(string fault)
    {
        var child = (await Children())[1];
        child.Tell(fault == "kill" ? Kill.Instance : fault);
        Assert.Equal(new LifecycleEvent.ActorRestarted("listener"), await _told.ExpectMsgAsync<LifecycleEvent>());
        await RoundTrip(child);
        Assert.True(_log.Has(Ips.Actors.Diagnostics.EventIds.ActorRestarted));
    }

    [Fact]
    public async Task Child_FailsTenTimesInAMinute_IsLostAtTheEleventh()
    {
        var child = (await Children())[1];
        for (var i = 0; i < 10; i++)
        {
            child.Tell(Kill.Instance);
            Assert.Equal(new LifecycleEvent.ActorRestarted("listener"), await _told.ExpectMsgAsync<LifecycleEvent>());
        }

        child.Tell(Kill.Instance);
        Assert.Equal(new LifecycleEvent.ActorLost("listener"), await _told.ExpectMsgAsync<LifecycleEvent>());
        Assert.False(_exit.Task.IsCompleted); // the lifecycle drains
    }

    [Fact]
    public async Task Child_IsStopped_IsLost()
    {
        (await Children())[1].Tell(PoisonPill.Instance);
        Assert.Equal(new LifecycleEvent.ActorLost("listener"), await _told.ExpectMsgAsync<LifecycleEvent>());
    }

    [Fact]
    public async Task Lifecycle_Fails_RestartsAndIsToldSo()
    {
        (await Children())[0].Tell(Kill.Instance);
        Assert.Equal(new LifecycleEvent.ActorRestarted("lifecycle"), await _told.ExpectMsgAsync<LifecycleEvent>());
    }

    [Fact]
    public async Task Lifecycle_IsLost_EndsTheProcessWithItsOwnCode()
    {
        (await Children())[0].Tell(PoisonPill.Instance);
        Assert.Equal(ExitCode.InternalError, await _exit.Task.WaitAsync(Patience));
    }

    [Fact]
    public async Task System_Terminates_IsNoLoss()
    {
        await Children();
        await Sys.Terminate().WaitAsync(Patience);
        Assert.False(_exit.Task.IsCompleted);
        Assert.False(_log.Has(Ips.Actors.Diagnostics.EventIds.ActorLost));
    }

    private Task<IReadOnlyList<IActorRef>> Children() => _children.Task.WaitAsync(Patience);

    private List<IActorRef> Compose(IUntypedActorContext context)
    {
        List<IActorRef> children =
        [
            context.ActorOf(Props.Create(() => new Child(_told.Ref)), "lifecycle"),
            context.ActorOf(Props.Create(() => new Child(_told.Ref)), "listener"),
        ];
        _children.TrySetResult(children);
        return children;
    }

    private sealed class Child : ReceiveActor
    {
        public Child(IActorRef told)
        {
            Receive<LifecycleEvent>(told.Tell);
            Receive<string>(text => throw new InvalidOperationException(text));
        }
    }
}
