using Akka.Actor;
using Akka.TestKit;
using Ips.Actors.Configuration;
using Ips.Actors.Control;
using Ips.Actors.Diagnostics;
using Ips.Actors.HttpFront;
using Ips.Actors.Lifecycle;
using Ips.Actors.Listener;
using Ips.Actors.Predecessor;
using Ips.Actors.Reloader;
using Ips.Actors.Tests.Support;
using Ips.Actors.Transport;
using static Ips.Actors.Lifecycle.LifecycleState;

namespace Ips.Actors.Tests.Lifecycle;

/// <summary>The actor that decides, with probes in place of all that it orders about.</summary>
public sealed class LifecycleActorTests : ActorTest
{
    private readonly IpsOptions _options = new();
    private readonly RecordingSurroundings _process = new();
    private readonly SteppedTime _time = new();
    private readonly RecordingLog _log = new();
    private readonly TestProbe _listeners;
    private readonly TestProbe _reloader;
    private readonly TestProbe _front;
    private readonly TestProbe _predecessor;
    private readonly TestProbe _control;

    public LifecycleActorTests()
    {
        (_listeners, _reloader, _front, _predecessor, _control) =
            (CreateTestProbe(), CreateTestProbe(), CreateTestProbe(), CreateTestProbe(), CreateTestProbe());
    }

    [Fact]
    public async Task Assembling_EventsComeFirst_AreKeptUntilTheCastIsKnown()
    {
        var lifecycle = Supervise(Props(new LifecycleMemory(new Starting())));
        lifecycle.Tell(new LifecycleEvent.FrontReady());
        lifecycle.Tell(new LifecycleProtocol.Assemble(Cast()));
        await _listeners.ExpectMsgAsync<ListenerProtocol.StartAccepting>();
    }

    [Fact]
    public async Task Starting_FrontReady_AcceptsThenPublishesThenTellsTheApp()
    {
        var lifecycle = Start(new Starting());
        lifecycle.Tell(new LifecycleEvent.FrontReady());
        await _listeners.ExpectMsgAsync<ListenerProtocol.StartAccepting>();
        await _listeners.ExpectMsgAsync<ListenerProtocol.HandoverEnded>();
        await _control.ExpectMsgAsync<ControlProtocol.Serve>();
        await _front.ExpectMsgAsync<HttpFrontProtocol.AnnounceServing>();
        await _front.ExpectMsgAsync<HttpFrontProtocol.TakeRole>();
        Assert.Equal(["PublishIdentity", "ReportStarted"], _process.Calls);
        Assert.Equal("Serving", await StateOf(lifecycle));
    }

