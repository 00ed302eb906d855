using Akka.Actor;
using Akka.TestKit;
using Ips.Actors.Diagnostics;
using Ips.Actors.Lifecycle;
using Ips.Actors.Tests.Support;
using static Ips.Actors.Lifecycle.LifecycleState;

namespace Ips.Actors.Tests.Lifecycle;

/// <summary>The ways out: stops, drains, exit codes.</summary>
public sealed class LifecycleStopTests : LifecycleActorTest
{
    [Fact]
    public async Task Draining_MainProcessCrashes_RestartsTheServiceBeforeItExits()
    {
        var restarted = new TaskCompletionSource();
        Process.RestartOver = restarted.Task;
        var lifecycle = Start(new Draining(ExitCode.Clean, StopSeen: false, HandedOver: true, Way: MoveWay.Successor));
        lifecycle.Tell(new LifecycleEvent.SuccessorGone(Crashed: true));
        lifecycle.Tell(new LifecycleEvent.ConnectionsDrained(0));
        Assert.Equal("Exiting", await StateOf(lifecycle));
        Assert.Equal(["RestartService of its own release", "RetractIdentity handed over"], Process.Calls);
        Assert.False(Process.Exited.IsCompleted);
        restarted.SetResult();
        await ExpectExit(ExitCode.Clean);
    }

    [Fact]
    public async Task Draining_PredecessorThatTakesTheRoleBackDies_RestartsTheLastGoodRelease()
    {
        var lifecycle = Start(new Draining(ExitCode.Clean, StopSeen: true, HandedOver: true, Way: MoveWay.Predecessor));
        lifecycle.Tell(new LifecycleEvent.PredecessorLost());
        await StateOf(lifecycle);
        Assert.Equal(["RestartService of the last good release"], Process.Calls);
    }

    [Fact]
    public async Task Serving_Stop_FailsReadinessForTheLameDuckTimeThenReleases()
    {
        Options.Drain.LameDuck = TimeSpan.FromSeconds(4);
        var lifecycle = Start(new Serving());
        lifecycle.Tell(new LifecycleEvent.StopRequested("SIGTERM"));
        await Front.ExpectMsgAsync<FrontOrder.FailReadiness>();
        Assert.Equal("LameDuck", await StateOf(lifecycle));
        Assert.False(Listeners.HasMessages);
        Clock.Advance(TimeSpan.FromSeconds(4));
        Assert.False((await Listeners.ExpectMsgAsync<ListenerOrder.ReleaseListeners>()).HandedOver);
        Assert.True(Logged.Has(EventIds.Stopping));
    }

    [Fact]
    public async Task Serving_StopWithoutLameDuck_ReleasesAtOnceWithoutAnyTimer()
    {
        Start(new Serving()).Tell(new LifecycleEvent.StopRequested("SIGTERM"));
        await Listeners.ExpectMsgAsync<ListenerOrder.ReleaseListeners>();
    }

    // Without Ips, an app that waits in a callback of ApplicationStopping serves until that ends.
    [Fact]
    public async Task Serving_StopOfAnAppThatTakesItsTime_ReleasesWhenThatIsOver()
    {
        var told = new TaskCompletionSource();
        Process.HostTold = told.Task;
        var lifecycle = Start(new Serving());
        lifecycle.Tell(new LifecycleEvent.StopRequested("SIGTERM"));
        await Front.ExpectMsgAsync<FrontOrder.FailReadiness>();
        Assert.Equal("Draining", await StateOf(lifecycle));
        Assert.Contains("StopHost", Process.Calls);
        Assert.False(Listeners.HasMessages);
        told.SetResult();
        Assert.False((await Listeners.ExpectMsgAsync<ListenerOrder.ReleaseListeners>()).HandedOver);
    }

    [Fact]
    public async Task Draining_HandedOver_ReleasesAtOnce()
    {
        Process.HostTold = new TaskCompletionSource().Task;
        Start(new Proving()).Tell(new LifecycleEvent.StopReceived("rollback", Return: true));
        Assert.True((await Listeners.ExpectMsgAsync<ListenerOrder.ReleaseListeners>()).HandedOver);
    }

    [Fact]
    public async Task Draining_SecondStop_AbortsAtOnceAndExitsWithTheCount()
    {
        var lifecycle = Start(new Serving());
        lifecycle.Tell(new LifecycleEvent.StopRequested("SIGTERM"));
        await Listeners.ExpectMsgAsync<ListenerOrder.ReleaseListeners>();
        lifecycle.Tell(new LifecycleEvent.StopRequested("SIGTERM"));
        await Front.ExpectMsgAsync<FrontOrder.FailReadiness>();
        await Front.ExpectMsgAsync<FrontOrder.AbortConnections>();
        lifecycle.Tell(new LifecycleEvent.ConnectionsDrained(2));
        await ExpectExit(ExitCode.Aborted);
    }

    [Fact]
    public async Task Draining_AbortNotAnswered_ExitsAfterFiveSeconds()
    {
        var lifecycle = Start(new Draining(ExitCode.Clean, StopSeen: true));
        lifecycle.Tell(new LifecycleEvent.StopRequested("SIGTERM"));
        await Front.ExpectMsgAsync<FrontOrder.AbortConnections>();
        await StateOf(lifecycle);
        Clock.Advance(TimeSpan.FromSeconds(5));
        await ExpectExit(ExitCode.Aborted);
    }

