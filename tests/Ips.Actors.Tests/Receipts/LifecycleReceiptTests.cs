using Akka.Actor;
using Akka.TestKit;
using Ips.Actors.Configuration;
using Ips.Actors.Diagnostics;
using Ips.Actors.Lifecycle;
using Ips.Actors.Tests.Support;
using Ips.Actors.Transport;
using Microsoft.Extensions.Time.Testing;
using static Ips.Actors.Lifecycle.LifecycleState;

namespace Ips.Actors.Tests.Receipts;

/// <summary>What the deciding actor writes into receipts and remembers.</summary>
public sealed class LifecycleReceiptTests : ActorTest
{
    private readonly IpsOptions _options = new();
    private readonly ReceiptProcess _process = new();
    private readonly FakeTimeProvider _time = new();
    private readonly RecordingLog _log = new();
    private readonly TestProbe _reloader;
    private readonly TestProbe _waiter;
    private readonly TestProbe _others;

    public LifecycleReceiptTests() => (_reloader, _waiter, _others) = (CreateTestProbe(), CreateTestProbe(), CreateTestProbe());

    [Fact]
    public async Task Check_SuccessorReady_IsCheckedAndTheNextReloadWorks()
    {
        var lifecycle = Start(new Serving());
        lifecycle.Tell(new LifecycleProtocol.Reload("test", ReplyTo: _waiter.Ref, DryRun: true));
        Assert.Equal(new ReloaderOrder.SpawnSuccessor(DryRun: true) { Generation = 8 },
            await _reloader.ExpectMsgAsync<ReloaderOrder.SpawnSuccessor>());
        lifecycle.Tell(new LifecycleEvent.SuccessorSpawned(99));
        lifecycle.Tell(new LifecycleEvent.SuccessorGreeted("2.0"));
        lifecycle.Tell(new LifecycleEvent.SuccessorReady());
        await _reloader.ExpectMsgAsync<ReloaderOrder.EndSuccessor>();
        lifecycle.Tell(new LifecycleEvent.SuccessorGone());

        var receipt = await ReceiptAsync();
        Assert.Equal(("checked", true, 99, "2.0", null), (receipt.Outcome, receipt.DryRun, receipt.NewPid, receipt.NewRelease,
            receipt.Reason));
        Assert.False(receipt.PhasesMs!.ContainsKey("promoted"));
        Assert.True(_log.Has(EventIds.CheckPassed));
        Assert.Null((await StatusAsync(lifecycle)).LastReload); // a check is no reload

        lifecycle.Tell(new LifecycleProtocol.Reload("next"));
        Assert.Equal(new ReloaderOrder.SpawnSuccessor { Generation = 8 }, await _reloader.ExpectMsgAsync<ReloaderOrder.SpawnSuccessor>());
    }

    [Fact]
    public async Task Check_SuccessorFails_IsRefusedWithItsOutput()
    {
        var lifecycle = Start(new Serving());
        lifecycle.Tell(new LifecycleProtocol.Reload("test", ReplyTo: _waiter.Ref, DryRun: true));
        lifecycle.Tell(new LifecycleEvent.SuccessorWrote(["no such table"]));
        lifecycle.Tell(new LifecycleEvent.SuccessorFailed("it exited with 1", Responsive: false));
        lifecycle.Tell(new LifecycleEvent.SuccessorGone());
        var receipt = await ReceiptAsync();
        Assert.Equal(("refused", true, "it exited with 1"), (receipt.Outcome, receipt.DryRun, receipt.Reason));
        Assert.Equal(["no such table"], receipt.Output);
        Assert.True(_log.Has(EventIds.CheckFailed));
    }

