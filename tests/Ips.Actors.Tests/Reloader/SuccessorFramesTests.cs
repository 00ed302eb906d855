using Akka.Actor;
using Akka.TestKit;
using Ips.Actors.Diagnostics;
using Ips.Actors.Handover;
using Ips.Actors.Lifecycle;
using Ips.Actors.Posix;
using Ips.Actors.Tests.Support;

namespace Ips.Actors.Tests.Reloader;

/// <summary>What a successor says, and what it is told.</summary>
public sealed class SuccessorFramesTests : ReloaderTest
{
    [Fact]
    public async Task Hello_CommonVersion_IsWelcomedWithTheSocketsAndClosesItsDuplicates()
    {
        var (a, b) = OfferTwo();
        var successor = await SpawnAsync();
        successor.Say(new HelloFrame(1, 9, 101, "2.0"));
        var sent = await Told.ExpectMsgAsync<FakeSuccessor.Sent>();
        var welcome = Assert.IsType<WelcomeFrame>(sent.Frame);
        Assert.Equal((HandoverVersion.Max, 2, false, false, 1000L),
            (welcome.Version, welcome.Generation, welcome.Lock, welcome.Control, welcome.HealthIntervalMs));
        Assert.Equal([new EndpointOffer("127.0.0.1:0", 0), new EndpointOffer("127.0.0.1:0", 1)], welcome.Endpoints);
        Assert.Equal([(1, Environment.ProcessId)], welcome.Generations!.Select(generation => (generation.Generation, generation.Pid)));
        Assert.Equal([a, b], sent.Fds);
        await RoundTrip();
        Assert.Throws<PosixException>(() => FileDescriptors.IsCloseOnExec(a)); // closed
        Assert.Throws<PosixException>(() => FileDescriptors.IsCloseOnExec(b));
        Assert.Equal(new LifecycleEvent.SuccessorGreeted("2.0"), await Lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorGreeted>());
    }

    [Fact]
    public async Task Hello_Twice_IsWelcomedOnce()
    {
        var successor = await SpawnAsync();
        successor.Say(new HelloFrame(1, 1, 101, "2.0"));
        successor.Say(new HelloFrame(1, 1, 101, "2.0"));
        await Told.ExpectMsgAsync<FakeSuccessor.Sent>();
        await RoundTrip();
        Assert.False(Told.HasMessages);
        Assert.True(Written.Has(EventIds.FrameUnexpected));
    }

    [Fact]
    public async Task Hello_NoCommonVersion_IsRefusedWithBothRanges()
    {
        var successor = await SpawnAsync();
        successor.Say(new HelloFrame(7, 9, 101, "2.0"));
        var refused = Assert.IsType<RefusedFrame>((await Told.ExpectMsgAsync<FakeSuccessor.Sent>()).Frame);
        Assert.Equal("it speaks handover versions 7 to 9, this generation 1 to 4", refused.Reason);
        Assert.Equal(refused.Reason, (await Lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorFailed>()).Reason);
    }

