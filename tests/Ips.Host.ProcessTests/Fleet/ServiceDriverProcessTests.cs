using Ips.Actors.Diagnostics;
using Ips.Actors.Launch;
using Ips.Fleet.Agents;
using Ips.Fleet.Rollouts;
using Ips.Host.Fleet;
using Ips.Host.ProcessTests.Deploy;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Load;
using Ips.Testing.Processes;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests.Fleet;

/// <summary>An agent's driver and a real service in a deploy folder.</summary>
[Trait("issue", "19")]
public sealed class ServiceDriverProcessTests(ITestOutputHelper output) : DeployTest(output)
{
    [Fact]
    public async Task Rollout_CheckReloadBakeAndBack_FailsNoRequest()
    {
        var service = await StartWithTwoAsync();
        var driver = Driver(service);
        await using var load = StrictLoad.Start(FaultScene.LightLoad(service.Target));
        await load.WaitForRequestsAsync(1, Limits.Step);

        Assert.Equal(new StepState(StepKind.Check, StepPhase.Done) { Serves = "1", Former = "1" },
            await driver.CheckAsync(new("a:check", StepKind.Check, "2", "1", MustReturn: true), default));
        await AssertInPlaceAsync(service, "1");
        Assert.Equal(new StepState(StepKind.Reload, StepPhase.Done) { Changed = true, Serves = "2" },
            await driver.ReloadAsync(Reload("a:reload", "2", "1"), default));
        await AssertInPlaceAsync(service, "2");
        Assert.Null(await driver.BakeAsync(DateTimeOffset.UtcNow + TimeSpan.FromSeconds(2), default));
        Assert.Equal(new ServiceView("Serving") { Release = "2", Generation = 2 }, await driver.LookAsync(default));

        // The same once more, by an agent that was started again: nothing happens.
        Assert.Equal(new StepState(StepKind.Reload, StepPhase.Done) { Changed = true, Serves = "2" },
            await Driver(service).ReloadAsync(Reload("a:reload", "2", "1"), default));
        Assert.Equal(2, (await service.StatusAsync()).Generation);

        Assert.Equal(new StepState(StepKind.RollBack, StepPhase.Done) { Changed = true, Serves = "1" },
            await driver.ReloadAsync(new("a:back", StepKind.RollBack, "1", "2"), default));
        await AssertInPlaceAsync(service, "1");
        Assert.NotNull((await service.StatusAsync()).Deployment!.PinnedSince);
        Assert.Equal(0, (await load.StopAsync()).FailedRequests);
    }

    [Fact]
    public async Task InPlace_TheSameIdTwice_IsOneReload_AlsoGenerationsLater()
    {
        var service = await StartWithTwoAsync();
        var step = await Driver(service).ReloadAsync(Reload("b", null, "1"), default);
        Assert.Equal(new StepState(StepKind.Reload, StepPhase.Done) { Changed = true, Serves = "1" }, step);
        Assert.Equal(step, await Driver(service).ReloadAsync(Reload("b", null, "1"), default));
        Assert.Equal(2, (await service.StatusAsync()).Generation);
        Assert.Equal(StepPhase.Done, (await Driver(service).ReloadAsync(Reload("c", null, "1"), default)).Phase);
        Assert.Equal(step, await Driver(service).ReloadAsync(Reload("b", null, "1"), default)); // two generations later
        Assert.Equal(3, (await service.StatusAsync()).Generation);
    }

