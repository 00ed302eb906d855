using Akka.Actor;
using Akka.TestKit;
using Ips.Actors.Configuration;
using Ips.Actors.Diagnostics;
using Ips.Actors.Lifecycle;
using Ips.Actors.Tests.Support;
using static Ips.Actors.Lifecycle.LifecycleState;

namespace Ips.Actors.Tests.Lifecycle;

/// <summary>Start, restart, faults of effects, and what the actor keeps.</summary>
public sealed class LifecycleActorTests : LifecycleActorTest
{
    [Fact]
    public async Task Assembling_EventsComeFirst_AreKeptUntilTheCastIsKnown()
    {
        var lifecycle = Supervise(Props(new LifecycleMemory(new Starting())));
        lifecycle.Tell(new LifecycleEvent.FrontReady());
        lifecycle.Tell(new LifecycleProtocol.Assemble(Cast()));
        await Listeners.ExpectMsgAsync<ListenerOrder.StartAccepting>();
    }

    [Fact]
    public async Task Starting_FrontReady_AcceptsThenPublishesThenTellsTheApp()
    {
        var lifecycle = Start(new Starting());
        lifecycle.Tell(new LifecycleEvent.FrontReady());
        await Listeners.ExpectMsgAsync<ListenerOrder.StartAccepting>();
        await Listeners.ExpectMsgAsync<ListenerOrder.HandoverEnded>();
        await Control.ExpectMsgAsync<ClientOrder.Serve>();
        await Front.ExpectMsgAsync<FrontOrder.AnnounceServing>();
        await Front.ExpectMsgAsync<FrontOrder.TakeRole>();
        Assert.Equal(["PublishIdentity", "ReportStarted"], Process.Calls);
        Assert.Equal("Serving", await StateOf(lifecycle));
    }

    // What throws is logged and left out, so that a running service lives on: an effect without a handler would be noticed by nobody.
    [Fact]
    public async Task Effects_OfTheWholeWalk_AllHaveAHandler()
    {
        var effects = new LifecycleWalk(LifecycleMachine.Next).Run().Decisions.Values.SelectMany(decision => decision.Next.Effects)
            .GroupBy(effect => effect.GetType()).Select(kind => kind.First()).ToList();
        Assert.InRange(effects.Count, 30, int.MaxValue);
        var memory = new LifecycleMemory(new Serving()) { Cast = Cast() };
        foreach (var effect in effects) memory.Pending.Enqueue(effect);
        var lifecycle = Supervise(Props(memory));
        lifecycle.Tell(new LifecycleEvent.LogReopenRequested()); // what is pending runs with what it orders
        await StateOf(lifecycle);
        Assert.Empty(memory.Pending);
        Assert.DoesNotContain(Logged.Entries, entry => entry.Id.Id == EventIds.EffectFailed);
    }

    public static TheoryData<string> RestartableStates => [.. States().Keys];

    [Theory]
    [MemberData(nameof(RestartableStates))]
    public async Task AnyState_ActorKilled_AsksAgainWhatMayBeLostAndArmsItsTimer(string name)
    {
        Options.Drain.LameDuck = TimeSpan.FromSeconds(2);
        var state = States()[name];
        var memory = new LifecycleMemory(state) { Cast = Cast() };
        var lifecycle = Supervise(Props(memory));
        await StateOf(lifecycle);
        lifecycle.Tell(Kill.Instance);
        await StateOf(lifecycle);
        Assert.Equal(state.Name, await StateOf(lifecycle));

        var told = Drain(Listeners).Concat(Drain(Reloader)).Concat(Drain(Front)).Concat(Drain(Predecessor)).Select(m => m.GetType().Name)
            .Order();
        var expected = LifecycleMachine.Resume(state).Select(MessageOf).OfType<string>().Order();
        Assert.Equal(expected, told);
        foreach (var timer in LifecycleMachine.Resume(state).Select(TimeoutOf).OfType<TimeSpan>())
        {
            Clock.Advance(timer);
            if (state is OnProbation) await Reloader.ExpectMsgAsync<ReloaderOrder.ConcludeProbation>();
            else Assert.NotEqual(state.Name, await StateOf(lifecycle));
        }
    }

    [Fact]
    public async Task Restart_EffectsStillPending_AreCarriedOut()
    {
        var memory = new LifecycleMemory(new Serving()) { Cast = Cast() };
        memory.Pending.Enqueue(new ReloaderOrder.SendServe());
        var lifecycle = Supervise(Props(memory));
        lifecycle.Tell(Kill.Instance);
        await Reloader.ExpectMsgAsync<ReloaderOrder.SendServe>();
    }

    [Fact]
    public async Task Apply_LogThrows_LosesNoEffect()
    {
        var lifecycle = Start(new Serving());
        Logged.Broken = true;
        lifecycle.Tell(new LifecycleEvent.StopReceived("the predecessor takes the role back", Return: true));
        await Front.ExpectMsgAsync<FrontOrder.FailReadiness>();
        await Listeners.ExpectMsgAsync<ListenerOrder.ReleaseListeners>();
        Logged.Broken = false;
        Assert.Equal("Draining", await StateOf(lifecycle));
    }