    [Fact]
    public async Task Check_WhileAReloadIsUnderWay_IsRefusedAtOnce()
    {
        var lifecycle = Start(new Serving());
        lifecycle.Tell(new LifecycleProtocol.Reload("test"));
        lifecycle.Tell(new LifecycleProtocol.Reload("test", ReplyTo: _waiter.Ref, DryRun: true));
        Assert.Contains("under way", (await ReceiptAsync()).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Reload_Promoted_TellsItsReceiptToTheSuccessorAfterTheHistory()
    {
        var lifecycle = Start(new Serving());
        lifecycle.Tell(new LifecycleProtocol.AdoptHistory([ReloadHistoryTests.Receipt(1), ReloadHistoryTests.Receipt(2)]));
        await PromoteAsync(lifecycle);
        var receipt = await ReceiptAsync();
        Assert.Equal("promoted", receipt.Outcome);
        Assert.Null(receipt.Output); // what it wrote is in the log
        Assert.Equal([receipt], (await _reloader.FishForMessageAsync<ReloaderOrder.SendHistory>(_ => true)).Receipts);
    }

    [Fact]
    public async Task Reload_OlderGenerationAborted_IsInTheReceiptAndTheProgress()
    {
        var lifecycle = Start(new Serving());
        lifecycle.Tell(new LifecycleProtocol.Reload("test", ReplyTo: _waiter.Ref));
        lifecycle.Tell(new LifecycleEvent.GenerationsAborted([3, 4]));
        Assert.Equal("generation 3, 4 was still draining and was aborted to make room",
            (await _waiter.ExpectMsgAsync<LifecycleProtocol.Progress>()).Message);
        lifecycle.Tell(new LifecycleEvent.SuccessorFailed("it exited with 1", Responsive: false));
        lifecycle.Tell(new LifecycleEvent.SuccessorGone());
        Assert.Equal([3, 4], (await ReceiptAsync()).AbortedGenerations);
    }

    [Fact]
    public async Task Reload_ConfigurationInvalid_IsRemembered()
    {
        _process.ConfigurationErrors = ["ips.drain.timeout is 0s"];
        var lifecycle = Start(new Serving());
        lifecycle.Tell(new LifecycleProtocol.Reload("test", CheckFirst: true, ReplyTo: _waiter.Ref));
        var receipt = await ReceiptAsync();
        Assert.Contains("ips.drain.timeout", receipt.Reason, StringComparison.Ordinal);
        Assert.Equal([receipt], await HistoryAsync(lifecycle));
    }

    [Fact]
    public async Task Successor_HistoryAndDrainOfThePredecessor_ShowInStatusAndHistory()
    {
        var lifecycle = Start(new Proving());
        var own = ReloadHistoryTests.Receipt(_process.Pid);
        lifecycle.Tell(new LifecycleProtocol.AdoptHistory([ReloadHistoryTests.Receipt(1), ReloadHistoryTests.Receipt(2)]));
        lifecycle.Tell(new LifecycleEvent.PromoteReceived());
        // promoted again after a restart there
        lifecycle.Tell(new LifecycleProtocol.AdoptHistory([ReloadHistoryTests.Receipt(1), ReloadHistoryTests.Receipt(2)]));
        lifecycle.Tell(new LifecycleProtocol.AdoptHistory([own]));
        Assert.Equal(own, (await StatusAsync(lifecycle)).LastReload);
        var drain = new DrainCounts(1, 2, 3, 4, 5, 6);
        lifecycle.Tell(new LifecycleProtocol.PredecessorDrained(drain));
        var history = await HistoryAsync(lifecycle);
        Assert.Equal([1, 2, 4711], history.Select(receipt => receipt.NewPid!.Value));
        Assert.Equal(drain, history[^1].Drain);
    }

    [Fact]
    public async Task Drain_Ends_CountsGoIntoTheFarewell()
    {
        var lifecycle = Start(new Draining(ExitCode.Clean, StopSeen: false, HandedOver: true));
        var counts = new DrainCounts(9, 8, 7, 0, 0, 3);
        lifecycle.Tell(new LifecycleEvent.ConnectionsDrained(0) { Counts = counts });
        Assert.Equal(new ReloaderOrder.SendFarewell { Counts = counts }, await _reloader.ExpectMsgAsync<ReloaderOrder.SendFarewell>());
    }

    private async Task PromoteAsync(IActorRef lifecycle)
    {
        lifecycle.Tell(new LifecycleProtocol.Reload("test", ReplyTo: _waiter.Ref));
        lifecycle.Tell(new LifecycleEvent.SuccessorWrote(["starting"]));
        foreach (LifecycleEvent step in new LifecycleEvent[]
        {
            new LifecycleEvent.SuccessorReady(), new LifecycleEvent.SuccessorServes(), new LifecycleEvent.ProbationPassed(),
                new LifecycleEvent.RoleYielded(),
        })
        {
            lifecycle.Tell(step);
        }

        var promote = await _reloader.FishForMessageAsync<ReloaderOrder.SendPromote>(_ => true);
        Assert.Equal([1, 2], promote.History.Select(receipt => receipt.NewPid!.Value));
        lifecycle.Tell(new LifecycleEvent.PromotionAcknowledged());
        lifecycle.Tell(new MoverProtocol.Settled(0, 0, new Dictionary<string, int>()));
    }

    private async Task<ReloadReceipt> ReceiptAsync() =>
        (await _waiter.FishForMessageAsync<LifecycleProtocol.ReloadFinished>(_ => true)).Receipt;

    private IActorRef Start(LifecycleState state)
    {
        var memory = new LifecycleMemory(state);
        var lifecycle = Supervise(Props.Create(() => new LifecycleActor(memory, _process, _options, _time, _log)));
        lifecycle.Tell(new LifecycleProtocol
            .Assemble(new LifecycleCast(_others.Ref, _reloader.Ref, _others.Ref, _others.Ref, _others.Ref)));
        return lifecycle;
    }

    private static Task<LifecycleProtocol.StatusReply> StatusAsync(IActorRef lifecycle) =>
        lifecycle.Ask<LifecycleProtocol.StatusReply>(new LifecycleProtocol.GetStatus(), Patience);

    private static async Task<IReadOnlyList<ReloadReceipt>> HistoryAsync(IActorRef lifecycle) =>
        (await lifecycle.Ask<LifecycleProtocol.HistoryReply>(new LifecycleProtocol.GetHistory(), Patience)).Receipts;
}
