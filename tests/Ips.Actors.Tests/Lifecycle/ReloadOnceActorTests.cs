using Akka.Actor;
using Akka.TestKit;
using Ips.Actors.Lifecycle;
using Ips.Actors.Transport;
using static Ips.Actors.Lifecycle.LifecycleState;

namespace Ips.Actors.Tests.Lifecycle;

/// <summary>A reload with an id that counts once: joined, answered from the history, known to the successor and on the disk before
/// anything is started.</summary>
[Trait("issue", "19")]
public sealed class ReloadOnceActorTests : LifecycleActorTest
{
    private static readonly LifecycleProtocol.NotBegun Elsewhere = new("error", "another release serves");

    private readonly TestProbe _first;
    private readonly TestProbe _second;

    public ReloadOnceActorTests() => (_first, _second) = (CreateTestProbe(), CreateTestProbe());

    [Fact]
    public async Task TheSameId_JoinsWhileItRuns_AndIsAnsweredFromTheHistoryAfterwards()
    {
        var lifecycle = Start(new Serving());
        lifecycle.Tell(Once("a", _first));
        lifecycle.Tell(Once("a", _second, Elsewhere));
        Assert.Equal("generation 8 is under way", (await _second.ExpectMsgAsync<LifecycleProtocol.Progress>()).Message);
        await FailAsync(lifecycle);
        Assert.Equal("it exited with 1", (await ReceiptAsync(_first)).Reason);
        Assert.Equal("a", (await ReceiptAsync(_second)).RequestId);
        lifecycle.Tell(Once("a", _second, Elsewhere)); // whatever serves by now
        Assert.Equal("it exited with 1", (await ReceiptAsync(_second)).Reason);
        Assert.Equal("Serving", await StateOf(lifecycle));
    }

    [Fact]
    public async Task NotToBegin_IsAnsweredAndNothingIsStartedOrAccountedFor()
    {
        var lifecycle = Start(new Serving());
        lifecycle.Tell(Once("a", _first, Elsewhere));
        Assert.Equal(Elsewhere, await _first.ExpectMsgAsync<LifecycleProtocol.NotBegun>());
        Assert.Equal("Serving", await StateOf(lifecycle));
        Assert.Empty(Process.Kept);
        lifecycle.Tell(Once("a", _first)); // the release is right by now
        await Reloader.ExpectMsgAsync<ReloaderOrder.SpawnSuccessor>();
    }

    [Fact]
    public async Task Id_IsOnTheDiskBeforeTheSuccessorIsStarted_AndUntilTheReceiptIs()
    {
        var lifecycle = Start(new Serving());
        lifecycle.Tell(Once("a", _first));
        await Reloader.ExpectMsgAsync<ReloaderOrder.SpawnSuccessor>();
        var kept = Assert.Single(Process.Kept);
        Assert.Equal(("a", "stopped", "2"), (kept.RequestId, kept.Outcome, kept.Deployed));
        lifecycle.Tell(new LifecycleProtocol.PredecessorDrained(new(1, 2, 3, 4, 5))); // which is written too
        await StateOf(lifecycle);
        Assert.Equal("a", Assert.Single(Process.Kept).RequestId);
        await FailAsync(lifecycle);
        await ReceiptAsync(_first);
        Assert.Equal(("a", "refused"), Assert.Single(Process.Kept) is var ended ? (ended.RequestId, ended.Outcome) : default);
    }

    [Fact]
    public async Task MainProcess_CrashesInTheMiddle_TheNextStartKnowsTheIdAndBeginsNothing()
    {
        var lifecycle = Start(new Serving());
        lifecycle.Tell(Once("a", _first));
        await Reloader.ExpectMsgAsync<ReloaderOrder.SpawnSuccessor>();
        var next = Restarted();
        next.Tell(Once("a", _second));
        var receipt = await ReceiptAsync(_second);
        Assert.Equal(("stopped", "the main process ended before the outcome of this reload was known"), (receipt.Outcome, receipt.Reason));
        Assert.Equal("Serving", await StateOf(next));
    }