    [Fact]
    public async Task Ready_BothWriteTheSameFile_IsToldAheadOfIt()
    {
        SharedFiles = ["/srv/a.log", "/srv/b.log"];
        var successor = await SpawnAsync();
        successor.Say(new HelloFrame(1, 1, successor.Pid, "2.0"));
        successor.Say(new ReadyFrame());
        await Lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorGreeted>();
        Assert.Equal(SharedFiles, (await Lifecycle.ExpectMsgAsync<LifecycleEvent.FilesShared>()).Paths);
        await Lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorReady>();
        Assert.Contains("/srv/a.log, /srv/b.log", Assert.Single(Written.Entries, entry => entry.Id.Id == EventIds.FilesShared).Text,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ready_BeforeTheWelcome_IsAFailureAndLoggedOnce()
    {
        var successor = await SpawnAsync();
        for (var i = 0; i < 3; i++) successor.Say(new ReadyFrame());
        Assert.Contains("ReadyFrame", (await Lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorFailed>()).Reason, StringComparison.Ordinal);
        await RoundTrip();
        Assert.Equal(1, Written.Count(EventIds.FrameUnexpected));
        Assert.False(Lifecycle.HasMessages);
    }

    [Fact]
    [Trait("issue", "11")]
    public async Task Frame_ThatCannotBeActedOn_IsTheSuccessorsFailureAndNotTheActors()
    {
        var successor = await SpawnAsync();
        successor.Say(new HelloFrame(1, 1, successor.Pid, "2.0"));
        successor.Say(new ReadyFrame([null!])); // the codec lets none through
        await Lifecycle.FishForMessageAsync(message => message is LifecycleEvent.SuccessorFailed { Reason: var reason }
            && reason.Contains("could not be acted on", StringComparison.Ordinal));
        Assert.True(Written.Has(EventIds.FrameFailed));
    }

    [Fact]
    [Trait("issue", "11")]
    public async Task GiveUp_WhileASuccessorIsUnderWay_IsItsFailure()
    {
        await ServeAsync();
        Reloader.Tell(new ReloaderOrder.GiveUpSuccessor("it failed again and again"));
        Assert.Equal(new LifecycleEvent.SuccessorFailed("it failed again and again", Responsive: false),
            await Lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorFailed>());
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
        Reloader.Tell(new ReloaderOrder.SendPromote { History = [.. Enumerable.Range(1, 19).Select(Receipt)] });
        Assert.Equal([8, 8, 3], new[] { await SentAsync<HistoryFrame>(), await SentAsync<HistoryFrame>(),
            await SentAsync<HistoryFrame>() }.Select(h => h.Receipts.Count));
        Assert.Equal(new PromoteFrame(), await SentAsync<PromoteFrame>());
        successor.Say(new PromotedFrame());
        await Lifecycle.ExpectMsgAsync<LifecycleEvent.PromotionAcknowledged>();
        Clock.Advance(Silence); // a promoted successor reports no more
        Reloader.Tell(new ReloaderOrder.SendHistory([Receipt(20)]));
        Assert.Single((await SentAsync<HistoryFrame>()).Receipts);
        Reloader.Tell(new ReloaderOrder.SendFarewell { Counts = new DrainCounts(12, 99, 8, 3, 2, 70) });
        Assert.Equal(new FarewellFrame(12, 3, 99, 8, 2, 70), await SentAsync<FarewellFrame>());
        await RoundTrip();
        Assert.False(Lifecycle.HasMessages);

        successor.End(0, SignalNumbers.SIGKILL);
        successor.CloseChannel();
        Assert.True((await Lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorGone>()).Crashed); // and no failure: the reload is over
    }

    [Theory]
    [InlineData(true)] // it has a successor of its own
    [InlineData(null)] // it stops
    public async Task Promoted_SaysThatItLeavesAndEnds_HasNotCrashed(bool? finish)
    {
        var successor = await ServeAsync();
        await PromoteAsync(successor);
        successor.Say(new LeavingFrame(finish));
        await Lifecycle.FishForMessageAsync(message => message is LifecycleEvent.SuccessorLeaving);
        successor.End(0, 0);
        successor.CloseChannel();
        Assert.False((await Lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorGone>()).Crashed);
    }

    [Fact]
    public async Task Failed_AtAnyTime_IsTheReason()
    {
        var successor = await SpawnAsync();
        successor.Say(new FailedFrame("SIGTERM"));
        Assert.Equal(new LifecycleEvent.SuccessorFailed("SIGTERM", Responsive: true),
            await Lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorFailed>());
    }

    // Believed, it would be watched no more, and its end would be no failure: nobody would take the role back.
    [Fact]
    public async Task Promoted_NotToldToBe_IsAFailure()
    {
        var successor = await ServeAsync();
        successor.Say(new PromotedFrame());
        Assert.Contains("PromotedFrame", (await Lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorFailed>()).Reason,
            StringComparison.Ordinal);
        Assert.True(Written.Has(EventIds.FrameUnexpected));
        successor.CloseChannel();
        successor.End(3);
        Assert.False((await Lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorGone>()).Crashed);
    }

    // Its words come back to it with `stop`, which must fit a packet, six bytes for some characters.
    [Fact]
    public async Task Failed_AtLength_IsCut()
    {
        var successor = await SpawnAsync();
        successor.Say(new FailedFrame(new string('\'', 100_000)));
        var reason = (await Lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorFailed>()).Reason;
        Assert.Equal($"{new string('\'', 1000)}…", reason);
    }

    private static ReloadReceipt Receipt(int pid) => new("promoted", pid, 1, pid + 1, 2, null, DateTimeOffset.UnixEpoch, 1);
}