    [Fact]
    public async Task Reload_WholeHandover_PromotesAndGivesTheReceiptAndExits()
    {
        var waiter = CreateTestProbe();
        var lifecycle = Start(new Serving());
        lifecycle.Tell(new LifecycleProtocol.Reload("test", ReplyTo: waiter.Ref));
        Assert.Equal(new ReloaderOrder.SpawnSuccessor { Generation = 8 }, await _reloader.ExpectMsgAsync<ReloaderOrder.SpawnSuccessor>());

        _time.Advance(TimeSpan.FromMilliseconds(250));
        lifecycle.Tell(new LifecycleEvent.SuccessorSpawned(99));
        lifecycle.Tell(new LifecycleEvent.SuccessorGreeted("2.0"));
        Assert.Equal("generation 8 (PID 99) spawned after 250 ms", (await waiter.ExpectMsgAsync<LifecycleProtocol.Progress>()).Message);
        await waiter.ExpectMsgAsync<LifecycleProtocol.Progress>();
        Assert.Equal(99, (await Status(lifecycle)).SuccessorPid);

        lifecycle.Tell(new LifecycleEvent.SuccessorReady());
        await _reloader.ExpectMsgAsync<ReloaderOrder.SendServe>();
        Assert.Equal("Overlapping", await StateOf(lifecycle));
        Assert.False(_listeners.HasMessages); // both accept until the successor says that it does
        lifecycle.Tell(new LifecycleEvent.SuccessorServes());
        await _listeners.ExpectMsgAsync<ListenerProtocol.Quiesce>();
        Assert.Equal("OnProbation", await StateOf(lifecycle));

        Clock.Advance(_options.Reload.Probation - TimeSpan.FromMilliseconds(1));
        Assert.Equal("OnProbation", await StateOf(lifecycle));
        Clock.Advance(TimeSpan.FromMilliseconds(1));
        await _front.ExpectMsgAsync<HttpFrontProtocol.YieldRole>();
        lifecycle.Tell(new LifecycleEvent.RoleYielded());
        await _reloader.ExpectMsgAsync<ReloaderOrder.SendPromote>();
        lifecycle.Tell(new LifecycleEvent.PromotionAcknowledged());
        await _control.ExpectMsgAsync<ControlProtocol.HandedOver>();
        await _front.ExpectMsgAsync<HttpFrontProtocol.FailReadiness>();
        Assert.True((await _listeners.ExpectMsgAsync<ListenerProtocol.Release>()).HandedOver); // nothing before it that would remove Unix paths
        lifecycle.Tell(new LifecycleEvent.ListenersReleased());
        Assert.True((await _front.ExpectMsgAsync<HttpFrontProtocol.BeginDrain>()).Moving);
        await _reloader.ExpectMsgAsync<ReloaderOrder.MoveConnections>();
        Assert.DoesNotContain(Drain(waiter), message => message is LifecycleProtocol.ReloadFinished);
        lifecycle.Tell(new MoverProtocol.Settled(70, 3, new Dictionary<string, int> { ["Http2"] = 2 }));

        var receipt = (await waiter.FishForMessageAsync<LifecycleProtocol.ReloadFinished>(_ => true)).Receipt;
        Assert.Equal(("promoted", 4711, 7, 99, 8, null), (receipt.Outcome, receipt.OldPid, receipt.OldGeneration, receipt.NewPid, receipt.NewGeneration, receipt.Reason));
        Assert.Equal(("1.2.3", "2.0", 250.0), (receipt.OldRelease, receipt.NewRelease, receipt.PhasesMs!["spawned"]));
        Assert.Equal((70, 3, 2), (receipt.Connections!.Moved, receipt.Connections.Busy, receipt.Connections.Staying["Http2"]));
        Assert.Same(receipt, Assert.Single((await _reloader.ExpectMsgAsync<ReloaderOrder.SendHistory>()).Receipts));
        var counts = new DrainCounts(5, 9, 3, 0, 0, 70);
        lifecycle.Tell(new LifecycleEvent.ConnectionsDrained(0) { Counts = counts });
        Assert.Equal(new ReloaderOrder.SendFarewell { Counts = counts }, await _reloader.ExpectMsgAsync<ReloaderOrder.SendFarewell>());
        await ExpectExit(ExitCode.Clean);
        Assert.Equal(["KeepSockets", "HandOverIdentity", "StopHost", "RetractIdentity handed over", "Exit Clean"], _process.Calls);
    }

    [Fact]
    public async Task Draining_MainProcessCrashes_RestartsTheServiceBeforeItExits()
    {
        var restarted = new TaskCompletionSource();
        _process.RestartOver = restarted.Task;
        var lifecycle = Start(new Draining(ExitCode.Clean, StopSeen: false, HandedOver: true, Way: MoveWay.Successor));
        lifecycle.Tell(new LifecycleEvent.SuccessorGone(Crashed: true));
        lifecycle.Tell(new LifecycleEvent.ConnectionsDrained(0));
        Assert.Equal("Exiting", await StateOf(lifecycle));
        Assert.Equal(["RestartService of its own release", "RetractIdentity handed over"], _process.Calls);
        Assert.False(_process.Exited.IsCompleted);
        restarted.SetResult();
        await ExpectExit(ExitCode.Clean);
    }

    [Fact]
    public async Task Draining_PredecessorThatTakesTheRoleBackDies_RestartsTheLastGoodRelease()
    {
        var lifecycle = Start(new Draining(ExitCode.Clean, StopSeen: true, HandedOver: true, Way: MoveWay.Predecessor));
        lifecycle.Tell(new LifecycleEvent.PredecessorLost());
        await StateOf(lifecycle);
        Assert.Equal(["RestartService of the last good release"], _process.Calls);
    }

