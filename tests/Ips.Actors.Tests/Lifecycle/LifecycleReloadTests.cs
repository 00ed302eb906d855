using Akka.Actor;
using Akka.TestKit;
using Ips.Actors.Diagnostics;
using Ips.Actors.Lifecycle;
using Ips.Actors.Tests.Support;
using Ips.Actors.Transport;
using static Ips.Actors.Lifecycle.LifecycleState;

namespace Ips.Actors.Tests.Lifecycle;

/// <summary>A reload and a check before the actor that decides.</summary>
public sealed class LifecycleReloadTests : LifecycleActorTest
{
    [Fact]
    public async Task Reload_WholeHandover_PromotesAndGivesTheReceiptAndExits()
    {
        var waiter = CreateTestProbe();
        var lifecycle = Start(new Serving());
        lifecycle.Tell(new LifecycleProtocol.Reload("test", ReplyTo: waiter.Ref));
        Assert.Equal(new ReloaderOrder.SpawnSuccessor { Generation = 8 }, await Reloader.ExpectMsgAsync<ReloaderOrder.SpawnSuccessor>());

        Time.Advance(TimeSpan.FromMilliseconds(250));
        lifecycle.Tell(new LifecycleEvent.SuccessorSpawned(99));
        lifecycle.Tell(new LifecycleEvent.SuccessorGreeted("2.0"));
        Assert.Equal("generation 8 (PID 99) spawned after 250 ms", (await waiter.ExpectMsgAsync<LifecycleProtocol.Progress>()).Message);
        await waiter.ExpectMsgAsync<LifecycleProtocol.Progress>();
        Assert.Equal(99, (await Status(lifecycle)).SuccessorPid);

        lifecycle.Tell(new LifecycleEvent.SuccessorReady());
        await Reloader.ExpectMsgAsync<ReloaderOrder.SendServe>();
        Assert.Equal("Overlapping", await StateOf(lifecycle));
        Assert.False(Listeners.HasMessages); // both accept until the successor says that it does
        lifecycle.Tell(new LifecycleEvent.SuccessorServes());
        await Listeners.ExpectMsgAsync<ListenerOrder.QuiesceAccepting>();
        Assert.Equal("OnProbation", await StateOf(lifecycle));

        Clock.Advance(Options.Reload.Probation - TimeSpan.FromMilliseconds(1));
        Assert.Equal("OnProbation", await StateOf(lifecycle));
        Clock.Advance(TimeSpan.FromMilliseconds(1));
        await Reloader.ExpectMsgAsync<ReloaderOrder.ConcludeProbation>();
        Assert.Equal("OnProbation", await StateOf(lifecycle)); // until the judge has seen enough
        lifecycle.Tell(new LifecycleEvent.ProbationPassed());
        await Front.ExpectMsgAsync<FrontOrder.YieldRole>();
        lifecycle.Tell(new LifecycleEvent.RoleYielded());
        await Reloader.ExpectMsgAsync<ReloaderOrder.SendPromote>();
        lifecycle.Tell(new LifecycleEvent.PromotionAcknowledged());
        await Control.ExpectMsgAsync<ClientOrder.HandedOver>();
        await Front.ExpectMsgAsync<FrontOrder.FailReadiness>();
        // nothing before it that would remove Unix paths
        Assert.True((await Listeners.ExpectMsgAsync<ListenerOrder.ReleaseListeners>()).HandedOver);
        lifecycle.Tell(new LifecycleEvent.ListenersReleased());
        Assert.Equal(MoveWay.Successor, (await Front.ExpectMsgAsync<FrontOrder.BeginDrain>()).Way);
        await Reloader.ExpectMsgAsync<ReloaderOrder.MoveConnections>();
        Assert.DoesNotContain(Drain(waiter), message => message is LifecycleProtocol.ReloadFinished);
        lifecycle.Tell(new MoverProtocol.Settled(70, 3, new Dictionary<string, int> { ["Http2"] = 2 }));

        var receipt = (await waiter.FishForMessageAsync<LifecycleProtocol.ReloadFinished>(_ => true)).Receipt;
        Assert.Equal(("promoted", 4711, 7, 99, 8, null), (receipt.Outcome, receipt.OldPid, receipt.OldGeneration, receipt.NewPid,
            receipt.NewGeneration, receipt.Reason));
        Assert.Equal(("1.2.3", "2.0", 250.0), (receipt.OldRelease, receipt.NewRelease, receipt.PhasesMs!["spawned"]));
        Assert.Equal((70, 3, 2), (receipt.Connections!.Moved, receipt.Connections.Busy, receipt.Connections.Staying["Http2"]));
        Assert.Same(receipt, Assert.Single((await Reloader.ExpectMsgAsync<ReloaderOrder.SendHistory>()).Receipts));
        Assert.Equal(TimeSpan.FromSeconds(12.5), (await Front.ExpectMsgAsync<FrontOrder.AwaitGuests>()).Limit);
        await StateOf(lifecycle);
        Assert.DoesNotContain("StopHost", Process.Calls); // it would cut off who is still to be told
        lifecycle.Tell(new LifecycleEvent.GuestsLeft());
        var counts = new DrainCounts(5, 9, 3, 0, 0, 70);
        lifecycle.Tell(new LifecycleEvent.ConnectionsDrained(0) { Counts = counts });
        Assert.Equal(new ReloaderOrder.SendFarewell { Counts = counts }, await Reloader.ExpectMsgAsync<ReloaderOrder.SendFarewell>());
        await ExpectExit(ExitCode.Clean);
        Assert.Equal(["KeepSockets", "HandOverIdentity", "StopHost", "RetractIdentity handed over", "Exit Clean"], Process.Calls);
    }