    [Fact]
    public async Task Crash_TheIdIsKnownToTheProcessThatIsStartedAgain()
    {
        Releases.AddBuild("1", Binaries.IpsFolder);
        Releases.SwitchTo("1");
        var service = await StartAsync(new ServiceSettings(ServiceKind.Daemon)
        {
            Program = Path.Combine(Releases.Current, "ips"), Verb = "supervise",
        });
        var step = await Driver(service).ReloadAsync(Reload("k", null, "1"), default);
        Assert.Equal(new StepState(StepKind.Reload, StepPhase.Done) { Changed = true, Serves = "1" }, step);
        await service.Processes.WaitForOnlyAsync(service.First.Pid, service.MainPid);
        var mark = service.Log.Mark;
        Assert.True(ProcessTable.Signal(service.MainPid, ProcessTable.SigKill));
        await service.Log.WaitForAsync(mark, EventIds.IdentityPublished);
        var restarted = service.MainPid;
        Assert.Equal(step, await Driver(service).ReloadAsync(Reload("k", null, "1"), default));
        Assert.Equal(restarted, (await service.StatusAsync()).Pid);
        // And a bake that begins only now sees that the process is not the one that was promoted.
        Assert.Contains("it crashed, or the service was restarted",
            await Driver(service).BakeAsync(DateTimeOffset.UtcNow, default), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Refused_ReleaseThatDoesNotStart_LeavesTheOldOne()
    {
        var service = await StartWithTwoAsync();
        Releases.Mark("2", SampleMarks.ThrowsInStart);
        var check = await Driver(service).CheckAsync(new("d:check", StepKind.Check, "2", null), default);
        Assert.Equal((StepPhase.Failed, "1"), (check.Phase, check.Serves));
        Assert.StartsWith("refused: ", check.Reason, StringComparison.Ordinal);
        var step = await Driver(service).ReloadAsync(Reload("d", "2", "1"), default);
        Assert.Equal((StepPhase.Failed, false, "1"), (step.Phase, step.Changed, step.Serves));
        Assert.StartsWith("refused: ", step.Reason, StringComparison.Ordinal);
        await AssertInPlaceAsync(service, "1");
        Releases.Unmark("2", SampleMarks.ThrowsInStart);
        Assert.Equal(step, await Driver(service).ReloadAsync(Reload("d", "2", "1"), default)); // that id stays refused
        Assert.Equal(StepPhase.Done, (await Driver(service).ReloadAsync(Reload("e", "2", "1"), default)).Phase);
        await AssertInPlaceAsync(service, "2");
    }

    [Theory]
    [InlineData("2")]
    [InlineData(null)]
    public async Task Expects_AnotherRelease_StartsNothing(string? release)
    {
        var service = await StartWithTwoAsync();
        var step = await Driver(service).ReloadAsync(Reload("f", release, "9"), default);
        Assert.Equal((StepPhase.Failed, false), (step.Phase, step.Changed));
        Assert.Contains("9 was expected to serve, and 1 serves", step.Reason, StringComparison.Ordinal);
        await AssertInPlaceAsync(service, "1");
        Assert.Equal(1, (await service.StatusAsync()).Generation);
    }

    // The agent ends while the service tries the release, and the next one asks again: while that still runs, or when it is over.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task AgentEnds_InTheMiddle_TheNextOneHasTheOutcomeAndPutsCurrentRight(bool over)
    {
        var service = await StartWithTwoAsync();
        Releases.Mark("2", SampleMarks.HoldBeforeHello);
        using var cancellation = new CancellationTokenSource();
        var first = Driver(service).ReloadAsync(Reload("g", "2", "1"), cancellation.Token);
        await service.Log.WaitForAsync(0, EventIds.SuccessorSpawned);
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        Assert.Equal("releases/1", Current);
        Assert.Equal("2", DeployJournal.TryRead(Shelf).Asked?.Name);

        Task<StepState>? second = null;
        if (!over) second = Driver(service).ReloadAsync(Reload("g", "2", "1"), default);
        Releases.Unmark("2", SampleMarks.HoldBeforeHello);
        await service.Log.WaitForAsync(0, EventIds.ReloadPromoted);
        second ??= Driver(service).ReloadAsync(Reload("g", "2", "1"), default);
        Assert.Equal(new StepState(StepKind.Reload, StepPhase.Done) { Changed = true, Serves = "2" }, await second.WaitAsync(Limits.Step));
        await AssertInPlaceAsync(service, "2");
        Assert.Equal(2, (await service.StatusAsync()).Generation);
        Assert.Null(DeployJournal.TryRead(Shelf).Asked);
    }

    // kill -9 of the main process before the promotion: its successor is left alone, knows the id from the file, and serves.
    [Fact]
    public async Task MainProcess_KilledInTheMiddle_IsNotReloadedAgain()
    {
        var service = await StartWithTwoAsync();
        Releases.Mark("2", SampleMarks.HoldBeforeHello);
        var step = Driver(service).ReloadAsync(Reload("h", "2", "1"), default);
        await service.Log.WaitForAsync(0, EventIds.SuccessorSpawned);
        var mark = service.Log.Mark;
        Assert.True(ProcessTable.Signal(service.MainPid, ProcessTable.SigKill));
        Releases.Unmark("2", SampleMarks.HoldBeforeHello);
        await service.Log.WaitForAsync(mark, EventIds.IdentityPublished);
        Assert.Equal(new StepState(StepKind.Reload, StepPhase.Done) { Changed = true, Serves = "2" }, await step.WaitAsync(Limits.Step));
        await AssertInPlaceAsync(service, "2");
        var receipt = Assert.Single((await service.HistoryAsync()).History!, known => known.RequestId == "h");
        Assert.Equal("stopped", receipt.Outcome);
    }

    [Fact]
    public async Task Bake_Crash_IsSeen()
    {
        var service = await StartWithTwoAsync();
        var driver = Driver(service);
        Assert.Equal(StepPhase.Done, (await driver.ReloadAsync(Reload("i", "2", "1"), default)).Phase);
        var bake = driver.BakeAsync(DateTimeOffset.MaxValue, default);
        Assert.True(ProcessTable.Signal(service.MainPid, ProcessTable.SigKill));
        var sick = await bake.WaitAsync(Limits.Step);
        Output.WriteLine(sick);
        Assert.NotNull(sick);
    }

    [Fact]
    public async Task Bake_PauseIsHealthy_AnotherReloadIsNot()
    {
        var service = await StartWithTwoAsync();
        var driver = Driver(service);
        Assert.Equal(StepPhase.Done, (await driver.ReloadAsync(Reload("j", "2", "1"), default)).Phase);
        Assert.Equal(0, (await IpsCommand.RunAsync("pause", "--pid-file", service.PidFile)).ExitCode);
        Assert.Null(await driver.BakeAsync(DateTimeOffset.UtcNow + TimeSpan.FromSeconds(4), default));
        var bake = driver.BakeAsync(DateTimeOffset.MaxValue, default);
        await service.ReloadAsync();
        Assert.Contains("another reload was asked for (signal)", await bake.WaitAsync(Limits.Step), StringComparison.Ordinal);
    }

    private static ServiceDriver Driver(Service service) => new(service.PidFile, null, TimeProvider.System, NullLogger.Instance);

    private static ServiceOrder Reload(string id, string? release, string? expects) => new(id, StepKind.Reload, release, expects);

    private async Task<Service> StartWithTwoAsync()
    {
        Releases.AddBuild("2", Binaries.SampleAppFolder);
        return await StartOneAsync();
    }
}
