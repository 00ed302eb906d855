using Akka.Actor;
using Akka.TestKit;
using Ips.Actors.Configuration;
using Ips.Actors.Diagnostics;
using Ips.Actors.Files;
using Ips.Actors.Handover;
using Ips.Actors.Lifecycle;
using Ips.Actors.Posix;
using Ips.Actors.Reloader;
using Ips.Actors.Tests.Reloader;
using Ips.Actors.Tests.Support;
using Ips.Actors.Transport;

namespace Ips.Actors.Tests.Receipts;

/// <summary>What the owner of the successor adds to a receipt, and what it judges a successor by.</summary>
public sealed class ReloaderReceiptTests : ActorTest
{
    private readonly IpsOptions _options = new();
    private readonly RecordingLog _log = new();
    private readonly FakeOlderGenerations _older = new();
    private readonly FakeHealthUrl _url = new();
    private readonly FakeHealthUrl _toldUrl = new();
    private readonly List<Uri> _told = [];
    private readonly TestProbe _lifecycle;
    private readonly TestProbe _listeners;
    private readonly TestProbe _mover;
    private readonly TestProbe _successor; // what it is told
    private readonly FakeLauncher _launcher;
    private readonly IActorRef _reloader;

    public ReloaderReceiptTests()
    {
        (_lifecycle, _listeners, _mover, _successor) = (CreateTestProbe(), CreateTestProbe(), CreateTestProbe(), CreateTestProbe());
        _listeners.Offering(() => new ListenerProtocol.Offered([]));
        _launcher = new FakeLauncher(_successor.Ref);
        _options.Reload.HealthUrl = "http://127.0.0.1:1/healthz";
        var (slot, identity) = (new SuccessorSlot { Older = _older, HealthUrl = _url, MakeHealthUrl = MakeUrl },
            RuntimeFiles.Adopt("/nowhere/ips.pid", null, null, _log));
        _reloader = Supervise(Props.Create(
            () => new ReloaderActor(slot, _launcher, identity, _listeners.Ref, _mover.Ref, _lifecycle.Ref, _options, _log)));
    }

    [Fact]
    public async Task Spawn_TooManyGenerations_AbortsTheOldestFirst()
    {
        _older.Generations.AddRange([new(3, 103, 1), new(1, 101, 1), new(2, 102, 1)]);
        _reloader.Tell(new ReloaderOrder.SpawnSuccessor { Generation = 5 });
        var (entry, gone) = await _older.Aborting.Reader.ReadAsync();
        Assert.Equal(1, entry.Generation);
        await RoundTrip(_reloader);
        Assert.Empty(_launcher.Launched); // not before it is gone
        Assert.True(_log.Has(EventIds.MakingRoom));
        _reloader.Tell(new ReloaderOrder.SpawnSuccessor(Again: true) { Generation = 5 });
        await RoundTrip(_reloader);
        Assert.Equal(0, _older.Aborting.Reader.Count); // asked again after a restart: it is being made

        gone.SetResult();
        Assert.Equal([1], (await _lifecycle.ExpectMsgAsync<LifecycleEvent.GenerationsAborted>()).Generations);
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorSpawned>();
    }

    [Fact]
    public async Task Spawn_OneEndsWhileRoomIsAwaited_AbortsNobody()
    {
        _older.Generations.AddRange([new(1, 101, 1), new(2, 102, 1), new(3, 103, 1)]);
        _older.Room = new TaskCompletionSource();
        _reloader.Tell(new ReloaderOrder.SpawnSuccessor { Generation = 5 });
        await RoundTrip(_reloader);
        Assert.Empty(_launcher.Launched); // not before it is gone
        Assert.True(_log.Has(EventIds.AwaitingRoom));

        _older.Generations.RemoveAt(0);
        _older.Room.SetResult();
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorSpawned>();
        Assert.Equal(0, _older.Aborting.Reader.Count);
        Assert.False(_log.Has(EventIds.MakingRoom));
        await RoundTrip(_reloader);
    }

