using System.Text;
using System.Text.Json.Nodes;
using Ips.Fleet.Agents;
using Ips.Fleet.Rollouts;
using Ips.Fleet.Wire;

namespace Ips.Fleet.Tests.Wire;

public sealed class FleetCodecTests
{
    private static readonly string GoldenFile = Path.Combine(AppContext.BaseDirectory, "Wire", "golden.txt");

    [Fact]
    public void Message_OfEachKind_HasTheBytesThatItAlwaysHad()
    {
        var lines = Samples.All.Select(message => $"{FleetCodec.ManifestOf(message)} {Text(message)}").ToList();
        Assert.Equal(File.ReadAllLines(GoldenFile), lines);
    }

    [Fact]
    public void Message_ReadAndWrittenAgain_IsTheSame()
    {
        foreach (var line in File.ReadLines(GoldenFile))
        {
            var (manifest, text) = Split(line);
            var message = FleetCodec.Decode(manifest, Encoding.UTF8.GetBytes(text));
            Assert.Equal(text, Text(message));
            Assert.Equal(manifest, FleetCodec.ManifestOf(message));
        }
    }

    [Fact]
    public void Manifests_AreThoseOfTheSamples() =>
        Assert.Equal(FleetCodec.Manifests.Order(), Samples.All.Select(FleetCodec.ManifestOf).Order());

    [Fact]
    public void Message_OfANewerVersionWithFieldsInEachObject_IsRead()
    {
        foreach (var line in File.ReadLines(GoldenFile))
        {
            var (manifest, text) = Split(line);
            var node = JsonNode.Parse(text)!;
            AddUnknown(node);
            Assert.Equal(text, Text(FleetCodec.Decode(manifest, Encoding.UTF8.GetBytes(node.ToJsonString()))));
        }
    }

