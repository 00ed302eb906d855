using Ips.Actors.Diagnostics;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Load;
using Ips.Testing.Processes;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests;

/// <summary>kill -9 in each phase of a handover, under the strict load: the other one serves, the next reload works, and no request is lost
/// but those that the dead process was answering, which are counted.</summary>
[Collection(Waits.Name)]
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
        if (phase == ReloadPhase.Draining) await Assert.ThrowsAsync<IOException>(() =>
            held.LongRequest.ReadUntilAsync(text => text.EndsWith("\r\n0\r\n\r\n", StringComparison.Ordinal)));
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
        Assert.Equal(held.Successor, receipt.NewPid);
        // Two descriptors become readable while the predecessor stands still: that of the death and that of the `ready` said before it.
        // Where it reads `ready` first, the successor counts as one that served.
        string[] outcomes = phase switch
        {
            < ReloadPhase.Ready => ["refused"],
            ReloadPhase.Ready => ["refused", "rolled-back"],
            _ => ["rolled-back"]
        };
        Assert.Contains(receipt.Outcome, outcomes);
        Assert.Contains(reason, receipt.Reason, StringComparison.Ordinal);
        await held.Load.WaitForRequestsAsync(1, Limits.Step);
        await Descriptors.WaitForNoMoreThanAsync(held.Predecessor, held.Descriptors);

        await AssertReloadsAsync(held, 2);
        await AssertOnlyCostAsync(held, loss);
        await AssertStopsAsync(service);
    }

    // The release that has served is started again by the one that drains, on sockets that it has kept.
    [Fact]
    public async Task MainProcess_KilledWhilePredecessorDrains_AnotherIsStarted()
    {
        await using var held = await HeldReload.BeginAsync(ReloadPhase.Draining, Folder, Prepare);
        var loss = await Killing.KillAsync(held.Successor, held.Service, held.Load);
        await AssertRestartedAsync(held);
        await held.LongRequest.ReadUntilAsync(text => text.Contains(" of ", StringComparison.Ordinal)); // goes on
        await held.EndDrainAsync();
        await AssertServesOnAsync(held, loss);
    }

    // What it had not acknowledged it had not read from: whoever sent it answers it.
    [Fact]
    public async Task MainProcess_KilledWhileConnectionsMove_PredecessorTakesThemBackAndAnotherIsStarted()
    {
        await using var held = await HeldReload.BeginAsync(ReloadPhase.Moving, Folder, Prepare);
        var service = held.Service;
        var clients = TcpSockets.ClientsOf(held.Predecessor);
        var loss = await Killing.KillAsync(held.Successor, service, held.Load);
        await AssertRestartedAsync(held);
        var exit = await service.Log.WaitForAsync(e => e.Id == EventIds.Exiting && e.Pid == held.Predecessor,
            "the exit of the predecessor");
        Assert.Equal("0", exit["Code"]);
        Assert.NotEmpty(clients.Except(loss.Clients));
        Assert.Empty(service.Log.Of(EventIds.CarrierLost));
        await AssertServesOnAsync(held, loss);
    }

    // The successor has failed, so it does not take the role: it starts the release that was good.
    [Fact]
    public async Task Predecessor_KilledWhileItTakesTheRoleBack_AnotherIsStarted()
    {
        await using var held = await HeldReload.BeginAsync(ReloadPhase.RollingBack, Folder, Prepare);
        var loss = await Killing.KillAsync(held.Predecessor, held.Service, held.Load);
        await AssertRestartedAsync(held);
        await held.LongRequest.ReadUntilAsync(text => text.Contains(" of ", StringComparison.Ordinal)); // goes on
        Assert.True(ProcessTable.Signal(held.Successor, ProcessTable.SigTerm)); // it need not wait for that request
        await AssertServesOnAsync(held, loss, allItsOwn: false);
    }

    [Fact]
    public async Task Predecessor_KilledBeforeHello_SuccessorListensOnUnixPath()
    {
        var socket = Path.Combine(Folder, "app.sock");
        await using var held = await HeldReload.BeginAsync(ReloadPhase.Spawned, Folder, Prepare, [$"http://unix:{socket}"]);
        ProcessTable.Signal(held.Predecessor, ProcessTable.SigKill);
        held.LetGo();

        await held.Service.Log.WaitForAsync(e => e.Id == EventIds.IdentityPublished && e.Generation == 2,
            "generation 2 as the main process");
        Assert.Equal(2, (await HttpProbe.GetUnixAsync(socket, "/ping")).Generation);
    }

    private static async Task AssertRestartedAsync(HeldReload held)
    {
        var log = held.Service.Log;
        await log.WaitForAsync(e => e.Id == EventIds.IdentityPublished && e.Generation == 3, "generation 3 as the main process");
        Assert.Contains("/good/", Assert.Single(log.Of(EventIds.RestartBegan))["Program"], StringComparison.Ordinal);
        await log.WaitForAsync(0, EventIds.Restarted);
        Assert.Equal("Serving", (await held.Service.StatusAsync()).State);
    }

    private async Task AssertServesOnAsync(HeldReload held, Loss loss, bool allItsOwn = true)
    {
        var service = held.Service;
        await service.WaitForMainAloneAsync();
        Assert.Equal(3, await service.AnsweringGenerationAsync());
        await held.Load.WaitForGenerationAsync(3, Limits.Step);
        await Descriptors.WaitForNoMoreThanAsync(service.MainPid, held.DescriptorsOfSuccessors);

        held.LetGo();
        await AssertReloadsAsync(held, 4);
        await AssertOnlyCostAsync(held, loss, allItsOwn);
        await AssertStopsAsync(service);
    }

    private async Task AssertOnlyCostAsync(HeldReload held, Loss loss, bool allItsOwn = true)
    {
        var report = await held.Load.StopAsync();
        Output.WriteLine($"The dead process had {loss.Clients.Count} connections, on {loss.Asking.Count} of them a request; "
            + $"{report.FailedRequests} failed: {string.Join(", ", report.FailuresByKind)}.");
        loss.AssertIsAll(report.Failures, allItsOwn);
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
