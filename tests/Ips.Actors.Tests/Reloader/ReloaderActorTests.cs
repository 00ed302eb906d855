using Akka.Actor;
using Akka.TestKit;
using Ips.Actors.Configuration;
using Ips.Actors.Control;
using Ips.Actors.Diagnostics;
using Ips.Actors.Handover;
using Ips.Actors.Lifecycle;
using Ips.Actors.Listener;
using Ips.Actors.Posix;
using Ips.Actors.Reloader;
using Ips.Actors.Tests.Support;
using Ips.Actors.Transport;

namespace Ips.Actors.Tests.Reloader;

/// <summary>The owner of the successor, with a successor that is only pretended.</summary>
public sealed class ReloaderActorTests : ActorTest
{
    private readonly IpsOptions _options = new();
    private readonly RecordingLog _log = new();
    private readonly TestProbe _lifecycle;
    private readonly TestProbe _listeners;
    private readonly TestProbe _successor; // what it is told
    private readonly TestProbe _mover;
    private readonly FakeOlderGenerations _older = new();
    private readonly FakeHealthUrl _healthUrl = new();
    private readonly FakeLauncher _launcher;
    private readonly SuccessorSlot _slot;
    private readonly IActorRef _reloader;
    private object _offer = new ListenerProtocol.Offered([]); // of ListenerActor

    public ReloaderActorTests()
    {
        (_lifecycle, _listeners, _successor, _mover) = (CreateTestProbe(), CreateTestProbe(), CreateTestProbe(), CreateTestProbe());
        _listeners.Offering(() => _offer);
        _launcher = new FakeLauncher(_successor.Ref);
        _slot = new SuccessorSlot { Older = _older, HealthUrl = _healthUrl };
        var identity = Identity.Adopt("/nowhere/ips.pid", null, null, _log);
        _reloader = Supervise(Props.Create(() => new ReloaderActor(_slot, _launcher, identity, _listeners.Ref, _mover.Ref, _lifecycle.Ref, _options, _log)));
    }

    private TimeSpan Silence => _options.Reload.HealthInterval * 3.5;

    [Fact]
    public async Task Spawn_Succeeds_TellsTheProgress()
    {
        _reloader.Tell(new ReloaderOrder.SpawnSuccessor { Generation = 2 });
        Assert.Equal(new LifecycleEvent.SuccessorSpawned(101), await _lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorSpawned>());
    }

    [Fact]
    public async Task Spawn_Fails_TellsWhyAndIsGoneWhenEnded()
    {
        _launcher.Error = new PosixException("posix_spawn", Errno.ENOENT, "/srv/current/ips");
        _reloader.Tell(new ReloaderOrder.SpawnSuccessor { Generation = 2 });
        var failed = await _lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorFailed>();
        Assert.False(failed.Responsive);
        Assert.Contains("/srv/current/ips", failed.Reason, StringComparison.Ordinal);
        Assert.True(_log.Has(EventIds.SpawnFailed));
        _reloader.Tell(new ReloaderOrder.EndSuccessor(false, "it failed"));
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorGone>();

        _launcher.Error = null;
        _reloader.Tell(new ReloaderOrder.SpawnSuccessor { Generation = 2 });
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorSpawned>();
    }

    [Fact]
    public async Task Spawn_WhileOneIsAlive_DoesNothing()
    {
        await SpawnAsync();
        _reloader.Tell(new ReloaderOrder.SpawnSuccessor(Again: true) { Generation = 2 });
        _reloader.Tell(new ReloaderOrder.SpawnSuccessor { Generation = 2 });
        await RoundTrip();
        Assert.Single(_launcher.Launched);
    }

    [Fact]
    public async Task Spawn_AgainAfterItsEndWasTold_StartsNoSecondOne()
    {
        var successor = await SpawnAsync();
        successor.End(1);
        successor.CloseChannel();
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorFailed>();
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorGone>();
        _reloader.Tell(new ReloaderOrder.SpawnSuccessor(Again: true) { Generation = 2 }); // an actor restarted before LifecycleActor read of the end
        await RoundTrip();
        Assert.Single(_launcher.Launched);
        _reloader.Tell(new ReloaderOrder.SpawnSuccessor { Generation = 2 });
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorSpawned>();
        Assert.Equal(2, _launcher.Launched.Count);
    }

    // A predecessor that dies before it has read hello must not take the sockets along.
    [Fact]
    public async Task Spawn_SuccessorThatHasSaidNothing_IsSentTheSockets()
    {
        var (a, b) = OfferTwo();
        _reloader.Tell(new ReloaderOrder.SpawnSuccessor { Generation = 2 });
        var sent = await _successor.ExpectMsgAsync<FakeSuccessor.Sent>();
        var ahead = Assert.IsType<WelcomeFrame>(sent.Frame);
        Assert.Equal((HandoverVersion.AheadOfHello, 2), (ahead.Version, ahead.Generation));
        Assert.Equal([new EndpointOffer("127.0.0.1:0", 0), new EndpointOffer("127.0.0.1:0", 1)], ahead.Endpoints);
        Assert.Equal([a, b], sent.Fds);
        await RoundTrip();
        Assert.All([a, b], fd => Assert.True(FileDescriptors.IsOpen(fd))); // hello is answered with the same

        _launcher.Last.End(1);
        _launcher.Last.CloseChannel();
        await _lifecycle.FishForMessageAsync(message => message is LifecycleEvent.SuccessorGone);
        Assert.All([a, b], fd => Assert.False(FileDescriptors.IsOpen(fd)));
    }

