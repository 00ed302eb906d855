using System.Diagnostics;

namespace Ips.Bench.Reload;

/// <summary>
/// Question: how many requests per second does an app answer with <c>AddIps()</c> for each that it answers without? Two servers in
/// processes of their own, the same load one after the other, in pairs whose order alternates. Beside it the processor time of a request,
/// which says the same on a busy machine.
/// </summary>
internal static class LoadPairs
{
    private const int Connections = 32;

    public static async Task<IReadOnlyList<(Load Plain, Load Ips)>> MeasureAsync(int pairs, int seconds)
    {
        using var plain = new Server("plain");
        using var ips = new Server("ips");
        await MeasureAsync(plain, Math.Max(3, seconds)); // both warm, their hot code compiled, before the first pair
        await MeasureAsync(ips, Math.Max(3, seconds));
        List<(Load Plain, Load Ips)> measured = [];
        for (var i = 0; i < pairs; i++)
        {
            var plainFirst = i % 2 == 0;
            var first = await MeasureAsync(plainFirst ? plain : ips, seconds);
            var second = await MeasureAsync(plainFirst ? ips : plain, seconds);
            measured.Add(plainFirst ? (first, second) : (second, first));
            var pair = measured[^1];
            Console.Error.WriteLine(
                $"load pair {i + 1}/{pairs}: {pair.Plain.PerSecond:F0} requests/s without, {pair.Ips.PerSecond:F0} with; "
                + $"{pair.Plain.CpuMicroseconds:F1} and {pair.Ips.CpuMicroseconds:F1} us of processor time each");
        }

        return measured;
    }

    private static async Task<Load> MeasureAsync(Server server, int seconds)
    {
        var before = server.Cpu;
        var run = await Wrk.RunAsync(server.Port, Connections, seconds);
        if (run.Errors is { } errors)
        {
            throw new InvalidOperationException($"Requests failed, so the speed says nothing: {errors}");
        }

        return new Load(run.PerSecond, (server.Cpu - before).TotalMicroseconds / run.Requests);
    }

    /// <summary>A server in a process of its own; it ends when its standard input does.</summary>
    private sealed class Server : IDisposable
    {
        private readonly Process _process;

        public Server(string kind)
        {
            _process = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, ["serve", kind])
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true
            })!;
            Port = int.Parse(_process.StandardOutput.ReadLine()
                ?? throw new InvalidOperationException($"The server '{kind}' ended before it told its port."));
        }

        public int Port { get; }

        public TimeSpan Cpu
        {
            get
            {
                _process.Refresh();
                return _process.TotalProcessorTime;
            }
        }

        public void Dispose()
        {
            _process.StandardInput.Close();
            if (!_process.WaitForExit(TimeSpan.FromSeconds(30)))
            {
                _process.Kill();
            }

            _process.Dispose();
        }
    }
}

/// <summary>What one run of the load measured.</summary>
/// <param name="PerSecond">Requests per second.</param>
/// <param name="CpuMicroseconds">Processor time of the server for one request.</param>
internal readonly record struct Load(double PerSecond, double CpuMicroseconds);
