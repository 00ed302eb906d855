using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Ips.Testing.Processes;

namespace Ips.Bench.Peers;

/// <summary>A peer that runs: all processes of the session that its start script leads, whichever generation they are of.</summary>
internal sealed class PeerProcess : IAsyncDisposable
{
    private static readonly TimeSpan s_startLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan s_stopLimit = TimeSpan.FromSeconds(45);
    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(5);

    private readonly TempFolder _folder;
    private readonly DaemonProcess _first;

    private PeerProcess(Peer peer, DaemonProcess first, int port, TempFolder folder) =>
        (Peer, _first, Port, _folder) = (peer, first, port, folder);

    public Peer Peer { get; }

    public int Port { get; }

    /// <summary>What it wrote, for a message.</summary>
    public string Output => _first.OutputTail(15);

    /// <summary>The process that takes signals: what the PID file says, or the first one where there is none.</summary>
    public int MainPid => ReadPid() ?? _first.Pid;

    /// <summary>Starts it and waits for its first response.</summary>
    /// <param name="peer">Which.</param>
    /// <param name="scripts">The folder bench/peers.</param>
    /// <param name="binaries">The folder of built programs.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<PeerProcess> StartAsync(Peer peer, string scripts, string binaries, CancellationToken cancellationToken)
    {
        var port = FreePort.Next();
        var folder = new TempFolder();
        var first = DaemonProcess.Start(
            "setsid", [Path.Combine(scripts, peer.Folder, "start.sh"), port.ToString(CultureInfo.InvariantCulture), folder.Path],
            new Dictionary<string, string?> { ["IPS_BENCH_BIN"] = binaries });
        var process = new PeerProcess(peer, first, port, folder);
        try
        {
            await process.UntilAsync(process.Answers, s_startLimit, "answer", cancellationToken);
            return process;
        }
        catch
        {
            await process.DisposeAsync();
            throw;
        }
    }

    /// <summary>Asks for a reload. Returns when all signals are sent, which for a peer of two is after its new main process has its
    /// workers.</summary>
    public async Task ReloadAsync(CancellationToken cancellationToken)
    {
        var old = MainPid;
        Send(old, Peer.Signal);
        if (Peer.QuitsOld)
        {
            // the new main process may be one already, which only makes the wait longer by one look
            var workers = ProcessTable.ChildrenOf(old).Count;
            await UntilAsync(() => ReadPid() is { } pid && pid != old && ProcessTable.ChildrenOf(pid).Count >= Math.Min(workers, 2),
                s_startLimit, "have a new main process", cancellationToken);
            Send(old, ProcessTable.SigQuit);
        }
    }

    /// <summary>The processes that run now.</summary>
    public IReadOnlyList<int> Members()
    {
        List<int> members = [];
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var pid)
                && (pid == _first.Pid || ProcessMemory.SessionOf(pid) == _first.Pid) // setsid(1) may not have come to it yet
                && ProcessTable.IsAlive(pid))
            {
                members.Add(pid);
            }
        }

        return members;
    }

    /// <summary>Waits until something is true.</summary>
    /// <exception cref="TimeoutException">It was not within <paramref name="limit"/>.</exception>
    public async Task UntilAsync(Func<bool> condition, TimeSpan limit, string what, CancellationToken cancellationToken)
    {
        var began = Stopwatch.GetTimestamp();
        while (!condition())
        {
            if (Stopwatch.GetElapsedTime(began) > limit)
            {
                throw new TimeoutException($"{Peer.Name} did not {what} within {limit.TotalSeconds} s. It wrote:\n{Output}");
            }

            await Task.Delay(s_interval, cancellationToken);
        }
    }

    /// <summary>Asks it to stop, and ends by PID what is left of it.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            if (Members().Contains(MainPid))
            {
                ProcessTable.Signal(MainPid, ProcessTable.SigTerm);
            }

            await UntilAsync(() => Members().Count == 0, s_stopLimit, "stop", CancellationToken.None);
        }
        catch (TimeoutException e)
        {
            Console.Error.WriteLine($"{e.Message}\nIt is killed.");
        }

        foreach (var pid in Members())
        {
            ProcessTable.Signal(pid, ProcessTable.SigKill);
        }

        await _first.DisposeAsync();
        _folder.Dispose();
    }

    private void Send(int pid, int signal)
    {
        if (!ProcessTable.Signal(pid, signal))
        {
            throw new InvalidOperationException($"{Peer.Name} has no process {pid} to signal. It wrote:\n{Output}");
        }
    }

    private int? ReadPid()
    {
        try
        {
            return int.TryParse(File.ReadAllText(_folder.PathOf("pid")), NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture,
                out var pid) ? pid : null;
        }
        catch (FileNotFoundException)
        {
            return null; // it keeps none, or it is being replaced
        }
    }

    private bool Answers()
    {
        if (Members().Count == 0)
        {
            throw new InvalidOperationException($"{Peer.Name} ended before it answered. It wrote:\n{Output}");
        }

        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveTimeout = 10_000 };
        try
        {
            socket.Connect(IPAddress.Loopback, Port);
            socket.Send("GET /ping HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"u8);
            Span<byte> buffer = stackalloc byte[12];
            return socket.Receive(buffer) == buffer.Length && buffer.SequenceEqual("HTTP/1.1 200"u8);
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.ConnectionRefused or SocketError.ConnectionReset)
        {
            return false;
        }
    }
}