    [Fact]
    public async Task Spawn_EndedBeforeTheSocketsAreThere_StartsNothingAndClosesThem()
    {
        var (a, b) = OfferTwo();
        var offered = new TaskCompletionSource<object>();
        var (listeners, slot) = (Sys.ActorOf(Props.Create(() => new LateListeners(offered.Task))), new SuccessorSlot());
        var reloader = Supervise(Props.Create(() => new ReloaderActor(
            slot, _launcher, Identity.Adopt("/nowhere/ips.pid", null, null, _log), listeners, _mover.Ref, _lifecycle.Ref, _options, _log)));
        reloader.Tell(new ReloaderOrder.SpawnSuccessor { Generation = 2 });
        reloader.Tell(new ReloaderOrder.EndSuccessor(false, "a stop"));
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorGone>();
        offered.SetResult(_offer);
        await Until(() => !FileDescriptors.IsOpen(a) && !FileDescriptors.IsOpen(b));
        Assert.Empty(_launcher.Launched);
    }

    [Fact]
    public async Task Hello_CommonVersion_IsWelcomedWithTheSocketsAndClosesItsDuplicates()
    {
        var (a, b) = OfferTwo();
        var successor = await SpawnAsync();
        successor.Say(new HelloFrame(1, 9, 101, "2.0"));
        var sent = await _successor.ExpectMsgAsync<FakeSuccessor.Sent>();
        var welcome = Assert.IsType<WelcomeFrame>(sent.Frame);
        Assert.Equal((HandoverVersion.Max, 2, false, false, 1000L), (welcome.Version, welcome.Generation, welcome.Lock, welcome.Control, welcome.HealthIntervalMs));
        Assert.Equal([new EndpointOffer("127.0.0.1:0", 0), new EndpointOffer("127.0.0.1:0", 1)], welcome.Endpoints);
        Assert.Equal([(1, Environment.ProcessId)], welcome.Generations!.Select(generation => (generation.Generation, generation.Pid)));
        Assert.Equal([a, b], sent.Fds);
        await RoundTrip();
        Assert.Throws<PosixException>(() => FileDescriptors.IsCloseOnExec(a)); // closed
        Assert.Throws<PosixException>(() => FileDescriptors.IsCloseOnExec(b));
        Assert.Equal(new LifecycleEvent.SuccessorGreeted("2.0"), await _lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorGreeted>());
    }

    [Fact]
    public async Task Hello_Twice_IsWelcomedOnce()
    {
        var successor = await SpawnAsync();
        successor.Say(new HelloFrame(1, 1, 101, "2.0"));
        successor.Say(new HelloFrame(1, 1, 101, "2.0"));
        await _successor.ExpectMsgAsync<FakeSuccessor.Sent>();
        await RoundTrip();
        Assert.False(_successor.HasMessages);
        Assert.True(_log.Has(EventIds.FrameUnexpected));
    }

    [Fact]
    public async Task Hello_NoCommonVersion_IsRefusedWithBothRanges()
    {
        var successor = await SpawnAsync();
        successor.Say(new HelloFrame(7, 9, 101, "2.0"));
        var refused = Assert.IsType<RefusedFrame>((await _successor.ExpectMsgAsync<FakeSuccessor.Sent>()).Frame);
        Assert.Equal("it speaks handover versions 7 to 9, this generation 1 to 2", refused.Reason);
        Assert.Equal(refused.Reason, (await _lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorFailed>()).Reason);
    }

    [Fact]
    public async Task Spawn_SocketsCannotBeOffered_FailsAtOnceAndStartsNothing()
    {
        _offer = new Status.Failure(new PosixException("fcntl", Errno.EMFILE, "descriptor 12"));
        _reloader.Tell(new ReloaderOrder.SpawnSuccessor { Generation = 2 });
        Assert.Contains("descriptor 12", (await _lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorFailed>()).Reason, StringComparison.Ordinal);
        _reloader.Tell(new ReloaderOrder.EndSuccessor(false, "it failed"));
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorGone>();
        Assert.Empty(_launcher.Launched);
    }

    [Fact]
    public async Task Ready_BeforeTheWelcome_IsAFailureAndLoggedOnce()
    {
        var successor = await SpawnAsync();
        for (var i = 0; i < 3; i++) successor.Say(new ReadyFrame());
        Assert.Contains("ReadyFrame", (await _lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorFailed>()).Reason, StringComparison.Ordinal);
        await RoundTrip();
        Assert.Equal(1, _log.Count(EventIds.FrameUnexpected));
        Assert.False(_lifecycle.HasMessages);
    }

