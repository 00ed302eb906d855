using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Fuzz.Channels;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests.ChannelFuzz;

/// <summary>A successor on the handover channel.</summary>
[Collection(Waits.Name)]
public class SuccessorFuzzTests(ITestOutputHelper output) : ChannelFuzzTest(output)
{
    [Fact]
    public async Task Successor_SendsAnything_IsRefusedAndCostsNoRequest()
    {
        var releases = PutReleases(Binaries.SampleApp, Binaries.SampleAppFolder);
        var service = await StartAsync(
            Impatient(new ServiceSettings(ServiceKind.SampleApp) { Program = Path.Combine(releases.Current, Binaries.SampleApp) }));
        await using var scene = await ChannelScene.BeginAsync(service, FaultScene.LightLoad(service.Target), Output, tellsMemory: true);
        await RunHostileReleasesAsync(scene, releases, Binaries.SampleApp, FuzzChannel.Successor, packets: 1500 * Times);
        await scene.AssertNothingLeftAsync(DescriptorsMax);
        await AssertNextReloadWorksAsync(service, releases);
    }
}
