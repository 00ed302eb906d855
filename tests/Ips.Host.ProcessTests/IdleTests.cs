using System.Globalization;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests;

/// <summary>A service that nobody asks does nothing, also after it has reloaded.</summary>
[Collection(Waits.Name)]
public sealed class IdleTests(ITestOutputHelper output) : ProcessTest(output)
{
    private const int Seconds = 2;

    // Timers that look for work would wake it a hundred times a second.
    private const int MostWakesPerSecond = 25;

    [Theory]
    [InlineData(ServiceKind.Daemon)]
    [InlineData(ServiceKind.SampleApp)]
    internal async Task Successor_ThatNobodyAsks_SleepsOn(ServiceKind kind)
    {
        var service = await StartAsync(new ServiceSettings(kind) { Canary = true, Probation = TimeSpan.FromSeconds(1) });
        await service.ReloadAsync();
        await service.AnsweringGenerationAsync();
        await service.WaitForMainAloneAsync();
        var pid = service.MainPid;
        var wakes = 0.0;
        await Eventually.TrueAsync(async () => (wakes = await WakesPerSecondAsync(pid)) < MostWakesPerSecond,
            () => $"an idle process: it wakes {wakes:0} times a second");
        Output.WriteLine($"{wakes:0} wakes a second.");
    }

    private static async Task<double> WakesPerSecondAsync(int pid)
    {
        var before = Wakes(pid);
        using var measure = new PeriodicTimer(TimeSpan.FromSeconds(Seconds));
        await measure.WaitForNextTickAsync();
        return Wakes(pid).Sum(thread => thread.Value - before.GetValueOrDefault(thread.Key)) / (double)Seconds;
    }

    // By thread; one that ends meanwhile does not count.
    private static Dictionary<string, long> Wakes(int pid)
    {
        Dictionary<string, long> wakes = [];
        foreach (var thread in Directory.GetDirectories($"/proc/{pid}/task"))
        {
            try
            {
                var line = File.ReadLines(Path.Combine(thread, "status"))
                    .First(line => line.StartsWith("voluntary_ctxt_switches:", StringComparison.Ordinal));
                wakes.Add(thread, long.Parse(line.AsSpan(line.IndexOf(':', StringComparison.Ordinal) + 1), CultureInfo.InvariantCulture));
            }
            catch (Exception e) when (e is IOException or InvalidOperationException)
            {
                // it has ended
            }
        }

        return wakes;
    }
}