    [Fact]
    public async Task Reload_SuccessorNotReadyInTime_IsRefusedWithTheKeyToChange()
    {
        var waiter = CreateTestProbe();
        var lifecycle = Start(new Serving());
        lifecycle.Tell(new LifecycleProtocol.Reload("test", ReplyTo: waiter.Ref));
        Assert.Equal("AwaitingReady", await StateOf(lifecycle));
        Clock.Advance(Options.Reload.RoomTimeout); // no process is there yet
        lifecycle.Tell(new LifecycleEvent.SuccessorSpawned(99));
        Assert.Equal("AwaitingReady", await StateOf(lifecycle));
        Clock.Advance(Options.Reload.ReadyTimeout);
        await Reloader.ExpectMsgAsync<ReloaderOrder.SpawnSuccessor>();
        Assert.False((await Reloader.ExpectMsgAsync<ReloaderOrder.EndSuccessor>()).FinishRequests);
        lifecycle.Tell(new LifecycleEvent.SuccessorGone());
        var receipt = (await waiter.FishForMessageAsync<LifecycleProtocol.ReloadFinished>(_ => true)).Receipt;
        Assert.Equal("refused", receipt.Outcome);
        Assert.Contains("Ips:Reload:ReadyTimeout", receipt.Reason, StringComparison.Ordinal);
        await Listeners.ExpectMsgAsync<ListenerOrder.HandoverEnded>();

        lifecycle.Tell(new LifecycleProtocol.Reload("next"));
        Assert.Equal(new ReloaderOrder.SpawnSuccessor { Generation = 8 }, await Reloader.ExpectMsgAsync<ReloaderOrder.SpawnSuccessor>());
    }

