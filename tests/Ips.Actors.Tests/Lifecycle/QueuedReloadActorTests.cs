using Akka.Actor;
using Akka.TestKit;
using Ips.Actors.Configuration;
using Ips.Actors.Control;
using Ips.Actors.Diagnostics;
using Ips.Actors.Lifecycle;
using Ips.Actors.Reloader;
using Ips.Actors.Tests.Support;
using Ips.Actors.Transport;
using Microsoft.Extensions.Time.Testing;
using static Ips.Actors.Lifecycle.LifecycleState;

namespace Ips.Actors.Tests.Lifecycle;

/// <summary>A reload that is requested during another one waits, whichever client requests it; it is carried out here, passed on,
/// or dropped with a receipt.</summary>
public sealed class QueuedReloadActorTests : ActorTest
{
    private static readonly ReleaseStamp Bad = new("/srv/current/app", "bad"), Good = new("/srv/current/app", "good");

    private readonly IpsOptions _options = new();
    private readonly RecordingProcess _process = new();
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero));
    private readonly RecordingLog _log = new();
    private readonly TestProbe _reloader;
    private readonly TestProbe _others;
    private readonly TestProbe _first;
    private readonly TestProbe _second;

    public QueuedReloadActorTests() => (_reloader, _others, _first, _second) = (CreateTestProbe(), CreateTestProbe(), CreateTestProbe(),
        CreateTestProbe());

    [Fact]
    public async Task Reload_DuringAReload_IsShownAsPending()
    {
        var lifecycle = Start();
        lifecycle.Tell(Ask("first", _first));
        lifecycle.Tell(new LifecycleEvent.ReloadRequested("SIGUSR2"));
        await StatusAsync(lifecycle); // it was asked before the time passes
        _time.Advance(TimeSpan.FromSeconds(3));
        var pending = (await StatusAsync(lifecycle)).Pending!;
        Assert.Equal(("SIGUSR2", 3000), (pending.AskedBy, pending.WaitedMs));
        Assert.Equal(pending, (await lifecycle.Ask<LifecycleProtocol.HistoryReply>(new LifecycleProtocol.GetHistory(), Patience)).Pending);
        Assert.Contains(_log.Entries, entry => entry.Id.Id == EventIds.ReloadDeferred
            && entry.Text.Contains("Reload by SIGUSR2 waits for the reload to generation 8 by first", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Reload_WhoWaits_IsToldForWhatAndForHowLong()
    {
        var lifecycle = Start();
        lifecycle.Tell(Ask("first", _first));
        lifecycle.Tell(Ask("second", _second));
        var told = await _second.ExpectMsgAsync<LifecycleProtocol.Progress>();
        Assert.Equal("waits for the reload to generation 8 by first", told.Message);
        Assert.InRange(told.Within!.Value, 2 * _options.Reload.ReadyTimeout, TimeSpan.FromDays(1));
    }

    [Fact]
    public async Task Reload_NoQueue_IsRefusedWithAReplyAndALogLine()
    {
        var lifecycle = Start();
        lifecycle.Tell(Ask("first", _first));
        lifecycle.Tell(Ask("second", _second) with { Request = new() { NoQueue = true } });
        var refusal = (await _second.ExpectMsgAsync<LifecycleProtocol.ReloadFinished>()).Receipt;
        Assert.Equal(("refused", "a reload is already under way"), (refusal.Outcome, refusal.Reason));
        Assert.Contains(_log.Entries, entry => entry.Id.Id == EventIds.ReloadRefused && entry.Text.Contains("second",
            StringComparison.Ordinal));
        Assert.Null((await StatusAsync(lifecycle)).Pending);
    }

    [Fact]
    public async Task RolledBack_AnotherReleaseInPlace_BeginsAndNamesTheWait()
    {
        var lifecycle = Start();
        lifecycle.Tell(Ask("first", _first));
        lifecycle.Tell(new LifecycleEvent.LaunchBegan(Bad));
        lifecycle.Tell(Ask("second", _second));
        _process.InPlace = Good;
        await StatusAsync(lifecycle); // it was asked before the time passes
        _time.Advance(TimeSpan.FromSeconds(4));
        await FailAsync(lifecycle, "it exited with 1", _first);
        await _reloader.FishForMessageAsync<ReloaderOrder.SpawnSuccessor>(_ => true);
        await FailAsync(lifecycle, "it exited with 2", _second);
        var receipts = await HistoryAsync(lifecycle);
        Assert.Equal(["it exited with 1", "it exited with 2"], receipts.Select(receipt => receipt.Reason));
        Assert.Equal([null, 4000], receipts.Select(receipt => receipt.WaitedMs));
        Assert.Equal(receipts, _process.Kept);
    }

    [Fact]
    public async Task RolledBack_TheSameReleaseInPlace_IsDroppedAndSaysSo()
    {
        var lifecycle = Start();
        lifecycle.Tell(Ask("first", _first));
        await _reloader.FishForMessageAsync<ReloaderOrder.SpawnSuccessor>(_ => true);
        lifecycle.Tell(new LifecycleEvent.LaunchBegan(Bad));
        lifecycle.Tell(Ask("second", _second));
        _process.InPlace = Bad with { };
        await FailAsync(lifecycle, "it exited with 1", _first);
        var dropped = await ReceiptAsync(_second);
        Assert.Equal("refused", dropped.Outcome);
        Assert.Contains("the release in place is the one that has just been refused (/srv/current/app)", dropped.Reason,
            StringComparison.Ordinal);
        Assert.Equal("Serving", (await StatusAsync(lifecycle)).State);
        Assert.Equal(2, (await HistoryAsync(lifecycle)).Count);
        Assert.DoesNotContain(Drain(_reloader), message => message is ReloaderOrder.SpawnSuccessor);
    }

    [Fact]
    public async Task Check_HasPassed_TheReloadThatWaitedBegins()
    {
        var lifecycle = Start();
        lifecycle.Tell(Ask("check", _first) with { DryRun = true });
        lifecycle.Tell(new LifecycleEvent.LaunchBegan(Good));
        _process.InPlace = Good;
        lifecycle.Tell(Ask("second", _second));
        lifecycle.Tell(new LifecycleEvent.SuccessorReady());
        lifecycle.Tell(new LifecycleEvent.SuccessorGone());
        Assert.Equal("checked", (await ReceiptAsync(_first)).Outcome);
        Assert.True((await _reloader.FishForMessageAsync<ReloaderOrder.SpawnSuccessor>(_ => true)).DryRun);
        Assert.False((await _reloader.FishForMessageAsync<ReloaderOrder.SpawnSuccessor>(_ => true)).DryRun);
    }

    [Fact]
    public async Task Queued_ANewerOneComes_TakesItsPlaceAndAnswersBoth()
    {
        var lifecycle = Start();
        lifecycle.Tell(Ask("first", CreateTestProbe()));
        lifecycle.Tell(Ask("second", _first));
        await StatusAsync(lifecycle); // it was asked before the time passes
        _time.Advance(TimeSpan.FromSeconds(1));
        lifecycle.Tell(Ask("third", _second));
        Assert.Equal("third", (await StatusAsync(lifecycle)).Pending!.AskedBy);
        Assert.Contains(_log.Entries, entry => entry.Text.Contains("in place of the one by second", StringComparison.Ordinal));
        lifecycle.Tell(new LifecycleEvent.SuccessorFailed("it exited with 1", Responsive: false));
        lifecycle.Tell(new LifecycleEvent.SuccessorGone());
        await FailAsync(lifecycle, "it exited with 2", _first, _second);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Queued_AStopComes_IsDroppedWithAReceipt(bool rollingBack)
    {
        var lifecycle = Start();
        lifecycle.Tell(Ask("first", _first));
        lifecycle.Tell(Ask("second", _second));
        if (rollingBack) lifecycle.Tell(new LifecycleEvent.SuccessorFailed("it exited with 1", Responsive: false));
        lifecycle.Tell(new LifecycleEvent.StopRequested("SIGTERM"));
        var stopped = await ReceiptAsync(_first);
        Assert.Equal(("stopped", rollingBack ? "SIGTERM; before that: it exited with 1" : "SIGTERM"), (stopped.Outcome, stopped.Reason));
        var dropped = await ReceiptAsync(_second);
        Assert.Equal(("stopped", "this generation is stopping"), (dropped.Outcome, dropped.Reason));
        Assert.True(_log.Has(EventIds.ReloadStopped));
        Assert.False(_log.Has(EventIds.ReloadFailed));
        Assert.Equal(2, _process.Kept.Count);
    }

    [Fact]
    public async Task Promoted_WhatWaits_IsPassedOnWithAllThatItAskedFor()
    {
        var lifecycle = Start();
        lifecycle.Tell(Ask("first", _first));
        lifecycle.Tell(Ask("second", _second) with { Request = new() { Id = "abc", WaitedMs = 500 } });
        await StatusAsync(lifecycle); // it was asked before the time passes
        _time.Advance(TimeSpan.FromSeconds(2));
        await PromoteAsync(lifecycle);
        Assert.Equal("promoted", (await ReceiptAsync(_first)).Outcome);
        var told = await _second.FishForMessageAsync<LifecycleProtocol.ReloadPassedOn>(_ => true);
        Assert.Equal(new ReloadRequest() { Id = "abc", AskedBy = "second", Trigger = "control", WaitedMs = 2500 }, told.Ask);
        await Until(() => _log.Has(EventIds.ReloadPassedOn));
        Assert.Equal(told.Ask, Assert.Single(_process.PassedOn));
    }

    [Fact]
    public async Task Promoted_NobodyTakesIt_IsAnErrorThatSaysHowToRepeatIt()
    {
        _process.TakePassedOn = _ => Task.FromResult<string?>("nobody listens");
        var lifecycle = Start();
        lifecycle.Tell(Ask("first", _first));
        lifecycle.Tell(new LifecycleEvent.ReloadRequested("SIGUSR2"));
        await PromoteAsync(lifecycle);
        await Until(() => !_process.AddedLate.IsEmpty);
        var receipt = Assert.Single(_process.AddedLate);
        Assert.Equal("the reload by SIGUSR2 could not be passed on to the new main process: nobody listens; repeat it: ips reload",
            receipt.Reason);
        Assert.Equal([receipt], (await _reloader.FishForMessageAsync<ReloaderOrder.SendHistory>(sent => sent.Receipts[0]
            .Outcome == "refused")).Receipts);
        Assert.True(_log.Has(EventIds.ReloadNotPassedOn));
    }

    [Fact]
    public async Task Draining_ForTheSuccessor_PassesOnWhatComesLate()
    {
        var lifecycle = Start(new Draining(ExitCode.Clean, StopSeen: false, HandedOver: true, Way: MoveWay.Successor));
        lifecycle.Tell(new LifecycleEvent.ReloadRequested("SIGUSR2"));
        await Until(() => _process.PassedOn.Count == 1);
        Assert.Equal("SIGUSR2", _process.PassedOn.Single().AskedBy);
    }

    [Fact]
    public async Task Exit_WaitsUntilTheRequestIsPassedOn()
    {
        var taken = new TaskCompletionSource<string?>();
        _process.TakePassedOn = _ => taken.Task;
        var lifecycle = Start(new Draining(ExitCode.Clean, StopSeen: false, HandedOver: true, Way: MoveWay.Successor));
        lifecycle.Tell(new LifecycleEvent.ReloadRequested("SIGUSR2"));
        lifecycle.Tell(new LifecycleEvent.ConnectionsDrained(0));
        await _others.FishForMessageAsync(message => message is ClientOrder.Close);
        _others.Reply(new ClientOrder.Closed());
        await RoundTrip(lifecycle);
        Assert.False(_process.Exited.IsCompleted);
        taken.SetResult(null);
        Assert.Equal(ExitCode.Clean, await _process.Exited.WaitAsync(Patience));
    }

    // The predecessor passes it on, and who waits for it asks as well.
    [Fact]
    public async Task PassedOn_TheSameRequestTwice_IsOneReload()
    {
        var lifecycle = Start();
        var request = new ReloadRequest() { Id = "abc", AskedBy = "SIGUSR2", WaitedMs = 1000 };
        lifecycle.Tell(Ask("SIGUSR2, passed on by PID 5", _first) with { Request = request });
        lifecycle.Tell(Ask("SIGUSR2, passed on by PID 6", _second) with { Request = request });
        Assert.Equal("starting generation 8", (await _first.ExpectMsgAsync<LifecycleProtocol.Progress>()).Message);
        Assert.Null((await StatusAsync(lifecycle)).Pending);
        await FailAsync(lifecycle, "it exited with 1", _first, _second);

        var late = CreateTestProbe();
        lifecycle.Tell(Ask("SIGUSR2, passed on by PID 7", late) with { Request = request }); // it has ended by then
        var receipt = await ReceiptAsync(late);
        Assert.Equal(("it exited with 1", "abc", 1000), (receipt.Reason, receipt.RequestId, receipt.WaitedMs));
        Assert.Single(await HistoryAsync(lifecycle));
    }

    [Fact]
    public async Task PassedOn_WhileAnotherReloadIsUnderWay_WaitsHereToo()
    {
        var lifecycle = Start();
        lifecycle.Tell(Ask("first", _first));
        var request = new ReloadRequest() { Id = "abc", AskedBy = "SIGUSR2", WaitedMs = 1000 };
        lifecycle.Tell(Ask("one way", _second) with { Request = request });
        lifecycle.Tell(Ask("another way", CreateTestProbe()) with { Request = request });
        Assert.Equal("one way", (await StatusAsync(lifecycle)).Pending!.AskedBy);
        await PromoteAsync(lifecycle);
        Assert.Equal("SIGUSR2", (await _second.FishForMessageAsync<LifecycleProtocol.ReloadPassedOn>(_ => true)).Ask.AskedBy);
        await Until(() => _process.PassedOn.Count == 1);
    }

    [Fact]
    public async Task Starting_AReload_WaitsForTheEndOfTheStart()
    {
        var lifecycle = Start(new Starting());
        lifecycle.Tell(new LifecycleEvent.ReloadRequested("SIGUSR2"));
        await StatusAsync(lifecycle);
        Assert.False(_reloader.HasMessages);
        lifecycle.Tell(new LifecycleEvent.FrontReady());
        await _reloader.FishForMessageAsync<ReloaderOrder.SpawnSuccessor>(_ => true);
    }

    [Fact]
    public async Task Queued_ActorRestarts_LosesNothing()
    {
        var lifecycle = Start();
        lifecycle.Tell(Ask("first", _first));
        lifecycle.Tell(Ask("second", _second));
        lifecycle.Tell(Kill.Instance);
        Assert.Equal("second", (await StatusAsync(lifecycle)).Pending!.AskedBy);
        lifecycle.Tell(new LifecycleEvent.SuccessorFailed("it exited with 1", Responsive: false));
        lifecycle.Tell(new LifecycleEvent.SuccessorGone());
        await FailAsync(lifecycle, "it exited with 2", _second);
    }

    // By what it is called, not by what the machine waits for.
    [Fact]
    public async Task Status_DuringAReload_NamesEachGenerationsState()
    {
        var lifecycle = Start();
        lifecycle.Tell(Ask("first", _first));
        lifecycle.Tell(new LifecycleEvent.SuccessorSpawned(99));
        Assert.Equal(("Reloading", "starting"), Words(await StatusAsync(lifecycle)));
        lifecycle.Tell(new LifecycleEvent.SuccessorReady());
        lifecycle.Tell(new LifecycleEvent.SuccessorServes());
        Assert.Equal(("Reloading", "on probation"), Words(await StatusAsync(lifecycle)));
        lifecycle.Tell(new LifecycleEvent.SuccessorFailed("it exited with 1", Responsive: false));
        Assert.Equal(("RollingBack", "ending"), Words(await StatusAsync(lifecycle)));
        lifecycle.Tell(new LifecycleEvent.SuccessorGone());
        Assert.Equal(("Serving", null), Words(await StatusAsync(lifecycle)));
        Assert.Equal("OnProbation", StatusWords.Of(new Proving()).State);

        static (string?, string?) Words(LifecycleProtocol.StatusReply status) => (status.Shown, status.SuccessorState);
    }

    private static LifecycleProtocol.Reload Ask(string source, TestProbe waiter) => new(source, ReplyTo: waiter.Ref);

    private static async Task<ReloadReceipt> ReceiptAsync(TestProbe waiter) =>
        (await waiter.FishForMessageAsync<LifecycleProtocol.ReloadFinished>(_ => true)).Receipt;

    private static Task<LifecycleProtocol.StatusReply> StatusAsync(IActorRef lifecycle) =>
        lifecycle.Ask<LifecycleProtocol.StatusReply>(new LifecycleProtocol.GetStatus(), Patience);

    private static async Task<IReadOnlyList<ReloadReceipt>> HistoryAsync(IActorRef lifecycle) =>
        (await lifecycle.Ask<LifecycleProtocol.HistoryReply>(new LifecycleProtocol.GetHistory(), Patience)).Receipts;

    private async Task FailAsync(IActorRef lifecycle, string reason, params TestProbe[] waiters)
    {
        await Until(async () => (await StatusAsync(lifecycle)).State == "AwaitingReady");
        _time.Advance(TimeSpan.FromTicks(1)); // a receipt is known by when its reload began
        lifecycle.Tell(new LifecycleEvent.SuccessorFailed(reason, Responsive: false));
        lifecycle.Tell(new LifecycleEvent.SuccessorGone());
        foreach (var waiter in waiters) Assert.Equal(reason, (await ReceiptAsync(waiter)).Reason);
    }

    private static async Task PromoteAsync(IActorRef lifecycle)
    {
        foreach (LifecycleEvent step in (LifecycleEvent[])
            [new LifecycleEvent.SuccessorReady(), new LifecycleEvent.SuccessorServes(), new LifecycleEvent.ProbationPassed(),
                new LifecycleEvent.RoleYielded(),
                new LifecycleEvent.PromotionAcknowledged()])
        {
            lifecycle.Tell(step);
        }

        lifecycle.Tell(new MoverProtocol.Settled(0, 0, new Dictionary<string, int>()));
        await StatusAsync(lifecycle);
    }

    private IActorRef Start(LifecycleState? state = null)
    {
        var memory = new LifecycleMemory(state ?? new Serving());
        var lifecycle = Supervise(Props.Create(() => new LifecycleActor(memory, _process, _options, _time, _log)));
        lifecycle.Tell(new LifecycleProtocol.Assemble(new LifecycleCast(_others.Ref, _reloader.Ref, _others.Ref, _others.Ref,
            _others.Ref)));
        return lifecycle;
    }
}
