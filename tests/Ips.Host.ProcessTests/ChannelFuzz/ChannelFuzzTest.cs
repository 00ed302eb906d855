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
/// IPS_FUZZ_SEED chooses another run; a failure names the sessions that came before it. A class for each channel: they run side by side.
/// </summary>
[Trait("issue", "11")]
public abstract class ChannelFuzzTest(ITestOutputHelper output) : TakeoverTest(output)
{
    private const string Good = "good", Hostile = "hostile";

    private protected const int DescriptorsMax = 700; // what 8 peers may send in a packet each, and then some

    /// <summary>How many packets this is of those in CI.</summary>
    protected virtual int Times => 1;

    private protected int Seed { get; } = FuzzRun.Setting(FuzzRun.SeedVariable, 20261128);

    // Longer than any peer lives, so that none is ever promoted; what a good release takes is less than its limits on a busy machine.
    private protected static ServiceSettings Impatient(ServiceSettings settings) => settings with
    {
        Probation = TimeSpan.FromSeconds(8),
        HealthInterval = TimeSpan.FromSeconds(1),
        KillTimeout = ServiceSettings.ShortestKillTimeout,
    };

    private protected Releases PutReleases(string program, string folder)
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
        Executable.Write(next,
            $"#!/bin/sh\nexec '{Path.Combine(Binaries.SampleAppFolder, Binaries.SampleApp)}' "
            + $"{string.Join(' ', arguments.Select(one => $"'{one}'"))}\n");
        File.Move(next, path, overwrite: true);
    }

    // A reload for each session.
    private protected async Task RunHostileReleasesAsync(
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
                    var outcome = await scene.Service.Log.WaitForAsync(mark, EventIds.ReloadFailed, EventIds.ReloadPromoted,
                        EventIds.ReloadRefused);
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

    private protected PeerSession Session(ChannelScene scene, FuzzChannel channel, int number) =>
        PeerSession.Make(channel, Seed, number, new FuzzFacts(scene.Endpoint, Pid: 0));

    private protected static async Task AssertNextReloadWorksAsync(Service service, Releases releases)
    {
        releases.SwitchTo(Good);
        var generation = await service.AnsweringGenerationAsync();
        await service.ReloadAsync();
        Assert.Equal(generation + 1, await service.AnsweringGenerationAsync());
    }
}
