using System.Globalization;
using Ips.Actors.Diagnostics;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Load;
using Ips.Testing.Processes;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests;

/// <summary>Good and bad releases in turn under load: no request fails, and no generation is larger than those before it.</summary>
public class AlternatingReloadTests(ITestOutputHelper output) : ProcessTest(output)
{
    private const string Good = "good";
    private const double AllowedGrowth = 1.25; // of the memory, between the first and the last quarter of the generations

    /// <summary>Bad ones included.</summary>
    protected virtual int Reloads => 20;

    [Fact]
    public async Task Reload_GoodAndBadInTurn_FailsNoRequestAndGrowsNothing()
    {
        var releases = new Releases(Folder);
        releases.AddBuild(Good, Binaries.SampleAppFolder);
        releases.SwitchTo(Good);
        foreach (var bad in BadSuccessor.All) bad.Put(releases.PathOf(bad.Name));
        var service = await StartAsync(new ServiceSettings(ServiceKind.SampleApp)
        {
            Program = Path.Combine(releases.Current, Binaries.SampleApp), KillTimeout = ServiceSettings.ShortestKillTimeout,
        });
        await using var load = StrictLoad.Start(FaultScene.LightLoad(service.Target));
        await load.WaitForRequestsAsync(1, Limits.Step);

        List<(int Descriptors, long Bytes)> generations = [];
        for (var reload = 1; reload <= Reloads; reload++)
        {
            var bad = reload % 2 == 0 ? null : BadSuccessor.All[reload / 2 % BadSuccessor.All.Count];
            releases.SwitchTo(bad?.Name ?? Good);
            if (bad is not null)
            {
                var outcome = await service.TryReloadAsync();
                Assert.Equal(EventIds.ReloadFailed, outcome.Id);
                Assert.Contains(bad.Reason, outcome["Reason"], StringComparison.Ordinal);
                continue;
            }

            await service.ReloadAsync();
            await service.WaitForMainAloneAsync();
            generations.Add((ProcessTable.OpenFileDescriptors(service.MainPid), ProcFs.ResidentBytes(service.MainPid)));
        }

        await load.WaitForGenerationAsync((Reloads / 2) + 1, Limits.Step);
        var report = await load.StopAsync();
        Output.WriteLine(report.ToString());
        var quarter = Math.Max(1, generations.Count / 4);
        var (first, last) = (generations[..quarter], generations[^quarter..]);
        Output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{generations.Count} generations: descriptors {Middle(first, g => g.Descriptors)} to {Middle(last, g => g.Descriptors)}, "
                + $"memory {Middle(first, g => g.Bytes) / 1e6:0.0} MB to {Middle(last, g => g.Bytes) / 1e6:0.0} MB"));
        Assert.Equal(0, report.FailedRequests);
        Assert.Equal(0, report.Resets);
        // Connections of the load come and go; its 15 clients hold one each.
        Assert.InRange(Middle(last, g => g.Descriptors), 0, Middle(first, g => g.Descriptors) + 15);
        Assert.InRange(Middle(last, g => g.Bytes), 0, Middle(first, g => g.Bytes) * AllowedGrowth);
        Assert.Empty(ProcessTable.ChildrenOf(service.MainPid));
    }

    private static double Middle(List<(int Descriptors, long Bytes)> generations, Func<(int Descriptors, long Bytes), double> of) =>
        generations.Select(of).Order().ElementAt(generations.Count / 2);
}
