using Ips.Actors.Diagnostics;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Load;
using Ips.Testing.Processes;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests;

/// <summary>A release that turns bad when it serves already: the predecessor takes the role back, and no request is lost but those that a
/// dead process was answering, which are counted.</summary>
[Collection(Waits.Name)]
public sealed class ProbationFaultTests(ITestOutputHelper output) : ProcessTest(output)
{
    // Each good reload takes the probation's time, so the faults that need a long one have a service of their own, beside the other.
    [Fact]
    public async Task Probation_SuccessorTurnsBad_RoleIsTakenBackAndNextReloadWorks() => await Task.WhenAll(
        ShowAsync("short", TimeSpan.FromSeconds(4),
            ("crashes at once", scene => CrashAsync(scene, TimeSpan.Zero)),
            ("crashes after 1 s", scene => CrashAsync(scene, TimeSpan.FromSeconds(1))),
            ("answers 500", FailRequestsAsync),
            ("turns red", TurnRedAsync)),
        ShowAsync("never-accepting", TimeSpan.FromSeconds(2),
            [.. BadSuccessor.AllThatServe.Select(bad => (bad.Name, (Func<FaultScene, Task>)(scene => RefuseToAcceptAsync(scene, bad))))]),
        ShowAsync("long", TimeSpan.FromSeconds(7),
            ("crashes after 4 s", scene => CrashAsync(scene, TimeSpan.FromSeconds(4))),
            ("hangs", HangAsync)));

    // It stalls when it is to be promoted, and learns of that only after the predecessor has taken the role back: it names itself the main
    // process, and is none.
    [Fact]
    public async Task Promotion_LearntOfTooLate_PidFileNamesWhoServes()
    {
        var service = await StartAsync(new ServiceSettings(ServiceKind.SampleApp)
        {
            Probation = TimeSpan.FromSeconds(2), // shorter than three health reports, which are missed
            HealthInterval = TimeSpan.FromSeconds(1),
            KillTimeout = Limits.Step, // it gets to read what it was told
        });
        var pid = service.MainPid;
        service.Signal(ProcessTable.SigUsr2);
        var successor = (await service.Log.WaitForAsync(e => e.Id == EventIds.AcceptingStarted && e.Pid != pid,
            "the successor accepting")).Pid;
        await service.Log.WaitForAsync(0, EventIds.AcceptingQuiesced); // it has reported
        await Killing.StopAsync(successor);
        await service.Log.WaitForAsync(0, EventIds.SuccessorEnding);
        ProcessTable.Signal(successor, ProcessTable.SigCont);

        await service.Log.WaitForAsync(0, EventIds.ReloadFailed);
        Assert.Contains(service.Log.Of(EventIds.IdentityPublished), e => e.Pid == successor); // or it was not too late
        await Eventually.TrueAsync(() => File.Exists(service.PidFile) && service.MainPid == pid, "a PID file that names who serves");
        await service.ReloadAsync();
        Assert.Equal(2, await service.AnsweringGenerationAsync());
    }

    private async Task ShowAsync(string folder, TimeSpan probation,
        params IReadOnlyList<(string Name, Func<FaultScene, Task> Fault)> faults)
    {
        var releases = new Releases(Directory.CreateDirectory(Path.Combine(Folder, folder)).FullName);
        var service = Prepare(new ServiceSettings(ServiceKind.SampleApp)
        {
            Program = Path.Combine(releases.Current, Binaries.SampleApp),
            Probation = probation,
            HealthInterval = TimeSpan.FromSeconds(1),
            More = ["--Ips:Reload:MaxErrorRatio=0.5", "--Ips:Reload:MinRequests=20"],
        });
        await using var scene = await FaultScene.StartAsync(service, releases);
        foreach (var (name, fault) in faults)
        {
            try
            {
                await fault(scene);
            }
            catch (Exception e)
            {
                throw new Xunit.Sdk.XunitException($"A release that {name}: {e.Message}", e);
            }
        }

        Output.WriteLine((await scene.Load.StopAsync()).ToString());
    }

    private async Task CrashAsync(FaultScene scene, TimeSpan after)
    {
        var successor = await scene.ReachProbationAsync();
        await Task.Delay(after);
        var loss = await Killing.KillAsync(successor, scene.Service, scene.Load);
        await scene.AssertRolledBackAsync("was killed by SIGKILL");
        await scene.AssertNextReloadWorksAsync();
        loss.AssertIsAll(scene.Failures);
        Output.WriteLine($"Killed {after.TotalSeconds:0} s after it accepted: it had {loss.Clients.Count} connections, on "
            + $"{loss.Asking.Count} of them a request; {scene.Failures.Count} failed.");
    }

    // Alive as far as anybody can see, it answers nothing: whom it had accepted waits until it is killed.
    private async Task HangAsync(FaultScene scene)
    {
        var successor = await scene.ReachProbationAsync();
        var loss = await Killing.StopAsync(successor, scene.Service, scene.Load);
        await scene.AssertRolledBackAsync("sent no health report for 3 intervals");
        await scene.AssertNextReloadWorksAsync();
        loss.AssertIsAll(scene.Failures);
        Output.WriteLine($"Hung: it had {loss.Clients.Count} connections, on {loss.Asking.Count} of them a request; "
            + $"{scene.Failures.Count} failed.");
    }

    private async Task FailRequestsAsync(FaultScene scene)
    {
        var good = (await scene.Service.StatusAsync()).Generation;
        await scene.ReachProbationAsync(SampleMarks.FailsWhenServing);
        await scene.AssertRolledBackAsync("above Ips:Reload:MaxErrorRatio = 0.5");
        var failed = scene.Failures.Count;
        await scene.AssertNextReloadWorksAsync();
        Output.WriteLine($"Answered 500: {failed} times.");
        Assert.InRange(failed, 20, int.MaxValue); // what it did was seen by the strict client
        Assert.All(scene.Failures, failure => Assert.Equal((FailureKind.WrongStatus, good + 1), (failure.Kind, failure.LastGeneration)));
        Assert.Equal(failed, scene.Failures.Count); // and is over with the rollback
    }

    // It was told to serve, and whoever connects waits until the predecessor accepts again.
    private static async Task RefuseToAcceptAsync(FaultScene scene, BadSuccessor bad)
    {
        bad.Put(scene.Releases.PathOf(bad.Name));
        await scene.BeginAsync(bad.Name);
        await scene.AssertRolledBackAsync(bad.Reason);
        await scene.AssertNextReloadWorksAsync();
        Assert.Empty(scene.Failures);
    }

    private static async Task TurnRedAsync(FaultScene scene)
    {
        await scene.ReachProbationAsync();
        scene.Releases.Mark(FaultScene.Bad, SampleMarks.Unhealthy);
        await scene.AssertRolledBackAsync("the release is marked as unhealthy");
        await scene.AssertNextReloadWorksAsync();
        Assert.Empty(scene.Failures);
    }
}
