using System.Diagnostics;
using Ips.Actors.Diagnostics;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Processes;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests;

/// <summary>More signals than can be acted on: none is fatal, none is lost, and there is never a second successor.</summary>
public sealed class SignalStormTests(ITestOutputHelper output) : ProcessTest(output)
{
    private const int Signals = 100;

    [Fact]
    public async Task Usr2_HundredWithinASecond_OneSuccessorAtATimeAndEachAccountedFor()
    {
        var service = await StartAsync(new ServiceSettings(ServiceKind.Daemon));
        using var stop = new CancellationTokenSource();
        var sampling = Task.Run(() => MostChildrenOfOneProcess(service, stop.Token));

        var clock = Stopwatch.StartNew();
        for (var sent = 0; sent < Signals;)
        {
            // A main process that ended between the look into its PID file and the signal is no longer the main process: look again.
            if (ProcessTable.Signal(service.MainPid, ProcessTable.SigUsr2)) sent++;
            var due = TimeSpan.FromSeconds(0.99 * sent / Signals) - clock.Elapsed;
            if (due > TimeSpan.Zero) await Task.Delay(due);
        }

        Output.WriteLine($"{Signals} signals sent within {clock.Elapsed.TotalSeconds:0.00} s.");
        await WaitForPeaceAsync(service);
        await stop.CancelAsync();
        var (most, samples) = await sampling;
        var log = service.Log;
        var received = log.Of(EventIds.SignalReceived).Count(e => e["Signal"] == "SIGUSR2");
        var started = log.Of(EventIds.ReloadStarted).Count(e => e["Source"] == "SIGUSR2");
        var refused = log.Of(EventIds.ReloadRefused).Count(e => e["Source"] == "SIGUSR2");
        var deferred = log.Of(EventIds.ReloadDeferred).Count(e => e["Source"] == "SIGUSR2");
        var reloads = log.Of(EventIds.ReloadStarted).Count; // those that were passed on to the next main process have another source
        Output.WriteLine(
            $"{received} received, the others merged by the kernel with one that waited: {started} started a reload, "
            + $"{refused} were refused, {deferred} waited. {reloads} reloads, {samples} samples.");

        Assert.InRange(received, 2, Signals);
        Assert.Equal(received, started + refused + deferred);
        Assert.True(started >= 1);
        Assert.Equal(1, most);
        AssertReloadsFollowEachOther(log);
        Assert.Empty(log.Of(EventIds.ReloadFailed));
        Assert.Equal(0, refused);
        Assert.Equal(reloads + 1, await service.AnsweringGenerationAsync());
        Assert.Equal(0, await service.First.WaitForExitAsync(Limits.Step));
        await service.ReloadAsync();
    }

    // Each generation begins a reload only after it was published, and a second one only when the first has ended.
    private static void AssertReloadsFollowEachOther(Harness.EventLog log)
    {
        foreach (var generation in log.Events.Where(e => e.Generation > 0).GroupBy(e => e.Generation))
        {
            var story = generation.Where(e => e.Id is EventIds.IdentityPublished or EventIds.ReloadStarted or EventIds.ReloadPromoted
                or EventIds.ReloadFailed).Select(e => e.Id);
            Assert.Contains(string.Join(' ', story), new[] { "1010", "1010 1004 1005" });
        }
    }

    private static Task WaitForPeaceAsync(Service service) => Eventually.TrueAsync(
        async () => service.Processes.Alive().SequenceEqual([service.MainPid]) && (await service.StatusAsync()).State == "Serving",
            "one process that serves");

    private static (int Most, int Samples) MostChildrenOfOneProcess(Service service, CancellationToken stop)
    {
        var (most, samples) = (0, 0);
        while (!stop.IsCancellationRequested)
        {
            var alive = service.Processes.Alive();
            var families = alive.Select(ProcessTable.ParentOf).OfType<int>().Where(alive.Contains).CountBy(parent => parent)
                .Select(pair => pair.Value);
            most = Math.Max(most, families.DefaultIfEmpty().Max());
            samples++;
            Thread.Sleep(5);
        }

        return (most, samples);
    }
}
