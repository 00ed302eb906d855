using Ips.Actors.Lifecycle;
using Ips.Actors.Reloader;
using Ips.Actors.Tests.Support;
using static Ips.Actors.Lifecycle.LifecycleEvent;

namespace Ips.Actors.Tests.Lifecycle;

/// <summary>What the account of a reload keeps of the events, and the receipt that comes of it.</summary>
public sealed class ReloadAccountTests
{
    private readonly SteppedTime _time = new();

    [Fact]
    public void Note_EachPhase_IsToldOnceWithItsTime()
    {
        var account = Begin();
        Assert.Null(account.Note(new LaunchBegan(new ReleaseStamp("/srv/app", "1")), 8));
        Assert.Equal("generation 8 (PID 99) spawned after 0 ms", account.Note(new SuccessorSpawned(99), 8));
        _time.Advance(TimeSpan.FromMilliseconds(120));
        Assert.Equal("generation 8 (PID 99) hello after 120 ms", account.Note(new SuccessorGreeted("2.0"), 8));
        _time.Advance(TimeSpan.FromMilliseconds(80));
        Assert.Equal("generation 8 (PID 99) ready after 200 ms", account.Note(new SuccessorReady(), 8));
        Assert.Equal("generation 8 (PID 99) serving after 200 ms", account.Note(new SuccessorServes(), 8));
        _time.Advance(TimeSpan.FromMilliseconds(50));
        Assert.Null(account.Note(new SuccessorServes(), 8)); // asked again after a restart
        var receipt = Close(account);
        Assert.Equal(("promoted", 99, "2.0"), (receipt.Outcome, receipt.NewPid, receipt.NewRelease));
        Assert.Equal(["spawned", "hello", "ready", "serving", "promoted"], receipt.PhasesMs!.Keys);
        Assert.Equal([0, 120, 200, 200, 250], receipt.PhasesMs.Values);
    }

    [Fact]
    public void Note_TakeoverAndAbortedGenerations_AreTold()
    {
        var account = Begin(takeover: true);
        Assert.Equal("generation 3, 4 was still draining and was aborted to make room", account.Note(new GenerationsAborted([3, 4]), 8));
        Assert.Equal("generation 8 (PID 42) invited after 0 ms", account.Note(new SuccessorSpawned(42, Takeover: true), 8));
        Assert.Equal([3, 4], Close(account).AbortedGenerations);
    }

    [Fact]
    public void Note_FilesShared_IsAWarningOfTheReceipt()
    {
        var account = Begin();
        Assert.Null(account.Note(new FilesShared(["/a.log", "/b.log", "/c.log", "/d.log"]), 8));
        Assert.StartsWith("both generations write to /a.log, /b.log, /c.log and 1 more without O_APPEND",
            Assert.Single(Close(account).Warnings!), StringComparison.Ordinal);
        Assert.Null(Close(Begin()).Warnings);
    }

    [Fact]
    public void Note_WhatOtherEventsSay_IsNotTheAccounts()
    {
        var account = Begin();
        Assert.Null(account.Note(new ProbationPassed(), 8));
        Assert.Equal(["promoted"], Close(account).PhasesMs!.Keys);
    }

    [Fact]
    public void Close_Failed_HasTheFirstReasonAndTheOutput()
    {
        var account = Begin();
        account.Note(new SuccessorWrote(["starting", "no such table"]), 8);
        account.Fail(ReloadOutcome.RolledBack, "it exited with 1");
        account.Fail(ReloadOutcome.Refused, "it is gone");
        var receipt = Close(account);
        Assert.Equal(("rolled-back", "it exited with 1"), (receipt.Outcome, receipt.Reason));
        Assert.Equal(["starting", "no such table"], receipt.Output);
        Assert.DoesNotContain("promoted", receipt.PhasesMs!.Keys);
    }

    [Fact]
    public void Close_Promoted_HasTheConnectionsAndNoOutput()
    {
        var account = Begin();
        account.Note(new SuccessorWrote(["starting"]), 8);
        var counts = new ConnectionCounts(70, 3, new Dictionary<string, int> { ["Http2"] = 2 });
        account.Note(new ConnectionsSettled { Counts = counts }, 8);
        Assert.Equal((counts, null), (Close(account).Connections, Close(account).Output));
    }

    [Theory]
    [InlineData(false, false, "stopped", "SIGTERM")]
    [InlineData(true, false, "stopped", "SIGTERM; before that: it exited with 1")]
    [InlineData(false, true, "stopped", "SIGTERM; the check had passed")]
    public void Fail_Stop_IsTheOutcomeInAnyCase(bool failed, bool passed, string outcome, string reason)
    {
        var account = Begin(dryRun: passed);
        if (passed) account.Pass();
        if (failed) account.Fail(ReloadOutcome.RolledBack, "it exited with 1");
        account.Fail(ReloadOutcome.Stopped, "SIGTERM");
        var receipt = Close(account);
        Assert.Equal((outcome, reason), (receipt.Outcome, receipt.Reason));
    }

    [Fact]
    public void Close_CheckThatPassed_IsChecked()
    {
        var account = Begin(dryRun: true);
        account.Pass();
        var receipt = Close(account);
        Assert.Equal(("checked", true, null), (receipt.Outcome, receipt.DryRun, receipt.Reason));
    }

    private static ReloadReceipt Close(ReloadAccount account) => account.Close(4711, 7, "1.0");

    private ReloadAccount Begin(bool dryRun = false, bool takeover = false) =>
        new(new LifecycleEffect.BeginReload("test", dryRun, takeover), _time);
}
