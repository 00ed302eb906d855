using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Ips.Actors.Posix;

namespace Ips.Bench.Cost;

/// <summary>The app in a process of its own.</summary>
internal sealed class CostServer : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(2);
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("ips-bench-");
    private readonly Process _process;
    private readonly HttpClient _client;

    /// <summary>Starts it, and waits for its first response.</summary>
    /// <param name="program">The app.</param>
    /// <param name="kind">With or without.</param>
    /// <param name="processor">The only processor that it runs on; null for any.</param>
    public CostServer(string program, string kind, int? processor = null)
    {
        Port = FreePort();
        var clock = Stopwatch.StartNew();
        string[] command = [program, "serve", kind, $"{Port}", Path.Combine(_folder.FullName, "app.pid")];
        if (processor is { } one) command = ["taskset", .. Pinned.On(one, command[0]), .. command[1..]];
        _process = Process.Start(new ProcessStartInfo(command[0], command[1..])
        {
            RedirectStandardOutput = true
        }) ?? throw new InvalidOperationException($"{program} did not start.");
        _process.OutputDataReceived += (_, _) => { };
        _process.BeginOutputReadLine();
        while (!Answers())
        {
            if (clock.Elapsed > s_patience) throw new TimeoutException($"{program} did not answer on port {Port}.");
            Thread.Sleep(s_interval);
        }

        FirstResponse = clock.Elapsed;
        _client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{Port}") };
    }

    public int Port { get; }

    /// <summary>From the start of the process to its first response.</summary>
    public TimeSpan FirstResponse { get; }

    public TimeSpan Cpu
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    public async Task<T> GetAsync<T>(string path) => await _client.GetFromJsonAsync<T>(path)
        ?? throw new InvalidOperationException($"{path} answered null.");

    public void Dispose()
    {
        _client.Dispose();
        Processes.TrySignal(_process.Id, SignalNumbers.SIGTERM);
        if (!_process.WaitForExit(s_patience)) _process.Kill();
        _process.Dispose();
        _folder.Delete(recursive: true);
    }

    private bool Answers()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)
        {
            ReceiveTimeout = (int)s_patience.TotalMilliseconds
        };
        try
        {
            socket.Connect(IPAddress.Loopback, Port);
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionRefused)
        {
            return false;
        }

        socket.Send("GET /ping HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"u8);
        var buffer = new byte[12];
        for (var read = 0; read < buffer.Length;)
        {
            var count = socket.Receive(buffer, read, buffer.Length - read, SocketFlags.None);
            if (count == 0) throw new InvalidOperationException("The first request was not answered.");
            read += count;
        }

        return buffer.AsSpan().SequenceEqual("HTTP/1.1 200"u8) ? true : throw new InvalidOperationException("The first request failed.");
    }

    private static int FreePort()
    {
        using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        probe.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)probe.LocalEndPoint!).Port;
    }
}
