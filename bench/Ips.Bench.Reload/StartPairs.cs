using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Ips.Actors.Posix;

namespace Ips.Bench.Reload;

/// <summary>
/// Question: how long from the signal to the first response of the new generation, for each millisecond that a cold start of the same
/// binary takes? Each pair is a fresh daemon and one reload of it, so both halves meet the same noise.
/// </summary>
internal static class StartPairs
{
    private static readonly TimeSpan s_end = TimeSpan.FromSeconds(60);

    public static async Task<IReadOnlyList<(double ColdMs, double ReloadMs)>> MeasureAsync(string daemon, int pairs)
    {
        var folder = Directory.CreateTempSubdirectory("ips-bench-");
        try
        {
            // unrecorded: files come into the page cache, the client is compiled, the store is made
            await MeasurePairAsync(daemon, folder.FullName);
            List<(double ColdMs, double ReloadMs)> measured = [];
            for (var i = 0; i < pairs; i++)
            {
                measured.Add(await MeasurePairAsync(daemon, folder.FullName));
                Console.Error.WriteLine(
                    $"start pair {i + 1}/{pairs}: cold start {measured[^1].ColdMs:F0} ms, reload {measured[^1].ReloadMs:F0} ms");
            }

            return measured;
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task<(double ColdMs, double ReloadMs)> MeasurePairAsync(string daemon, string folder)
    {
        var port = FreePort();
        var log = Path.Combine(folder, "ips.log");
        var pidFile = Path.Combine(folder, "ips.pid");
        var clock = Stopwatch.StartNew();
        using var first = Process.Start(new ProcessStartInfo(
            daemon, ["run", "--directory", folder, "--urls", $"http://127.0.0.1:{port}", "--log-file", log, "--pid-file", pidFile]))
            ?? throw new InvalidOperationException($"{daemon} did not start.");
        try
        {
            PingClient.WaitForGeneration(port, 1);
            var cold = clock.Elapsed;

            clock.Restart();
            Processes.TrySignal(first.Id, SignalNumbers.SIGUSR2);
            PingClient.WaitForGeneration(port, 2);
            var reload = clock.Elapsed;

            // The probation goes on; a stop now ends both generations.
            Processes.TrySignal(first.Id, SignalNumbers.SIGTERM);
            await first.WaitForExitAsync().WaitAsync(s_end);
            return (cold.TotalMilliseconds, reload.TotalMilliseconds);
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"{e.Message} The daemon's log:\n{ReadAll(log)}", e);
        }
        finally
        {
            if (!first.HasExited)
            {
                first.Kill();
            }

            File.Delete(log);
        }
    }

    private static string ReadAll(string path) => File.Exists(path) ? File.ReadAllText(path) : "(none)";

    private static int FreePort()
    {
        using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        probe.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)probe.LocalEndPoint!).Port;
    }
}
