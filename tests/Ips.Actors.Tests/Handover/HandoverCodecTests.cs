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
            1, 8, [new EndpointOffer("127.0.0.1:0", 0), new EndpointOffer("[::]:8080", 1), new EndpointOffer("unix:/run/app.sock", 0)], true, true, 1000),
        ["welcome-bare"] = new WelcomeFrame(1, 2, [], false, false, 100),
        ["refused"] = new RefusedFrame("it speaks handover versions 7 to 9, this generation 1 to 1"),
        ["ready"] = new ReadyFrame(),
        ["serve"] = new ServeFrame(),
        ["health"] = new HealthFrame(true, 9007199254740993, 2), // more than a double holds
        ["health-red"] = new HealthFrame(false, 10, 10, "health check 'store' is unhealthy"),
        ["promote"] = new PromoteFrame(),
        ["promoted"] = new PromotedFrame(),
        ["ready-endpoints"] = new ReadyFrame([new EndpointOffer("127.0.0.1:0", 0), new EndpointOffer("unix:/run/app.sock", 1)]),
        ["connections"] = new ConnectionsFrame(
            [new ConnectionOffer("127.0.0.1:0", 0), new ConnectionOffer("[::]:8080", 1, [.. "GET / HTTP/1.1\r\n"u8, 0xfb, 0xef, 0xff])]),
        ["adopted"] = new AdoptedFrame(64),
        ["stop"] = new StopFrame("SIGTERM", 32000),
        ["stop-return"] = new StopFrame("unhealthy", 32000, Return: true),
        ["failed"] = new FailedFrame("SIGTERM"),
        ["farewell"] = new FarewellFrame(12, 1),
    };

    public static TheoryData<string> Names => [.. Frames.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Encode_EachFrame_IsTheGoldenPacket(string name) => Assert.Equal(Golden()[name], Encoding.UTF8.GetString(HandoverCodec.Encode(Frames[name])));

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
    public void Decode_AFieldMissing_IsRefused(string name)
    {
        foreach (var (field, optional, nullable) in Fields(Frames[name]))
        {
            var packet = System.Text.Json.Nodes.JsonNode.Parse(Golden()[name])!.AsObject();
            Assert.True(packet.Remove(field) || nullable, field);
            Refuses(packet, unless: optional);
            packet[field] = null;
            Refuses(packet, unless: nullable);
            packet[field] = new System.Text.Json.Nodes.JsonObject();
            Assert.Throws<InvalidDataException>(() => Decode(packet.ToJsonString()));
        }
    }

    // What came after the first build may be missing: a predecessor that does not know of it says nothing of it.
    [Fact]
    public void Decode_OptionalFieldMissing_MeansWhatItMeantBefore()
    {
        Assert.Equal(new ReadyFrame(null), Decode("""{"type":"ready"}"""));
        Assert.Equal(new StopFrame("SIGTERM", 32000, Return: false), Decode("""{"type":"stop","reason":"SIGTERM","deadlineMs":32000}"""));
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

    private static void Refuses(System.Text.Json.Nodes.JsonObject packet, bool unless)
    {
        if (unless)
        {
            Assert.NotNull(Decode(packet.ToJsonString()));
        }
        else
        {
            Assert.Throws<InvalidDataException>(() => Decode(packet.ToJsonString()));
        }
    }

    private static IEnumerable<(string Name, bool Optional, bool Nullable)> Fields(HandoverFrame frame) =>
        frame.GetType().GetConstructors().Single(c => c.GetParameters() is not [{ ParameterType: var one }] || one != frame.GetType())
            .GetParameters().Select(parameter => (
                char.ToLowerInvariant(parameter.Name![0]) + parameter.Name[1..], parameter.HasDefaultValue, parameter is { HasDefaultValue: true, DefaultValue: null }));

    // Lists are compared by what they hold, which the golden packet shows.
    private static void AssertSame(HandoverFrame expected, HandoverFrame actual)
    {
        Assert.Equal(expected.GetType(), actual.GetType());
        Assert.Equal(Encoding.UTF8.GetString(HandoverCodec.Encode(expected)), Encoding.UTF8.GetString(HandoverCodec.Encode(actual)));
    }

    private static Dictionary<string, string> Golden()
    {
        var assembly = Assembly.GetExecutingAssembly();
        using var stream = assembly.GetManifestResourceStream("golden-v1.txt") ?? throw new InvalidOperationException("golden-v1.txt is not embedded.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(line => line[0] != '#')
            .Select(line => line.Split(' ', 2)).ToDictionary(parts => parts[0], parts => parts[1]);
    }
}
