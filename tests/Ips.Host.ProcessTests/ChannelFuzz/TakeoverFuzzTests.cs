using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Fuzz.Channels;
using Ips.Testing.Processes;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests.ChannelFuzz;

/// <summary>Processes on the handover socket.</summary>
[Collection(Waits.Name)]
public class TakeoverFuzzTests(ITestOutputHelper output) : ChannelFuzzTest(output)
{
    [Fact]
    public async Task Takeover_PeersSendAnything_CostsNoRequest()
    {
        var service = PrepareOffering(Impatient(new ServiceSettings(ServiceKind.SampleApp)));
        await StartOfferingAsync(service);
        await using var scene = await ChannelScene.BeginAsync(service, FaultScene.LightLoad(service.Target), Output, tellsMemory: true);
        var next = await RunTakeoverPeersAsync(scene, from: 0, packets: 30);
        await scene.BeginToCountAsync();
        await RunTakeoverPeersAsync(scene, next, packets: 1200 * Times);
        await scene.AssertNothingLeftAsync(DescriptorsMax);
    }

    // A process plays one session after the other, until the service has ended it.
    private async Task<int> RunTakeoverPeersAsync(ChannelScene scene, int from, int packets)
    {
        var (number, until) = (from, scene.Sent + packets);
        while (scene.Sent < until)
        {
            var journal = Path.Combine(Folder, $"takeover-{number}");
            await using var peer = DaemonProcess.Start(
                Path.Combine(Binaries.SampleAppFolder, Binaries.SampleApp),
                HostilePeer.Arguments(FuzzChannel.Takeover, Seed, number, 8, scene.Endpoint, journal, SocketOf(scene.Service)),
                    scene.Service.Processes.Environment);
            await peer.WaitForExitAsync(Limits.Step);
            foreach (var (session, sent) in PeerJournal.Read(journal))
            {
                scene.Note(Session(scene, FuzzChannel.Takeover, session), sent);
                number = session + 1;
            }

            scene.AssertUnharmed();
            await Eventually.TrueAsync(async () => (await scene.Service.StatusAsync()).State == "Serving",
                "a service that serves alone again");
            await scene.LookAsync();
            File.Delete(journal);
        }

        return number;
    }
}