    [Fact]
    public async Task Draining_DeadlineComes_AbortsAndSaysWhichKeySetsIt()
    {
        var lifecycle = Start(new LameDuck());
        lifecycle.Tell(new LifecycleEvent.LameDuckEnded());
        await Listeners.ExpectMsgAsync<ListenerOrder.ReleaseListeners>();
        await StateOf(lifecycle);
        Clock.Advance(Options.Drain.Timeout);
        await Front.ExpectMsgAsync<FrontOrder.AbortConnections>();
        Assert.Contains(Logged.Entries, entry => entry.Id.Id == EventIds.DrainTimedOut
            && entry.Text.Contains("ips.drain.timeout", StringComparison.Ordinal));
        lifecycle.Tell(new LifecycleEvent.ConnectionsDrained(0));
        await ExpectExit(ExitCode.Clean); // idle connections only
    }

    [Fact]
    public async Task Draining_SuccessorOutlivesEveryDeadline_IsKilledBeforeTheExit()
    {
        var lifecycle = Start(new Draining(ExitCode.Clean, StopSeen: true, SuccessorAlive: true));
        lifecycle.Tell(new LifecycleEvent.ConnectionsDrained(0));
        lifecycle.Tell(new LifecycleEvent.DrainTimedOut());
        Assert.False((await Reloader.ExpectMsgAsync<ReloaderOrder.EndSuccessor>()).FinishRequests);
        await StateOf(lifecycle);
        Clock.Advance(TimeSpan.FromSeconds(5));
        await Reloader.ExpectMsgAsync<ReloaderOrder.KillSuccessor>();
        await ExpectExit(ExitCode.Clean); // none of this generation's requests was cut
    }

    [Fact]
    public async Task Draining_Restarted_KeepsItsDeadline()
    {
        var lifecycle = Start(new LameDuck());
        lifecycle.Tell(new LifecycleEvent.LameDuckEnded());
        await StateOf(lifecycle);
        Time.Advance(TimeSpan.FromSeconds(10));
        lifecycle.Tell(Kill.Instance);
        await StateOf(lifecycle);
        await StateOf(lifecycle); // the restart's own message has been worked on
        Clock.Advance(TimeSpan.FromSeconds(19.9));
        await StateOf(lifecycle);
        Assert.DoesNotContain(Drain(Front), message => message is FrontOrder.AbortConnections);
        Clock.Advance(TimeSpan.FromSeconds(0.1));
        await Front.ExpectMsgAsync<FrontOrder.AbortConnections>();
    }

    [Fact]
    public async Task Draining_RestartedAfterItsDeadline_AbortsAtOnce()
    {
        var lifecycle = Start(new LameDuck());
        lifecycle.Tell(new LifecycleEvent.LameDuckEnded());
        await StateOf(lifecycle);
        Time.Advance(TimeSpan.FromSeconds(31));
        lifecycle.Tell(Kill.Instance);
        await Front.ExpectMsgAsync<FrontOrder.AbortConnections>();
    }

    [Fact]
    public async Task Proving_StopThenStopOfThePredecessor_FinishesItsRequests()
    {
        var lifecycle = Start(new Proving());
        lifecycle.Tell(new LifecycleEvent.StopRequested("SIGTERM"));
        Assert.Equal("SIGTERM", (await Predecessor.ExpectMsgAsync<PredecessorOrder.SendFailed>()).Reason);
        Assert.True((await Listeners.ExpectMsgAsync<ListenerOrder.ReleaseListeners>()).HandedOver);
        lifecycle.Tell(new LifecycleEvent.StopReceived("SIGTERM", Return: true));
        Assert.Equal("Draining", await StateOf(lifecycle));
        lifecycle.Tell(new LifecycleEvent.ListenersReleased());
        await Predecessor.ExpectMsgAsync<PredecessorOrder.ReturnConnections>(); // what is idle goes back
        Assert.DoesNotContain(Drain(Front), message => message is FrontOrder.AbortConnections);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Proving_StopOfThePredecessor_GivesConnectionsBackOnlyIfItServesOn(bool servesOn)
    {
        var lifecycle = Start(new Proving());
        lifecycle.Tell(new LifecycleEvent.StopReceived("test", servesOn));
        await Predecessor.ExpectMsgAsync<PredecessorOrder.SendFailed>();
        lifecycle.Tell(new LifecycleEvent.ListenersReleased());
        if (servesOn) await Front.ExpectMsgAsync<FrontOrder.AwaitGuests>(); // told to leave before the app is told to stop
        Assert.Equal(servesOn ? MoveWay.Predecessor : MoveWay.None, (await Front.ExpectMsgAsync<FrontOrder.BeginDrain>()).Way);
        await StateOf(lifecycle);
        Assert.Equal(!servesOn, Process.Calls.Contains("StopHost"));
        Assert.Equal(servesOn, Drain(Predecessor).Any(message => message is PredecessorOrder.ReturnConnections));
    }

    [Fact]
    public async Task Serving_ActorLost_DrainsAndExitsWithItsOwnCode()
    {
        var lifecycle = Start(new Serving());
        lifecycle.Tell(new LifecycleEvent.ActorLost("listener"));
        await Listeners.ExpectMsgAsync<ListenerOrder.ReleaseListeners>();
        lifecycle.Tell(new LifecycleEvent.ListenersReleased());
        lifecycle.Tell(new LifecycleEvent.ConnectionsDrained(0));
        await ExpectExit(ExitCode.InternalError);
    }

    [Fact]
    public async Task Exiting_ControlNeverAnswers_ExitsNevertheless()
    {
        Start(new Starting()).Tell(new LifecycleEvent.StopRequested("SIGTERM"));
        await Control.ExpectMsgAsync<ClientOrder.Close>();
        Assert.Equal(ExitCode.Clean, await Process.Exited.WaitAsync(Patience));
    }
}
