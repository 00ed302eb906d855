using System.Globalization;
using Ips.Actors.Diagnostics;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Processes;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests;

/// <summary>Idle connections move fast, whatever their number; the test prints what that costs.</summary>
[Trait("kind", "soak")]
public sealed class ManyConnectionsSoakTests(ITestOutputHelper output) : ProcessTest(output)
{
    private const int OpenAtOnce = 200;
    private static readonly TimeSpan s_sampleInterval = TimeSpan.FromMilliseconds(250); // a look at 20,000 descriptors is what hundreds of moves cost

    // 1 s is the promise for 10,000 on a machine that does nothing else.
    [Theory]
    [InlineData(100)]
    [InlineData(1_000)]
    [InlineData(10_000)]
    public async Task Reload_IdleConnections_MoveWithinASecondAndAnswer(int count)
    {
        var service = await StartAsync(new ServiceSettings(ServiceKind.SampleApp));
        var clients = new List<RawClient>(count);
        try
        {
            while (clients.Count < count)
            {
                clients.AddRange(await Task.WhenAll(Enumerable.Range(0, Math.Min(OpenAtOnce, count - clients.Count)).Select(async _ =>
                {
                    var client = await RawClient.ConnectAsync(service.Port);
                    await client.GetAsync("/ping");
                    return client;
                })));
            }

            var before = Usage.Of(service.MainPid);
            using var sampling = new CancellationTokenSource();
            var peaks = SampleAsync(service, sampling.Token);
            await service.ReloadAsync();
            var farewell = await service.Log.WaitForAsync(0, EventIds.PredecessorFarewell);
            await sampling.CancelAsync();
            var (old, young) = await peaks;

            Assert.Equal($"{count}", farewell["Moved"]);
            Assert.Equal("0", farewell["Idle"]);
            foreach (var chunk in clients.Chunk(OpenAtOnce))
            {
                foreach (var answer in await Task.WhenAll(chunk.Select(client => client.GetAsync("/ping"))))
                    Assert.Contains("X-Ips-Generation: 2\r\n", answer, StringComparison.Ordinal);
            }

            var took = TimeSpan.FromMilliseconds(double.Parse(service.Log.Of(EventIds.ConnectionsMoved).Single()["ElapsedMs"]!, CultureInfo.InvariantCulture));
            Output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{count} idle connections moved in {took.TotalMilliseconds:0} ms, {took.TotalMicroseconds / count:0} us each; predecessor {before} before and at most {old}, successor at most {young}"));
            Assert.True(took < TimeSpan.FromSeconds(1), $"Moving took {took}; load average {File.ReadAllText("/proc/loadavg")}");
        }
        finally
        {
            clients.ForEach(client => client.Dispose());
        }
    }

    private static async Task<(Usage Old, Usage Young)> SampleAsync(Service service, CancellationToken stop)
    {
        var (first, old, young) = (service.MainPid, default(Usage), default(Usage));
        while (!stop.IsCancellationRequested)
        {
            foreach (var pid in service.Processes.Alive())
            {
                if (pid == first) old = old.Max(Usage.Of(pid));
                else young = young.Max(Usage.Of(pid));
            }

            await Task.Delay(s_sampleInterval, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        return (old, young);
    }

    /// <summary>Memory and descriptors of a process.</summary>
    private readonly record struct Usage(long ResidentBytes, int Descriptors)
    {
        public static Usage Of(int pid)
        {
            try
            {
                var pages = long.Parse(File.ReadAllText($"/proc/{pid}/statm").Split(' ')[1], CultureInfo.InvariantCulture);
                return new Usage(pages * Environment.SystemPageSize, Directory.EnumerateFileSystemEntries($"/proc/{pid}/fd").Count());
            }
            catch (IOException)
            {
                return default; // it has ended
            }
        }

        public Usage Max(Usage other) => new(Math.Max(ResidentBytes, other.ResidentBytes), Math.Max(Descriptors, other.Descriptors));

        public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{ResidentBytes / 1e6:0} MB and {Descriptors} fds");
    }
}
