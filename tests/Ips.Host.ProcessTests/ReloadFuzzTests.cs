using System.Globalization;
using Ips.Actors.Diagnostics;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Fuzz;
using Ips.Testing.Processes;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests;

/// <summary>
/// Random clients against a service that is reloaded again and again, with a rollback now and then: each connection must see what
/// <see cref="FuzzModel"/> says. IPS_FUZZ_SEED and IPS_FUZZ_CONNECTIONS choose another run.
/// </summary>
public class ReloadFuzzTests(ITestOutputHelper output) : ProcessTest(output)
{
    private const string Good = "good", Bad = "bad";
    private const int AtOnce = 96;
    private const int FaultsShown = 20;
    private static readonly TimeSpan s_client = TimeSpan.FromSeconds(60);

    /// <summary>Connections of a run.</summary>
    protected virtual int Connections => 500;

    [Fact]
    public async Task Reload_RandomClientsAtRandomMoments_EachSeesItsAnswersOnce()
    {
        var (seed, connections) = (FuzzRun.Setting(FuzzRun.SeedVariable, 20261123),
            FuzzRun.Setting(FuzzRun.ConnectionsVariable, Connections));
        Output.WriteLine($"{FuzzRun.SeedVariable}={seed} {FuzzRun.ConnectionsVariable}={connections}");
        var journal = Directory.CreateDirectory(Path.Combine(Folder, "journal")).FullName;
        var releases = new Releases(Folder);
        foreach (var release in new[] { Good, Bad }) releases.AddBuild(release, Binaries.SampleAppFolder);
        releases.SwitchTo(Good);
        var service = await StartAsync(new ServiceSettings(ServiceKind.SampleApp)
        {
            Program = Path.Combine(releases.Current, Binaries.SampleApp),
            Probation = TimeSpan.FromMilliseconds(700),
            HealthInterval = TimeSpan.FromMilliseconds(250),
            KillTimeout = Limits.Step, // a release that is taken back finishes what it answers
            Environment = new Dictionary<string, string?> { [FuzzJournal.Variable] = journal },
            More = ["--Ips:Reload:MaxGenerations=30", "--Ips:Reload:RoomTimeout=00:01:00"], // none is cut short
        });

        var random = new Random(seed);
        var fuzz = FuzzRun.RunAsync(seed, connections, AtOnce, service.Target, s_client);
        var (reloads, rollbacks) = (0, 0);
        while (!fuzz.IsCompleted)
        {
            if (await TryReloadAsync(service, releases, turnsRed: (reloads + rollbacks) % 4 == 1, random)) reloads++;
            else rollbacks++;
            await Task.Delay(random.Next(300));
        }

        var run = await fuzz;
        await service.StopAsync();
        run.JudgeJournal(journal);
        var moved = service.Log.Of(EventIds.PredecessorFarewell).Sum(e => int.Parse(e["Moved"], CultureInfo.InvariantCulture));
        Output.WriteLine($"{reloads} reloads, {rollbacks} rollbacks, {moved} moves{Environment.NewLine}{run}");
        foreach (var fault in run.Faults.Take(FaultsShown)) Output.WriteLine(fault);

        Assert.Empty(run.Faults);
        Assert.DoesNotContain(service.Log.Of(EventIds.Aborted), e => e["Requests"] != "0");
        // A run in which hardly anything moved, or nothing had to stay, would prove nothing.
        Assert.True(reloads > 0 && rollbacks > 0);
        Assert.InRange(run.Moved, connections / 50, int.MaxValue);
        Assert.NotEqual(0, run.ClosedPolitely);
    }

    /// <summary>One reload. A release that turns red while it serves is taken back, and what it has accepted comes back; so may be, on a
    /// busy machine, one that is silent for too long.</summary>
    /// <returns>Whether the successor was promoted.</returns>
    private static async Task<bool> TryReloadAsync(Service service, Releases releases, bool turnsRed, Random random)
    {
        var (mark, pid) = (service.Log.Mark, service.MainPid);
        releases.SwitchTo(turnsRed ? Bad : Good);
        service.Signal(ProcessTable.SigUsr2);
        if (turnsRed)
        {
            await service.Log.WaitForAsync(e => e.Id == EventIds.AcceptingStarted && e.Pid != pid, "the bad release accepting", mark);
            await Task.Delay(random.Next(200));
            releases.Mark(Bad, SampleMarks.Unhealthy);
        }

        var outcome = await service.Log.WaitForAsync(mark, EventIds.ReloadFailed, EventIds.ReloadPromoted);
        if (outcome.Id == EventIds.ReloadFailed) await service.Log.WaitForAsync(mark, EventIds.SuccessorGone);
        if (turnsRed) releases.Unmark(Bad, SampleMarks.Unhealthy);
        return outcome.Id == EventIds.ReloadPromoted;
    }
}