    [Fact]
    public async Task Reload_StepsThatTakeLong_EachHaveTheirOwnTime()
    {
        var lifecycle = Start(new Serving());
        lifecycle.Tell(new LifecycleProtocol.Reload("test"));
        await StateOf(lifecycle);
        var almost = Options.Reload.ReadyTimeout - TimeSpan.FromMilliseconds(1);
        Clock.Advance(Options.Reload.RoomTimeout + almost); // for room
        foreach (var (next, state) in new (LifecycleEvent, string)[]
        {
            (new LifecycleEvent.SuccessorSpawned(99), "AwaitingReady"), (new LifecycleEvent.SuccessorReady(), "Overlapping"),
        })
        {
            lifecycle.Tell(next);
            Assert.Equal(state, await StateOf(lifecycle));
            Clock.Advance(almost);
            Assert.Equal(state, await StateOf(lifecycle));
        }

        lifecycle.Tell(new LifecycleEvent.SuccessorServes());
        await StateOf(lifecycle);
        Clock.Advance(Options.Reload.Probation);
        await StateOf(lifecycle);
        lifecycle.Tell(new LifecycleEvent.ProbationPassed());
        Assert.Equal("Yielding", await StateOf(lifecycle));
        Clock.Advance(almost);
        lifecycle.Tell(new LifecycleEvent.RoleYielded());
        Assert.Equal("Promoting", await StateOf(lifecycle));
        Clock.Advance(almost);
        Assert.Equal("Promoting", await StateOf(lifecycle));
        Clock.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal("RollingBack", await StateOf(lifecycle));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task OnProbation_SuccessorFails_RollsBackWithItsReason(bool responsive)
    {
        var waiter = CreateTestProbe();
        var lifecycle = Start(new Serving());
        await ReachProbation(lifecycle, waiter);
        lifecycle.Tell(new LifecycleEvent.SuccessorFailed("it was killed by SIGSEGV (11)", responsive));
        await Listeners.ExpectMsgAsync<ListenerOrder.StartAccepting>();
        Assert.Equal(new ReloaderOrder.EndSuccessor(responsive, "it was killed by SIGSEGV (11)", Return: true),
            await Reloader.ExpectMsgAsync<ReloaderOrder.EndSuccessor>());
        Assert.Equal("RollingBack", await StateOf(lifecycle));
        lifecycle.Tell(new LifecycleEvent.SuccessorGone());
        var receipt = (await waiter.FishForMessageAsync<LifecycleProtocol.ReloadFinished>(_ => true)).Receipt;
        Assert.Equal(("rolled-back", "it was killed by SIGSEGV (11)"), (receipt.Outcome, receipt.Reason));
        Clock.Advance(Options.Reload.Probation); // its clock was stopped
        Assert.Equal("Serving", await StateOf(lifecycle));
        Assert.True(Logged.Has(EventIds.ReloadFailed));
        Assert.Same(receipt, (await Status(lifecycle)).LastReload);
    }

    [Theory]
    [InlineData(3600)]
    [InlineData(-3600)]
    public async Task Reload_ClockIsSetMeanwhile_OnlyMonotonicTimeDecides(int seconds)
    {
        var waiter = CreateTestProbe();
        var lifecycle = Start(new Serving());
        var began = Time.GetUtcNow();
        await ReachProbation(lifecycle, waiter);
        Time.SetBack(TimeSpan.FromSeconds(seconds));
        Clock.Advance(Options.Reload.Probation - TimeSpan.FromMilliseconds(1));
        Time.Advance(Options.Reload.Probation - TimeSpan.FromMilliseconds(1));
        Assert.DoesNotContain(Drain(Reloader), order => order is ReloaderOrder.ConcludeProbation); // neither sooner nor later
        Clock.Advance(TimeSpan.FromMilliseconds(1));
        Time.Advance(TimeSpan.FromMilliseconds(1));
        await Reloader.ExpectMsgAsync<ReloaderOrder.ConcludeProbation>();
        lifecycle.Tell(new LifecycleEvent.ProbationPassed());
        Assert.Equal("Yielding", await StateOf(lifecycle));
        Time.SetBack(TimeSpan.FromSeconds(seconds));
        lifecycle.Tell(new LifecycleEvent.RoleYielded());
        lifecycle.Tell(new LifecycleEvent.PromotionAcknowledged());
        lifecycle.Tell(new LifecycleEvent.ListenersReleased());
        lifecycle.Tell(new MoverProtocol.Settled(0, 1, new Dictionary<string, int>()));
        var receipt = (await waiter.FishForMessageAsync<LifecycleProtocol.ReloadFinished>(_ => true)).Receipt;
        Assert.Equal((began, Options.Reload.Probation.TotalMilliseconds), (receipt.StartedAt, receipt.ElapsedMs));

        // The drain's deadline stays where it was, whatever the clock says and however often the actor begins anew.
        Time.Advance(Options.Drain.Timeout - TimeSpan.FromSeconds(1));
        Clock.Advance(Options.Drain.Timeout - TimeSpan.FromSeconds(1));
        Time.SetBack(TimeSpan.FromSeconds(seconds));
        lifecycle.Tell(Kill.Instance);
        await StateOf(lifecycle);
        Assert.Equal("Draining", await StateOf(lifecycle)); // the restart's own message has been worked on
        Assert.DoesNotContain(Drain(Front), message => message is FrontOrder.AbortConnections);
        Time.Advance(TimeSpan.FromSeconds(1));
        Clock.Advance(TimeSpan.FromSeconds(1));
        await Front.FishForMessageAsync(message => message is FrontOrder.AbortConnections);
    }

    [Fact]
    public async Task History_ClockIsSetBackBetweenReloads_KeepsEachInItsOrder()
    {
        var waiter = CreateTestProbe();
        var lifecycle = Start(new Serving());
        foreach (var reason in new[] { "it exited with 1", "it exited with 2", "it exited with 3" })
        {
            lifecycle.Tell(new LifecycleProtocol.Reload("test", ReplyTo: waiter.Ref));
            await StateOf(lifecycle);
            Time.Advance(TimeSpan.FromMilliseconds(20));
            lifecycle.Tell(new LifecycleEvent.SuccessorFailed(reason, Responsive: false));
            lifecycle.Tell(new LifecycleEvent.SuccessorGone());
            Assert.Equal(20, (await waiter.FishForMessageAsync<LifecycleProtocol.ReloadFinished>(_ => true)).Receipt.ElapsedMs);
            Time.SetBack(TimeSpan.FromHours(1));
        }

        var receipts = (await lifecycle.Ask<LifecycleProtocol.HistoryReply>(new LifecycleProtocol.GetHistory(), Patience)).Receipts;
        Assert.Equal(["it exited with 1", "it exited with 2", "it exited with 3"], receipts.Select(receipt => receipt.Reason));
    }

    [Fact]
    public async Task Reload_ConfigurationInvalid_ChangesNothingAndSaysWhy()
    {
        var waiter = CreateTestProbe();
        Process.Check = () => ["ips.conf:3: ips.drain.timeout is 0", "ips.conf:9: no such key"];
        var lifecycle = Start(new Serving());
        lifecycle.Tell(new LifecycleProtocol.Reload("SIGHUP", CheckFirst: true, ReplyTo: waiter.Ref));
        var refusal = (await waiter.FishForMessageAsync<LifecycleProtocol.ReloadFinished>(_ => true)).Receipt;
        Assert.Equal("the configuration is invalid: ips.conf:3: ips.drain.timeout is 0; ips.conf:9: no such key", refusal.Reason);
        Assert.Equal("Serving", await StateOf(lifecycle));
        Assert.False(Reloader.HasMessages);
        Assert.True(Logged.Has(EventIds.ConfigurationInvalid));
    }

    [Fact]
    public async Task Reload_CheckItselfFails_IsRefused()
    {
        var waiter = CreateTestProbe();
        Process.Check = () => throw new IOException("ips.conf cannot be read");
        Start(new Serving()).Tell(new LifecycleProtocol.Reload("SIGHUP", CheckFirst: true, ReplyTo: waiter.Ref));
        Assert.Contains("ips.conf cannot be read",
            (await waiter.FishForMessageAsync<LifecycleProtocol.ReloadFinished>(_ => true)).Receipt.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Reload_ConfigurationValid_Spawns()
    {
        Start(new Serving()).Tell(new LifecycleProtocol.Reload("SIGHUP", CheckFirst: true));
        await Reloader.ExpectMsgAsync<ReloaderOrder.SpawnSuccessor>();
    }

    [Fact]
    public async Task Moving_TakesTooLong_GivesTheReceiptAndDrains()
    {
        var waiter = CreateTestProbe();
        var lifecycle = Start(new Serving());
        await ReachProbation(lifecycle, waiter);
        lifecycle.Tell(new LifecycleEvent.ProbationPassed());
        lifecycle.Tell(new LifecycleEvent.RoleYielded());
        lifecycle.Tell(new LifecycleEvent.PromotionAcknowledged());
        Assert.Equal("Moving", await StateOf(lifecycle));
        Clock.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal("promoted", (await waiter.FishForMessageAsync<LifecycleProtocol.ReloadFinished>(_ => true)).Receipt.Outcome);
        Assert.Equal("Draining", await StateOf(lifecycle));
    }

    [Fact]
    public async Task Check_SuccessorGetsReady_IsEndedAndNothingWasQuiesced()
    {
        var waiter = CreateTestProbe();
        var lifecycle = Start(new Serving());
        lifecycle.Tell(new LifecycleProtocol.Reload("check", ReplyTo: waiter.Ref, DryRun: true));
        Assert.Equal(new ReloaderOrder.SpawnSuccessor(DryRun: true) { Generation = 8 },
            await Reloader.ExpectMsgAsync<ReloaderOrder.SpawnSuccessor>());
        lifecycle.Tell(new LifecycleEvent.SuccessorReady());
        Assert.False((await Reloader.ExpectMsgAsync<ReloaderOrder.EndSuccessor>()).FinishRequests);
        lifecycle.Tell(new LifecycleEvent.SuccessorGone());
        var receipt = (await waiter.FishForMessageAsync<LifecycleProtocol.ReloadFinished>(_ => true)).Receipt;
        Assert.Equal(("checked", true, null), (receipt.Outcome, receipt.DryRun, receipt.Reason));
        Assert.DoesNotContain(Drain(Listeners), message => message is ListenerOrder.QuiesceAccepting or ListenerOrder.ReleaseListeners);
        Assert.Null((await Status(lifecycle)).LastReload); // a check is none
    }

    [Fact]
    public async Task Check_SuccessorFails_TellsWhyWithItsOutput()
    {
        var waiter = CreateTestProbe();
        var lifecycle = Start(new Serving());
        lifecycle.Tell(new LifecycleProtocol.Reload("check", ReplyTo: waiter.Ref, DryRun: true));
        lifecycle.Tell(new LifecycleEvent.SuccessorWrote(["Unhandled exception."]));
        lifecycle.Tell(new LifecycleEvent.SuccessorFailed("it exited with 1", Responsive: false));
        lifecycle.Tell(new LifecycleEvent.SuccessorGone());
        var receipt = (await waiter.FishForMessageAsync<LifecycleProtocol.ReloadFinished>(_ => true)).Receipt;
        Assert.Equal(("refused", true, "it exited with 1"), (receipt.Outcome, receipt.DryRun, receipt.Reason));
        Assert.Equal(["Unhandled exception."], receipt.Output);
    }

    [Fact]
    public async Task Reload_OlderGenerationsAborted_AreInProgressAndReceipt()
    {
        var waiter = CreateTestProbe();
        var lifecycle = Start(new Serving());
        lifecycle.Tell(new LifecycleProtocol.Reload("test", ReplyTo: waiter.Ref));
        lifecycle.Tell(new LifecycleEvent.GenerationsAborted([3, 4]));
        Assert.Contains("3, 4", (await waiter.ExpectMsgAsync<LifecycleProtocol.Progress>()).Message, StringComparison.Ordinal);
        lifecycle.Tell(new LifecycleEvent.SuccessorFailed("it exited with 1", Responsive: false));
        lifecycle.Tell(new LifecycleEvent.SuccessorGone());
        Assert.Equal([3, 4], (await waiter.FishForMessageAsync<LifecycleProtocol.ReloadFinished>(_ => true)).Receipt.AbortedGenerations);
    }
}