    [Fact]
    public async Task Spawn_TooManyGenerationsAndToRefuse_Fails()
    {
        _options.Reload.WhenFull = WhenFull.Refuse;
        _older.Generations.AddRange([new(1, 101, 1), new(2, 102, 1), new(3, 103, 1)]);
        _reloader.Tell(new ReloaderOrder.SpawnSuccessor { Generation = 5 });
        Assert.Contains("ips.reload.max-generations = 4", (await _lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorFailed>()).Reason,
            StringComparison.Ordinal);
        Assert.Empty(_launcher.Launched);
        _reloader.Tell(new ReloaderOrder.EndSuccessor(false, "refused"));
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorGone>();

        _older.Generations.RemoveAt(0); // one has drained: the next reload works
        _reloader.Tell(new ReloaderOrder.SpawnSuccessor { Generation = 5 });
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorSpawned>();
        await RoundTrip(_reloader); // it listens to the successor only after it told of it
    }

    [Fact]
    public async Task Spawn_EndedWhileRoomIsMade_StartsNobody()
    {
        _older.Generations.AddRange([new(1, 101, 1), new(2, 102, 1), new(3, 103, 1)]);
        _reloader.Tell(new ReloaderOrder.SpawnSuccessor { Generation = 5 });
        var (_, gone) = await _older.Aborting.Reader.ReadAsync();
        _reloader.Tell(new ReloaderOrder.EndSuccessor(false, "a stop"));
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorGone>();
        gone.SetResult();
        await RoundTrip(_reloader);
        await RoundTrip(_reloader); // the result is piped
        Assert.Empty(_launcher.Launched);
        Assert.False(_lifecycle.HasMessages);
    }

