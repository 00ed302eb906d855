using Akka.Actor;
using Akka.TestKit;
using Ips.Actors.Configuration;
using Ips.Actors.Lifecycle;
using Ips.Actors.Tests.Support;
using static Ips.Actors.Lifecycle.LifecycleState;

namespace Ips.Actors.Tests.Lifecycle;

/// <summary>The actor that decides, with probes instead of the actors that it gives orders to.</summary>
public abstract class LifecycleActorTest : ActorTest
{
    private protected LifecycleActorTest() => (Listeners, Reloader, Front, Predecessor, Control) =
        (CreateTestProbe(), CreateTestProbe(), CreateTestProbe(), CreateTestProbe(), CreateTestProbe());

    private protected IpsOptions Options { get; } = new();

    private protected RecordingProcess Process { get; } = new();

    private protected SteppedTime Time { get; } = new();

    private protected RecordingLog Logged { get; } = new();

    private protected TestProbe Listeners { get; }

    private protected TestProbe Reloader { get; }

    private protected TestProbe Front { get; }

    private protected TestProbe Predecessor { get; }

    private protected TestProbe Control { get; }

    private protected Props Props(LifecycleMemory memory) =>
        Akka.Actor.Props.Create(() => new LifecycleActor(memory, Process, Options, Time, Logged));

    private protected LifecycleCast Cast() => new(Listeners.Ref, Reloader.Ref, Front.Ref, Predecessor.Ref, Control.Ref);

    private protected IActorRef Start(LifecycleState state)
    {
        var lifecycle = Supervise(Props(new LifecycleMemory(state)));
        lifecycle.Tell(new LifecycleProtocol.Assemble(Cast()));
        return lifecycle;
    }

    private protected static async Task<LifecycleProtocol.StatusReply> Status(IActorRef lifecycle) =>
        await lifecycle.Ask<LifecycleProtocol.StatusReply>(new LifecycleProtocol.GetStatus(), Patience);

    private protected static async Task<string> StateOf(IActorRef lifecycle) => (await Status(lifecycle)).State;

    private protected async Task ReachProbation(IActorRef lifecycle, TestProbe waiter)
    {
        lifecycle.Tell(new LifecycleProtocol.Reload("test", ReplyTo: waiter.Ref));
        lifecycle.Tell(new LifecycleEvent.SuccessorReady());
        lifecycle.Tell(new LifecycleEvent.SuccessorServes());
        await Reloader.ExpectMsgAsync<ReloaderOrder.SpawnSuccessor>();
        await Reloader.ExpectMsgAsync<ReloaderOrder.SendServe>();
        await Listeners.ExpectMsgAsync<ListenerOrder.QuiesceAccepting>();
        await StateOf(lifecycle);
    }

    private protected async Task ExpectExit(ExitCode code)
    {
        await Control.FishForMessageAsync(message => message is ClientOrder.Close);
        Control.Reply(new ClientOrder.Closed());
        Assert.Equal(code, await Process.Exited.WaitAsync(Patience));
    }
}
