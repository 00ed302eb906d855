using System.Net.Sockets;
using Ips.Host.Cli;
using Ips.Host.Configuration;
using Ips.Testing.Fuzz.Channels;

namespace Ips.Host.ProcessTests.ChannelFuzz;

/// <summary>A control socket that answers anything, one packet a client, and what the verbs that ask it make of that.</summary>
internal sealed class HostileDaemon : IDisposable
{
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);

    /// <param name="folder">Where its socket lies.</param>
    public HostileDaemon(string folder)
    {
        PidFile = Path.Combine(folder, "hostile.pid");
        File.WriteAllText(PidFile, $"{Environment.ProcessId}\n");
        _listener.Bind(new UnixDomainSocketEndPoint($"{PidFile}.sock"));
        _listener.Listen();
    }

    public string PidFile { get; }

    /// <summary>Answers one client.</summary>
    /// <param name="lines">What it sends.</param>
    /// <param name="resets">It closes without having read the request.</param>
    public async Task AnswerAsync(IEnumerable<FuzzPacket> lines, bool resets)
    {
        using var client = await _listener.AcceptAsync();
        try
        {
            if (!resets) await client.ReceiveAsync(new byte[4096]);
            foreach (var line in lines) await client.SendAsync(line.Bytes);
            client.Shutdown(SocketShutdown.Send);
        }
        catch (SocketException)
        {
            // It has read enough.
        }
    }

    /// <summary>The verb that an answer would be one to, with every other one in JSON.</summary>
    public static int VerbFor(FuzzPacket packet, int number) => packet.Kind.Split(' ')[0] switch
    {
        "status" => number % 2,
        "history" => 2 + (number % 2),
        "receipt" => 4,
        "paused" => 5,
        _ => number,
    };

    /// <summary>Asks in the way of a verb.</summary>
    /// <returns>What went wrong, for a person; null if nothing did.</returns>
    public async Task<string?> AskAsync(int verb)
    {
        var target = new DaemonTarget { Daemon = new DaemonArguments { PidFile = PidFile } };
        var actions = new ClientActions(new CliConsole(TextWriter.Null, TextWriter.Null, "/", TimeProvider.System));
        try
        {
            _ = (verb % 6) switch
            {
                0 => await actions.StatusAsync(new StatusCommand(target, Json: false), CancellationToken.None),
                1 => await actions.StatusAsync(new StatusCommand(target, Json: true), CancellationToken.None),
                2 => await actions.HistoryAsync(new HistoryCommand(target, Json: false), CancellationToken.None),
                3 => await actions.HistoryAsync(new HistoryCommand(target, Json: true), CancellationToken.None),
                4 => await actions.ReloadAsync(new ReloadCommand(target, Json: false, Check: false, Timeout: TimeSpan.FromSeconds(5)),
                    CancellationToken.None),
                _ => await actions.PauseAsync(new PauseCommand(target, Paused: true), CancellationToken.None),
            };
            return null;
        }
        catch (CliException e)
        {
            return e.Message;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _listener.Dispose();
}