    [Fact]
    public async Task Reload_SuccessorNotReadyInTime_IsRefusedWithTheKeyToChange()
    {
        var waiter = CreateTestProbe();
        var lifecycle = Start(new Serving());
        lifecycle.Tell(new LifecycleProtocol.Reload("test", ReplyTo: waiter.Ref));
        Assert.Equal("AwaitingReady", await StateOf(lifecycle));
        Clock.Advance(_options.Reload.ReadyTimeout);
        await _reloader.ExpectMsgAsync<ReloaderOrder.SpawnSuccessor>();
        Assert.False((await _reloader.ExpectMsgAsync<ReloaderOrder.EndSuccessor>()).FinishRequests);
        lifecycle.Tell(new LifecycleEvent.SuccessorGone());
        var receipt = (await waiter.FishForMessageAsync<LifecycleProtocol.ReloadFinished>(_ => true)).Receipt;
        Assert.Equal("refused", receipt.Outcome);
        Assert.Contains("ips.reload.ready-timeout", receipt.Reason, StringComparison.Ordinal);
        await _listeners.ExpectMsgAsync<ListenerProtocol.HandoverEnded>();

        lifecycle.Tell(new LifecycleProtocol.Reload("next"));
        Assert.Equal(new ReloaderOrder.SpawnSuccessor { Generation = 8 }, await _reloader.ExpectMsgAsync<ReloaderOrder.SpawnSuccessor>());
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
        await _listeners.ExpectMsgAsync<ListenerProtocol.StartAccepting>();
        Assert.Equal(new ReloaderOrder.EndSuccessor(responsive, "it was killed by SIGSEGV (11)", Return: true), await _reloader.ExpectMsgAsync<ReloaderOrder.EndSuccessor>());
        Assert.Equal("RollingBack", await StateOf(lifecycle));
        lifecycle.Tell(new LifecycleEvent.SuccessorGone());
        var receipt = (await waiter.FishForMessageAsync<LifecycleProtocol.ReloadFinished>(_ => true)).Receipt;
        Assert.Equal(("rolled-back", "it was killed by SIGSEGV (11)"), (receipt.Outcome, receipt.Reason));
        Clock.Advance(_options.Reload.Probation); // its clock was stopped
        Assert.Equal("Serving", await StateOf(lifecycle));
        Assert.True(_log.Has(EventIds.ReloadFailed));
        Assert.Same(receipt, (await Status(lifecycle)).LastReload);
    }

    [Theory]
    [InlineData(3600)]
    [InlineData(-3600)]
    public async Task Reload_ClockIsSetMeanwhile_OnlyMonotonicTimeDecides(int seconds)
    {
        var waiter = CreateTestProbe();
        var lifecycle = Start(new Serving());
        var began = _time.GetUtcNow();
        await ReachProbation(lifecycle, waiter);
        _time.SetBack(TimeSpan.FromSeconds(seconds));
        Clock.Advance(_options.Reload.Probation - TimeSpan.FromMilliseconds(1));
        _time.Advance(_options.Reload.Probation - TimeSpan.FromMilliseconds(1));
        Assert.Equal("OnProbation", await StateOf(lifecycle)); // neither sooner nor later
        Clock.Advance(TimeSpan.FromMilliseconds(1));
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal("Yielding", await StateOf(lifecycle));
        _time.SetBack(TimeSpan.FromSeconds(seconds));
        lifecycle.Tell(new LifecycleEvent.RoleYielded());
        lifecycle.Tell(new LifecycleEvent.PromotionAcknowledged());
        lifecycle.Tell(new LifecycleEvent.ListenersReleased());
        lifecycle.Tell(new MoverProtocol.Settled(0, 1, new Dictionary<string, int>()));
        var receipt = (await waiter.FishForMessageAsync<LifecycleProtocol.ReloadFinished>(_ => true)).Receipt;
        Assert.Equal((began, _options.Reload.Probation.TotalMilliseconds), (receipt.StartedAt, receipt.ElapsedMs));

        // The drain's deadline stays where it was, whatever the clock says and however often the actor begins anew.
        _time.Advance(_options.Drain.Timeout - TimeSpan.FromSeconds(1));
        Clock.Advance(_options.Drain.Timeout - TimeSpan.FromSeconds(1));
        _time.SetBack(TimeSpan.FromSeconds(seconds));
        lifecycle.Tell(Kill.Instance);
        await StateOf(lifecycle);
        Assert.Equal("Draining", await StateOf(lifecycle)); // the restart's own message has been worked on
        Assert.DoesNotContain(Drain(_front), message => message is HttpFrontProtocol.AbortConnections);
        _time.Advance(TimeSpan.FromSeconds(1));
        Clock.Advance(TimeSpan.FromSeconds(1));
        await _front.FishForMessageAsync(message => message is HttpFrontProtocol.AbortConnections);
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
            _time.Advance(TimeSpan.FromMilliseconds(20));
            lifecycle.Tell(new LifecycleEvent.SuccessorFailed(reason, Responsive: false));
            lifecycle.Tell(new LifecycleEvent.SuccessorGone());
            Assert.Equal(20, (await waiter.FishForMessageAsync<LifecycleProtocol.ReloadFinished>(_ => true)).Receipt.ElapsedMs);
            _time.SetBack(TimeSpan.FromHours(1));
        }

