using System.Text;
using Ips.Actors.Handover;
using Ips.Actors.Lifecycle;

namespace Ips.Actors.Tests.Receipts;

/// <summary>The packets that carry receipts, pinned: a line here never changes.</summary>
public sealed class ReceiptFrameTests
{
    private const string Welcome =
        """{"type":"welcome","version":1,"generation":8,"endpoints":[],"lock":false,"control":false,"healthIntervalMs":1000"""
            + ""","generations":[{"generation":6,"pid":4600,"startedAt":9007199254740993}"""
            + """,{"generation":7,"pid":4711,"startedAt":123456}]}""";
    private const string History =
        """{"type":"history","receipts":[{"outcome":"promoted","oldPid":4600,"oldGeneration":6,"newPid":4711,"newGeneration":7"""
            + ""","startedAt":"2026-01-02T03:04:05\u002B00:00","elapsedMs":5734.2"""
            + ""","oldRelease":"1.2.2","newRelease":"1.2.3","phasesMs":{"ready":600.5,"promoted":5734.2},"dryRun":false"""
            + ""","drain":{"connections":1,"requests":2,"closedPolitely":3,"abortedRequests":4,"closedIdle":5,"moved":6}}]}""";
    private const string Promote = """{"type":"promote","output":"aGFsZiBhIGxp","error":"eA=="}""";
    private const string Farewell =
        """{"type":"farewell","drained":12,"aborted":1,"requests":30,"closedPolitely":5,"closedIdle":2,"moved":40}""";

    private static readonly ReloadReceipt Receipt = new("promoted", 4600, 6, 4711, 7, null, new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero), 5734.2)
    {
        OldRelease = "1.2.2", NewRelease = "1.2.3", PhasesMs = new Dictionary<string, double> { ["ready"] = 600.5, ["promoted"] = 5734.2 },
        Drain = new DrainCounts(1, 2, 3, 4, 5, 6),
    };

    [Fact]
    public void Welcome_WithGenerations_IsThisPacket()
    {
        GenerationEntry[] generations = [new(6, 4600, 9007199254740993), new(7, 4711, 123456)]; // more than a double holds
        Assert.Equal(Welcome, Encode(new WelcomeFrame(1, 8, [], false, false, 1000, generations)));
        Assert.Equal(generations, ((WelcomeFrame)Decode(Welcome)).Generations);
        Assert.Null(((WelcomeFrame)Decode(Welcome.Replace(",\"generations\":[", ",\"later\":[", StringComparison.Ordinal))).Generations);
    }

    [Fact]
    public void History_Receipts_AreThisPacket()
    {
        Assert.Equal(History, Encode(new HistoryFrame([ReloadHistory.Pack(Receipt)])));
        var read = ReloadHistory.Unpack(((HistoryFrame)Decode(History)).Receipts[0])!;
        Assert.Equal((4711, Receipt.Drain, 600.5, Receipt.StartedAt), (read.NewPid, read.Drain, read.PhasesMs!["ready"], read.StartedAt));
    }

    [Fact]
    public void Promote_WithPendingOutput_IsThisPacket()
    {
        Assert.Equal(Promote, Encode(new PromoteFrame("half a li"u8.ToArray(), "x"u8.ToArray())));
        var read = (PromoteFrame)Decode(Promote);
        Assert.Equal(("half a li", "x"), (Encoding.UTF8.GetString(read.Output!), Encoding.UTF8.GetString(read.Error!)));
        Assert.Equal("""{"type":"promote"}""", Encode(new PromoteFrame()));
        Assert.Equal(new PromoteFrame(), Decode("""{"type":"promote"}"""));
    }

    [Fact]
    public void Farewell_WithCounts_IsThisPacket()
    {
        Assert.Equal(Farewell, Encode(new FarewellFrame(12, 1, 30, 5, 2, 40)));
        Assert.Equal(new FarewellFrame(12, 1, 30, 5, 2, 40), Decode(Farewell));
        Assert.Equal("""{"type":"farewell","drained":12,"aborted":1}""", Encode(new FarewellFrame(12, 1)));
        Assert.Equal(new FarewellFrame(12, 1), Decode("""{"type":"farewell","drained":12,"aborted":1}"""));
    }

    private static string Encode(HandoverFrame frame) => Encoding.UTF8.GetString(HandoverCodec.Encode(frame));

    private static HandoverFrame Decode(string packet) => HandoverCodec.Decode(Encoding.UTF8.GetBytes(packet));
}