    [Fact]
    public async Task Effect_Throws_IsLoggedAndTheOthersFollow()
    {
        Process.PublishFails = true;
        Start(new Starting()).Tell(new LifecycleEvent.FrontReady());
        await Front.ExpectMsgAsync<FrontOrder.AnnounceServing>();
        await Front.ExpectMsgAsync<FrontOrder.TakeRole>();
        Assert.True(Logged.Has(EventIds.EffectFailed));
    }

    [Fact]
    public async Task Successor_WholeHandover_SpeaksToItsPredecessorInOrder()
    {
        var lifecycle = Start(new Joining());
        lifecycle.Tell(new LifecycleEvent.FrontReady());
        await Predecessor.ExpectMsgAsync<PredecessorOrder.SendReady>();
        lifecycle.Tell(new LifecycleEvent.ServeReceived());
        await Listeners.ExpectMsgAsync<ListenerOrder.StartAccepting>();
        await Predecessor.ExpectMsgAsync<PredecessorOrder.BeginHealthReports>();
        await Front.ExpectMsgAsync<FrontOrder.AnnounceServing>();
        Assert.Empty(Process.Calls);
        lifecycle.Tell(new LifecycleEvent.PromoteReceived());
        await Predecessor.ExpectMsgAsync<PredecessorOrder.AcknowledgePromotion>();
        Assert.Equal(["PublishIdentity", "ReportStarted"], Process.Calls); // published before it is acknowledged
        await Front.ExpectMsgAsync<FrontOrder.TakeRole>();
    }

    [Fact]
    public async Task History_OfThePredecessor_IsAdoptedAndItsDrainNoted()
    {
        var lifecycle = Start(new Proving());
        var old = new ReloadReceipt("promoted", 4710, 6, Process.Pid, 7, null, DateTimeOffset.UnixEpoch, 900);
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
        var lifecycle = Start((LifecycleState)Activator.CreateInstance(state, state == typeof(Ready) ? [] : [false])!);
        lifecycle.Tell(new LifecycleEvent.PredecessorLost());
        lifecycle.Tell(new LifecycleEvent.FrontReady());
        await Front.FishForMessageAsync(message => message is FrontOrder.TakeRole);
        Assert.Contains("PublishIdentity", Process.Calls);
        Assert.True(Logged.Has(EventIds.Alone));
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
    public async Task LogReopen_EachOutcome_IsToldInTheLog()
    {
        var lifecycle = Start(new Serving());
        Process.Log = () => "/var/log/ips.log";
        lifecycle.Tell(new LifecycleEvent.LogReopenRequested());
        await StateOf(lifecycle);
        Assert.True(Logged.Has(EventIds.LogReopened));
        Process.Log = () => null;
        lifecycle.Tell(new LifecycleEvent.LogReopenRequested());
        _ = await StateOf(lifecycle);
        Assert.Contains(Logged.Entries, entry => entry.Text.Contains("ips.log-file", StringComparison.Ordinal));
        Process.Log = () => throw new IOException("Permission denied");
        lifecycle.Tell(new LifecycleEvent.LogReopenRequested());
        await StateOf(lifecycle);
        Assert.Contains(Logged.Entries, entry => entry.Text.Contains("Permission denied", StringComparison.Ordinal));
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
            Time.Advance(TimeSpan.FromSeconds(1));
        }

        var receipts = (await lifecycle.Ask<LifecycleProtocol.HistoryReply>(new LifecycleProtocol.GetHistory(), Patience)).Receipts;
        Assert.Equal((100, "reason 4", "reason 103"), (receipts.Count, receipts[0].Reason, receipts[^1].Reason));
    }

    private static Dictionary<string, LifecycleState> States() => new LifecycleState[]
    {
        new Starting(), new Joining(), new Ready(), new Proving(), new Serving(), new AwaitingReady(), new Overlapping(), new OnProbation(),
            new Yielding(),
        new Promoting(), new Moving(), new RollingBack(), new LameDuck(), new Draining(ExitCode.Clean, StopSeen: true),
        new Draining(ExitCode.Clean, StopSeen: true, Aborted: true), new AwaitingReady(DryRun: true),
        new Draining(ExitCode.Clean, StopSeen: true, SuccessorAlive: true, HandedOver: true),
    }.ToDictionary(state => state.ToString());

    private static string? MessageOf(LifecycleEffect effect) =>
        effect is ListenerOrder or ReloaderOrder or FrontOrder or PredecessorOrder ? effect.GetType().Name : null;

    private static TimeSpan? TimeoutOf(LifecycleEffect effect) => effect switch
    {
        LifecycleEffect.ArmSuccessorTimer { WithRoom: true } => new ReloadOptions().ReadyTimeout + new ReloadOptions().RoomTimeout,
        LifecycleEffect.ArmSuccessorTimer => new ReloadOptions().ReadyTimeout,
        LifecycleEffect.ArmMoveTimer => TimeSpan.FromSeconds(2),
        LifecycleEffect.ArmAbortTimer => TimeSpan.FromSeconds(5),
        LifecycleEffect.ArmProbationTimer => new ReloadOptions().Probation,
        LifecycleEffect.ArmLameDuckTimer => TimeSpan.FromSeconds(2),
        _ => null,
    };
}
