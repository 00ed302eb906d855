using Akka.Actor;
using Akka.TestKit;
using Ips.Actors.Configuration;
using Ips.Actors.Files;
using Ips.Actors.Handover;
using Ips.Actors.Lifecycle;
using Ips.Actors.Posix;
using Ips.Actors.Reloader;
using Ips.Actors.Tests.Support;
using Ips.Actors.Transport;

namespace Ips.Actors.Tests.Reloader;

/// <summary>The owner of the successor, with a successor that is only pretended.</summary>
public abstract class ReloaderTest : ActorTest
{
    protected ReloaderTest()
    {
        (Lifecycle, Listeners, Told, Mover) = (CreateTestProbe(), CreateTestProbe(), CreateTestProbe(), CreateTestProbe());
        Listeners.Offering(() => Offer);
        Launcher = new FakeLauncher(Told.Ref);
        Slot = new SuccessorSlot { Older = Older, HealthUrl = HealthUrl, SharedFiles = pid => pid == Launcher.Last.Pid ? SharedFiles : [] };
        Reloader = Supervise(Tested(Slot, Listeners.Ref));
    }

    private protected IpsOptions Options { get; } = new();

    private protected RecordingLog Written { get; } = new();

    private protected TestProbe Lifecycle { get; }

    private protected TestProbe Listeners { get; }

    /// <summary>What the successor is told.</summary>
    private protected TestProbe Told { get; }

    private protected TestProbe Mover { get; }

    private protected FakeOlderGenerations Older { get; } = new();

    private protected FakeHealthUrl HealthUrl { get; } = new();

    /// <summary>What the successor and this process overwrite.</summary>
    private protected IReadOnlyList<string> SharedFiles { get; set; } = [];

    private protected FakeLauncher Launcher { get; }

    private protected SuccessorSlot Slot { get; }

    private protected IActorRef Reloader { get; }

    /// <summary>What ListenerActor answers.</summary>
    private protected object Offer { get; set; } = new ListenerProtocol.Offered([]);

    private protected TimeSpan Silence => Options.Reload.HealthInterval * 3.5;

    private protected Props Tested(SuccessorSlot slot, IActorRef listeners)
    {
        var identity = RuntimeFiles.Adopt("/nowhere/ips.pid", null, null, Written);
        return Props.Create(() => new ReloaderActor(slot, Launcher, identity, listeners, Mover.Ref, Lifecycle.Ref, Options, Written));
    }

    private protected async Task<T> SentAsync<T>()
        where T : HandoverFrame => Assert.IsType<T>((await Told.ExpectMsgAsync<FakeSuccessor.Sent>()).Frame);

    private protected async Task PromoteAsync(FakeSuccessor successor)
    {
        Reloader.Tell(new ReloaderOrder.SendPromote());
        await SentAsync<PromoteFrame>();
        successor.Say(new PromotedFrame());
    }

    private protected async Task<FakeSuccessor> SpawnAsync()
    {
        Reloader.Tell(new ReloaderOrder.SpawnSuccessor { Generation = 2 });
        await Lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorSpawned>();
        Assert.Equal(HandoverVersion.AheadOfHello, (await SentAsync<WelcomeFrame>()).Version);
        await RoundTrip();
        return Launcher.Last;
    }

    private protected async Task<FakeSuccessor> ServeAsync(bool canary = false)
    {
        var successor = await SpawnAsync();
        successor.Say(new HelloFrame(1, 1, successor.Pid, "2.0"));
        await Told.ExpectMsgAsync<FakeSuccessor.Sent>();
        successor.Say(new ReadyFrame([new EndpointOffer("127.0.0.1:0", 1)], Accepts: canary ? [] : null));
        await Lifecycle.FishForMessageAsync(message => message is LifecycleEvent.SuccessorReady);
        Reloader.Tell(new ReloaderOrder.SendServe());
        Assert.IsType<ServeFrame>((await Told.ExpectMsgAsync<FakeSuccessor.Sent>()).Frame);
        successor.Say(new HealthFrame(true, 0, 0));
        await Lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorServes>();
        await RoundTrip();
        return successor;
    }

    private protected (int First, int Second) OfferTwo()
    {
        var (a, b) = FdPassing.SocketPair();
        Offer = new ListenerProtocol.Offered([new OfferedSocket("127.0.0.1:0", 0, a), new OfferedSocket("127.0.0.1:0", 1, b)]);
        return (a, b);
    }

    private protected Task RoundTrip() => RoundTrip(Reloader);
}
