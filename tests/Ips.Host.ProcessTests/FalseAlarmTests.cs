using System.Diagnostics;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Load;
using Ips.Testing.Processes;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests;

/// <summary>The judge is not to roll back a release that is no worse, however noisy the machine and the clients are: a twentieth of the
/// soak.</summary>
[Collection(Alone.Name)]
public class FalseAlarmTests(ITestOutputHelper output) : ProcessTest(output)
{
    private const int Seed = 4711;
    private const string Promoted = "promoted";

    /// <summary>Services that reload side by side.</summary>
    protected virtual int Services => 1;

    /// <summary>Reloads of each, to the same release.</summary>
    protected virtual int Reloads => 10;

    [Fact]
    public async Task Reload_IdenticalReleaseUnderNoise_IsHardlyEverRolledBack()
    {
        var outcomes = (await Task.WhenAll(Enumerable.Range(Seed, Services).Select(ReloadAsync))).SelectMany(each => each).ToList();
        foreach (var outcome in outcomes.GroupBy(outcome => outcome)) Output.WriteLine($"{outcome.Count()} times: {outcome.Key}");
        Assert.Equal(Services * Reloads, outcomes.Count);
        Assert.InRange(outcomes.Count(outcome => outcome is not Promoted), 0, 1);
    }

    private async Task<List<string>> ReloadAsync(int seed)
    {
        var service = await StartAsync(new ServiceSettings(ServiceKind.SampleApp)
        {
            Canary = true, Probation = TimeSpan.FromSeconds(2.5), HealthInterval = TimeSpan.FromSeconds(1),
        });
        var (random, outcomes) = (new Random(seed), new List<string>());
        for (var reload = 0; reload < Reloads; reload++)
        {
            // Few clients or many, slow ones or busy ones, and on every other reload programs that want both processors.
            await using var load = StrictLoad.Start(new LoadOptions
            {
                Target = service.Target,
                Seed = random.Next(),
                OneShotWorkers = random.Next(1, 12),
                BusyWorkers = random.Next(0, 30),
                IdleWorkers = random.Next(0, 60),
                StreamWorkers = random.Next(0, 3),
                UploadWorkers = random.Next(0, 2),
                OneShotThinkTime = TimeSpan.FromMilliseconds(random.Next(1, 100)),
                BusyThinkTime = TimeSpan.FromMilliseconds(random.Next(1, 50)),
            });
            await load.WaitForRequestsAsync(1, Limits.Step);
            using var hogs = new Hogs(reload % 2 * Environment.ProcessorCount);
            var receipt = await IpsCommand.RunAsync("reload", "--pid-file", service.PidFile);
            outcomes.Add(receipt.ExitCode == 0 ? Promoted : string.Join('\n', receipt.Output));
            Assert.Equal(0, (await load.StopAsync()).FailedRequests);
        }

        return outcomes;
    }

    /// <summary>Programs that want a processor each, until they are disposed of, and a minute at most.</summary>
    private sealed class Hogs : IDisposable
    {
        private readonly List<Process> _processes = [];

        public Hogs(int count)
        {
            for (var i = 0; i < count; i++)
                _processes.Add(Process.Start("timeout", ["60", "sh", "-c", "while :; do :; done"]));
        }

        public void Dispose()
        {
            foreach (var process in _processes)
            {
                process.Kill(entireProcessTree: true);
                process.WaitForExit();
                process.Dispose();
            }
        }
    }
}

/// <summary>200 reloads, of two services side by side.</summary>
[Collection(Alone.Name), Trait("kind", "soak")]
public sealed class FalseAlarmSoakTests(ITestOutputHelper output) : FalseAlarmTests(output)
{
    /// <inheritdoc/>
    protected override int Services => 2;

    /// <inheritdoc/>
    protected override int Reloads => 100;
}