    [Fact]
    public async Task Spawn_OldestCannotBeAborted_FailsWithTheReason()
    {
        _older.Generations.AddRange([new(1, 101, 1), new(2, 102, 1), new(3, 103, 1)]);
        _reloader.Tell(new ReloaderOrder.SpawnSuccessor { Generation = 5 });
        var (_, gone) = await _older.Aborting.Reader.ReadAsync();
        gone.SetException(new PosixException("pidfd_send_signal", Errno.EPERM));
        Assert.Contains("EPERM", (await _lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorFailed>()).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Welcome_TellsOfEveryGenerationThatIsAlive()
    {
        _older.Generations.AddRange([new(1, 101, 11), new(2, 102, 22)]);
        await SpawnAsync();
        var welcome = await WelcomeAsync();
        Assert.Equal([1, 2, 4], welcome.Generations!.Select(entry => entry.Generation)); // the test is generation 4
        var self = welcome.Generations![^1];
        Assert.Equal((Environment.ProcessId, Processes.StartedAt(Environment.ProcessId)), (self.Pid, self.StartedAt));
    }

    [Fact]
    public async Task Health_ErrorsAboveTheRatio_RollsBackAndFinishesRequests()
    {
        _options.Reload.MaxErrorRatio = 0.1;
        await ServeAsync();
        _launcher.Last.Say(new HealthFrame(true, 10, 10));
        await RoundTrip(_reloader);
        Assert.False(_lifecycle.HasMessages); // too few to judge by
        _launcher.Last.Say(new HealthFrame(true, 30, 10));
        var failed = await _lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorFailed>();
        Assert.True(failed.Responsive);
        Assert.Contains("ips.reload.max-error-ratio", failed.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task HealthUrl_ThreeFailuresInARow_RollBack()
    {
        await ServeAsync();
        foreach (var fault in new[] { "it answered 500", "it answered 500", null, "it answered 500", "it answered 503" })
        {
            await AskAsync(fault);
            Assert.False(_lifecycle.HasMessages);
        }

        await AskAsync("no answer within 1 s");
        Assert.Equal("the health URL http://127.0.0.1:1/healthz (ips.reload.health-url) failed 3 times in a row: no answer within 1 s",
            (await _lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorFailed>()).Reason);
        Clock.Advance(_options.Reload.HealthInterval * 2);
        await RoundTrip(_reloader);
        Assert.Equal(0, _url.Asked.Reader.Count); // asked no more
    }

    // What has changed in the configuration counts in the reload that brings it.
    [Fact]
    public async Task HealthUrl_SuccessorTellsAnother_ThatOneJudges()
    {
        await ServeAsync(new ReadyFrame(HealthUrl: "http://127.0.0.1:2/up"));
        Assert.Equal([new Uri("http://127.0.0.1:2/up")], _told);
        foreach (var _ in Enumerable.Range(0, 3)) await AskAsync("it answered 500", _toldUrl);
        Assert.Equal("the health URL http://127.0.0.1:2/up (ips.reload.health-url) failed 3 times in a row: it answered 500",
            (await _lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorFailed>()).Reason);
        Assert.Equal(0, _url.Asked.Reader.Count);
    }

    [Fact]
    public async Task HealthUrl_SuccessorHasNone_NobodyIsAsked()
    {
        await ServeAsync(new ReadyFrame(HealthUrl: ""));
        Clock.Advance(_options.Reload.HealthInterval * 3);
        await RoundTrip(_reloader);
        Assert.Equal(0, _url.Asked.Reader.Count);
        Assert.Empty(_told);
    }

    [Theory]
    [InlineData("file:///etc/shadow")]
    [InlineData("/up")]
    public async Task HealthUrl_SuccessorTellsWhatIsNone_IsItsFailure(string url)
    {
        await SpawnAsync();
        await WelcomeAsync();
        _launcher.Last.Say(new ReadyFrame(HealthUrl: url));
        var failed = await _lifecycle.FishForMessageAsync<LifecycleEvent.SuccessorFailed>(_ => true);
        Assert.Equal($"its ips.reload.health-url is {url}; it must be an absolute http or https URL", failed.Reason);
    }

    [Fact]
    public async Task HealthUrl_AfterThePromotion_IsAskedNoMore()
    {
        await ServeAsync();
        await AskAsync(null);
        _reloader.Tell(new ReloaderOrder.SendPromote());
        _launcher.Last.Say(new PromotedFrame());
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.PromotionAcknowledged>();
        Clock.Advance(_options.Reload.HealthInterval * 3);
        await RoundTrip(_reloader);
        Assert.Equal(0, _url.Asked.Reader.Count);
    }

    [Fact]
    public async Task Promote_HistoryAndPendingOutput_GoAheadAndWithIt()
    {
        await ServeAsync();
        _launcher.Last.Captured.Pending = ("half a li"u8.ToArray(), []);
        _reloader.Tell(new ReloaderOrder.SendPromote { History = [.. Enumerable.Range(1, 50).Select(ReloadHistoryTests.Receipt)] });
        List<ReloadReceipt> arrived = [];
        for (var i = 0; i < 7; i++)
        {
            var frame = Assert.IsType<HistoryFrame>(await SentAsync());
            Assert.InRange(frame.Receipts.Count, 1, 8);
            arrived.AddRange(frame.Receipts.Select(ReloadHistory.Unpack)!);
        }

        Assert.Equal(Enumerable.Range(1, 50), arrived.Select(receipt => receipt.NewPid!.Value));
        var promote = Assert.IsType<PromoteFrame>(await SentAsync());
        Assert.Equal("half a li"u8.ToArray(), promote.Output);
        Assert.Null(promote.Error);
    }

    [Fact]
    public async Task Failure_OutputOfTheSuccessor_IsToldAheadOfIt()
    {
        await ServeAsync();
        _launcher.Last.Captured.Lines = ["Unhandled exception.", "   at Store.Open()"];
        _launcher.Last.Say(new FailedFrame("the store is gone"));
        Assert.Equal(_launcher.Last.Captured.Lines, (await _lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorWrote>()).Lines);
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorFailed>();
        _launcher.Last.Captured.Lines = ["Unhandled exception.", "   at Store.Open()", "bye"];
        _launcher.Last.End(1);
        _launcher.Last.CloseChannel();
        // and what followed, ahead of the end
        Assert.Equal("bye", (await _lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorWrote>()).Lines[^1]);
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorGone>();
    }

    [Fact]
    public async Task Leaving_NothingMoves_IsAnsweredAtOnce()
    {
        await ServeAsync();
        await PromoteAsync();
        _launcher.Last.Say(new LeavingFrame());
        Assert.IsType<LeftFrame>(await SentAsync());
        _reloader.Tell(new ReloaderOrder.MoveConnections()); // too late
        await _mover.ExpectMsgAsync<MoverProtocol.CarrierLost>();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Leaving_WhileConnectionsMove_IsAnsweredBehindTheLastOfThem(bool finish)
    {
        await ServeAsync();
        await PromoteAsync();
        _reloader.Tell(new ReloaderOrder.MoveConnections());
        await _mover.ExpectMsgAsync<MoverProtocol.Begin>();
        _launcher.Last.Say(new LeavingFrame(finish ? true : null));
        Assert.Equal(finish, (await _mover.ExpectMsgAsync<MoverProtocol.CarrierLeaving>()).Finish);
        _reloader.Tell(new ReloaderOrder.MoveConnections()); // asked again after a restart: nothing is lost by that
        await _mover.ExpectMsgAsync<MoverProtocol.Begin>();
        await RoundTrip(_reloader);
        Assert.False(_successor.HasMessages);
        _reloader.Tell(new MoverProtocol.CarryEnded());
        Assert.IsType<LeftFrame>(await SentAsync());
    }

    [Fact]
    public async Task Farewell_Counts_AllTravel()
    {
        await ServeAsync();
        _reloader.Tell(new ReloaderOrder.SendFarewell { Counts = new DrainCounts(1, 2, 3, 4, 5, 6) });
        Assert.Equal(new FarewellFrame(1, 4, 2, 3, 5, 6), await SentAsync());
    }

    private async Task PromoteAsync()
    {
        _reloader.Tell(new ReloaderOrder.SendPromote());
        Assert.IsType<PromoteFrame>(await SentAsync());
        _launcher.Last.Say(new PromotedFrame());
        await RoundTrip(_reloader);
    }

    private async Task SpawnAsync()
    {
        _reloader.Tell(new ReloaderOrder.SpawnSuccessor { Generation = 5 });
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorSpawned>();
        if (_url.Asked.Reader.TryRead(out var here)) here.SetResult(null); // asked while this generation answers it
        Assert.IsType<WelcomeFrame>(await SentAsync()); // ahead of hello
    }

    private async Task<WelcomeFrame> WelcomeAsync()
    {
        _launcher.Last.Say(new HelloFrame(1, 1, 101, "2.0"));
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorGreeted>();
        return Assert.IsType<WelcomeFrame>(await SentAsync());
    }

    private FakeHealthUrl MakeUrl(Uri url)
    {
        _told.Add(url);
        return _toldUrl;
    }

    private async Task ServeAsync(ReadyFrame? ready = null)
    {
        await SpawnAsync();
        await WelcomeAsync();
        _launcher.Last.Say(ready ?? new ReadyFrame());
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorReady>();
        _reloader.Tell(new ReloaderOrder.SendServe());
        Assert.IsType<ServeFrame>(await SentAsync());
        _launcher.Last.Say(new HealthFrame(true, 0, 0));
        await _lifecycle.ExpectMsgAsync<LifecycleEvent.SuccessorServes>();
    }

    // One interval passes, the URL is asked and answers; a health report keeps the probation alive meanwhile.
    private async Task AskAsync(string? fault, FakeHealthUrl? asked = null)
    {
        _launcher.Last.Say(new HealthFrame(true, 0, 0));
        await RoundTrip(_reloader);
        Clock.Advance(_options.Reload.HealthInterval);
        await FakeHealthUrl.AnswerAsync(await (asked ?? _url).Asked.Reader.ReadAsync(), fault);
        await RoundTrip(_reloader);
        await RoundTrip(_reloader); // the answer is piped
    }

    private async Task<HandoverFrame> SentAsync() => (await _successor.ExpectMsgAsync<FakeSuccessor.Sent>()).Frame;
}