        var receipts = (await lifecycle.Ask<LifecycleProtocol.HistoryReply>(new LifecycleProtocol.GetHistory(), Patience)).Receipts;
        Assert.Equal(["it exited with 1", "it exited with 2", "it exited with 3"], receipts.Select(receipt => receipt.Reason));
    }

    [Fact]
    public async Task Reload_ConfigurationInvalid_ChangesNothingAndSaysWhy()
    {
        var waiter = CreateTestProbe();
        _process.Check = () => ["ips.conf:3: ips.drain.timeout is 0", "ips.conf:9: no such key"];
        var lifecycle = Start(new Serving());
        lifecycle.Tell(new LifecycleProtocol.Reload("SIGHUP", CheckFirst: true, ReplyTo: waiter.Ref));
        var refusal = (await waiter.FishForMessageAsync<LifecycleProtocol.ReloadFinished>(_ => true)).Receipt;
        Assert.Equal("the configuration is invalid: ips.conf:3: ips.drain.timeout is 0; ips.conf:9: no such key", refusal.Reason);
        Assert.Equal("Serving", await StateOf(lifecycle));
        Assert.False(_reloader.HasMessages);
        Assert.True(_log.Has(EventIds.ConfigurationInvalid));
    }

    [Fact]
    public async Task Reload_CheckItselfFails_IsRefused()
    {
        var waiter = CreateTestProbe();
        _process.Check = () => throw new IOException("ips.conf cannot be read");
        Start(new Serving()).Tell(new LifecycleProtocol.Reload("SIGHUP", CheckFirst: true, ReplyTo: waiter.Ref));
        Assert.Contains("ips.conf cannot be read", (await waiter.FishForMessageAsync<LifecycleProtocol.ReloadFinished>(_ => true)).Receipt.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Reload_ConfigurationValid_Spawns()
    {
        Start(new Serving()).Tell(new LifecycleProtocol.Reload("SIGHUP", CheckFirst: true));
        await _reloader.ExpectMsgAsync<ReloaderOrder.SpawnSuccessor>();
    }

    [Fact]
    public async Task Serving_Stop_FailsReadinessForTheLameDuckTimeThenReleases()
    {
        _options.Drain.LameDuck = TimeSpan.FromSeconds(4);
        var lifecycle = Start(new Serving());
        lifecycle.Tell(new LifecycleEvent.StopRequested("SIGTERM"));
        await _front.ExpectMsgAsync<HttpFrontProtocol.FailReadiness>();
        Assert.Equal("LameDuck", await StateOf(lifecycle));
        Assert.False(_listeners.HasMessages);
        Clock.Advance(TimeSpan.FromSeconds(4));
        Assert.False((await _listeners.ExpectMsgAsync<ListenerProtocol.Release>()).HandedOver);
        Assert.True(_log.Has(EventIds.Stopping));
    }

    [Fact]
    public async Task Serving_StopWithoutLameDuck_ReleasesAtOnceWithoutAnyTimer()
    {
        Start(new Serving()).Tell(new LifecycleEvent.StopRequested("SIGTERM"));
        await _listeners.ExpectMsgAsync<ListenerProtocol.Release>();
    }

    [Fact]
    public async Task Draining_SecondStop_AbortsAtOnceAndExitsWithTheCount()
    {
        var lifecycle = Start(new Serving());
        lifecycle.Tell(new LifecycleEvent.StopRequested("SIGTERM"));
        await _listeners.ExpectMsgAsync<ListenerProtocol.Release>();
        lifecycle.Tell(new LifecycleEvent.StopRequested("SIGTERM"));
        await _front.ExpectMsgAsync<HttpFrontProtocol.FailReadiness>();
        await _front.ExpectMsgAsync<HttpFrontProtocol.AbortConnections>();
        lifecycle.Tell(new LifecycleEvent.ConnectionsDrained(2));
        await ExpectExit(ExitCode.Aborted);
    }

    [Fact]
    public async Task Draining_AbortNotAnswered_ExitsAfterFiveSeconds()
    {
        var lifecycle = Start(new Draining(ExitCode.Clean, StopSeen: true));
        lifecycle.Tell(new LifecycleEvent.StopRequested("SIGTERM"));
        await _front.ExpectMsgAsync<HttpFrontProtocol.AbortConnections>();
        await StateOf(lifecycle);
        Clock.Advance(TimeSpan.FromSeconds(5));
        await ExpectExit(ExitCode.Aborted);
    }

    [Fact]
    public async Task Draining_DeadlineComes_AbortsAndSaysWhichKeySetsIt()
    {
        var lifecycle = Start(new LameDuck());
        lifecycle.Tell(new LifecycleEvent.LameDuckEnded());
        await _listeners.ExpectMsgAsync<ListenerProtocol.Release>();
        await StateOf(lifecycle);
        Clock.Advance(_options.Drain.Timeout);
        await _front.ExpectMsgAsync<HttpFrontProtocol.AbortConnections>();
        Assert.Contains(_log.Entries, entry => entry.Id.Id == EventIds.DrainTimedOut && entry.Text.Contains("ips.drain.timeout", StringComparison.Ordinal));
        lifecycle.Tell(new LifecycleEvent.ConnectionsDrained(0));
        await ExpectExit(ExitCode.Clean); // idle connections only
    }

    [Fact]
    public async Task Draining_SuccessorOutlivesEveryDeadline_IsKilledBeforeTheExit()
    {
        var lifecycle = Start(new Draining(ExitCode.Clean, StopSeen: true, SuccessorAlive: true));
        lifecycle.Tell(new LifecycleEvent.ConnectionsDrained(0));
        lifecycle.Tell(new LifecycleEvent.DrainTimedOut());
        Assert.False((await _reloader.ExpectMsgAsync<ReloaderOrder.EndSuccessor>()).FinishRequests);
        await StateOf(lifecycle);
        Clock.Advance(TimeSpan.FromSeconds(5));
        await _reloader.ExpectMsgAsync<ReloaderOrder.KillSuccessor>();
        await ExpectExit(ExitCode.Clean); // none of this generation's requests was cut
    }

    [Fact]
    public async Task Draining_Restarted_KeepsItsDeadline()
    {
        var lifecycle = Start(new LameDuck());
        lifecycle.Tell(new LifecycleEvent.LameDuckEnded());
        await StateOf(lifecycle);
        _time.Advance(TimeSpan.FromSeconds(10));
        lifecycle.Tell(Kill.Instance);
        await StateOf(lifecycle);
        await StateOf(lifecycle); // the restart's own message has been worked on
        Clock.Advance(TimeSpan.FromSeconds(19.9));
        await StateOf(lifecycle);
        Assert.DoesNotContain(Drain(_front), message => message is HttpFrontProtocol.AbortConnections);
        Clock.Advance(TimeSpan.FromSeconds(0.1));
        await _front.ExpectMsgAsync<HttpFrontProtocol.AbortConnections>();
    }

    [Fact]
    public async Task Draining_RestartedAfterItsDeadline_AbortsAtOnce()
    {
        var lifecycle = Start(new LameDuck());
        lifecycle.Tell(new LifecycleEvent.LameDuckEnded());
        await StateOf(lifecycle);
        _time.Advance(TimeSpan.FromSeconds(31));
        lifecycle.Tell(Kill.Instance);
        await _front.ExpectMsgAsync<HttpFrontProtocol.AbortConnections>();
    }

    public static TheoryData<string> RestartableStates => [.. States().Keys];

    [Theory]
    [MemberData(nameof(RestartableStates))]
    public async Task AnyState_ActorKilled_AsksAgainWhatMayBeLostAndArmsItsTimer(string name)
    {
        _options.Drain.LameDuck = TimeSpan.FromSeconds(2);
        var state = States()[name];
        var memory = new LifecycleMemory(state) { Cast = Cast() };
        var lifecycle = Supervise(Props(memory));
        await StateOf(lifecycle);
        lifecycle.Tell(Kill.Instance);
        await StateOf(lifecycle);
        Assert.Equal(state.Name, await StateOf(lifecycle));

        var told = Drain(_listeners).Concat(Drain(_reloader)).Concat(Drain(_front)).Concat(Drain(_predecessor)).Select(m => m.GetType().Name).Order();
        var expected = LifecycleMachine.Resume(state).Select(MessageOf).OfType<string>().Order();
        Assert.Equal(expected, told);
        foreach (var timer in LifecycleMachine.Resume(state).Select(TimeoutOf).OfType<TimeSpan>())
        {
            Clock.Advance(timer);
            Assert.NotEqual(state.Name, await StateOf(lifecycle));
        }
    }

    [Fact]
    public async Task Restart_EffectsStillPending_AreCarriedOut()
    {
        var memory = new LifecycleMemory(new Serving()) { Cast = Cast() };
        memory.Pending.Enqueue(new ReloaderOrder.SendServe());
        var lifecycle = Supervise(Props(memory));
        lifecycle.Tell(Kill.Instance);
        await _reloader.ExpectMsgAsync<ReloaderOrder.SendServe>();
    }

    [Fact]
    public async Task Apply_LogThrows_LosesNoEffect()
    {
        var lifecycle = Start(new Serving());
        _log.Broken = true;
        lifecycle.Tell(new LifecycleEvent.StopReceived("the predecessor takes the role back", Return: true));
        await _front.ExpectMsgAsync<HttpFrontProtocol.FailReadiness>();
        await _listeners.ExpectMsgAsync<ListenerProtocol.Release>();
        _log.Broken = false;
        Assert.Equal("Draining", await StateOf(lifecycle));
    }

    [Fact]
    public async Task Effect_Throws_IsLoggedAndTheOthersFollow()
    {
        _process.PublishFails = true;
        Start(new Starting()).Tell(new LifecycleEvent.FrontReady());
        await _front.ExpectMsgAsync<HttpFrontProtocol.AnnounceServing>();
        await _front.ExpectMsgAsync<HttpFrontProtocol.TakeRole>();
        Assert.True(_log.Has(EventIds.EffectFailed));
    }

    [Fact]
    public async Task Successor_WholeHandover_SpeaksToItsPredecessorInOrder()
    {
        var lifecycle = Start(new Joining());
        lifecycle.Tell(new LifecycleEvent.FrontReady());
        await _predecessor.ExpectMsgAsync<PredecessorProtocol.SendReady>();
        lifecycle.Tell(new LifecycleEvent.ServeReceived());
        await _listeners.ExpectMsgAsync<ListenerProtocol.StartAccepting>();
        await _predecessor.ExpectMsgAsync<PredecessorProtocol.BeginHealthReports>();
        await _front.ExpectMsgAsync<HttpFrontProtocol.AnnounceServing>();
        Assert.Empty(_process.Calls);
        lifecycle.Tell(new LifecycleEvent.PromoteReceived());
        await _predecessor.ExpectMsgAsync<PredecessorProtocol.AcknowledgePromotion>();
        Assert.Equal(["PublishIdentity", "ReportStarted"], _process.Calls); // published before it is acknowledged
        await _front.ExpectMsgAsync<HttpFrontProtocol.TakeRole>();
    }

    [Fact]
    public async Task Proving_StopThenStopOfThePredecessor_FinishesItsRequests()
    {
        var lifecycle = Start(new Proving());
        lifecycle.Tell(new LifecycleEvent.StopRequested("SIGTERM"));
        Assert.Equal("SIGTERM", (await _predecessor.ExpectMsgAsync<PredecessorProtocol.SendFailed>()).Reason);
        Assert.True((await _listeners.ExpectMsgAsync<ListenerProtocol.Release>()).HandedOver);
        lifecycle.Tell(new LifecycleEvent.StopReceived("SIGTERM", Return: true));
        Assert.Equal("Draining", await StateOf(lifecycle));
        lifecycle.Tell(new LifecycleEvent.ListenersReleased());
        await _predecessor.ExpectMsgAsync<PredecessorProtocol.MoveConnections>(); // what is idle goes back
        Assert.DoesNotContain(Drain(_front), message => message is HttpFrontProtocol.AbortConnections);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Proving_StopOfThePredecessor_GivesConnectionsBackOnlyIfItServesOn(bool servesOn)
    {
        var lifecycle = Start(new Proving());
        lifecycle.Tell(new LifecycleEvent.StopReceived("test", servesOn));
        await _predecessor.ExpectMsgAsync<PredecessorProtocol.SendFailed>();
        lifecycle.Tell(new LifecycleEvent.ListenersReleased());
        Assert.Equal(servesOn, (await _front.ExpectMsgAsync<HttpFrontProtocol.BeginDrain>()).Moving);
        await StateOf(lifecycle);
        Assert.Equal(servesOn, Drain(_predecessor).Any(message => message is PredecessorProtocol.MoveConnections));
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
        Assert.Equal(new ReloaderOrder.SpawnSuccessor(DryRun: true) { Generation = 8 }, await _reloader.ExpectMsgAsync<ReloaderOrder.SpawnSuccessor>());
        lifecycle.Tell(new LifecycleEvent.SuccessorReady());
        Assert.False((await _reloader.ExpectMsgAsync<ReloaderOrder.EndSuccessor>()).FinishRequests);
        lifecycle.Tell(new LifecycleEvent.SuccessorGone());
        var receipt = (await waiter.FishForMessageAsync<LifecycleProtocol.ReloadFinished>(_ => true)).Receipt;
        Assert.Equal(("checked", true, null), (receipt.Outcome, receipt.DryRun, receipt.Reason));
        Assert.DoesNotContain(Drain(_listeners), message => message is ListenerProtocol.Quiesce or ListenerProtocol.Release);
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

    [Fact]
    public async Task History_OfThePredecessor_IsAdoptedAndItsDrainNoted()
    {
        var lifecycle = Start(new Proving());
        var old = new ReloadReceipt("promoted", 4710, 6, _process.Pid, 7, null, DateTimeOffset.UnixEpoch, 900);
        lifecycle.Tell(new LifecycleProtocol.AdoptHistory([old with { OldPid = 1, Outcome = "refused" }, old]));
        var drain = new DrainCounts(1, 2, 3, 0, 0, 4);
        lifecycle.Tell(new LifecycleProtocol.PredecessorDrained(drain));
        var receipts = (await lifecycle.Ask<LifecycleProtocol.HistoryReply>(new LifecycleProtocol.GetHistory(), Patience)).Receipts;
        Assert.Equal([null, drain], receipts.Select(receipt => receipt.Drain));
        Assert.Equal(["refused", "promoted"], receipts.Select(receipt => receipt.Outcome));
    }

    [Theory]
    [InlineData(typeof(Joining))]
    [InlineData(typeof(Ready))]
    [InlineData(typeof(Proving))]
    public async Task Successor_PredecessorLost_ServesAlone(Type state)
    {
        var lifecycle = Start((LifecycleState)Activator.CreateInstance(state, state == typeof(Joining) ? [false] : [])!);
        lifecycle.Tell(new LifecycleEvent.PredecessorLost());
        lifecycle.Tell(new LifecycleEvent.FrontReady());
        await _front.FishForMessageAsync(message => message is HttpFrontProtocol.TakeRole);
        Assert.Contains("PublishIdentity", _process.Calls);
        Assert.True(_log.Has(EventIds.Alone));
        Assert.Equal("Serving", await StateOf(lifecycle));
    }

    [Fact]
    public async Task Starting_FrontFailed_ExitsWithFailed()
    {
        var lifecycle = Start(new Starting());
        lifecycle.Tell(new LifecycleEvent.FrontFailed("health check 'store' is unhealthy"));
        await ExpectExit(ExitCode.Failed);
    }

    [Fact]
    public async Task Serving_ActorLost_DrainsAndExitsWithItsOwnCode()
    {
        var lifecycle = Start(new Serving());
        lifecycle.Tell(new LifecycleEvent.ActorLost("listener"));
        await _listeners.ExpectMsgAsync<ListenerProtocol.Release>();
        lifecycle.Tell(new LifecycleEvent.ListenersReleased());
        lifecycle.Tell(new LifecycleEvent.ConnectionsDrained(0));
        await ExpectExit(ExitCode.InternalError);
    }

    [Fact]
    public async Task Exiting_ControlNeverAnswers_ExitsNevertheless()
    {
        Start(new Starting()).Tell(new LifecycleEvent.StopRequested("SIGTERM"));
        await _control.ExpectMsgAsync<ControlProtocol.Close>();
        Assert.Equal(ExitCode.Clean, await _process.Exited.WaitAsync(Patience));
    }

    [Fact]
    public async Task LogReopen_EachOutcome_IsToldInTheLog()
    {
        var lifecycle = Start(new Serving());
        _process.Log = () => "/var/log/ips.log";
        lifecycle.Tell(new LifecycleEvent.LogReopenRequested());
        await StateOf(lifecycle);
        Assert.True(_log.Has(EventIds.LogReopened));
        _process.Log = () => null;
        lifecycle.Tell(new LifecycleEvent.LogReopenRequested());
        _ = await StateOf(lifecycle);
        Assert.Contains(_log.Entries, entry => entry.Text.Contains("ips.log-file", StringComparison.Ordinal));
        _process.Log = () => throw new IOException("Permission denied");
        lifecycle.Tell(new LifecycleEvent.LogReopenRequested());
        await StateOf(lifecycle);
        Assert.Contains(_log.Entries, entry => entry.Text.Contains("Permission denied", StringComparison.Ordinal));
    }

    [Fact]
    public async Task History_MoreThanAHundredReloads_KeepsTheNewest()
    {
        var lifecycle = Start(new Serving());
        for (var i = 1; i <= 103; i++)
        {
            lifecycle.Tell(new LifecycleProtocol.Reload("test"));
            lifecycle.Tell(new LifecycleEvent.SuccessorFailed($"reason {i}", Responsive: false));
            lifecycle.Tell(new LifecycleEvent.SuccessorGone());
            await StateOf(lifecycle);
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        var receipts = (await lifecycle.Ask<LifecycleProtocol.HistoryReply>(new LifecycleProtocol.GetHistory(), Patience)).Receipts;
        Assert.Equal((100, "reason 4", "reason 103"), (receipts.Count, receipts[0].Reason, receipts[^1].Reason));
    }

    private static Dictionary<string, LifecycleState> States() => new LifecycleState[]
    {
        new Starting(), new Joining(), new Ready(), new Proving(), new Serving(), new AwaitingReady(), new Overlapping(), new OnProbation(), new Yielding(),
        new Promoting(), new Moving(), new RollingBack(), new LameDuck(), new Draining(ExitCode.Clean, StopSeen: true),
        new Draining(ExitCode.Clean, StopSeen: true, Aborted: true), new AwaitingReady(DryRun: true),
        new Draining(ExitCode.Clean, StopSeen: true, SuccessorAlive: true, HandedOver: true),
    }.ToDictionary(state => state.ToString());

    private static string? MessageOf(LifecycleEffect effect) => effect switch
    {
        LifecycleEffect.StartAccepting => nameof(ListenerProtocol.StartAccepting),
        LifecycleEffect.QuiesceAccepting => nameof(ListenerProtocol.Quiesce),
        LifecycleEffect.ReleaseListeners => nameof(ListenerProtocol.Release),
        LifecycleEffect.StopHost => null,
        _ => TimeoutOf(effect) is null && effect is not LifecycleEffect.ArmDrainTimer ? effect.GetType().Name : null,
    };

    private static TimeSpan? TimeoutOf(LifecycleEffect effect) => effect switch
    {
        LifecycleEffect.ArmSuccessorTimer => new ReloadOptions().ReadyTimeout,
        LifecycleEffect.ArmMoveTimer => TimeSpan.FromSeconds(2),
        LifecycleEffect.ArmAbortTimer => TimeSpan.FromSeconds(5),
        LifecycleEffect.ArmProbationTimer => new ReloadOptions().Probation,
        LifecycleEffect.ArmLameDuckTimer => TimeSpan.FromSeconds(2),
        _ => null,
    };

    private Props Props(LifecycleMemory memory) =>
        Akka.Actor.Props.Create(() => new LifecycleActor(memory, _process, _options, _time, _log));

    private LifecycleCast Cast() => new(_listeners.Ref, _reloader.Ref, _front.Ref, _predecessor.Ref, _control.Ref);

    private IActorRef Start(LifecycleState state)
    {
        var lifecycle = Supervise(Props(new LifecycleMemory(state)));
        lifecycle.Tell(new LifecycleProtocol.Assemble(Cast()));
        return lifecycle;
    }

    private static async Task<LifecycleProtocol.StatusReply> Status(IActorRef lifecycle) =>
        await lifecycle.Ask<LifecycleProtocol.StatusReply>(new LifecycleProtocol.GetStatus(), Patience);

    private static async Task<string> StateOf(IActorRef lifecycle) => (await Status(lifecycle)).State;

    private async Task ReachProbation(IActorRef lifecycle, TestProbe waiter)
    {
        lifecycle.Tell(new LifecycleProtocol.Reload("test", ReplyTo: waiter.Ref));
        lifecycle.Tell(new LifecycleEvent.SuccessorReady());
        lifecycle.Tell(new LifecycleEvent.SuccessorServes());
        await _reloader.ExpectMsgAsync<ReloaderOrder.SpawnSuccessor>();
        await _reloader.ExpectMsgAsync<ReloaderOrder.SendServe>();
        await _listeners.ExpectMsgAsync<ListenerProtocol.Quiesce>();
        await StateOf(lifecycle);
    }

    private async Task ExpectExit(ExitCode code)
    {
        await _control.FishForMessageAsync(message => message is ControlProtocol.Close);
        _control.Reply(new ControlProtocol.Closed());
        Assert.Equal(code, await _process.Exited.WaitAsync(Patience));
    }
}
