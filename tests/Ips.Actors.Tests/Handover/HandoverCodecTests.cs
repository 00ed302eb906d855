using System.Reflection;
using System.Text;
using Ips.Actors.Handover;

namespace Ips.Actors.Tests.Handover;

/// <summary>The wire format, pinned: predecessor and successor are always different builds.</summary>
public sealed class HandoverCodecTests
{
    private static readonly Dictionary<string, HandoverFrame> Frames = new()
    {
        ["hello"] = new HelloFrame(1, 1, 4711, "1.2.3+abc"),
        ["welcome"] = new WelcomeFrame(
            1, 8, [new EndpointOffer("127.0.0.1:0", 0), new EndpointOffer("[::]:8080", 1), new EndpointOffer("unix:/run/app.sock", 0)],
                true, true, 1000),
        ["welcome-bare"] = new WelcomeFrame(1, 2, [], false, false, 100),
        ["welcome-ahead"] = new WelcomeFrame(HandoverVersion.AheadOfHello, 8, [new EndpointOffer("127.0.0.1:0", 0)], true, true, 1000),
        ["welcome-external"] = new WelcomeFrame(1, 2, [new("unix:/run/app.sock", 0, External: true)], false, false, 100),
        ["welcome-generations"] = new WelcomeFrame(
            1, 8, [], true, false, 1000, [new GenerationEntry(6, 4700, 98765), new GenerationEntry(7, 4711, 98800)]),
        ["refused"] = new RefusedFrame("it speaks handover versions 7 to 9, this generation 1 to 1"),
        ["ready"] = new ReadyFrame(),
        ["ready-endpoints"] = new ReadyFrame([new EndpointOffer("127.0.0.1:0", 0), new EndpointOffer("unix:/run/app.sock", 1)]),
        ["serve"] = new ServeFrame(),
        ["health"] = new HealthFrame(true, 9007199254740993, 2), // more than a double holds
        ["health-red"] = new HealthFrame(false, 10, 10, "health check 'store' is unhealthy"),
        ["history"] = new HistoryFrame([Json("""{"outcome":"promoted","oldPid":4711}""")]),
        ["promote"] = new PromoteFrame(),
        ["promote-output"] = new PromoteFrame("half a line"u8.ToArray(), [0, 255]),
        ["promoted"] = new PromotedFrame(),
        ["connections"] = new ConnectionsFrame([new ConnectionOffer("127.0.0.1:0", 0),
            new ConnectionOffer("[::]:8080", 1, [.. "GET / HTTP/1.1\r\n"u8, 0xFB, 0xEF, 0xFF])]),
        ["adopted"] = new AdoptedFrame(64),
        ["declined"] = new DeclinedFrame(3),
        ["leaving"] = new LeavingFrame(),
        ["leaving-finish"] = new LeavingFrame(true),
        ["left"] = new LeftFrame(),
        ["stop"] = new StopFrame("SIGTERM", 32000),
        ["stop-return"] = new StopFrame("unhealthy", 32000, Return: true),
        ["failed"] = new FailedFrame("SIGTERM"),
        ["farewell"] = new FarewellFrame(12, 1),
        ["farewell-counts"] = new FarewellFrame(12, 1, 99, 8, 2, 70),

        ["hello-v2"] = new HelloFrame(1, 2, 4711, "1.2.3+abc"),
        ["welcome-v2"] = new WelcomeFrame(2, 8, [new EndpointOffer("127.0.0.1:0", 0)], true, true, 1000),
        ["welcome-identity-later"] = new WelcomeFrame(
            2, 8, [new EndpointOffer("127.0.0.1:0", 0)], false, false, 1000,
                LockFile: new FileEntry(34359738370, ulong.MaxValue, 1700000000000000001)),
        ["identity"] = new IdentityFrame(true, true),
        ["welcome-trace"] = new WelcomeFrame(
            2, 8, [], false, false, 1000, TraceParent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
        ["promote-counts"] = new PromoteFrame(
            Counts: new Dictionary<string, long> { ["moved/reload"] = 9007199254740993, ["aborted-requests"] = 0 }),
        ["connections-sent-at"] = new ConnectionsFrame([new ConnectionOffer("127.0.0.1:0", 0)], 9007199254740993),
        ["farewell-by"] = new FarewellFrame(12, 1, 99, 8, 2, 70, new Dictionary<string, int> { ["http2"] = 7, ["tls"] = 1 }),
        ["health-load"] = new HealthFrame(true, 10, 0, Load: new LoadReport(5, 2, .25, 12)),
        ["draining"] = new DrainingFrame(
            29000, [new WaitingConnections("http2", 3, 1, 120000), new WaitingConnections("upgraded", 1, 1, 5)]),
        ["ready-accepts"] = new ReadyFrame([new EndpointOffer("127.0.0.1:0", 0)], "", null,
            [new EndpointOffer("127.0.0.1:0", 0), new EndpointOffer("127.0.0.1:8443", 0)], "sessions"),
        ["serve-canary"] = new ServeFrame(Canary: true),
        ["serve-windows"] = new ServeFrame(Windows: new WindowTerms(250, ["GET /items/{id}", "POST /items"])),
        ["window"] = new WindowFrame(9007199254740993, 13, 2, 12500, 123456, [3, 0, 1, 0, 0],
            [new RouteWindow("GET /items/{id}", 12, 1, 1, [65, 3, 66, 9]), new RouteWindow("(other)", 1, 0, 0, [])],
            [new ConnectionFailures(-9007199254740993, 0, 1)], [7, 7]),
        ["window-bare"] = new WindowFrame(4, 0, 0, 0, 0, [0, 0, 0, 0, 0], []),

        ["hello-v4"] = new HelloFrame(1, 4, 4711, "1.2.3+abc"),
        ["upgraded"] = new UpgradedFrame(
            [new UpgradedOffer("127.0.0.1:0", 0), new UpgradedOffer("unix:/run/app.sock", 1)], 9007199254740993),
        ["upgraded-bare"] = new UpgradedFrame([new UpgradedOffer("127.0.0.1:0", 0)]),
        ["upgraded-tunnel"] = new UpgradedFrame([new UpgradedOffer("127.0.0.1:0", 0, Tunnel: true), new UpgradedOffer("127.0.0.1:0", 0)]),
        ["ready-tunnels"] = new ReadyFrame(Tunnels: true),
        ["welcome-tunnels"] = new WelcomeFrame(4, 2, [], false, false, 100, Tunnels: true),
    };

    public static TheoryData<string> Names => [.. Frames.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Encode_EachFrame_IsTheGoldenPacket(string name) =>
        Assert.Equal(Golden()[name], Encoding.UTF8.GetString(HandoverCodec.Encode(Frames[name])));

    [Theory]
    [MemberData(nameof(Names))]
    public void Decode_EachGoldenPacket_IsTheFrame(string name) => AssertSame(Frames[name], Decode(Golden()[name]));

    [Theory]
    [MemberData(nameof(Names))]
    public void Decode_FieldsOfALaterVersion_AreIgnored(string name)
    {
        var golden = Golden()[name];
        AssertSame(Frames[name], Decode(golden[..^1] + ""","later":{"deep":[1,{"type":"hello"}]},"more":null}"""));
        AssertSame(Frames[name], Decode("""{"later":[],""" + golden[1..])); // the type need not come first
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Decode_AFieldMissing_IsRefusedUnlessItIsOptional(string name)
    {
        foreach (var parameter in Parameters(Frames[name]))
        {
            var field = char.ToLowerInvariant(parameter.Name![0]) + parameter.Name[1..];
            var packet = System.Text.Json.Nodes.JsonNode.Parse(Golden()[name])!.AsObject();
            packet.Remove(field);
            if (parameter.HasDefaultValue)
            {
                Assert.NotNull(Decode(packet.ToJsonString())); // what an older build does not send
            }
            else
            {
                Assert.Throws<InvalidDataException>(() => Decode(packet.ToJsonString()));
                packet[field] = null;
                Assert.Throws<InvalidDataException>(() => Decode(packet.ToJsonString()));
            }

            packet[field] = new System.Text.Json.Nodes.JsonObject();
            Assert.Throws<InvalidDataException>(() => Decode(packet.ToJsonString()));
        }
    }

    [Fact]
    public void Golden_EveryKindOfFrame_HasAPacket() => Assert.Equal(
        typeof(HandoverFrame).Assembly.GetTypes().Where(type => type.IsSubclassOf(typeof(HandoverFrame))).Select(type => type.Name).Order(),
        Golden().Keys.Select(name => Frames[name].GetType().Name).Distinct().Order());

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("42")]
    [InlineData("{}")]
    [InlineData("{\"type\":\"ready\"")]
    [InlineData("{\"type\":\"ready\"}{\"type\":\"ready\"}")]
    [InlineData("{\"type\":\"unheard-of\"}")]
    [InlineData("{\"type\":3}")]
    [InlineData("{\"min\":1,\"max\":1,\"pid\":1,\"release\":\"x\"}")]
    [InlineData("GET / HTTP/1.1\r\n\r\n")]
    public void Decode_Garbage_IsRefused(string packet) => Assert.Throws<InvalidDataException>(() => Decode(packet));

    [Theory]
    [Trait("issue", "11")]
    [InlineData("ready", "endpoints", "[null]")]
    [InlineData("ready", "endpoints", "[{\"endpoint\":\"\",\"ordinal\":0}]")]
    [InlineData("ready", "endpoints", "[{\"endpoint\":\"a\",\"ordinal\":-1}]")]
    [InlineData("ready", "endpoints", "[{\"endpoint\":\"a\",\"ordinal\":0},{\"endpoint\":\"a\",\"ordinal\":0}]")]
    [InlineData("welcome", "endpoints", "[null]")]
    [InlineData("welcome", "generation", "0")]
    [InlineData("welcome", "version", "-1")]
    [InlineData("welcome", "healthIntervalMs", "0")]
    [InlineData("welcome", "healthIntervalMs", "9223372036854775807")]
    [InlineData("welcome-generations", "generations", "[null]")]
    [InlineData("welcome-generations", "generations", "[{\"generation\":1,\"pid\":-1,\"startedAt\":1}]")]
    [InlineData("health", "requests", "-1")]
    [InlineData("health", "errors", "-1")]
    [InlineData("connections", "connections", "[]")]
    [InlineData("connections", "connections", "[null]")]
    [InlineData("connections", "connections", "[{\"endpoint\":\"a\",\"ordinal\":70000}]")]
    [InlineData("upgraded", "connections", "[]")]
    [InlineData("upgraded", "connections", "[null]")]
    [InlineData("upgraded", "connections", "[{\"endpoint\":\"a\",\"ordinal\":70000}]")]
    [InlineData("upgraded", "sentAtNs", "-1")]
    [InlineData("adopted", "count", "-1")]
    [InlineData("declined", "packet", "0")]
    [InlineData("stop", "deadlineMs", "-1")]
    [InlineData("farewell", "drained", "-1")]
    [InlineData("farewell-counts", "moved", "-1")]
    [InlineData("farewell-by", "closedPolitelyBy", "{}")]
    [InlineData("farewell-by", "closedPolitelyBy", "{\"\":1}")]
    [InlineData("farewell-by", "closedPolitelyBy", "{\"tls\":-1}")]
    [InlineData("promote-counts", "counts", "{\"moved/reload\":-1}")]
    [InlineData("health-load", "load", "{\"connections\":-1,\"runningRequests\":0}")]
    [InlineData("health-load", "load", "{\"connections\":1,\"runningRequests\":0,\"p50Ms\":-1}")]
    [InlineData("draining", "leftMs", "-1")]
    [InlineData("draining", "waiting", "[null]")]
    [InlineData("draining", "waiting", "[{\"kind\":\"\",\"count\":1,\"busy\":0,\"oldestMs\":1}]")]
    [InlineData("draining", "waiting", "[{\"kind\":\"tls\",\"count\":-1,\"busy\":0,\"oldestMs\":1}]")]
    [InlineData("promote-counts", "counts", "{\"moved/reload\":1e30}")]
    [InlineData("connections-sent-at", "sentAtNs", "-1")]
    [InlineData("serve-windows", "windows", "{\"intervalMs\":0,\"routes\":[]}")]
    [InlineData("serve-windows", "windows", "{\"intervalMs\":250,\"routes\":[null]}")]
    [InlineData("serve-windows", "windows", "{\"intervalMs\":250,\"routes\":[\"\"]}")]
    [InlineData("window", "index", "-1")]
    [InlineData("window", "started", "-1")]
    [InlineData("window", "running", "[0,0,0,0]")]
    [InlineData("window", "running", "[0,0,0,0,-1]")]
    [InlineData("window", "routes", "[null]")]
    [InlineData("window", "routes", "[]")] // its failures are of no route then
    [InlineData("window", "failures", "[]")]
    [InlineData("window", "failures", "[null]")]
    [InlineData("window", "failures", "[{\"connection\":1,\"route\":2,\"errors\":1}]")]
    [InlineData("window", "failures", "[{\"connection\":1,\"route\":1,\"errors\":1}]")] // more than the route has
    [InlineData("window-bare", "routes", "[{\"route\":\"a\",\"requests\":0,\"errors\":0,\"exceptions\":0,\"latency\":[]}]")]
    [InlineData("window-bare", "routes", "[{\"route\":\"a\",\"requests\":1,\"errors\":2,\"exceptions\":0,\"latency\":[]}]")]
    [InlineData("window-bare", "routes", "[{\"route\":\"a\",\"requests\":1,\"errors\":0,\"exceptions\":1,\"latency\":[]}]")]
    [InlineData("window-bare", "routes", "[{\"route\":\"a\",\"requests\":1,\"errors\":0,\"exceptions\":0,\"latency\":[5]}]")]
    [InlineData("window-bare", "routes", "[{\"route\":\"a\",\"requests\":1,\"errors\":0,\"exceptions\":0,\"latency\":[160,1]}]")]
    [InlineData("window-bare", "routes", "[{\"route\":\"a\",\"requests\":1,\"errors\":0,\"exceptions\":0,\"latency\":[5,0]}]")]
    [InlineData("window-bare", "routes", "[{\"route\":\"a\",\"requests\":1,\"errors\":0,\"exceptions\":0,\"latency\":[5,2]}]")]
    [InlineData("window-bare", "routes", "[{\"route\":\"a\",\"requests\":3,\"errors\":0,\"exceptions\":0,\"latency\":[5,1,5,1]}]")]
    public void Decode_AFieldOutOfItsRange_IsRefused(string name, string field, string value)
    {
        var packet = System.Text.Json.Nodes.JsonNode.Parse(Golden()[name])!.AsObject();
        packet[field] = System.Text.Json.Nodes.JsonNode.Parse(value);
        Assert.Throws<InvalidDataException>(() => Decode(packet.ToJsonString()));
    }

    [Fact]
    [Trait("issue", "11")]
    public void Decode_MoreThanAFrameHolds_IsRefused()
    {
        var offers = string.Join(',', Enumerable.Range(0, FrameRules.MaxEndpoints + 1)
            .Select(i => $$"""{"endpoint":"a","ordinal":{{i}}}"""));
        Assert.Throws<InvalidDataException>(() => Decode($$"""{"type":"ready","endpoints":[{{offers}}]}"""));
        Assert.Throws<InvalidDataException>(() => Decode($$"""{"type":"connections","connections":[{{offers}}]}"""));
        Assert.Throws<InvalidDataException>(() => Decode($$"""{"type":"upgraded","connections":[{{offers}}]}"""));
        var tunnels = string.Join(',', Enumerable.Repeat("""{"endpoint":"a","ordinal":0,"tunnel":true}""", 22)); // 66 descriptors
        Assert.Throws<InvalidDataException>(() => Decode($$"""{"type":"upgraded","connections":[{{tunnels}}]}"""));
        var leftover = Convert.ToBase64String(new byte[FrameRules.MaxLeftoverBytes + 1]);
        Assert.Throws<InvalidDataException>(() =>
            Decode($$"""{"type":"connections","connections":[{"endpoint":"a","ordinal":0,"leftover":"{{leftover}}"}]}"""));
    }

    [Fact]
    public void Window_OfABusyServiceThatFails_FitsItsPacket()
    {
        int[] latency = [.. Enumerable.Range(0, LatencyScale.Buckets).SelectMany(bucket => (int[])[bucket, WindowTerms.MaxBucketCount])];
        List<RouteWindow> routes = [.. Enumerable.Range(0, WindowTerms.MaxRoutes + 1).Select(route =>
            new RouteWindow(new string('é', 97) + $"{route:000}", int.MaxValue, 999_999, 999_999, latency))];
        var frame = new WindowFrame(long.MaxValue, int.MaxValue, int.MaxValue, long.MaxValue, long.MaxValue, [.. new int[5]], routes,
            [.. Enumerable.Range(0, WindowTerms.MaxConnections)
                .Select(_ => new ConnectionFailures(long.MinValue, WindowTerms.MaxRoutes, 99_999))],
            [.. Enumerable.Repeat(long.MinValue, WindowTerms.MaxConnections)]);
        var packet = HandoverCodec.Encode(frame);
        Assert.InRange(packet.Length, HandoverCodec.MaxPacketBytes / 2, HandoverCodec.MaxPacketBytes);
        Assert.NotEmpty(Assert.IsType<WindowFrame>(HandoverCodec.Decode(packet)).Failures!);
    }

    [Fact]
    public void Decode_RandomBytes_IsAFrameOrARefusalAndNothingElse()
    {
        var random = new Random(20250101);
        var golden = Golden().Values.Select(Encoding.UTF8.GetBytes).ToArray();
        for (var i = 0; i < 20_000; i++)
        {
            var packet = golden[i % golden.Length].ToArray();
            for (var changes = random.Next(1, 4); changes > 0; changes--)
            {
                packet[random.Next(packet.Length)] = (byte)random.Next(256);
            }

            try
            {
                Assert.NotNull(HandoverCodec.Decode(packet));
            }
            catch (InvalidDataException)
            {
                // the only way to refuse
            }
        }
    }

    [Fact]
    public void Decode_Refusal_ShowsTheStartOfThePacketInPrintableCharacters()
    {
        var refusal = Assert.Throws<InvalidDataException>(() => HandoverCodec.Decode([0, 7, .. "SSH-2.0-OpenSSH_9.7"u8, .. new byte[100]]));
        Assert.Contains("'..SSH-2.0-OpenSSH_9.7", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("(121 bytes)", refusal.Message, StringComparison.Ordinal);
        Assert.InRange(refusal.Message.Length, 1, 200);
    }

    [Fact]
    public void Limit_OneByteMore_IsRefusedBothWays()
    {
        var fixedBytes = HandoverCodec.Encode(new FailedFrame("")).Length;
        var largest = new FailedFrame(new string('x', HandoverCodec.MaxPacketBytes - fixedBytes));
        var packet = HandoverCodec.Encode(largest);
        Assert.Equal(HandoverCodec.MaxPacketBytes, packet.Length);
        Assert.Equal(largest, HandoverCodec.Decode(packet));
        Assert.Throws<InvalidDataException>(() => HandoverCodec.Encode(new FailedFrame(largest.Reason + "x")));
        Assert.Throws<InvalidDataException>(() => HandoverCodec.Decode([.. packet, (byte)' ']));
    }

    private static HandoverFrame Decode(string packet) => HandoverCodec.Decode(Encoding.UTF8.GetBytes(packet));

    private static System.Text.Json.JsonElement Json(string text) => System.Text.Json.JsonDocument.Parse(text).RootElement;

    private static ParameterInfo[] Parameters(HandoverFrame frame) =>
        frame.GetType().GetConstructors().Single(c => c.GetParameters() is not [{ ParameterType: var one }] || one != frame.GetType())
            .GetParameters();

    // Lists are compared by their elements, which records do not.
    private static void AssertSame(HandoverFrame expected, HandoverFrame actual)
    {
        Assert.IsType(expected.GetType(), actual);
        Assert.Equivalent(expected, actual, strict: true);
        Assert.Equal(HandoverCodec.Encode(expected), HandoverCodec.Encode(actual));
    }

    [Fact]
    public void Document_GoldenPackets_AreThoseOfTheFile()
    {
        var lines = Embedded("handover.md").Split('\n').Where(line => line.StartsWith("{\"type\":", StringComparison.Ordinal));
        Assert.Equal(Golden().Values, lines);
    }

    private static string Embedded(string name)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"{name} is not embedded.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    private static Dictionary<string, string> Golden() =>
        string.Join('\n', Embedded("golden-v1.txt"), Embedded("golden-v2.txt"), Embedded("golden-v3.txt"), Embedded("golden-v4.txt"))
            .Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Where(line => line[0] != '#')
            .Select(line => line.Split(' ', 2)).ToDictionary(parts => parts[0], parts => parts[1]);
}
