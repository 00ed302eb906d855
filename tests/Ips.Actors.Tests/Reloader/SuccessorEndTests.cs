using Akka.Actor;
using Akka.TestKit;
using Ips.Actors.Handover;
using Ips.Actors.Lifecycle;
using Ips.Actors.Posix;
using Ips.Actors.Tests.Support;

namespace Ips.Actors.Tests.Reloader;

/// <summary>How a successor ends, or is ended, and what a restart of its owner keeps.</summary>
public sealed class SuccessorEndTests : ReloaderTest
{
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

        Assert.Equal(new LifecycleEvent.SuccessorFailed(reason, Responsive: false),
            await Lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorFailed>());
        await Lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorGone>();
        Assert.True(successor.Disposed);
        Reloader.Tell(new ReloaderOrder.EndSuccessor(false, "it failed"));
        await RoundTrip();
        Assert.False(Lifecycle.HasMessages); // gone once, not again for the next one
    }

    [Fact]
    public async Task Death_AfterItsOwnWord_KeepsTheFirstReason()
    {
        var successor = await SpawnAsync();
        successor.Say(new FailedFrame("the store cannot be opened"));
        successor.CloseChannel();
        successor.End(1);
        Assert.Equal("the store cannot be opened", (await Lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorFailed>()).Reason);
        await Lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorGone>();
    }

    [Fact]
    public async Task Channel_GarbageOnIt_IsInTheReason()
    {
        var successor = await SpawnAsync();
        successor.CloseChannel("The packet is no handover frame: 'GET / HTTP/1.1..'");
        await RoundTrip();
        Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Contains("'GET / HTTP/1.1..'", (await Lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorFailed>()).Reason,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Channel_ClosedWithoutExit_IsAFailureAfterASecond()
    {
        var successor = await SpawnAsync();
        successor.CloseChannel();
        await RoundTrip();
        Clock.Advance(TimeSpan.FromSeconds(0.9));
        await RoundTrip();
        Assert.False(Lifecycle.HasMessages);
        Clock.Advance(TimeSpan.FromSeconds(0.1));
        Assert.Equal("it closed the handover channel without exiting",
            (await Lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorFailed>()).Reason);
        successor.Deaf = true;
        Reloader.Tell(new ReloaderOrder.EndSuccessor(true, "it failed")); // nobody hears stop
        Assert.Equal("signal SIGTERM", await Told.ExpectMsgAsync<string>());
        successor.End(0, SignalNumbers.SIGTERM);
        await Lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorGone>();
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
                return Lifecycle.HasMessages;
            });
        Assert.Equal("it exited with 3", (await Lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorFailed>()).Reason);
        await Lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorGone>();
    }

    [Fact]
    public async Task EndSuccessor_ItDoesNotEnd_IsAskedThenTerminatedThenKilled()
    {
        var successor = await SpawnAsync();
        Reloader.Tell(new ReloaderOrder.EndSuccessor(false, "not ready in time"));
        Assert.Equal(new StopFrame("not ready in time", 5000), (await Told.ExpectMsgAsync<FakeSuccessor.Sent>()).Frame);
        await RoundTrip();
        Clock.Advance(Options.Reload.KillTimeout);
        Assert.Equal("signal SIGTERM", await Told.ExpectMsgAsync<string>());
        await RoundTrip();
        Clock.Advance(Options.Reload.KillTimeout);
        Assert.Equal("signal SIGKILL", await Told.ExpectMsgAsync<string>());
        successor.End(0, SignalNumbers.SIGKILL);
        successor.CloseChannel();
        await Lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorGone>();
        Assert.False(Lifecycle.HasMessages); // its end was ordered: no failure
    }

    [Fact]
    public async Task EndSuccessor_RequestsToFinish_GetsTheDrainTime()
    {
        await ServeAsync();
        Reloader.Tell(new ReloaderOrder.EndSuccessor(true, "unhealthy"));
        Assert.Equal(32_000, Assert.IsType<StopFrame>((await Told.ExpectMsgAsync<FakeSuccessor.Sent>()).Frame).DeadlineMs);
        await RoundTrip();
        Clock.Advance(TimeSpan.FromSeconds(31.9));
        await RoundTrip();
        Assert.False(Told.HasMessages);
        Clock.Advance(TimeSpan.FromSeconds(0.1));
        Assert.Equal("signal SIGTERM", await Told.ExpectMsgAsync<string>());
    }

    [Fact]
    public async Task EndSuccessor_AgainAndAtOnce_Escalates()
    {
        await ServeAsync();
        Reloader.Tell(new ReloaderOrder.EndSuccessor(true, "unhealthy"));
        await Told.ExpectMsgAsync<FakeSuccessor.Sent>();
        Reloader.Tell(new ReloaderOrder.EndSuccessor(true, "again, after a restart"));
        await RoundTrip();
        Assert.False(Told.HasMessages);
        Reloader.Tell(new ReloaderOrder.EndSuccessor(false, "second stop"));
        Assert.Equal("signal SIGTERM", await Told.ExpectMsgAsync<string>());
    }

    [Fact]
    public async Task KillSuccessor_AtAnyStage_KillsAtOnceUnlessPromoted()
    {
        await ServeAsync();
        Reloader.Tell(new ReloaderOrder.EndSuccessor(true, "stop"));
        await Told.ExpectMsgAsync<FakeSuccessor.Sent>();
        Reloader.Tell(new ReloaderOrder.KillSuccessor());
        Assert.Equal("signal SIGKILL", await Told.ExpectMsgAsync<string>());
    }

    [Fact]
    public async Task KillSuccessor_Promoted_IsLeftAlone()
    {
        var successor = await ServeAsync();
        await PromoteAsync(successor);
        await Lifecycle.ExpectMsgAsync<LifecycleEvent.PromotionAcknowledged>();
        Reloader.Tell(new ReloaderOrder.KillSuccessor());
        await RoundTrip();
        Assert.False(Told.HasMessages);
    }

    [Fact]
    public async Task Restart_OnProbation_WatchesHealthAndDeathAgain()
    {
        var successor = await ServeAsync();
        Reloader.Tell(Kill.Instance);
        await RoundTrip();
        Clock.Advance(Silence);
        await Lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorFailed>();
        Reloader.Tell(Kill.Instance);
        successor.CloseChannel();
        successor.End(1);
        await Lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorGone>();
    }

    [Fact]
    public async Task Restart_WhileEnding_EscalatesWhenAskedAgain()
    {
        await SpawnAsync();
        Reloader.Tell(new ReloaderOrder.EndSuccessor(false, "not ready in time"));
        await Told.ExpectMsgAsync<FakeSuccessor.Sent>();
        Reloader.Tell(Kill.Instance);
        Reloader.Tell(new ReloaderOrder.EndSuccessor(true, "restart of an actor"));
        await RoundTrip();
        Clock.Advance(TimeSpan.FromSeconds(32));
        Assert.Equal("signal SIGTERM", await Told.ExpectMsgAsync<string>());
        await RoundTrip();
        Clock.Advance(Options.Reload.KillTimeout);
        Assert.Equal("signal SIGKILL", await Told.ExpectMsgAsync<string>());
    }

    [Fact]
    public async Task LateEvents_OfASuccessorThatIsGone_ChangeNothing()
    {
        var first = await SpawnAsync();
        first.CloseChannel();
        first.End(1);
        await Lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorFailed>();
        await Lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorGone>();
        await SpawnAsync();
        var (a, b) = FdPassing.SocketPair();
        first.Say(new FailedFrame("late"), a, b);
        first.CloseChannel();
        await RoundTrip();
        Assert.False(Lifecycle.HasMessages);
        Assert.Throws<PosixException>(() => FileDescriptors.IsCloseOnExec(a));
    }
}
