using Ips.Actors.Diagnostics;
using Ips.Host.ProcessTests.Harness;
using Ips.Host.ProcessTests.Takeover;
using Ips.Testing.Fuzz;
using Ips.Testing.Fuzz.Channels;
using Ips.Testing.Processes;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests.ChannelFuzz;

/// <summary>
/// Hostile peers on each channel of a service under load: it answers every request, keeps nothing of them, and no process ends but theirs.
/// IPS_FUZZ_SEED chooses another run; a failure names the sessions that came before it.
/// </summary>
[Trait("issue", "11")]
public partial class ChannelFuzzTests(ITestOutputHelper output) : TakeoverTest(output)
{
    private const string Good = "good", Hostile = "hostile";
    private const int DescriptorsMax = 700; // what 8 peers may send in a packet each, and then some

    /// <summary>How many packets this is of those in CI.</summary>
    protected virtual int Times => 1;

    private int Seed { get; } = FuzzRun.Setting(FuzzRun.SeedVariable, 20261128);

    [Fact]
    public async Task Successor_SendsAnything_IsRefusedAndCostsNoRequest()
    {
        var releases = PutReleases(Binaries.SampleApp, Binaries.SampleAppFolder);
        var service = await StartAsync(Impatient(new ServiceSettings(ServiceKind.SampleApp) { Program = Path.Combine(releases.Current, Binaries.SampleApp) }));
        await using var scene = await ChannelScene.BeginAsync(service, FaultScene.LightLoad(service.Target), Output, tellsMemory: true);
        await RunHostileReleasesAsync(scene, releases, Binaries.SampleApp, FuzzChannel.Successor, packets: 1500 * Times);
        await scene.AssertNothingLeftAsync(DescriptorsMax);
        await AssertNextReloadWorksAsync(service, releases);
    }

    [Fact]
    public async Task Child_SaysAnythingToTheStableParent_NeitherEnds()
    {
        var releases = PutReleases(Binaries.Ips, Binaries.IpsFolder);
        var service = await StartAsync(Impatient(new ServiceSettings(ServiceKind.Daemon)
        {
            Verb = "supervise", Program = Path.Combine(releases.Current, Binaries.Ips), WorkingDirectory = releases.Current,
        }));
        await using var scene = await ChannelScene.BeginAsync(service, FaultScene.LightDaemonLoad(service.Target), Output, tellsMemory: false);
        await RunHostileReleasesAsync(scene, releases, Binaries.Ips, FuzzChannel.Supervisor, packets: 1000 * Times, service.First.Pid);
        await scene.AssertNothingLeftAsync(DescriptorsMax);
        await AssertNextReloadWorksAsync(service, releases);
    }

    [Fact]
    public async Task Takeover_PeersSendAnything_CostsNoRequest()
    {
        var service = PrepareOffering(Impatient(new ServiceSettings(ServiceKind.SampleApp)));
        await service.StartAsync();
        await using var scene = await ChannelScene.BeginAsync(service, FaultScene.LightLoad(service.Target), Output, tellsMemory: true);
        var next = await RunTakeoverPeersAsync(scene, from: 0, packets: 30);
        await scene.BeginToCountAsync();
        await RunTakeoverPeersAsync(scene, next, packets: 1200 * Times);
        await scene.AssertNothingLeftAsync(DescriptorsMax);
    }

    // Longer than any peer lives, so that none is ever promoted; what a good release takes is less than its limits on a busy machine.
    private static ServiceSettings Impatient(ServiceSettings settings) => settings with
    {
        Probation = TimeSpan.FromSeconds(8), HealthInterval = TimeSpan.FromSeconds(1), KillTimeout = ServiceSettings.ShortestKillTimeout,
    };

    private Releases PutReleases(string program, string folder)
    {
        var releases = new Releases(Folder);
        releases.AddBuild(Good, folder);
        releases.SwitchTo(Good);
        Directory.CreateDirectory(releases.PathOf(Hostile));
        PutScript(releases, program, []);
        return releases;
    }

    private static void PutScript(Releases releases, string program, IReadOnlyList<string> arguments)
    {
        var (path, next) = (releases.PathOf(Hostile, program), releases.PathOf(Hostile, "next"));
        File.WriteAllText(next, $"#!/bin/sh\nexec '{Path.Combine(Binaries.SampleAppFolder, Binaries.SampleApp)}' {string.Join(' ', arguments.Select(one => $"'{one}'"))}\n");
        File.SetUnixFileMode(next, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        File.Move(next, path, overwrite: true);
    }

    // A reload for each session.
    private async Task RunHostileReleasesAsync(
        ChannelScene scene, Releases releases, string program, FuzzChannel channel, int packets, params IReadOnlyList<int> watched)
    {
        var number = 0;
        await RunAsync(4);
        await scene.BeginToCountAsync(watched);
        await RunAsync(int.MaxValue);

        async Task RunAsync(int sessions)
        {
            for (; sessions > 0 && scene.Sent < packets; sessions--, number++)
            {
                var journal = Path.Combine(Folder, $"{channel}-{number}");
                PutScript(releases, program, HostilePeer.Arguments(channel, Seed, number, 1, scene.Endpoint, journal));
                releases.SwitchTo(Hostile);
                var mark = scene.Service.Log.Mark;
                Assert.True(ProcessTable.Signal(scene.Pid, ProcessTable.SigUsr2), "The main process has ended.");
                try
                {
                    var outcome = await scene.Service.Log.WaitForAsync(mark, EventIds.ReloadFailed, EventIds.ReloadPromoted, EventIds.ReloadRefused);
                    Assert.True(outcome.Id == EventIds.ReloadFailed, outcome.ToString());
                    await scene.Service.Log.WaitForAsync(mark, EventIds.SuccessorGone);
                }
                finally
                {
                    foreach (var (_, sent) in PeerJournal.Read(journal)) scene.Note(Session(scene, channel, number), sent);
                    scene.AssertUnharmed();
                }

                await scene.LookAsync();
                File.Delete(journal);
            }
        }
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
                HostilePeer.Arguments(FuzzChannel.Takeover, Seed, number, 8, scene.Endpoint, journal, SocketOf(scene.Service)), scene.Service.Processes.Environment);
            await peer.WaitForExitAsync(Limits.Step);
            foreach (var (session, sent) in PeerJournal.Read(journal))
            {
                scene.Note(Session(scene, FuzzChannel.Takeover, session), sent);
                number = session + 1;
            }

            scene.AssertUnharmed();
            await Eventually.TrueAsync(async () => (await scene.Service.StatusAsync()).State == "Serving", "a service that serves alone again");
            await scene.LookAsync();
            File.Delete(journal);
        }

        return number;
    }

    private PeerSession Session(ChannelScene scene, FuzzChannel channel, int number) =>
        PeerSession.Make(channel, Seed, number, new FuzzFacts(scene.Endpoint, Pid: 0));

    private static async Task AssertNextReloadWorksAsync(Service service, Releases releases)
    {
        releases.SwitchTo(Good);
        var generation = await service.AnsweringGenerationAsync();
        await service.ReloadAsync();
        Assert.Equal(generation + 1, await service.AnsweringGenerationAsync());
    }
}
