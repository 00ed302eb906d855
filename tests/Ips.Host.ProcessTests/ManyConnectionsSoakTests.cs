using System.Globalization;
using System.Text.RegularExpressions;
using Ips.Actors.Diagnostics;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Processes;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests;

/// <summary>Idle connections move fast, whatever their number, those of a gateway as well; the tests print what that costs.</summary>
[Collection(Alone.Name), Trait("kind", "soak")]
public sealed partial class ManyConnectionsSoakTests(ITestOutputHelper output) : ProcessTest(output)
{
    private const int OpenAtOnce = 200;
    // a look at 20,000 descriptors is what hundreds of moves cost
    private static readonly TimeSpan s_sampleInterval = TimeSpan.FromMilliseconds(250);

    // 1 s is the promise for 10,000 on a machine that does nothing else.
    [Theory]
    [InlineData(100)]
    [InlineData(1_000)]
    [InlineData(10_000)]
    public async Task Reload_IdleConnections_MoveWithinASecondAndAnswer(int count)
    {
        var service = await StartAsync(new ServiceSettings(ServiceKind.SampleApp));
        await MoveAsync(count, service.Port, service.MainPid, service.Processes, async () =>
        {
            await service.ReloadAsync();
            var farewell = await service.Log.WaitForAsync(0, EventIds.PredecessorFarewell);
            return new Outcome(
                int.Parse(farewell["Moved"], CultureInfo.InvariantCulture), int.Parse(farewell["Idle"], CultureInfo.InvariantCulture),
                TimeSpan.FromMilliseconds(double.Parse(service.Log.Of(EventIds.ConnectionsMoved).Single()["ElapsedMs"],
                    CultureInfo.InvariantCulture)));
        });
    }

    // Each connection has had an answer from behind the gateway, and gets its next one from there.
    [Theory]
    [InlineData(100)]
    [InlineData(1_000)]
    [InlineData(10_000)]
    public async Task Reload_IdleConnectionsOfAGateway_MoveWithinASecondAndAnswer(int count)
    {
        var backend = await StartAsync(new ServiceSettings(ServiceKind.SampleApp) { More = ["--Ips:GenerationHeader=false"] });
        await using var gateway = await Gateway.StartAsync(Folder, backend.Port);
        await MoveAsync(count, gateway.Port, gateway.MainPid, gateway.Processes, async () =>
        {
            var drain = await gateway.WaitForDrainAsync(await gateway.ReloadAsync());
            var took = MovedIn().Match(Assert.Single(gateway.Messages(EventIds.ConnectionsMoved))).Groups["ms"].Value;
            return new Outcome(drain.Moved, drain.ClosedIdle, TimeSpan.FromMilliseconds(double.Parse(took, CultureInfo.InvariantCulture)));
        });
    }

    private async Task MoveAsync(int count, int port, int pid, MarkedProcesses processes, Func<Task<Outcome>> reload)
    {
        var clients = new List<RawClient>(count);
        try
        {
            while (clients.Count < count)
            {
                clients.AddRange(await Task.WhenAll(Enumerable.Range(0, Math.Min(OpenAtOnce, count - clients.Count)).Select(async _ =>
                {
                    var client = await RawClient.ConnectAsync(port);
                    await client.GetAsync("/ping");
                    return client;
                })));
            }

            var before = Usage.Of(pid);
            using var sampling = new CancellationTokenSource();
            var peaks = SampleAsync(pid, processes, sampling.Token);
            var outcome = await reload();
            var load = File.ReadAllText("/proc/loadavg").TrimEnd();
            await sampling.CancelAsync();
            var (old, young) = await peaks;

            Assert.Equal((count, 0), (outcome.Moved, outcome.ClosedIdle));
            foreach (var chunk in clients.Chunk(OpenAtOnce))
            {
                foreach (var answer in await Task.WhenAll(chunk.Select(client => client.GetAsync("/ping"))))
                {
                    Assert.StartsWith("HTTP/1.1 200 ", answer, StringComparison.Ordinal);
                    Assert.Contains("X-Ips-Generation: 2\r\n", answer, StringComparison.Ordinal);
                }
            }

            Output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{count} idle connections moved in {outcome.Took.TotalMilliseconds:0} ms, {outcome.Took.TotalMicroseconds / count:0} us "
                    + $"each; predecessor {before} before and at most {old}, successor at most {young}; load average {load}"));
            Assert.True(outcome.Took < TimeSpan.FromSeconds(1), $"Moving took {outcome.Took}; load average {load}");
        }
        finally
        {
            clients.ForEach(client => client.Dispose());
        }
    }

    private static async Task<(Usage Old, Usage Young)> SampleAsync(int first, MarkedProcesses processes, CancellationToken stop)
    {
        var (old, young) = (default(Usage), default(Usage));
        while (!stop.IsCancellationRequested)
        {
            foreach (var pid in processes.Alive())
            {
                if (pid == first) old = old.Max(Usage.Of(pid));
                else young = young.Max(Usage.Of(pid));
            }

            await Task.Delay(s_sampleInterval, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        return (old, young);
    }

    [GeneratedRegex(@"^Moved \d+ connections in (?<ms>[\d.]+) ms")]
    private static partial Regex MovedIn();

    /// <summary>What became of the connections, and how long their move took.</summary>
    private readonly record struct Outcome(int Moved, int ClosedIdle, TimeSpan Took);

    /// <summary>Memory and descriptors of a process.</summary>
    private readonly record struct Usage(long ResidentBytes, int Descriptors)
    {
        public static Usage Of(int pid)
        {
            try
            {
                return new Usage(ProcFs.ResidentBytes(pid), ProcessTable.OpenFileDescriptors(pid));
            }
            catch (Exception e) when (e is IOException or InvalidOperationException)
            {
                return default; // it has ended
            }
        }

        public Usage Max(Usage other) => new(Math.Max(ResidentBytes, other.ResidentBytes), Math.Max(Descriptors, other.Descriptors));

        public override string ToString() => string.Create(CultureInfo.InvariantCulture,
            $"{ResidentBytes / 1e6:0} MB and {Descriptors} fds");
    }
}
