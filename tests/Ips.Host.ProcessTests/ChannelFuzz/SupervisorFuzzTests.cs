using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Fuzz.Channels;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests.ChannelFuzz;

/// <summary>A generation on the channel to the supervisor.</summary>
public class SupervisorFuzzTests(ITestOutputHelper output) : ChannelFuzzTest(output)
{
    [Fact]
    public async Task Child_SaysAnythingToTheSupervisor_NeitherEnds()
    {
        var releases = PutReleases(Binaries.Ips, Binaries.IpsFolder);
        var service = await StartAsync(Impatient(new ServiceSettings(ServiceKind.Daemon)
        {
            Verb = "supervise", Program = Path.Combine(releases.Current, Binaries.Ips), WorkingDirectory = releases.Current,
        }));
        await using var scene = await ChannelScene.BeginAsync(service, FaultScene.LightDaemonLoad(service.Target), Output,
            tellsMemory: false);
        await RunHostileReleasesAsync(scene, releases, Binaries.Ips, FuzzChannel.Supervisor, packets: 1000 * Times, service.First.Pid);
        await scene.AssertNothingLeftAsync(DescriptorsMax);
        await AssertNextReloadWorksAsync(service, releases);
    }
}
