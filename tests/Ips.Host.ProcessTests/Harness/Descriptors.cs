using System.Text.RegularExpressions;
using Ips.Testing.Processes;

namespace Ips.Host.ProcessTests.Harness;

/// <summary>What a process has open, in a form that two processes, or one at two times, can be compared by.</summary>
internal static partial class Descriptors
{
    /// <summary>The name of a TCP socket in what <see cref="Of"/> says: one that listens, or the connection of a client that is
    /// there.</summary>
    public const string Tcp = "socket tcp";

    private const string TcpWithoutClient = "socket tcp without its client", Unix = "socket unix", Socket = "socket";

    /// <summary>What each descriptor refers to, without inode numbers, in order. Sockets are told apart by their kind. Assemblies are left
    /// out: the runtime keeps each open that it has loaded, from the release's own folder.</summary>
    public static IReadOnlyList<string> Of(int pid)
    {
        var files = ProcessTable.OpenFiles(pid);
        // Of two entries of one inode, which TIME_WAIT and what is not accepted have in common, either will do: no descriptor refers to
        // them.
        var tcp = TcpSockets.All(pid).DistinctBy(socket => socket.Inode).ToDictionary(socket => socket.Inode);
        var unix = File.ReadLines($"/proc/{pid}/net/unix").Skip(1).Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[6])
            .ToHashSet();
        return
        [
            .. files.Where(line => !line.Contains(ProcessTable.ClosedMeanwhile, StringComparison.Ordinal)
                && !line.EndsWith(".dll", StringComparison.Ordinal))
                .Select(line => Name(line[(line.IndexOf("-> ", StringComparison.Ordinal) + 3)..], tcp, unix)).Order(StringComparer.Ordinal),
        ];
    }

    /// <summary>What the main process has open once nothing is left of the test's own requests.</summary>
    /// <param name="service">Its service.</param>
    /// <param name="open">Connections that the test keeps.</param>
    public static async Task<IReadOnlyList<string>> SettledAsync(Service service, int open)
    {
        await Eventually.TrueAsync(async () => (await service.StatusAsync()).OpenConnections <= open);
        return Of(service.MainPid);
    }

    /// <summary>Waits until a process was seen to have of nothing more open than before: closing what a reload needed may follow its
    /// outcome by a moment. Under load there is always something about to be closed; what leaks is there at every look.</summary>
    /// <param name="pid">The process.</param>
    /// <param name="before">What it, or one before it, had open; one that was about to be closed may be among these.</param>
    public static async Task WaitForNoMoreThanAsync(int pid, IReadOnlyList<string> before)
    {
        using var deadline = new CancellationTokenSource(Limits.Step);
        var had = before.CountBy(name => name).ToDictionary();
        var over = Over();
        while (over.Count > 0)
        {
            if (deadline.IsCancellationRequested)
                Assert.Fail($"Process {pid} has open, beyond the {before.Count} descriptors of "
                    + $"before:{string.Concat(over.Select(pair => $"{Environment.NewLine}  {pair.Value} {pair.Key}"))}");
            await Task.Delay(20, CancellationToken.None);
            var now = Over();
            over = now.Where(pair => over.ContainsKey(pair.Key)).ToDictionary();
        }

        Dictionary<string, int> Over() => Of(pid).CountBy(name => name)
            .Select(pair => KeyValuePair.Create(pair.Key, pair.Value - had.GetValueOrDefault(pair.Key)))
            .Where(pair => pair.Value > 0).ToDictionary();
    }

    private static string Name(string target, Dictionary<string, TcpSocket> tcp, HashSet<string> unix)
    {
        if (!target.StartsWith($"{Socket}:[", StringComparison.Ordinal)) return Inode().Replace(target, "");
        var inode = target[(Socket.Length + 2)..^1];
        return tcp.TryGetValue(inode, out var socket) ? (socket.WasLeft ? TcpWithoutClient : Tcp) : unix.Contains(inode) ? Unix : Socket;
    }

    [GeneratedRegex(@":\[\d+\]$")]
    private static partial Regex Inode();
}
