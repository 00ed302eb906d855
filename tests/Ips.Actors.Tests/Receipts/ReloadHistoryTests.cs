using System.Text.Json;
using Ips.Actors.Control;
using Ips.Actors.Handover;
using Ips.Actors.Lifecycle;

namespace Ips.Actors.Tests.Receipts;

public sealed class ReloadHistoryTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    private readonly ReloadHistory _history = new();

    [Fact]
    public void Remember_MoreThanAHundred_DropsTheOldest()
    {
        for (var i = 1; i <= 110; i++) _history.Remember(Receipt(i));
        Assert.Equal(100, _history.Receipts.Count);
        Assert.Equal((11, 110), (_history.Receipts[0].NewPid, _history.Receipts[^1].NewPid));
    }

    [Fact]
    public void Remember_TheSameReload_ReplacesWhatWasKnown()
    {
        _history.Remember(Receipt(1));
        _history.Remember(Receipt(2));
        _history.Remember(Receipt(1) with { ElapsedMs = 99 });
        Assert.Equal([99, 2], _history.Receipts.Select(receipt => receipt.ElapsedMs));
    }

    [Fact]
    public void Remember_Output_IsKeptOfTheNewestOnly()
    {
        _history.Remember(Receipt(1) with { Outcome = "refused", Output = ["one"] });
        Assert.Equal(["one"], _history.Receipts[0].Output);
        _history.Remember(Receipt(2) with { Outcome = "refused", Output = ["two"] });
        Assert.Null(_history.Receipts[0].Output);
        Assert.Equal(["two"], _history.Receipts[1].Output);
    }

    [Fact]
    public void LastReload_ACheckCameLater_IsStillTheReload()
    {
        Assert.Null(_history.LastReload);
        _history.Remember(Receipt(1));
        _history.Remember(Receipt(2) with { Outcome = "checked", DryRun = true });
        Assert.Equal(1, _history.LastReload!.NewPid);
    }

    [Fact]
    public void NoteDrain_OfThePredecessor_CompletesThePromotionAndNoOther()
    {
        _history.Remember(Receipt(1) with { Outcome = "rolled-back" });
        _history.Remember(Receipt(1) with { StartedAt = Start.AddHours(1) });
        _history.Remember(Receipt(2) with { StartedAt = Start.AddHours(2), Outcome = "refused" });
        var drain = new DrainCounts(3, 20, 2, 1, 4, 12);
        _history.NoteDrain(1, drain);
        Assert.Equal([null, drain, null], _history.Receipts.Select(receipt => receipt.Drain));
        _history.NoteDrain(77, drain); // nobody's
        Assert.Equal(3, _history.Receipts.Count);
    }

    [Fact]
    public void Pack_EveryField_ArrivesButTheOutput()
    {
        var receipt = Receipt(1) with
        {
            OldRelease = "1.0",
            NewRelease = "1.1",
            Reason = "why",
            PhasesMs = new Dictionary<string, double> { ["ready"] = 12.5 },
            Output = ["line"],
            DryRun = true,
            AbortedGenerations = [3],
            Warnings = ["a file is shared"],
            Drain = new DrainCounts(1, 2, 3, 4, 5, 6),
            Connections = new ConnectionCounts(1, 2, new Dictionary<string, int> { ["Tls"] = 3 }),
        };
        var arrived = Travel(receipt);
        Assert.Equal(JsonSerializer.Serialize(receipt with { Output = null }), JsonSerializer.Serialize(arrived));
    }

    [Fact]
    public void Pack_WithoutPidAndReason_Arrives()
    {
        var arrived = Travel(Receipt(1) with { NewPid = null, Reason = null });
        Assert.Equal((null, null, "promoted"), (arrived!.NewPid, arrived.Reason, arrived.Outcome));
    }

    [Fact]
    public void Pack_LongestTexts_EightFitAPacket()
    {
        var worst = Receipt(1) with
        {
            Reason = new string('\u0001', 50_000),
            OldRelease = new string('"', 50_000),
            NewRelease = new string('<', 50_000),
            Warnings = [new string('\'', 50_000), new string('<', 50_000)],
        };
        var packet = HandoverCodec.Encode(new HistoryFrame([.. Enumerable.Repeat(ReloadHistory.Pack(worst), 8)]));
        Assert.InRange(packet.Length, 1, HandoverCodec.MaxPacketBytes);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("42")]
    [InlineData("""{"outcome":"promoted","oldPid":"many"}""")]
    public void Unpack_WhatAnotherBuildWrites_CostsItsReceiptOnly(string packed) =>
        Assert.Null(ReloadHistory.Unpack(JsonDocument.Parse(packed).RootElement));

    [Fact]
    public void Unpack_FieldsOfALaterBuild_AreIgnored()
    {
        var packed = JsonSerializer.Serialize(Receipt(4), ControlJson.Default.ReloadReceipt);
        Assert.Equal(4, ReloadHistory.Unpack(JsonDocument.Parse(packed[..^1] + ""","later":[1]}""").RootElement)!.NewPid);
    }

    internal static ReloadReceipt Receipt(int pid) => new("promoted", 10, 1, pid, 2, null, Start.AddSeconds(pid), pid);

    private static ReloadReceipt? Travel(ReloadReceipt receipt) => ReloadHistory.Unpack(
        ((HistoryFrame)HandoverCodec.Decode(HandoverCodec.Encode(new HistoryFrame([ReloadHistory.Pack(receipt)])))).Receipts[0]);
}
