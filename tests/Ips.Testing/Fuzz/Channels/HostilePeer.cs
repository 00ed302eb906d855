using System.Globalization;
using System.Text;

namespace Ips.Testing.Fuzz.Channels;

/// <summary>Plays sessions: what a hostile process does.</summary>
internal static class HostilePeer
{
    /// <summary>The first argument of a program that is to be one.</summary>
    public const string Argument = "--hostile";

    /// <summary>The descriptors of the channels in a process that Ips has started.</summary>
    public const int HandoverFd = 3, SupervisorFd = 8;

    private static readonly TimeSpan s_answer = TimeSpan.FromMilliseconds(500), s_full = TimeSpan.FromMilliseconds(300),
        s_lives = TimeSpan.FromSeconds(2);

    /// <summary>The arguments of such a program.</summary>
    /// <param name="channel">Which channel.</param>
    /// <param name="seed">The run's seed.</param>
    /// <param name="from">The first session.</param>
    /// <param name="count">How many.</param>
    /// <param name="endpoint">See <see cref="FuzzFacts.Endpoint"/>.</param>
    /// <param name="journal">A file that gets a line for each session, and in it a dot for each packet that was sent.</param>
    /// <param name="socket">The path of the socket to connect to; empty where the channel is there.</param>
    public static IReadOnlyList<string> Arguments(FuzzChannel channel, int seed, int from, int count, string endpoint, string journal,
        string socket = "") =>
        [Argument, $"{channel}", Text(seed), Text(from), Text(count), endpoint, journal, socket];

    /// <summary>The program.</summary>
    public static int Run(IReadOnlyList<string> arguments)
    {
        var channel = Enum.Parse<FuzzChannel>(arguments[1]);
        var (seed, from, count) = (Number(arguments[2]), Number(arguments[3]), Number(arguments[4]));
        using var journal = new FileStream(arguments[6], FileMode.Append, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        for (var number = from; number < from + count; number++)
        {
            var session = PeerSession.Make(channel, seed, number, new FuzzFacts(arguments[5], Environment.ProcessId));
            journal.Write(Encoding.ASCII.GetBytes($"\n{number} "));
            Play(session, () => Connect(channel, arguments[7]), _ => journal.WriteByte((byte)'.'));
        }

        return 0;
    }

    /// <summary>Plays one session.</summary>
    /// <param name="session">The session.</param>
    /// <param name="connect">Makes a connection; null if no process accepts.</param>
    /// <param name="sent">Told of each packet that the kernel took.</param>
    public static void Play(PeerSession session, Func<PacketSocket?> connect, Action<FuzzPacket> sent)
    {
        List<PacketSocket> sockets = [];
        try
        {
            while (sockets.Count < session.Connections && connect() is { } socket) sockets.Add(socket);
            var open = sockets.ToList();
            foreach (var packet in session.Opening)
            {
                open.RemoveAll(socket => !Say(socket, packet));
                open.ForEach(socket => Hear(socket, s_answer));
            }

            foreach (var packet in session.Packets)
            {
                open.RemoveAll(socket => !Say(socket, packet));
                if (session.Reads) open.ForEach(socket => Hear(socket, TimeSpan.Zero));
            }

            End(session.Ending, sockets, open);
        }
        finally
        {
            sockets.ForEach(socket => socket.Dispose());
        }

        bool Say(PacketSocket socket, FuzzPacket packet)
        {
            var outcome = socket.Send(packet, s_full);
            if (outcome == SendOutcome.Sent) sent(packet);
            // Of a packet that the kernel does not let through the channel knows nothing.
            return outcome == SendOutcome.Sent || (outcome == SendOutcome.Refused && packet.Bytes.Length > PacketMutator.PacketBytesMax);
        }
    }

    private static void End(PeerEnding ending, List<PacketSocket> sockets, List<PacketSocket> open)
    {
        switch (ending)
        {
            case PeerEnding.ClosesAndLives:
                sockets.ForEach(socket => socket.Dispose());
                Thread.Sleep(s_answer);
                break;
            case PeerEnding.HalfCloses:
                open.ForEach(socket => socket.EndSending());
                open.ForEach(socket => Hear(socket, s_answer));
                break;
            case PeerEnding.Hangs:
                Thread.Sleep(s_lives);
                break;
        }
    }

    // Everything that is there, and waits for the first of it.
    private static void Hear(PacketSocket socket, TimeSpan patience)
    {
        while (socket.Receive(patience, out var came).Length > 0 && came) patience = TimeSpan.Zero;
    }

    private static PacketSocket? Connect(FuzzChannel channel, string path) => channel switch
    {
        FuzzChannel.Successor => new PacketSocket(HandoverFd),
        FuzzChannel.Supervisor => new PacketSocket(SupervisorFd),
        FuzzChannel.Takeover => PacketSocket.Connect(path, packets: true),
        _ => throw new ArgumentOutOfRangeException(nameof(channel), channel, "No process of its own speaks this channel."),
    };

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
