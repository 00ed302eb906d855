using System.Net;
using Ips.Actors.Diagnostics;
using Ips.Actors.Posix;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Fuzz.Channels;
using Ips.Testing.Load;
using Ips.Testing.Processes;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests.ChannelFuzz;

/// <summary>A predecessor on the handover channel.</summary>
public class PredecessorFuzzTests(ITestOutputHelper output) : ChannelFuzzTest(output)
{
    // Once promoted it takes the most.
    private static readonly PredecessorStage[] s_stages =
    [
        PredecessorStage.Promoted, PredecessorStage.Greeted, PredecessorStage.Promoted, PredecessorStage.Welcomed,
            PredecessorStage.Promoted, PredecessorStage.Ready,
        PredecessorStage.Promoted, PredecessorStage.Proving,
    ];

    [Fact]
    public async Task Predecessor_SendsAnything_SuccessorServesOnOrEndsWithAReason()
    {
        var sent = 0;
        var store = await MakeStoreAsync();
        for (var number = 0; sent < 400 * Times; number++)
        {
            var service = Prepare(new ServiceSettings(ServiceKind.Daemon));
            File.Copy(store, service.StoreFile);
            var listening = ListeningSockets.OpenTcp(new IPEndPoint(IPAddress.Loopback, service.Port), 128, out _);
            try
            {
                var stage = s_stages[number % s_stages.Length];
                var session = PeerSession.Make(FuzzChannel.Predecessor, Seed, number,
                    new FuzzFacts($"127.0.0.1:{service.Port}", Environment.ProcessId));
                using var peer = PredecessorPeer.Start(service, listening, stage);
                sent += stage == PredecessorStage.Promoted ? await PlayAfterPromotionAsync(service, peer, session)
                    : await PlayBeforePromotionAsync(service, peer, session, stage);
            }
            finally
            {
                FileDescriptors.Close(listening);
            }

            await service.DisposeAsync();
            File.Delete(service.Log.Path);
        }

        Output.WriteLine($"{sent} packets");
    }

    // A successor makes none.
    private async Task<string> MakeStoreAsync()
    {
        var service = Prepare(new ServiceSettings(ServiceKind.Daemon));
        var made = await IpsCommand.RunAsync(service.Processes, service.Folder, "sample", "--config", service.WriteConfigFile());
        Assert.True(made.ExitCode == 0, made.ToString());
        return service.StoreFile;
    }

    private static async Task<int> PlayAfterPromotionAsync(Service service, PredecessorPeer peer, PeerSession session)
    {
        await service.Log.WaitForAsync(0, EventIds.IdentityPublished);
        await using var load = StrictLoad.Start(FaultScene.LightDaemonLoad(service.Target));
        await load.WaitForRequestsAsync(2, Limits.Step);
        await using var watched = WatchedProcess.Begin(peer.Pid, FaultScene.WithClients(Descriptors.Of(peer.Pid)));
        var sent = peer.Play(session);
        await load.WaitForRequestsAsync(5, Limits.Step);
        Assert.False(peer.Exited.IsCompleted, $"{peer.Exited}{Environment.NewLine}{session.Describe()}");
        Assert.Equal(peer.Pid, service.MainPid);
        AssertNothingBroken(service, session, PredecessorStage.Promoted);
        await watched.AssertNothingLeftAsync(residentGrowthMaxKiB: 64 * 1024);
        var report = await load.StopAsync();
        Assert.True(report is { FailedRequests: 0, Resets: 0 }, $"{report}{Environment.NewLine}{session.Describe()}");
        await EndAsync(peer, session, PredecessorStage.Promoted);
        return sent;
    }

    private static async Task<int> PlayBeforePromotionAsync(Service service, PredecessorPeer peer, PeerSession session,
        PredecessorStage stage)
    {
        var sent = peer.Play(session);
        await Eventually.TrueAsync(
            () => peer.Exited.IsCompleted || service.Log.Of(EventIds.IdentityPublished).Count > 0,
                "an end of the successor, or that it is the main process");
        AssertNothingBroken(service, session, stage);
        if (!peer.Exited.IsCompleted) Assert.Equal(200, (await HttpProbe.GetAsync($"http://127.0.0.1:{service.Port}/ping")).Status);
        await EndAsync(peer, session, stage);
        return sent;
    }

    private static void AssertNothingBroken(Service service, PeerSession session, PredecessorStage stage) =>
        Assert.True(ChannelScene.Broken(service.Log.Events) is null,
            $"{stage}: {ChannelScene.Broken(service.Log.Events)}{Environment.NewLine}{session.Describe()}");

    private static async Task EndAsync(PredecessorPeer peer, PeerSession session, PredecessorStage stage)
    {
        var served = !peer.Exited.IsCompleted;
        if (served) ProcessTable.Signal(peer.Pid, ProcessTable.SigTerm);
        var exit = await peer.Exited.WaitAsync(Limits.Step);
        Assert.True(exit.Signal == 0 && (served ? exit.Code == 0 : exit.Code is 0 or 1),
            $"{stage}: it {exit}{Environment.NewLine}{session.Describe()}");
    }
}
