using System.Diagnostics;
using Ips.Actors.Diagnostics;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Load;
using Ips.Testing.Processes;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests;

/// <summary>Deployments that come faster than reloads end.</summary>
public sealed class QuickDeploysTests(ITestOutputHelper output) : ProcessTest(output)
{
    private const int Deploys = 10;
    private static readonly TimeSpan Within = TimeSpan.FromSeconds(3);

    [Fact]
    public async Task Deploy_TenInThreeSecondsUnderLoad_TheLastReleaseServesAndNoRequestFails()
    {
        var releases = new Releases(Folder);
        for (var deploy = 0; deploy <= Deploys; deploy++) releases.AddBuild($"{deploy}", Binaries.SampleAppFolder);
        releases.SwitchTo("0");
        var service = await StartAsync(new ServiceSettings(ServiceKind.SampleApp)
        {
            Program = Path.Combine(releases.Current, Binaries.SampleApp), WorkingDirectory = releases.Current,
        });
        await using var load = StrictLoad.Start(FaultScene.LightLoad(service.Target));
        await load.WaitForRequestsAsync(1, Limits.Step);

        var clock = Stopwatch.StartNew();
        for (var deploy = 1; deploy <= Deploys; deploy++)
        {
            releases.SwitchTo($"{deploy}");
            // A main process that ended between the look into its PID file and the signal is no longer the main process: look again.
            await Eventually.TrueAsync(() => ProcessTable.Signal(service.MainPid, ProcessTable.SigUsr2), "a main process to signal");
            if (Within * deploy / Deploys - clock.Elapsed is { Ticks: > 0 } left && deploy < Deploys) await Task.Delay(left);
        }

        Output.WriteLine($"{Deploys} deploys within {clock.Elapsed.TotalSeconds:0.00} s.");
        await Eventually.TrueAsync(
            async () => service.Processes.Alive().SequenceEqual([service.MainPid]) && await service.StatusAsync() is
            {
                State: "Serving",
                Pending: null
            },
            "one process that serves, and nothing that waits");
        var last = $"{Deploys} configured by {Deploys}";
        Assert.Equal(last, (await HttpProbe.GetAsync($"http://127.0.0.1:{service.Port}/release")).Body);

        var report = await load.StopAsync();
        Output.WriteLine(report.ToString());
        var passedOn = service.Log.Of(EventIds.ReloadPassedOn).Count;
        Output.WriteLine($"{service.Log.Of(EventIds.ReloadStarted).Count} reloads, {passedOn} requests passed on.");
        Assert.True(report.FailedRequests == 0, report.ToString());
        Assert.Empty(service.Log.Of(EventIds.ReloadFailed));
        Assert.Empty(service.Log.Of(EventIds.ReloadNotPassedOn));
        Assert.Equal(0, await service.First.WaitForExitAsync(Limits.Step));
    }
}
