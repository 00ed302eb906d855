using Ips.Actors.Diagnostics;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Load;
using Ips.Testing.Processes;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests;

/// <summary>kill -9 in each phase of a handover, under the strict load: the other one serves, the next reload works, and no request is lost but those that the dead
/// process was answering, which are counted.</summary>
public sealed class CrashTests(ITestOutputHelper output) : ProcessTest(output)
{
    [Theory]
    [InlineData(ReloadPhase.Spawned)]
    [InlineData(ReloadPhase.Greeted)]
    [InlineData(ReloadPhase.Welcomed)]
    [InlineData(ReloadPhase.Ready)]
    [InlineData(ReloadPhase.Probation)]
    [InlineData(ReloadPhase.Promoting)]
    [InlineData(ReloadPhase.Moving)]
    [InlineData(ReloadPhase.Draining)]
    public async Task Predecessor_Killed_SuccessorServes(ReloadPhase phase)
    {
        await using var held = await HeldReload.BeginAsync(phase, Folder, Prepare);
        var service = held.Service;
        var loss = await Killing.KillAsync(held.Predecessor, service, held.Load);
        held.LetGo();

        await service.Log.WaitForAsync(e => e.Id == EventIds.IdentityPublished && e.Generation == 2, "generation 2 as the main process");
        Assert.Equal(held.Successor, service.MainPid);
        Assert.Equal(2, await service.AnsweringGenerationAsync());
        Assert.Equal("Serving", (await service.StatusAsync()).State);
        await service.WaitForMainAloneAsync();
        await held.Load.WaitForGenerationAsync(2, Limits.Step);
        await Descriptors.WaitForNoMoreThanAsync(held.Successor, held.DescriptorsOfSuccessors);

        await AssertReloadsAsync(held, 3);
        await AssertOnlyCostAsync(held, loss, allItsOwn: phase != ReloadPhase.Moving);
        if (phase == ReloadPhase.Draining) await Assert.ThrowsAsync<IOException>(() => held.LongRequest.ReadUntilAsync(text => text.EndsWith("\r\n0\r\n\r\n", StringComparison.Ordinal)));
        await AssertStopsAsync(service);
    }

    [Theory]
    [InlineData(ReloadPhase.Spawned)]
    [InlineData(ReloadPhase.Greeted)]
    [InlineData(ReloadPhase.Welcomed)]
    [InlineData(ReloadPhase.Ready)]
    [InlineData(ReloadPhase.Probation)]
    [InlineData(ReloadPhase.RollingBack)]
    [InlineData(ReloadPhase.Promoting)]
    public async Task Successor_Killed_PredecessorServes(ReloadPhase phase)
    {
        await using var held = await HeldReload.BeginAsync(phase, Folder, Prepare);
        var service = held.Service;
        var loss = await Killing.KillAsync(held.Successor, service, held.Load);
        held.LetGo();

        var failure = await service.Log.WaitForAsync(0, EventIds.ReloadFailed);
        var reason = phase == ReloadPhase.RollingBack ? "SIGTERM" : "SIGKILL"; // what it failed by
        Assert.Contains(reason, failure["Reason"], StringComparison.Ordinal);
        await Eventually.TrueAsync(async () => (await service.StatusAsync()).State == "Serving", "the predecessor serving");
        Assert.Equal(held.Predecessor, service.MainPid);
        Assert.Equal(1, await service.AnsweringGenerationAsync());
        Assert.Empty(ProcessTable.ChildrenOf(held.Predecessor));
        await service.WaitForMainAloneAsync();
        var receipt = (await service.StatusAsync()).LastReload!;
        Assert.Equal((phase < ReloadPhase.Probation ? "refused" : "rolled-back", held.Successor), (receipt.Outcome, receipt.NewPid));
        Assert.Contains(reason, receipt.Reason, StringComparison.Ordinal);
        await held.Load.WaitForRequestsAsync(1, Limits.Step);
        await Descriptors.WaitForNoMoreThanAsync(held.Predecessor, held.Descriptors);

        await AssertReloadsAsync(held, 2);
        await AssertOnlyCostAsync(held, loss);
        await AssertStopsAsync(service);
    }

    // Nobody is left to take the role: the one that drains finishes what it has, and the service can be started again.
    [Fact]
    public async Task MainProcess_KilledWhilePredecessorDrains_PredecessorFinishesAndServiceCanBeStarted()
    {
        await using var held = await HeldReload.BeginAsync(ReloadPhase.Draining, Folder, Prepare);
        var service = held.Service;
        var loss = await Killing.KillAsync(held.Successor, service, held.Load);
        await held.LongRequest.ReadUntilAsync(text => text.Contains(" of ", StringComparison.Ordinal)); // goes on
        await service.Processes.WaitForOnlyAsync(held.Predecessor);
        await held.EndDrainAsync();
        await service.Processes.WaitForOnlyAsync();

        held.LetGo();
        await service.StartAsync();
        await held.Load.WaitForRequestsAsync(1, Limits.Step);
        await Descriptors.WaitForNoMoreThanAsync(service.MainPid, held.Descriptors);
        await AssertReloadsAsync(held, 2);

        await AssertOnlyCostAsync(held, loss, alone: true);
        await AssertStopsAsync(service);
    }