    [Fact]
    public void Manifest_OfANewerVersion_IsRefused()
    {
        var refused = Assert.Throws<FleetWireException>(() => FleetCodec.Decode("promise.2", "{}"u8));
        Assert.Contains("promise.2", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("System", Assert.Throws<FleetWireException>(
            () => FleetCodec.Decode("System.Diagnostics.Process, System", "{}"u8)).Message, StringComparison.Ordinal);
    }

    public static TheoryData<string, string> Unfit => new()
    {
        { "recall.1", "{}" },
        { "recall.1", "null" },
        { "recall.1", "[]" },
        { "recall.1", """{"fleet":null}""" },
        { "recall.1", """{"fleet":""}""" },
        { "recall.1", """{"fleet":"../x"}""" },
        { "recall.1", """{"fleet":"a b"}""" },
        { "recall.1", $$"""{"fleet":"{{new string('a', 65)}}"}""" },
        { "recall.1", """{"fleet":"a\ud800"}""" },
        { "recall.1", """{"fleet":"web","fleet":"db"}""" },
        { "forget.1", """{"fleet":"web","node":"a/b"}""" },
        { "closed.1", """{"node":"n","rollout":".hidden"}""" },
        { "steer.1", """{"fleet":"web","aim":"Explode","askedBy":"x"}""" },
        { "steer.1", """{"fleet":"web","aim":99,"askedBy":"x"}""" },
        { "steer.1", """{"fleet":"web","aim":"Halt","askedBy":"x\u001b[2J"}""" },
        { "order.1", """{"epoch":{"counter":0,"node":"n"},"fleet":"w","rollout":"r","kind":"Check"}""" },
        { "order.1", """{"epoch":{"counter":1,"node":"/"},"fleet":"w","rollout":"r","kind":"Check"}""" },
        { "begin.1", Begin("\"release\":\"../../etc\"") },
        { "begin.1", Begin("\"release\":\"-rf\"") },
        { "begin.1", Begin("\"canary\":-1") },
        { "begin.1", Begin("\"waveNodes\":0") },
        { "begin.1", Begin("\"wavePercent\":101") },
        { "begin.1", """{"id":"r","fleet":"w","terms":{"bake":"-00:00:01","deadline":"00:01:00"},"askedBy":"x"}""" },
        { "begin.1", """{"id":"r","fleet":"w","terms":{"bake":"00:00:01","deadline":"8.00:00:00"},"askedBy":"x"}""" },
        { "promise.1", Promise("""[["a"]]""").Replace(",\"missing\":[]", "", StringComparison.Ordinal) },
        { "promise.1", Promise("""[["a"]]""").Replace("[]", "null", StringComparison.Ordinal) },
        { "promise.1", Promise("""[["a"],["a"]]""") },
        { "promise.1", Promise("""[null]""") },
        { "promise.1", Promise("""[["a",null]]""") },
        { "promise.1", Promise("[[" + string.Join(",", Enumerable.Range(0, 2001).Select(n => $"\"n{n}\"")) + "]]") },
        { "promise.1", Promise("""[["a"]]""", "0001-01-01T00:00:00+00:00") },
        { "promised.1", """{"node":"n","epoch":{"counter":1,"node":"n"},"steps":[null]}""" },
        { "promised.1", $$"""{"node":"n","epoch":{"counter":1,"node":"n"},"steps":[{{string.Join(",",
            Enumerable.Repeat("""{"kind":"Check","phase":"Done"}""", 17))}}]}""" },
        { "recall.1", string.Concat(Enumerable.Repeat("""{"a":""", 40)) + "1" + new string('}', 40) },
    };

    [Fact]
    public void Messages_ThatTheUnfitOnesDeviateFrom_AreRead()
    {
        Assert.IsType<FleetMessage.Promise>(FleetCodec.Decode("promise.1", Encoding.UTF8.GetBytes(Promise("""[["a"]]"""))));
        Assert.IsType<FleetMessage.Begin>(FleetCodec.Decode("begin.1", Encoding.UTF8.GetBytes(Begin("\"canary\":1"))));
    }

    [Theory]
    [MemberData(nameof(Unfit))]
    public void Message_OutOfBounds_IsRefused(string manifest, string text) =>
        Assert.Throws<FleetWireException>(() => FleetCodec.Decode(manifest, Encoding.UTF8.GetBytes(text)));

    [Fact]
    public void Message_TooLarge_IsRefusedBeforeItIsRead()
    {
        var bytes = Encoding.UTF8.GetBytes("""{"fleet":"web"}""" + new string(' ', FleetCodec.MostBytes));
        Assert.Contains("at most", Assert.Throws<FleetWireException>(() => FleetCodec.Decode("recall.1", bytes)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Texts_ForPeople_AreCutAndOnOneLineWhenSent()
    {
        var sent = new FleetMessage.Refused("n", Samples.Epoch, Samples.Epoch, "a\nb\u001b[31m" + new string('x', 1000));
        var read = (FleetMessage.Refused)FleetCodec.Decode("refused.1", FleetCodec.Encode(sent));
        Assert.StartsWith("a b [31mx", read.Reason, StringComparison.Ordinal);
        Assert.Equal(StepState.LongestReason, read.Reason.Length);
    }

    [Fact]
    public void Record_TooLarge_IsSentWithoutItsOldestReceipts()
    {
        var (plan, nodes) = Large(1000, reason: null);
        var history = Enumerable.Range(1, 20).Select(n => new RolloutReceipt(plan with { Id = $"r-{n}" }, RolloutOutcome.Done, nodes,
            plan.AskedAt)).ToList();
        var sent = new FleetMessage.Recalled("n", new FleetRecord(Samples.Epoch, [], history, [.. plan.Nodes]) { Plan = plan });
        var bytes = FleetCodec.Encode(sent);
        var read = (FleetMessage.Recalled)FleetCodec.Decode("recalled.1", bytes);
        Assert.True(bytes.Length <= FleetCodec.MostBytes);
        Assert.Equal(1000, read.Record.Plan!.Nodes.Count());
        Assert.Equal(history.Skip(20 - read.Record.History.Count).Select(receipt => receipt.Plan.Id),
            read.Record.History.Select(receipt => receipt.Plan.Id));
    }

    [Fact]
    public void Receipt_WithAReasonOfEachOfAThousandNodes_IsSentWithShorterOnes()
    {
        var (plan, nodes) = Large(1000, new string('x', 500));
        var receipt = new RolloutReceipt(plan, RolloutOutcome.Halted, nodes, plan.AskedAt);
        var bytes = FleetCodec.Encode(new FleetMessage.Close(Samples.Epoch, receipt));
        Assert.Equal(1000, ((FleetMessage.Close)FleetCodec.Decode("close.1", bytes)).Receipt.Nodes.Count);
    }

    [Fact]
    public void Message_OutOfBounds_IsNotSent()
    {
        Assert.Throws<FleetWireException>(() => FleetCodec.Encode(new FleetMessage.Look("../x")));
        Assert.Throws<FleetWireException>(() => FleetCodec.Encode("a text"));
    }

    private static (RolloutPlan Plan, List<NodeView> Nodes) Large(int count, string? reason)
    {
        var names = Enumerable.Range(1, count).Select(n => $"web-{n:d4}.example").ToList();
        return (Samples.Plan with { Waves = [.. names.Chunk(50)] },
            [.. names.Select(name => new NodeView(name, "rolled-back") { Release = "1.4.0", Reason = reason, Wave = 1 })]);
    }

    private static string Begin(string term) =>
        $$"""{"id":"r","fleet":"w","terms":{"bake":"00:00:01","deadline":"00:01:00",{{term}}},"askedBy":"x"}""";

    private static string Promise(string waves, string at = "2026-03-01T12:00:00+00:00") => $$"""
        {"epoch":{"counter":1,"node":"n"},"plan":{"id":"r","fleet":"w","waves":{{waves}},"bake":"00:00:01","deadline":"00:01:00",
        "askedBy":"x","askedAt":"{{at}}","missing":[]},"aim":"Advance"}
        """;

    private static string Text(FleetMessage message) => Encoding.UTF8.GetString(FleetCodec.Encode(message));

    private static (string Manifest, string Text) Split(string line) => (line[..line.IndexOf(' ')], line[(line.IndexOf(' ') + 1)..]);

    private static void AddUnknown(JsonNode? node)
    {
        if (node is JsonArray list)
            foreach (var entry in list) AddUnknown(entry);
        if (node is not JsonObject block) return;
        foreach (var (_, value) in block.ToList()) AddUnknown(value);
        block["aFieldOfTomorrow"] = new JsonObject { ["$type"] = "System.Diagnostics.Process", ["list"] = new JsonArray(1, "x", null) };
    }
}
