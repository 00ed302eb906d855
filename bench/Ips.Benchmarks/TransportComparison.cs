using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Ips.Benchmarks;

/// <summary>
/// Question: how many requests per second does our transport serve for each that Kestrel's own serves? Two servers, each in a process of
/// its own (one process would share the JIT's profile between both transports), take turns under the same load, in pairs whose order
/// alternates.
/// </summary>
internal static partial class TransportComparison
{
    private static readonly (string Name, string Path, string? Script, int Connections)[] s_loads =
    [
        ("ping, keep-alive", "/ping", null, 32),
        ("ping, one request per connection", "/ping", "wrk.headers['Connection'] = 'close'", 32),
        ("100 KB response", "/large", null, 16),
        ("1 MB upload", "/upload", "wrk.method = 'POST'\nwrk.body = string.rep('x', 1048576)", 8),
    ];

    public static async Task<int> RunAsync(string[] args)
    {
        var rounds = Option(args, "--rounds", 7);
        var seconds = Option(args, "--seconds", 4);
        var only = Array.IndexOf(args, "--only") is >= 0 and var at && at + 1 < args.Length ? args[at + 1] : "";
        var together = args.Contains("--together");
        using var stock = new Server("stock");
        using var ips = new Server("ips");
        Console.WriteLine($"{rounds} pairs of {seconds} s each, {Environment.ProcessorCount} processors; requests per second, median");
        Console.WriteLine(
            "(cpu: processor time of the server for a request, in µs; it says the same on a machine that others use as well)");
        Console.WriteLine($"{"load",-34} {"stock",9} {"ips",9} {"ratio",6} {"cpu",7} {"cpu",7} {"ratio",6}  pairs");
        foreach (var load in s_loads.Where(load => load.Name.Contains(only, StringComparison.Ordinal)))
        {
            var script = load.Script is null ? null : Path.GetTempFileName();
            try
            {
                if (script is not null) await File.WriteAllTextAsync(script, load.Script);
                await MeasureAsync(stock, load.Path, script, load.Connections, Math.Max(2, seconds / 2)); // both warm before the first pair
                await MeasureAsync(ips, load.Path, script, load.Connections, Math.Max(2, seconds / 2));

                List<(Measure Stock, Measure Ips)> pairs = [];
                for (var round = 0; round < rounds; round++)
                {
                    var stockFirst = round % 2 == 0;
                    if (together)
                    {
                        var both = await Task.WhenAll(
                            MeasureAsync(stock, load.Path, script, load.Connections, seconds),
                                MeasureAsync(ips, load.Path, script, load.Connections, seconds));
                        pairs.Add((both[0], both[1]));
                        continue;
                    }
                    var first = await MeasureAsync(stockFirst ? stock : ips, load.Path, script, load.Connections, seconds);
                    var second = await MeasureAsync(stockFirst ? ips : stock, load.Path, script, load.Connections, seconds);
                    pairs.Add(stockFirst ? (first, second) : (second, first));
                }
                var ratios = pairs.Select(pair => pair.Ips.PerSecond / pair.Stock.PerSecond).ToArray();
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"{load.Name,-34} {Median(pairs.Select(pair => pair.Stock.PerSecond)),9:F0} "
                        + $"{Median(pairs.Select(pair => pair.Ips.PerSecond)),9:F0} {Median(ratios),6:F3}"
                    + $" {Median(pairs.Select(pair => pair.Stock.CpuMicroseconds)),7:F2} "
                        + $"{Median(pairs.Select(pair => pair.Ips.CpuMicroseconds)),7:F2} "
                        + $"{Median(pairs.Select(pair => pair.Stock.CpuMicroseconds / pair.Ips.CpuMicroseconds)),6:F3}"
                    + $"  {string.Join(' ', ratios.Select(ratio => ratio.ToString("F2", CultureInfo.InvariantCulture)))}"));
            }
            finally
            {
                if (script is not null) File.Delete(script);
            }
        }
        return 0;
    }

    private static async Task<Measure> MeasureAsync(Server server, string path, string? script, int connections, int seconds)
    {
        List<string> arguments = ["-t1", $"-c{connections}", $"-d{seconds}s"];
        if (script is not null) arguments.AddRange(["-s", script]);
        arguments.Add($"http://127.0.0.1:{server.Port}{path}");
        var before = server.Cpu;
        using var wrk = Process.Start(new ProcessStartInfo("wrk", arguments) { RedirectStandardOutput = true })
            ?? throw new InvalidOperationException("wrk did not start; Debian's package of that name has it.");
        var report = await wrk.StandardOutput.ReadToEndAsync();
        await wrk.WaitForExitAsync();
        if (report.Contains("Socket errors", StringComparison.Ordinal) || report.Contains("Non-2xx", StringComparison.Ordinal))
            throw new InvalidOperationException($"Requests to {server.Name} failed, so its speed says nothing:\n{report}");
        var cpu = server.Cpu - before;
        return new Measure(Number(RequestsPerSecond().Match(report)), cpu.TotalMicroseconds / Number(Requests().Match(report)));
    }

    private static double Number(Match match) => double.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture);

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[sorted.Length / 2 - 1] + sorted[sorted.Length / 2]) / 2;
    }

    private static int Option(string[] args, string name, int otherwise) =>
        Array.IndexOf(args, name) is >= 0 and var at && at + 1 < args.Length ? int.Parse(args[at + 1], CultureInfo.InvariantCulture)
            : otherwise;

    [GeneratedRegex(@"Requests/sec:\s+([0-9.]+)")]
    private static partial Regex RequestsPerSecond();

    [GeneratedRegex(@"(\d+) requests in")]
    private static partial Regex Requests();

    private readonly record struct Measure(double PerSecond, double CpuMicroseconds);

    /// <summary>A server in a process of its own; it ends when its standard input does.</summary>
    private sealed class Server : IDisposable
    {
        private readonly Process _process;

        public Server(string transport)
        {
            Name = transport;
            _process = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, ["serve", transport])
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
            })!;
            Port = int.Parse(_process.StandardOutput.ReadLine()
                ?? throw new InvalidOperationException($"The {transport} server ended before it told its port."),
                    CultureInfo.InvariantCulture);
        }

        public string Name { get; }

        public int Port { get; }

        /// <summary>Processor time used so far.</summary>
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
            if (!_process.WaitForExit(TimeSpan.FromSeconds(10))) _process.Kill();
            _process.Dispose();
        }
    }
}
