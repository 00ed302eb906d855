using Ips.Actors.Diagnostics;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Load;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests;

/// <summary>Two generations are always different builds, and a downgrade is a reload as any other: those that share a version of the
/// handover protocol hand over, either way round, and those that do not leave the one that serves as it is.</summary>
public sealed class HandoverVersionTests(ITestOutputHelper output) : ProcessTest(output)
{
    // By the versions that they speak: 1 alone, as early builds did; 1 to 4, as this one; and "later" no longer knows version 1.
    private const string Last = "last", This = "this", Later = "later";

    [Fact]
    public async Task Reload_BuildsOfDifferentVersions_HandOverIfTheyShareOne()
    {
        var releases = new Releases(Folder);
        foreach (var release in new[] { Last, This, Later }) releases.AddBuild(release, Binaries.SampleAppFolder);
        releases.SpeakVersions(Last, 1, 1);
        releases.SpeakVersions(Later, 2, 5);
        releases.SwitchTo(Last);
        var service = await StartAsync(new ServiceSettings(ServiceKind.SampleApp)
        {
            Program = Path
            .Combine(releases.Current, Binaries.SampleApp)
        });
        await using var load = StrictLoad.Start(FaultScene.LightLoad(service.Target));
        await load.WaitForRequestsAsync(1, Limits.Step);

        await AssertRefusedAsync(service, releases, Later, "it speaks handover versions 2 to 5, this generation 1 to 1");
        await AssertVersionAsync(service, releases, This, "1"); // an upgrade
        await AssertVersionAsync(service, releases, Last, "1"); // and back
        await AssertVersionAsync(service, releases, This, "1");
        await AssertVersionAsync(service, releases, Later, "4");
        await AssertRefusedAsync(service, releases, Last, "it speaks handover versions 1 to 1, this generation 2 to 5");
        await AssertVersionAsync(service, releases, This, "4"); // back as far as it goes

        await load.WaitForGenerationAsync(6, Limits.Step);
        var report = await load.StopAsync();
        Output.WriteLine(report.ToString());
        Assert.Equal(0, report.FailedRequests);
        Assert.Equal(0, report.Resets);
        await service.WaitForMainAloneAsync();
    }

    private static async Task AssertVersionAsync(Service service, Releases releases, string release, string version)
    {
        var mark = service.Log.Mark;
        releases.SwitchTo(release);
        await service.ReloadAsync();
        Assert.Equal(version, (await service.Log.WaitForAsync(mark, EventIds.SuccessorHello))["Version"]);
        Assert.StartsWith(release, (await HttpProbe.GetAsync($"http://127.0.0.1:{service.Port}/release")).Body, StringComparison.Ordinal);
    }

    private static async Task AssertRefusedAsync(Service service, Releases releases, string release, string reason)
    {
        var (pid, generation) = (service.MainPid, await service.AnsweringGenerationAsync());
        releases.SwitchTo(release);
        var receipt = await IpsCommand.RunAsync("reload", "--pid-file", service.PidFile);
        Assert.True(receipt.ExitCode == 4, receipt.ToString());
        Assert.Contains(reason, string.Join('\n', receipt.Output), StringComparison.Ordinal);
        Assert.Equal((pid, generation), (service.MainPid, await service.AnsweringGenerationAsync()));
        await service.WaitForMainAloneAsync();
    }
}
