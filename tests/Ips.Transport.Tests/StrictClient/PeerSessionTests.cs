using Ips.Actors.Handover;
using Ips.Testing.Fuzz.Channels;

namespace Ips.Transport.Tests.StrictClient;

/// <summary>What the hostile peers of the channels' fuzz are made of.</summary>
[Trait("issue", "11")]
public sealed class PeerSessionTests
{
    private const int Sessions = 200;

    private static readonly FuzzFacts s_facts = new("127.0.0.1:8080", 4711);

    public static IEnumerable<object[]> Channels => new TheoryData<FuzzChannel>(Enum.GetValues<FuzzChannel>());

    [Theory]
    [MemberData(nameof(Channels))]
    internal void Make_SameSeedAndNumber_IsTheSameSession(FuzzChannel channel)
    {
        Assert.Equal(Text(1, 7), Text(1, 7));
        Assert.NotEqual(Text(1, 7), Text(1, 8));
        Assert.NotEqual(Text(1, 7), Text(2, 7));

        string Text(int seed, int number) => PeerSession.Make(channel, seed, number, s_facts).Describe();
    }

    // The text in the message of a failure must lead back to what was sent, whatever process id the peer had.
    [Theory]
    [MemberData(nameof(Channels))]
    internal void Make_OtherFacts_DecidesTheSame(FuzzChannel channel)
    {
        for (var number = 0; number < Sessions; number++)
        {
            var (one, other) = (PeerSession.Make(channel, 1, number, s_facts),
                PeerSession.Make(channel, 1, number, new("127.0.0.1:80", 1)));
            Assert.Equal(one.ToString(), other.ToString());
            Assert.Equal(one.Packets.Select(packet => (packet.Kind, packet.Descriptor, packet.Descriptors)),
                other.Packets.Select(packet => (packet.Kind, packet.Descriptor, packet.Descriptors)));
        }
    }

    [Theory]
    [MemberData(nameof(Channels))]
    internal void Make_ManySessions_MeetEachFrameAndMutation(FuzzChannel channel)
    {
        var packets = Packets(channel);
        var kinds = packets.Select(packet => packet.Kind).ToHashSet();
        foreach (var rule in PacketGrammar.Of(channel)) Assert.Contains(rule.Name, kinds);
        foreach (var mutation in PacketMutator.Names) Assert
            .Contains(kinds, kind => kind.EndsWith($" {mutation}", StringComparison.Ordinal));
        Assert.Contains(packets, packet => packet.Bytes.Length > PacketMutator.PacketBytesMax);
        Assert.Contains(packets, packet => packet.Bytes.Span.IndexOf("\u001b"u8) >= 0 || packet.Bytes.Span.IndexOf(@"\u001B"u8) >= 0);
    }

    [Theory]
    [InlineData(FuzzChannel.Successor)]
    [InlineData(FuzzChannel.Predecessor)]
    [InlineData(FuzzChannel.Takeover)]
    [InlineData(FuzzChannel.Supervisor)]
    internal void Make_ManySessions_MeetEachDescriptorAndNumberOfThem(FuzzChannel channel)
    {
        var packets = Packets(channel);
        foreach (var kind in Enum.GetValues<FuzzDescriptor>()) Assert
            .Contains(packets, packet => packet.Descriptor == kind && packet.Descriptors > 0);
        foreach (var count in (int[])[0, 1, 64, 65, FuzzPacket.DescriptorsMax]) Assert
            .Contains(packets, packet => packet.Descriptors == count);
        Assert.Contains(packets, packet => packet is { Bytes.Length: 0, Descriptors: > 0 });
    }

    // A generator of nothing but nonsense would be turned away at the door.
    [Theory]
    [InlineData(FuzzChannel.Successor)]
    [InlineData(FuzzChannel.Predecessor)]
    internal void Make_UnchangedFrames_AreFramesOfTheProtocol(FuzzChannel channel)
    {
        var names = PacketGrammar.Of(channel).Select(rule => rule.Name).ToHashSet();
        var valid = Packets(channel).Where(packet => names.Contains(packet.Kind)).ToList();
        Assert.InRange(valid.Count(IsFrame), Sessions, valid.Count); // numbers beyond their range are among them
    }

    [Fact]
    public void Make_Successors_OpenAsFarAsProbation()
    {
        var openings = Enumerable.Range(0, Sessions).Select(number =>
            PeerSession.Make(FuzzChannel.Successor, 1, number, s_facts).Opening.Count).ToHashSet();
        Assert.Equal([0, 1, 2, 3], openings.Order());
        foreach (var opening in PeerSession.Make(FuzzChannel.Takeover, 1, 0, s_facts).Opening) HandoverCodec.Decode(opening.Bytes.Span);
    }

    private static bool IsFrame(FuzzPacket packet)
    {
        try
        {
            HandoverCodec.Decode(packet.Bytes.Span);
            return true;
        }
        catch (InvalidDataException)
        {
            return false;
        }
    }

    private static List<FuzzPacket> Packets(FuzzChannel channel) =>
        [.. Enumerable.Range(0, Sessions).SelectMany(number => PeerSession.Make(channel, 1, number, s_facts).Packets)];
}
