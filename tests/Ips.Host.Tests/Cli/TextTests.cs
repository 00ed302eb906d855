using Ips.Actors.Lifecycle;
using Ips.Host.Cli;
using Ips.Host.Configuration;

namespace Ips.Host.Tests.Cli;

public sealed class TextTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    private static readonly ReloadReceipt Promoted = new("promoted", 10, 1, 20, 2, null, Start, 734.2)
    {
        OldRelease = "1.0", NewRelease = "1.1", PhasesMs = new Dictionary<string, double>
        {
            ["ready"] = 600, ["spawned"] = 4,
            ["promoted"] = 5734
        },
    };

    [Fact]
    public void Receipt_Promoted_IsOneParagraph() =>
        Assert.Equal("Reloaded in 734 ms: generation 2 (PID 20, release 1.1) took over from generation 1 (PID 10, release 1.0). Phases: "
            + "spawned 4 ms, ready 600 ms, promoted 5.7 s.",
            ReceiptText.Write(Promoted));

    [Fact]
    public void Receipt_RolledBack_TellsReasonAndOutput() =>
        Assert.Equal("Rolled back after 3.2 s: generation 2 (PID 20, release 1.1) failed its probation, generation 1 (PID 10, release "
            + "1.0) serves on. Reason: 3 health reports missed.\nThe last lines it wrote:\n  a\n  b",
            ReceiptText.Write(Promoted with
            {
                Outcome = "rolled-back",
                Reason = "3 health reports missed.",
                ElapsedMs = 3200,
                PhasesMs = null,
                Output = ["a", "b"]
            }));

    [Fact]
    public void Receipt_RefusedBeforeAnythingStarted_NamesTheReason() =>
        Assert.Equal("Refused after 0 ms: generation 1 (PID 10) serves on. Reason: the release is missing.",
            ReceiptText.Write(new("refused", 10, 1, null, 2, "the release is missing", Start, 0.2)));

    [Fact]
    public void Receipt_Check_SaysThatNothingChanged()
    {
        var check = Promoted with { Outcome = "checked", DryRun = true, PhasesMs = null };
        Assert.Equal("Checked in 734 ms: generation 2 (PID 20, release 1.1) got ready and was ended; generation 1 (PID 10, release 1.0) "
            + "serves on.", ReceiptText.Write(check));
        Assert.Equal("Check failed after 734 ms: a reload would be refused; generation 1 (PID 10, release 1.0) serves on. Reason: it "
            + "exited with 1.",
            ReceiptText.Write(check with { Outcome = "refused", Reason = "it exited with 1" }));
    }

    [Fact]
    public void Receipt_ConnectionsKnownAtThePromotionAndAfterTheDrain_AreTold()
    {
        var at = Promoted with
        {
            PhasesMs = null,
            Connections = new(12, 1, new Dictionary<string, int> { ["Tls"] = 2, ["Http2"] = 3 }),
            AbortedGenerations = [7]
        };
        Assert.EndsWith(" Generation 7 was still draining and was aborted to make room. 12 connections moved, 1 to follow after the "
            + "current response, 5 to be closed politely.",
            ReceiptText.Write(at), StringComparison.Ordinal);
        Assert.EndsWith(" Generation 1 moved 13 connections, drained 5 (4 closed politely) with 1 request, cut 0 requests and closed 1 "
            + "idle connection.",
            ReceiptText.Write(at with { AbortedGenerations = null, Drain = new(5, 1, 4, 0, 1, 13) }), StringComparison.Ordinal);
    }

    [Fact]
    public void Receipt_Warnings_AreTold() =>
        Assert.EndsWith(" Warning: a file is shared.",
            ReceiptText.Write(Promoted with { PhasesMs = null, Connections = null, Warnings = ["a file is shared"] }),
            StringComparison.Ordinal);

    [Fact]
    public void History_Receipts_AreATable() =>
        Assert.Equal("""
            TIME                  OUTCOME       FROM    TO      RELEASE  TOOK    NOTE
            2026-01-02T03:04:05Z  promoted      1 (10)  2 (20)  1.1      734 ms  moved 13 connections, drained 5, cut 1 request
            2026-01-02T03:04:05Z  check failed  1 (10)  2       -        3.2 s   it is missing
            """,
            HistoryText.Write([Promoted with { Drain = new(5, 1, 4, 1, 1, 13) },
                new("refused", 10, 1, null, 2, "it is missing", Start, 3200) { DryRun = true }]));

    [Fact]
    public void History_None_SaysSo() => Assert.Equal("No reload yet.", HistoryText.Write([]));

    [Fact]
    public void Status_Daemon_IsATable() =>
        Assert.Equal("""
            pid          10
            generation   2
            state        Serving
            release      1.1
            started      2026-01-02T03:04:05Z (2h 5m ago)
            endpoints    http://127.0.0.1:8080 http://[::1]:8080
            connections  3
            requests     1
            successor    pid 30, generation 3
            last reload  Reloaded in 734 ms: generation 2 (PID 20, release 1.1) took over from generation 1 (PID 10, release 1.0).
            """,
            StatusText.Write(new(10, 2, "Serving", "1.1", Start, ["http://127.0.0.1:8080", "http://[::1]:8080"], 3,
                1)
            { LastReload = Promoted, SuccessorPid = 30 },
                Start.AddMinutes(125.5)));

    [Fact]
    public void Status_FreshDaemon_SaysSo()
    {
        var text = StatusText.Write(new(10, 1, "Serving", "1.1", Start, [], 0, 0), Start.AddSeconds(-3)); // clocks may differ
        Assert.Contains("(0s ago)", text, StringComparison.Ordinal);
        Assert.Contains("endpoints    none", text, StringComparison.Ordinal);
        Assert.Contains("last reload  none yet", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Check_Defaults_ShowEveryKey()
    {
        var (settings, _) = SettingsLoader.Load(new(), "/", needsLogFile: false);
        var text = CheckText.Write(settings);
        Assert.All(DaemonKeys.Table.Keys.Where(key => !key.IsBlock && key.Path != DaemonKeys.Urls),
            key => Assert.Contains(key.Path, text, StringComparison.Ordinal));
        Assert.Contains("  endpoint                           http://127.0.0.1:8080", text, StringComparison.Ordinal);
        Assert.Contains("  control socket                     /ips.pid.sock", text, StringComparison.Ordinal);
        Assert.Contains("  ips.log-file                       none", text, StringComparison.Ordinal);
        Assert.Contains("  ips.drain.timeout                  30s", text, StringComparison.Ordinal);
    }
}
