using Akka.Actor;
using Akka.TestKit;
using Ips.Actors.Configuration;
using Ips.Actors.Diagnostics;
using Ips.Actors.Handover;
using Ips.Actors.Lifecycle;
using Ips.Actors.Posix;
using Ips.Actors.Reloader;
using Ips.Actors.Tests.Support;
using Ips.Actors.Transport;

namespace Ips.Actors.Tests.Reloader;

/// <summary>How a successor is launched.</summary>
[Collection(DescriptorNumbers.Name)]
public sealed class SuccessorLaunchTests : ReloaderTest
{
    [Fact]
    public async Task Spawn_Succeeds_TellsTheProgress()
    {
        Reloader.Tell(new ReloaderOrder.SpawnSuccessor { Generation = 2 });
        Assert.Equal(new LifecycleEvent.SuccessorSpawned(101), await Lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorSpawned>());
    }

    [Fact]
    public async Task Spawn_Fails_TellsWhyAndIsGoneWhenEnded()
    {
        Launcher.Error = new PosixException("posix_spawn", Errno.ENOENT, "/srv/current/ips");
        Reloader.Tell(new ReloaderOrder.SpawnSuccessor { Generation = 2 });
        var failed = await Lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorFailed>();
        Assert.False(failed.Responsive);
        Assert.Contains("/srv/current/ips", failed.Reason, StringComparison.Ordinal);
        Assert.True(Written.Has(EventIds.SpawnFailed));
        Reloader.Tell(new ReloaderOrder.EndSuccessor(false, "it failed"));
        await Lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorGone>();

        Launcher.Error = null;
        Reloader.Tell(new ReloaderOrder.SpawnSuccessor { Generation = 2 });
        await Lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorSpawned>();
    }

    [Fact]
    public async Task Spawn_WhileOneIsAlive_DoesNothing()
    {
        await SpawnAsync();
        Reloader.Tell(new ReloaderOrder.SpawnSuccessor(Again: true) { Generation = 2 });
        Reloader.Tell(new ReloaderOrder.SpawnSuccessor { Generation = 2 });
        await RoundTrip();
        Assert.Single(Launcher.Launched);
    }

    [Fact]
    public async Task Spawn_AgainAfterItsEndWasTold_StartsNoSecondOne()
    {
        var successor = await SpawnAsync();
        successor.End(1);
        successor.CloseChannel();
        await Lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorFailed>();
        await Lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorGone>();
        // an actor restarted before LifecycleActor read of the end
        Reloader.Tell(new ReloaderOrder.SpawnSuccessor(Again: true) { Generation = 2 });
        await RoundTrip();
        Assert.Single(Launcher.Launched);
        Reloader.Tell(new ReloaderOrder.SpawnSuccessor { Generation = 2 });
        await Lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorSpawned>();
        Assert.Equal(2, Launcher.Launched.Count);
    }

    // A predecessor that dies before it has read hello must not take the sockets along.
    [Fact]
    public async Task Spawn_SuccessorThatHasSaidNothing_IsSentTheSockets()
    {
        var (a, b) = OfferTwo();
        Reloader.Tell(new ReloaderOrder.SpawnSuccessor { Generation = 2 });
        var sent = await Told.ExpectMsgAsync<FakeSuccessor.Sent>();
        var ahead = Assert.IsType<WelcomeFrame>(sent.Frame);
        Assert.Equal((HandoverVersion.AheadOfHello, 2), (ahead.Version, ahead.Generation));
        Assert.Equal([new EndpointOffer("127.0.0.1:0", 0), new EndpointOffer("127.0.0.1:0", 1)], ahead.Endpoints);
        Assert.Equal([a, b], sent.Fds);
        await RoundTrip();
        Assert.All([a, b], fd => Assert.True(FileDescriptors.IsOpen(fd))); // hello is answered with the same

        Launcher.Last.End(1);
        Launcher.Last.CloseChannel();
        await Lifecycle.FishForMessageAsync(message => message is LifecycleEvent.SuccessorGone);
        await RoundTrip();
        Assert.All([a, b], fd => Assert.False(FileDescriptors.IsOpen(fd)));
    }

    [Fact]
    public async Task Spawn_EndedBeforeTheSocketsAreThere_StartsNothingAndClosesThem()
    {
        var (a, b) = OfferTwo();
        var offered = new TaskCompletionSource<object>();
        var (listeners, slot) = (Sys.ActorOf(Props.Create(() => new LateListeners(offered.Task))), new SuccessorSlot());
        var reloader = Supervise(Tested(slot, listeners));
        reloader.Tell(new ReloaderOrder.SpawnSuccessor { Generation = 2 });
        reloader.Tell(new ReloaderOrder.EndSuccessor(false, "a stop"));
        await Lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorGone>();
        offered.SetResult(Offer);
        await Until(() => !FileDescriptors.IsOpen(a) && !FileDescriptors.IsOpen(b));
        Assert.Empty(Launcher.Launched);
    }