    [Fact]
    [Trait("issue", "11")]
    public async Task Frame_ThatCannotBeActedOn_IsTheSuccessorsFailureAndNotTheActors()
    {
        var successor = await SpawnAsync();
        successor.Say(new HelloFrame(1, 1, successor.Pid, "2.0"));
        successor.Say(new ReadyFrame([null!])); // the codec lets none through
        await _lifecycle.FishForMessageAsync(message => message is LifecycleEvent.SuccessorFailed { Reason: var reason } && reason.Contains("could not be acted on", StringComparison.Ordinal));
        Assert.True(_log.Has(EventIds.FrameFailed));
    }

    [Fact]
    [Trait("issue", "11")]
    public async Task GiveUp_WhileASuccessorIsUnderWay_IsItsFailure()
    {
        await ServeAsync();
        _reloader.Tell(new ReloaderOrder.GiveUpSuccessor("it failed again and again"));
        Assert.Equal(new LifecycleEvent.SuccessorFailed("it failed again and again", Responsive: false), await _lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorFailed>());
    }

    [Fact]
    public async Task Frame_WithDescriptorsThatNoFrameCarries_ClosesThem()
    {
        var successor = await SpawnAsync();
        var (a, b) = FdPassing.SocketPair();
        successor.Say(new ReadyFrame(), a, b);
        await RoundTrip();
        Assert.Throws<PosixException>(() => FileDescriptors.IsCloseOnExec(a));
        Assert.Throws<PosixException>(() => FileDescriptors.IsCloseOnExec(b));
    }

    [Fact]
    public async Task WholeHandover_EachWord_ReachesTheOther()
    {
        var successor = await ServeAsync();
        successor.Say(new HealthFrame(true, 10, 0));
        _reloader.Tell(new ReloaderOrder.SendPromote { History = [.. Enumerable.Range(1, 19).Select(Receipt)] });
        Assert.Equal([8, 8, 3], new[] { await SentAsync<HistoryFrame>(), await SentAsync<HistoryFrame>(), await SentAsync<HistoryFrame>() }.Select(h => h.Receipts.Count));
        Assert.Equal(new PromoteFrame(), await SentAsync<PromoteFrame>());
        successor.Say(new PromotedFrame());
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.PromotionAcknowledged>();
        Clock.Advance(Silence); // a promoted successor reports no more
        _reloader.Tell(new ReloaderOrder.SendHistory([Receipt(20)]));
        Assert.Single((await SentAsync<HistoryFrame>()).Receipts);
        _reloader.Tell(new ReloaderOrder.SendFarewell { Counts = new DrainCounts(12, 99, 8, 3, 2, 70) });
        Assert.Equal(new FarewellFrame(12, 3, 99, 8, 2, 70), await SentAsync<FarewellFrame>());
        await RoundTrip();
        Assert.False(_lifecycle.HasMessages);

        successor.End(0, SignalNumbers.SIGKILL);
        successor.CloseChannel();
        Assert.True((await _lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorGone>()).Crashed); // and no failure: the reload is over
    }

    [Theory]
    [InlineData(true)] // it has a successor of its own
    [InlineData(null)] // it stops
    public async Task Promoted_SaysThatItLeavesAndEnds_HasNotCrashed(bool? finish)
    {
        var successor = await ServeAsync();
        await PromoteAsync(successor);
        successor.Say(new LeavingFrame(finish));
        await _lifecycle.FishForMessageAsync(message => message is LifecycleEvent.SuccessorLeaving);
        successor.End(0, 0);
        successor.CloseChannel();
        Assert.False((await _lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorGone>()).Crashed);
    }

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

