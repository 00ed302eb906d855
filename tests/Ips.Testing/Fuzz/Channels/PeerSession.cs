namespace Ips.Testing.Fuzz.Channels;

/// <summary>How a hostile peer ends.</summary>
internal enum PeerEnding
{
    /// <summary>Its process ends.</summary>
    Exits,

    /// <summary>It closes the channel and lives on until it is killed, or for a while.</summary>
    ClosesAndLives,

    /// <summary>It will send no more, by shutdown(2), and reads on.</summary>
    HalfCloses,

    /// <summary>It keeps the channel open, and reads nothing until it is killed, or for a while.</summary>
    Hangs,
}

/// <summary>What a hostile peer does on one channel, made of a seed and its number alone. Pure.</summary>
internal sealed class PeerSession
{
    private const int PacketsMax = 80, FloodConnections = 40, DescriptorsAllowed = 64;

    private readonly List<FuzzPacket> _opening = [];
    private readonly List<FuzzPacket> _packets = [];

    private PeerSession(FuzzChannel channel, int seed, int number) => (Channel, Seed, Number) = (channel, seed, number);

    public FuzzChannel Channel { get; }

    public int Seed { get; }

    public int Number { get; }

    /// <summary>What it says first, as a peer of good will does; it waits for the answer to each.</summary>
    public IReadOnlyList<FuzzPacket> Opening => _opening;

    /// <summary>What it says then.</summary>
    public IReadOnlyList<FuzzPacket> Packets => _packets;

    /// <summary>How many connections it makes at once and says all of it on, where it can connect.</summary>
    public int Connections { get; private init; } = 1;

    /// <summary>Whether it reads what it is sent between two packets.</summary>
    public bool Reads { get; private init; }

    public PeerEnding Ending { get; private init; }

    /// <summary>Makes a session.</summary>
    /// <param name="channel">Which channel.</param>
    /// <param name="seed">The run's seed.</param>
    /// <param name="number">The session's number in its run.</param>
    /// <param name="facts">What exists.</param>
    public static PeerSession Make(FuzzChannel channel, int seed, int number, FuzzFacts facts)
    {
        var random = new Random(unchecked((((seed * 31) + (int)channel) * 1_000_003) + number));
        var ending = (PeerEnding)random.Next(4);
        if (ending == PeerEnding.Hangs && random.Next(2) == 0) ending = PeerEnding.Exits; // it costs the service's whole patience
        // all generations share that channel, and none of them could send afterwards
        if (channel == FuzzChannel.Supervisor && ending == PeerEnding.HalfCloses) ending = PeerEnding.Exits;
        var connects = channel is FuzzChannel.Takeover or FuzzChannel.ControlClient;
        var floods = connects && random.Next(8) == 0;
        var session = new PeerSession(channel, seed, number)
        {
            Ending = ending, Reads = random.Next(3) > 0, Connections = floods ? FloodConnections : connects ? random.Next(1, 4) : 1,
        };
        session.Open(random, facts);
        var wildness = channel switch
        {
            // what is not understood is passed over there
            FuzzChannel.Supervisor or FuzzChannel.ControlServer or FuzzChannel.ControlClient => 50,
            _ => new[] { 0, 0, 3, 40 }[random.Next(4)], // elsewhere it ends the channel
        };
        var rules = wildness < 40 && random.Next(4) > 0 ? PacketGrammar.InOrder(channel) : PacketGrammar.Of(channel);
        var count = channel == FuzzChannel.ControlClient ? random.Next(1, 4) : floods ? random.Next(1, 5) : random.Next(5, PacketsMax);
        for (var i = 0; i < count; i++) session._packets.Add(Packet(channel, rules, random, facts, wildness));
        return session;
    }

    /// <summary>How to play it again.</summary>
    public override string ToString() =>
        $"{FuzzRun.SeedVariable}={Seed}, {Channel} session {Number}: {_opening.Count} packets in order, then "
            + $"{_packets.Count}{(Connections > 1 ? $", on {Connections} connections" : "")}, "
        + $"{(Reads ? "reads" : "reads nothing")}, {Ending}";

    /// <summary>Each packet, for a test that failed.</summary>
    public string Describe() => string.Join(Environment.NewLine,
        [ToString(), .. _opening.Concat(_packets).Select((packet, i) => $"    {i}: {packet}")]);

    private static FuzzPacket Packet(FuzzChannel channel, IReadOnlyList<FrameRule> rules, Random random, FuzzFacts facts, int wildness)
    {
        var rule = rules[random.Next(rules.Count)];
        var frame = PacketGrammar.Whole(channel, rule, random, facts);
        var expected = rule.Descriptors?.Invoke(frame) ?? 0;
        var descriptor = (FuzzDescriptor)random.Next(Enum.GetValues<FuzzDescriptor>().Length);
        if (random.Next(100) < wildness)
        {
            var (bytes, name) = PacketMutator.Mutate(frame, random);
            return new($"{rule.Name} {name}", Line(channel, random, bytes), descriptor, DescriptorCount(random));
        }

        // More than a packet may have end a channel, and so do connections with another number than the frame says.
        var count = rule.Descriptors is not null || random.Next(4) > 0 ? expected : Math.Min(DescriptorCount(random), DescriptorsAllowed);
        if (random.Next(wildness == 0 ? 16 : 4) > 0) return new(rule.Name, Line(channel, random, PacketMutator.Bytes(frame)), descriptor,
            count);
        var (mutated, how) = PacketMutator.MutateSoftly(frame, random);
        return new($"{rule.Name} {how}", Line(channel, random, mutated), descriptor, count);
    }

    private static byte[] Line(FuzzChannel channel, Random random, byte[] bytes) =>
        channel is FuzzChannel.ControlClient or FuzzChannel.ControlServer && random.Next(16) > 0 ? [.. bytes, (byte)'\n'] : bytes;

    private static int DescriptorCount(Random random) => random.Next(5) switch
    {
        0 => 0,
        1 => DescriptorsAllowed,
        2 => DescriptorsAllowed + 1,
        3 => FuzzPacket.DescriptorsMax,
        _ => random.Next(1, 8),
    };

    private void Open(Random random, FuzzFacts facts)
    {
        if (Channel is not (FuzzChannel.Successor or FuzzChannel.Takeover)) return;
        var far = random.Next(4);
        if (far > 0) Say("hello", $$"""{"type":"hello","min":1,"max":{{random.Next(1, 3)}},"pid":{{facts.Pid}},"release":"fuzz"}""");
        if (far > 1) Say("ready", $$"""{"type":"ready","endpoints":[{"endpoint":"{{facts.Endpoint}}","ordinal":0}]}""");
        if (far > 2) Say("health", """{"type":"health","ok":true,"requests":1,"errors":0}""");

        void Say(string kind, string text) => _opening.Add(new(kind, System.Text.Encoding.UTF8.GetBytes(text)));
    }
}