    // The successor has failed, so it does not take the role: it finishes what it has, and the service can be started again. (A stable parent does that.)
    [Fact]
    public async Task Predecessor_KilledWhileItTakesTheRoleBack_SuccessorFinishesAndServiceCanBeStarted()
    {
        await using var held = await HeldReload.BeginAsync(ReloadPhase.RollingBack, Folder, Prepare);
        var service = held.Service;
        var loss = await Killing.KillAsync(held.Predecessor, service, held.Load);
        await held.LongRequest.ReadUntilAsync(text => text.Contains(" of ", StringComparison.Ordinal)); // goes on
        await service.Processes.WaitForOnlyAsync(held.Successor);
        Assert.True(ProcessTable.Signal(held.Successor, ProcessTable.SigTerm)); // it need not wait for that request
        await service.Processes.WaitForOnlyAsync();

        held.LetGo();
        await service.StartAsync();
        await held.Load.WaitForRequestsAsync(1, Limits.Step);
        await AssertReloadsAsync(held, 2);
        await AssertOnlyCostAsync(held, loss, alone: true, allItsOwn: false);
        await AssertStopsAsync(service);
    }

    // What it had not acknowledged it had not read from: whoever sent it answers it.
    [Fact]
    public async Task MainProcess_KilledWhileConnectionsMove_PredecessorTakesThemBack()
    {
        await using var held = await HeldReload.BeginAsync(ReloadPhase.Moving, Folder, Prepare);
        var service = held.Service;
        var clients = TcpSockets.ClientsOf(held.Predecessor);
        var loss = await Killing.KillAsync(held.Successor, service, held.Load);
        await service.Processes.WaitForOnlyAsync();
        var exit = Assert.Single(service.Log.Of(EventIds.Exiting), e => e.Pid == held.Predecessor);
        Assert.Equal("0", exit["Code"]);
        Assert.NotEmpty(clients.Except(loss.Clients));
        Assert.Empty(service.Log.Of(EventIds.CarrierLost));

        held.LetGo();
        await service.StartAsync();
        await held.Load.WaitForRequestsAsync(1, Limits.Step);
        await AssertReloadsAsync(held, 2);
        await AssertOnlyCostAsync(held, loss, alone: true);
        await AssertStopsAsync(service);
    }

    [Fact]
    public async Task Predecessor_KilledBeforeHello_SuccessorListensOnUnixPath()
    {
        var socket = Path.Combine(Folder, "app.sock");
        await using var held = await HeldReload.BeginAsync(ReloadPhase.Spawned, Folder, Prepare, [$"http://unix:{socket}"]);
        ProcessTable.Signal(held.Predecessor, ProcessTable.SigKill);
        held.LetGo();

        await held.Service.Log.WaitForAsync(e => e.Id == EventIds.IdentityPublished && e.Generation == 2, "generation 2 as the main process");
        Assert.Equal(2, (await HttpProbe.GetUnixAsync(socket, "/ping")).Generation);
    }

    private async Task AssertOnlyCostAsync(HeldReload held, Loss loss, bool alone = false, bool allItsOwn = true)
    {
        var report = await held.Load.StopAsync();
        Output.WriteLine($"The dead process had {loss.Clients.Count} connections, on {loss.Asking.Count} of them a request; {report.FailedRequests} failed: {string.Join(", ", report.FailuresByKind)}.");
        loss.AssertIsAll(report.Failures, alone, allItsOwn);
    }

    private static async Task AssertReloadsAsync(HeldReload held, int generation)
    {
        var service = held.Service;
        var (before, failed) = (service.MainPid, held.Load.Snapshot().FailedRequests);
        Assert.Equal(await service.ReloadAsync(), service.MainPid);
        Assert.Equal(generation, await service.AnsweringGenerationAsync());
        await service.WaitForMainAloneAsync();
        Assert.Equal("0", Assert.Single(service.Log.Of(EventIds.Exiting), e => e.Pid == before)["Code"]);
        await held.Load.WaitForGenerationAsync(generation, Limits.Step);
        await Descriptors.WaitForNoMoreThanAsync(service.MainPid, held.DescriptorsOfSuccessors);
        Assert.Equal(failed, held.Load.Snapshot().FailedRequests);
    }

    private static async Task AssertStopsAsync(Service service)
    {
        await service.StopAsync();
        Assert.False(File.Exists(service.PidFile), "The PID file outlived the stop.");
    }
}