        Assert.False(_lifecycle.HasMessages);
    }

    [Fact]
    public async Task Health_ThreeReportsMissing_IsAFailureThatCannotFinishRequests()
    {
        await ServeAsync();
        Clock.Advance(Silence);
        var failed = await _lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorFailed>();
        Assert.Equal(("it sent no health report for 3 intervals of 1 s", false), (failed.Reason, failed.Responsive));
    }

    [Theory]
    [InlineData("health check 'store' is unhealthy", "health check 'store' is unhealthy")]
    [InlineData(null, "its health report is negative")]
    public async Task Health_Negative_IsAFailureThatFinishesRequests(string? reason, string expected)
    {
        var successor = await ServeAsync();
        successor.Say(new HealthFrame(false, 1, 1, reason));
        Assert.Equal(new LifecycleEvent.SuccessorFailed(expected, Responsive: true), await _lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorFailed>());
        Clock.Advance(Silence);
        await RoundTrip();
        Assert.False(_lifecycle.HasMessages); // told once
    }

    [Fact]
    public async Task Failed_AtAnyTime_IsTheReason()
    {
        var successor = await SpawnAsync();
        successor.Say(new FailedFrame("SIGTERM"));
        Assert.Equal(new LifecycleEvent.SuccessorFailed("SIGTERM", Responsive: true), await _lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorFailed>());
    }

    [Theory]
    [InlineData(true, 1, 0, "it exited with 1")]
    [InlineData(false, 1, 0, "it exited with 1")]
    [InlineData(true, 0, SignalNumbers.SIGKILL, "it was killed by SIGKILL (9)")]
    public async Task Death_ChannelAndStatusInAnyOrder_IsToldOnceWithTheStatus(bool channelFirst, int code, int signal, string reason)
    {
        var successor = await SpawnAsync();
        if (channelFirst)
        {
            successor.CloseChannel();
            await RoundTrip();
            successor.End(code, signal);
        }
        else
        {
            successor.End(code, signal);
            await RoundTrip();
            successor.CloseChannel();
        }

        Assert.Equal(new LifecycleEvent.SuccessorFailed(reason, Responsive: false), await _lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorFailed>());
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorGone>();
        Assert.True(successor.Disposed);
        _reloader.Tell(new ReloaderOrder.EndSuccessor(false, "it failed"));
        await RoundTrip();
        Assert.False(_lifecycle.HasMessages); // gone once, not again for the next one
    }

    [Fact]
    public async Task Death_AfterItsOwnWord_KeepsTheFirstReason()
    {
        var successor = await SpawnAsync();
        successor.Say(new FailedFrame("the store cannot be opened"));
        successor.CloseChannel();
        successor.End(1);
        Assert.Equal("the store cannot be opened", (await _lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorFailed>()).Reason);
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorGone>();
    }

    // Believed, it would be watched no more, and its end would be no failure: nobody would take the role back.
    [Fact]
    public async Task Promoted_NotToldToBe_IsAFailure()
    {
        var successor = await ServeAsync();
        successor.Say(new PromotedFrame());
        Assert.Contains("PromotedFrame", (await _lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorFailed>()).Reason, StringComparison.Ordinal);
        Assert.True(_log.Has(EventIds.FrameUnexpected));
        successor.CloseChannel();
        successor.End(3);
        Assert.False((await _lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorGone>()).Crashed);
    }

    // Its words come back to it with `stop`, which must fit a packet, six bytes for some characters.
    [Fact]
    public async Task Failed_AtLength_IsCut()
    {
        var successor = await SpawnAsync();
        successor.Say(new FailedFrame(new string('\'', 100_000)));
        var reason = (await _lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorFailed>()).Reason;
        Assert.Equal($"{new string('\'', 1000)}…", reason);
    }

    [Fact]
    public async Task Spawn_MoreSocketsThanAPacketTakes_IsAFailureThatSaysSo()
    {
        var sockets = Enumerable.Range(0, FdPassing.MaxDescriptors + 1).Select(i => new OfferedSocket($"127.0.0.1:{i}", 0, FileDescriptors.Duplicate(0))).ToList();
        _offer = new ListenerProtocol.Offered(sockets);
        _reloader.Tell(new ReloaderOrder.SpawnSuccessor { Generation = 2 });
        var failed = await _lifecycle.FishForMessageAsync<LifecycleEvent>(message => message is LifecycleEvent.SuccessorFailed);
        Assert.Contains("they are 65, and 64 fit", ((LifecycleEvent.SuccessorFailed)failed).Reason, StringComparison.Ordinal);
        _launcher.Last.End(1);
        _launcher.Last.CloseChannel();
        await _lifecycle.FishForMessageAsync(message => message is LifecycleEvent.SuccessorGone);
        Assert.All(sockets, socket => Assert.False(FileDescriptors.IsOpen(socket.Fd)));
    }

    [Fact]
    public async Task Channel_GarbageOnIt_IsInTheReason()
    {
        var successor = await SpawnAsync();
        successor.CloseChannel("The packet is no handover frame: 'GET / HTTP/1.1..'");
        await RoundTrip();
        Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Contains("'GET / HTTP/1.1..'", (await _lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorFailed>()).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Channel_ClosedWithoutExit_IsAFailureAfterASecond()
    {
        var successor = await SpawnAsync();
        successor.CloseChannel();
        await RoundTrip();
        Clock.Advance(TimeSpan.FromSeconds(0.9));
        await RoundTrip();
        Assert.False(_lifecycle.HasMessages);
        Clock.Advance(TimeSpan.FromSeconds(0.1));
        Assert.Equal("it closed the handover channel without exiting", (await _lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorFailed>()).Reason);
        successor.Deaf = true;
        _reloader.Tell(new ReloaderOrder.EndSuccessor(true, "it failed")); // nobody hears stop
        Assert.Equal("signal SIGTERM", await _successor.ExpectMsgAsync<string>());
        successor.End(0, SignalNumbers.SIGTERM);
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorGone>();
    }

    [Fact]
    public async Task Exit_ChannelInheritedByAChildOfIt_IsGoneAfterASecond()
    {
        var successor = await SpawnAsync();
        successor.End(3);
        await successor.Exited;
        await Until(
            async () =>
            {
                Clock.Advance(TimeSpan.FromSeconds(1)); // the exit comes through the pool: a second may pass before it is known
                await RoundTrip();
                return _lifecycle.HasMessages;
            });
        Assert.Equal("it exited with 3", (await _lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorFailed>()).Reason);
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorGone>();
    }

    [Fact]
    public async Task EndSuccessor_ItDoesNotEnd_IsAskedThenTerminatedThenKilled()
    {
        var successor = await SpawnAsync();
        _reloader.Tell(new ReloaderOrder.EndSuccessor(false, "not ready in time"));
        Assert.Equal(new StopFrame("not ready in time", 5000), (await _successor.ExpectMsgAsync<FakeSuccessor.Sent>()).Frame);
        await RoundTrip();
        Clock.Advance(_options.Reload.KillTimeout);
        Assert.Equal("signal SIGTERM", await _successor.ExpectMsgAsync<string>());
        await RoundTrip();
        Clock.Advance(_options.Reload.KillTimeout);
        Assert.Equal("signal SIGKILL", await _successor.ExpectMsgAsync<string>());
        successor.End(0, SignalNumbers.SIGKILL);
        successor.CloseChannel();
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorGone>();
        Assert.False(_lifecycle.HasMessages); // its end was ordered: no failure
    }

    [Fact]
    public async Task EndSuccessor_RequestsToFinish_GetsTheDrainTime()
    {
        await ServeAsync();
        _reloader.Tell(new ReloaderOrder.EndSuccessor(true, "unhealthy"));
        Assert.Equal(32_000, Assert.IsType<StopFrame>((await _successor.ExpectMsgAsync<FakeSuccessor.Sent>()).Frame).DeadlineMs);
        await RoundTrip();
        Clock.Advance(TimeSpan.FromSeconds(31.9));
        await RoundTrip();
        Assert.False(_successor.HasMessages);
        Clock.Advance(TimeSpan.FromSeconds(0.1));
        Assert.Equal("signal SIGTERM", await _successor.ExpectMsgAsync<string>());
    }

    [Fact]
    public async Task EndSuccessor_AgainAndAtOnce_Escalates()
    {
        await ServeAsync();
        _reloader.Tell(new ReloaderOrder.EndSuccessor(true, "unhealthy"));
        await _successor.ExpectMsgAsync<FakeSuccessor.Sent>();
        _reloader.Tell(new ReloaderOrder.EndSuccessor(true, "again, after a restart"));
        await RoundTrip();
        Assert.False(_successor.HasMessages);
        _reloader.Tell(new ReloaderOrder.EndSuccessor(false, "second stop"));
        Assert.Equal("signal SIGTERM", await _successor.ExpectMsgAsync<string>());
    }

    [Fact]
    public async Task KillSuccessor_AtAnyStage_KillsAtOnceUnlessPromoted()
    {
        await ServeAsync();
        _reloader.Tell(new ReloaderOrder.EndSuccessor(true, "stop"));
        await _successor.ExpectMsgAsync<FakeSuccessor.Sent>();
        _reloader.Tell(new ReloaderOrder.KillSuccessor());
        Assert.Equal("signal SIGKILL", await _successor.ExpectMsgAsync<string>());
    }

    [Fact]
    public async Task KillSuccessor_Promoted_IsLeftAlone()
    {
        var successor = await ServeAsync();
        await PromoteAsync(successor);
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.PromotionAcknowledged>();
        _reloader.Tell(new ReloaderOrder.KillSuccessor());
        await RoundTrip();
        Assert.False(_successor.HasMessages);
    }

    [Fact]
    public async Task Restart_OnProbation_WatchesHealthAndDeathAgain()
    {
        var successor = await ServeAsync();
        _reloader.Tell(Kill.Instance);
        await RoundTrip();
        Clock.Advance(Silence);
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorFailed>();
        _reloader.Tell(Kill.Instance);
        successor.CloseChannel();
        successor.End(1);
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorGone>();
    }

    [Fact]
    public async Task Restart_WhileEnding_EscalatesWhenAskedAgain()
    {
        await SpawnAsync();
        _reloader.Tell(new ReloaderOrder.EndSuccessor(false, "not ready in time"));
        await _successor.ExpectMsgAsync<FakeSuccessor.Sent>();
        _reloader.Tell(Kill.Instance);
        _reloader.Tell(new ReloaderOrder.EndSuccessor(true, "restart of an actor"));
        await RoundTrip();
        Clock.Advance(TimeSpan.FromSeconds(32));
        Assert.Equal("signal SIGTERM", await _successor.ExpectMsgAsync<string>());
        await RoundTrip();
        Clock.Advance(_options.Reload.KillTimeout);
        Assert.Equal("signal SIGKILL", await _successor.ExpectMsgAsync<string>());
    }

    [Fact]
    public async Task LateEvents_OfASuccessorThatIsGone_ChangeNothing()
    {
        var first = await SpawnAsync();
        first.CloseChannel();
        first.End(1);
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorFailed>();
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorGone>();
        await SpawnAsync();
        var (a, b) = FdPassing.SocketPair();
        first.Say(new FailedFrame("late"), a, b);
        first.CloseChannel();
        await RoundTrip();
        Assert.False(_lifecycle.HasMessages);
        Assert.Throws<PosixException>(() => FileDescriptors.IsCloseOnExec(a));
    }

    [Theory]
    [InlineData(100, 10, true)]
    [InlineData(100, 11, false)]
    [InlineData(19, 19, true)] // too few to judge
    public async Task Health_ServerErrors_AreJudgedAboveTheRatioAndTheMinimum(int requests, int errors, bool good)
    {
        (_options.Reload.MaxErrorRatio, _options.Reload.MinRequests) = (0.1, 20);
        var successor = await ServeAsync();
        successor.Say(new HealthFrame(true, requests, errors));
        await RoundTrip();
        if (!good)
        {
            Assert.Contains("ips.reload.max-error-ratio = 0.1", (await _lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorFailed>()).Reason, StringComparison.Ordinal);
        }

        Assert.False(_lifecycle.HasMessages);
    }

    [Fact]
    public async Task HealthUrl_FailsThreeTimesInARow_IsAFailureThatFinishesRequests()
    {
        _options.Reload.HealthUrl = "http://127.0.0.1:1/healthz";
        var successor = await ServeAsync();
        (await _healthUrl.Asked.Reader.ReadAsync().AsTask().WaitAsync(Patience)).SetResult(null); // asked while this generation answers it
        foreach (var (fault, inARow) in new[] { ("503", 1), ("503", 2), (null, 0), ("503", 1), ("503", 2), ("503", 3) })
        {
            Assert.False(_lifecycle.HasMessages);
            Clock.Advance(_options.Reload.HealthInterval);
            (await _healthUrl.Asked.Reader.ReadAsync().AsTask().WaitAsync(Patience)).SetResult(fault);
            await Until(() => (_slot.State as SuccessorState.OnProbation)?.UrlFailures == (inARow < 3 ? inARow : null)); // answers are piped, each on its own
            successor.Say(new HealthFrame(true, 1, 0));
            await RoundTrip();
        }

        var failed = await _lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorFailed>();
        Assert.True(failed.Responsive);
        Assert.Contains("failed 3 times in a row: 503", failed.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Spawn_TooManyGenerations_AbortsTheOldestFirst()
    {
        _older.Generations.AddRange([new GenerationEntry(3, 103, 1), new GenerationEntry(4, 104, 2), new GenerationEntry(5, 105, 3)]);
        _reloader.Tell(new ReloaderOrder.SpawnSuccessor { Generation = 7 });
        var (generation, aborted) = await _older.Aborting.Reader.ReadAsync().AsTask().WaitAsync(Patience);
        Assert.Equal(3, generation.Generation);
        _reloader.Tell(new ReloaderOrder.SpawnSuccessor(Again: true) { Generation = 7 }); // an actor restarted
        _reloader.Tell(Kill.Instance);
        await RoundTrip();
        Assert.Empty(_launcher.Launched);
        aborted.SetResult();
        Assert.Equal([3], (await _lifecycle.ExpectMsgAsync<LifecycleEvent.GenerationsAborted>()).Generations);
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorSpawned>();
        Assert.Single(_launcher.Launched);
    }

    [Fact]
    public async Task Spawn_TooManyGenerationsAndRefusedByConfiguration_SaysWhoDrains()
    {
        _options.Reload.WhenFull = WhenFull.Refuse;
        _older.Generations.AddRange([new GenerationEntry(3, 103, 1), new GenerationEntry(4, 104, 2), new GenerationEntry(5, 105, 3)]);
        _reloader.Tell(new ReloaderOrder.SpawnSuccessor { Generation = 7 });
        var failed = await _lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorFailed>();
        Assert.Contains("3 (PID 103), 4 (PID 104), 5 (PID 105)", failed.Reason, StringComparison.Ordinal);
        _reloader.Tell(new ReloaderOrder.EndSuccessor(false, failed.Reason));
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorGone>();
        Assert.Empty(_launcher.Launched);
    }

    [Fact]
    public async Task Spawn_EndedWhileRoomIsMade_StartsNothing()
    {
        _older.Generations.AddRange([new GenerationEntry(3, 103, 1), new GenerationEntry(4, 104, 2), new GenerationEntry(5, 105, 3)]);
        _reloader.Tell(new ReloaderOrder.SpawnSuccessor { Generation = 7 });
        var (_, aborted) = await _older.Aborting.Reader.ReadAsync().AsTask().WaitAsync(Patience);
        _reloader.Tell(new ReloaderOrder.EndSuccessor(false, "stop"));
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorGone>();
        aborted.SetResult();
        await RoundTrip();
        Assert.Empty(_launcher.Launched);
    }

    [Fact]
    public async Task MoveConnections_Promoted_CarriesToTheEndpointsThatItNamed()
    {
        var successor = await ServeAsync();
        await PromoteAsync(successor);
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.PromotionAcknowledged>();
        _reloader.Tell(new ReloaderOrder.MoveConnections());
        var begin = await _mover.ExpectMsgAsync<MoverProtocol.Begin>();
        Assert.Equal([new EndpointKey("127.0.0.1:0", 1)], begin.Endpoints);
        var (a, b) = FdPassing.SocketPair();
        begin.Carrier.Tell(new MoverProtocol.Carry([new MovedConnection(new EndpointKey("127.0.0.1:0", 1), a, "GET "u8.ToArray())]));
        var sent = await _successor.ExpectMsgAsync<FakeSuccessor.Sent>();
        Assert.Equal("GET "u8.ToArray(), Assert.Single(Assert.IsType<ConnectionsFrame>(sent.Frame).Connections).Leftover);
        Assert.Equal([a], sent.Fds);
        Assert.True(FileDescriptors.IsCloseOnExec(a)); // kept until it is acknowledged
        successor.Say(new AdoptedFrame(1));
        Assert.Equal(new MoverProtocol.Delivered(1), await _mover.ExpectMsgAsync<MoverProtocol.Delivered>());
        Assert.Throws<PosixException>(() => FileDescriptors.IsCloseOnExec(a));
        FileDescriptors.Close(b);
    }

    [Fact]
    public async Task MoveConnections_SuccessorHasNoRoom_AreAdoptedHereAgainAndTheMoverHearsOfIt()
    {
        var successor = await ServeAsync();
        await PromoteAsync(successor);
        _reloader.Tell(new ReloaderOrder.MoveConnections());
        var begin = await _mover.ExpectMsgAsync<MoverProtocol.Begin>();
        var (a, b) = FdPassing.SocketPair();
        var connection = new MovedConnection(new EndpointKey("127.0.0.1:0", 1), a, "GET "u8.ToArray());
        begin.Carrier.Tell(new MoverProtocol.Carry([connection]));
        await SentAsync<ConnectionsFrame>();
        successor.Say(new DeclinedFrame(1));
        await _mover.ExpectMsgAsync<MoverProtocol.CarrierLeaving>();
        Assert.Equal([connection], (await _listeners.ExpectMsgAsync<ListenerProtocol.Adopt>()).Connections);
        await RoundTrip();
        Assert.False(_mover.HasMessages); // not before it counts as open here
        _listeners.Reply(new ListenerProtocol.Adopted(1, 0));
        Assert.Equal(new MoverProtocol.Returned(1, UnmovableReason.Declined), await _mover.ExpectMsgAsync<MoverProtocol.Returned>());
        Assert.True(FileDescriptors.IsCloseOnExec(a)); // the listeners' from here on
        FileDescriptors.Close(a);
        FileDescriptors.Close(b);
    }

    [Fact]
    public async Task MoveConnections_SuccessorDiesMeanwhile_TakesBackWhatItHadNotAcknowledged()
    {
        var successor = await ServeAsync();
        await PromoteAsync(successor);
        _reloader.Tell(new ReloaderOrder.MoveConnections());
        var begin = await _mover.ExpectMsgAsync<MoverProtocol.Begin>();
        var (a, b) = FdPassing.SocketPair();
        var (onItsWay, late) = (new MovedConnection(default, a, "GET "u8.ToArray()), new MovedConnection(default, b, default));
        begin.Carrier.Tell(new MoverProtocol.Carry([onItsWay]));
        await SentAsync<ConnectionsFrame>();
        successor.CloseChannel();
        await RoundTrip();
        Assert.False(_mover.HasMessages || _listeners.HasMessages); // as long as it may live, it may read from it
        successor.End(0, SignalNumbers.SIGKILL);
        await _mover.ExpectMsgAsync<MoverProtocol.CarrierLeaving>();
        Assert.Equal([onItsWay], (await _listeners.ExpectMsgAsync<ListenerProtocol.Adopt>()).Connections);
        _listeners.Reply(new ListenerProtocol.Adopted(1, 0));
        Assert.Equal(new MoverProtocol.Returned(1, UnmovableReason.CarrierGone), await _mover.ExpectMsgAsync<MoverProtocol.Returned>());

        begin.Carrier.Tell(new MoverProtocol.Carry([late]), _mover.Ref);
        await _mover.ExpectMsgAsync<MoverProtocol.CarrierLeaving>();
        Assert.Equal([late], (await _listeners.ExpectMsgAsync<ListenerProtocol.Adopt>()).Connections);
        Assert.All([a, b], fd => Assert.True(FileDescriptors.IsOpen(fd))); // the listeners' from here on
        Array.ForEach([a, b], FileDescriptors.Close);
    }

    // It may be answering on what it was sent, so that is lost; what it was not sent is not.
    [Fact]
    public async Task MoveConnections_SuccessorClosesTheChannelAndLives_ClosesWhatItWasSentAndTakesBackTheRest()
    {
        var successor = await ServeAsync();
        await PromoteAsync(successor);
        _reloader.Tell(new ReloaderOrder.MoveConnections());
        var begin = await _mover.ExpectMsgAsync<MoverProtocol.Begin>();
        var fds = Enumerable.Range(0, ConnectionCourier.MaxInFlight + 1).Select(_ => FileDescriptors.Duplicate(0)).ToList();
        begin.Carrier.Tell(new MoverProtocol.Carry(fds.ConvertAll(fd => new MovedConnection(default, fd, default))));
        successor.CloseChannel();
        await RoundTrip();
        Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(new MoverProtocol.CarrierLost(ConnectionCourier.MaxInFlight), await _mover.ExpectMsgAsync<MoverProtocol.CarrierLost>());
        Assert.Equal([fds[^1]], (await _listeners.ExpectMsgAsync<ListenerProtocol.Adopt>()).Connections.Select(connection => connection.Fd));
        Assert.All(fds[..^1], fd => Assert.False(FileDescriptors.IsOpen(fd)));
        FileDescriptors.Close(fds[^1]);
    }

    [Fact]
    public async Task MoveConnections_SuccessorGone_TellsTheMoverSo()
    {
        _reloader.Tell(new ReloaderOrder.MoveConnections());
        await _mover.ExpectMsgAsync<MoverProtocol.CarrierLost>();
    }

    [Fact]
    public async Task Connections_GivenBackOnARollback_AreAcknowledgedAndThenDelivered()
    {
        var successor = await ServeAsync();
        _reloader.Tell(new ReloaderOrder.EndSuccessor(true, "unhealthy", Return: true));
        Assert.True((await SentAsync<StopFrame>()).Return);
        var (a, b) = ConnectionPair.Open();
        successor.Say(new ConnectionsFrame([new ConnectionOffer("127.0.0.1:0", 0), new ConnectionOffer("127.0.0.1:0", 0)]), a, b);
        Assert.Equal(new AdoptedFrame(2), await SentAsync<AdoptedFrame>());
        Assert.Equal([a, b], (await _listeners.ExpectMsgAsync<ListenerProtocol.Adopt>()).Connections.Select(connection => connection.Fd));
        _listeners.Reply(new ListenerProtocol.Adopted(2, 0));
        Array.ForEach([a, b], FileDescriptors.Close);
    }

    [Fact]
    public async Task Connections_WithoutAConnectionForEach_AreDeclined()
    {
        var successor = await ServeAsync();
        successor.Say(new FailedFrame("SIGTERM"));
        var (a, b) = ConnectionPair.Open();
        successor.Say(new ConnectionsFrame([new ConnectionOffer("127.0.0.1:0", 0)]), a, b);
        Assert.Equal(new DeclinedFrame(1), await SentAsync<DeclinedFrame>());
        Assert.False(FileDescriptors.IsOpen(a) || FileDescriptors.IsOpen(b));
        var (c, d) = FdPassing.SocketPair(); // no stream
        successor.Say(new ConnectionsFrame([new ConnectionOffer("127.0.0.1:0", 0), new ConnectionOffer("127.0.0.1:0", 0)]), c, d);
        Assert.Equal(new DeclinedFrame(2), await SentAsync<DeclinedFrame>());
        Assert.False(FileDescriptors.IsOpen(c) || FileDescriptors.IsOpen(d));
    }

    [Fact]
    [Trait("issue", "11")]
    public async Task Connections_OfASuccessorThatKeepsItsRole_AreAFailureAndClosed()
    {
        var successor = await ServeAsync();
        var (a, b) = ConnectionPair.Open();
        successor.Say(new ConnectionsFrame([new ConnectionOffer("127.0.0.1:0", 0), new ConnectionOffer("127.0.0.1:0", 0)]), a, b);
        Assert.Contains("ConnectionsFrame", (await _lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorFailed>()).Reason, StringComparison.Ordinal);
        Assert.False(FileDescriptors.IsOpen(a) || FileDescriptors.IsOpen(b));
        Assert.False(_listeners.HasMessages);
    }

    private static ReloadReceipt Receipt(int pid) => new("promoted", pid, 1, pid + 1, 2, null, DateTimeOffset.UnixEpoch, 1);

    private async Task<T> SentAsync<T>()
        where T : HandoverFrame => Assert.IsType<T>((await _successor.ExpectMsgAsync<FakeSuccessor.Sent>()).Frame);

    private async Task PromoteAsync(FakeSuccessor successor)
    {
        _reloader.Tell(new ReloaderOrder.SendPromote());
        await SentAsync<PromoteFrame>();
        successor.Say(new PromotedFrame());
    }

    private async Task<FakeSuccessor> SpawnAsync()
    {
        _reloader.Tell(new ReloaderOrder.SpawnSuccessor { Generation = 2 });
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorSpawned>();
        Assert.Equal(HandoverVersion.AheadOfHello, (await SentAsync<WelcomeFrame>()).Version);
        await RoundTrip();
        return _launcher.Last;
    }

    private async Task<FakeSuccessor> ServeAsync()
    {
        var successor = await SpawnAsync();
        successor.Say(new HelloFrame(1, 1, successor.Pid, "2.0"));
        await _successor.ExpectMsgAsync<FakeSuccessor.Sent>();
        successor.Say(new ReadyFrame([new EndpointOffer("127.0.0.1:0", 1)]));
        await _lifecycle.FishForMessageAsync(message => message is LifecycleEvent.SuccessorReady);
        _reloader.Tell(new ReloaderOrder.SendServe());
        Assert.IsType<ServeFrame>((await _successor.ExpectMsgAsync<FakeSuccessor.Sent>()).Frame);
        successor.Say(new HealthFrame(true, 0, 0));
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorServes>();
        await RoundTrip();
        return successor;
    }

    private (int, int) OfferTwo()
    {
        var (a, b) = FdPassing.SocketPair();
        _offer = new ListenerProtocol.Offered([new OfferedSocket("127.0.0.1:0", 0, a), new OfferedSocket("127.0.0.1:0", 1, b)]);
        return (a, b);
    }

    private Task RoundTrip() => RoundTrip(_reloader);

    private sealed class LateListeners : ReceiveActor
    {
        public LateListeners(Task<object> offered) => Receive<ListenerProtocol.Offer>(_ => offered.PipeTo(Sender));
    }
}