    [Fact]
    public async Task Spawn_SocketsCannotBeOffered_FailsAtOnceAndStartsNothing()
    {
        Offer = new Status.Failure(new PosixException("fcntl", Errno.EMFILE, "descriptor 12"));
        Reloader.Tell(new ReloaderOrder.SpawnSuccessor { Generation = 2 });
        Assert.Contains("descriptor 12", (await Lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorFailed>()).Reason,
            StringComparison.Ordinal);
        Reloader.Tell(new ReloaderOrder.EndSuccessor(false, "it failed"));
        await Lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorGone>();
        Assert.Empty(Launcher.Launched);
    }

    [Fact]
    public async Task Spawn_MoreSocketsThanAPacketTakes_IsAFailureThatSaysSo()
    {
        var sockets = Enumerable.Range(0, FdPassing.MaxDescriptors + 1).Select(i =>
            new OfferedSocket($"127.0.0.1:{i}", 0, FileDescriptors.Duplicate(0))).ToList();
        Offer = new ListenerProtocol.Offered(sockets);
        Reloader.Tell(new ReloaderOrder.SpawnSuccessor { Generation = 2 });
        var failed = await Lifecycle.FishForMessageAsync<LifecycleEvent>(message => message is LifecycleEvent.SuccessorFailed);
        Assert.Contains("they are 65, and 64 fit", ((LifecycleEvent.SuccessorFailed)failed).Reason, StringComparison.Ordinal);
        Launcher.Last.End(1);
        Launcher.Last.CloseChannel();
        await Lifecycle.FishForMessageAsync(message => message is LifecycleEvent.SuccessorGone);
        await RoundTrip();
        Assert.All(sockets, socket => Assert.False(FileDescriptors.IsOpen(socket.Fd)));
    }

    [Fact]
    public async Task Spawn_TooManyGenerations_AbortsTheOldestFirst()
    {
        Older.Generations.AddRange([new GenerationEntry(3, 103, 1), new GenerationEntry(4, 104, 2), new GenerationEntry(5, 105, 3)]);
        Reloader.Tell(new ReloaderOrder.SpawnSuccessor { Generation = 7 });
        var (generation, aborted) = await Older.Aborting.Reader.ReadAsync().AsTask().WaitAsync(Patience);
        Assert.Equal(3, generation.Generation);
        Reloader.Tell(new ReloaderOrder.SpawnSuccessor(Again: true) { Generation = 7 }); // an actor restarted
        Reloader.Tell(Kill.Instance);
        await RoundTrip();
        Assert.Empty(Launcher.Launched);
        aborted.SetResult();
        Assert.Equal([3], (await Lifecycle.ExpectMsgAsync<LifecycleEvent.GenerationsAborted>()).Generations);
        await Lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorSpawned>();
        Assert.Single(Launcher.Launched);
    }

    [Fact]
    public async Task Spawn_TooManyGenerationsAndRefusedByConfiguration_SaysWhoDrains()
    {
        Options.Reload.WhenFull = WhenFull.Refuse;
        Older.Generations.AddRange([new GenerationEntry(3, 103, 1), new GenerationEntry(4, 104, 2), new GenerationEntry(5, 105, 3)]);
        Reloader.Tell(new ReloaderOrder.SpawnSuccessor { Generation = 7 });
        var failed = await Lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorFailed>();
        Assert.Contains("3 (PID 103), 4 (PID 104), 5 (PID 105)", failed.Reason, StringComparison.Ordinal);
        Reloader.Tell(new ReloaderOrder.EndSuccessor(false, failed.Reason));
        await Lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorGone>();
        Assert.Empty(Launcher.Launched);
    }

    [Fact]
    public async Task Spawn_EndedWhileRoomIsMade_StartsNothing()
    {
        Older.Generations.AddRange([new GenerationEntry(3, 103, 1), new GenerationEntry(4, 104, 2), new GenerationEntry(5, 105, 3)]);
        Reloader.Tell(new ReloaderOrder.SpawnSuccessor { Generation = 7 });
        var (_, aborted) = await Older.Aborting.Reader.ReadAsync().AsTask().WaitAsync(Patience);
        Reloader.Tell(new ReloaderOrder.EndSuccessor(false, "stop"));
        await Lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorGone>();
        aborted.SetResult();
        await RoundTrip();
        Assert.Empty(Launcher.Launched);
    }

    private sealed class LateListeners : ReceiveActor
    {
        public LateListeners(Task<object> offered) => Receive<ListenerProtocol.Offer>(_ => offered.PipeTo(Sender));
    }
}