    // The control socket is the successor's from the promotion on, and the account is closed only when the connections have moved.
    [Fact]
    public async Task Promotion_TellsTheSuccessorTheIdBeforeTheAccountIsClosed()
    {
        var lifecycle = Start(new Serving());
        lifecycle.Tell(Once("a", _first));
        lifecycle.Tell(new LifecycleEvent.SuccessorSpawned(99));
        foreach (LifecycleEvent step in (LifecycleEvent[])[new LifecycleEvent.SuccessorReady(), new LifecycleEvent.SuccessorServes(),
            new LifecycleEvent.ProbationPassed(), new LifecycleEvent.RoleYielded()]) lifecycle.Tell(step);
        var told = (await Reloader.FishForMessageAsync<ReloaderOrder.SendPromote>(_ => true)).History;
        var early = Assert.Single(told);
        Assert.Equal(("a", "promoted", 99, "2"), (early.RequestId, early.Outcome, early.NewPid, early.Deployed));
        lifecycle.Tell(new LifecycleEvent.PromotionAcknowledged());
        lifecycle.Tell(new MoverProtocol.Settled(1, 0, new Dictionary<string, int>()));
        var receipt = await ReceiptAsync(_first);
        var history = new ReloadHistory();
        history.Remember(early);
        history.Remember(receipt);
        Assert.Equal(receipt, Assert.Single(history.Receipts)); // what comes later takes its place
    }

    [Fact]
    public async Task AnotherReloadUnderWay_IsRefusedWithoutItsId_AndCanBeAskedForAgain()
    {
        var lifecycle = Start(new Serving());
        lifecycle.Tell(new LifecycleEvent.ReloadRequested("SIGUSR2"));
        lifecycle.Tell(Once("a", _first));
        var refusal = await ReceiptAsync(_first);
        Assert.Equal(("refused", "a reload is already under way", null), (refusal.Outcome, refusal.Reason, refusal.RequestId));
        await FailAsync(lifecycle);
        lifecycle.Tell(Once("a", _first));
        await FailAsync(lifecycle);
        Assert.Equal("a", (await ReceiptAsync(_first)).RequestId);
    }

    [Fact]
    public async Task PlainReload_IsNotOnTheDiskBeforeItHasEnded()
    {
        var lifecycle = Start(new Serving());
        lifecycle.Tell(new LifecycleEvent.ReloadRequested("SIGUSR2"));
        await Reloader.ExpectMsgAsync<ReloaderOrder.SpawnSuccessor>();
        Assert.Empty(Process.Kept);
    }

    private static LifecycleProtocol.Reload Once(string id, TestProbe waiter, LifecycleProtocol.NotBegun? instead = null) =>
        new("fleet", ReplyTo: waiter.Ref)
        {
            Once = new(instead), Request = new() { Id = id, NoQueue = true, Release = "2", Folder = "/srv/releases/2" },
        };

    private static async Task<ReloadReceipt> ReceiptAsync(TestProbe waiter) =>
        (await waiter.FishForMessageAsync<LifecycleProtocol.ReloadFinished>(_ => true)).Receipt;

    private static async Task FailAsync(IActorRef lifecycle)
    {
        Assert.Equal("AwaitingReady", await StateOf(lifecycle));
        lifecycle.Tell(new LifecycleEvent.SuccessorFailed("it exited with 1", Responsive: false));
        lifecycle.Tell(new LifecycleEvent.SuccessorGone());
    }

    // As a process that reads the history file at its start.
    private IActorRef Restarted()
    {
        var memory = new LifecycleMemory(new Serving());
        foreach (var receipt in Process.Kept) memory.History.Remember(receipt);
        var next = Supervise(Props(memory));
        next.Tell(new LifecycleProtocol.Assemble(Cast()));
        return next;
    }
}
