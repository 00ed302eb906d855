using Ips.Actors.Diagnostics;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Processes;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests;

/// <summary>kill -9 in each phase of a handover: the other one serves, and the next reload works.</summary>
public sealed class CrashTests(ITestOutputHelper output) : ProcessTest(output)
{
    [Theory]
    [InlineData(ReloadPhase.Spawned)]
    [InlineData(ReloadPhase.Welcomed)]
    [InlineData(ReloadPhase.Ready)]
    [InlineData(ReloadPhase.Probation)]
    [InlineData(ReloadPhase.Promoting)]
    [InlineData(ReloadPhase.Draining)]
    public async Task Predecessor_Killed_SuccessorServes(ReloadPhase phase)
    {
        using var held = await HeldReload.BeginAsync(phase, Folder, Prepare);
        var service = held.Service;
        ProcessTable.Signal(held.Predecessor, ProcessTable.SigKill);
        held.LetGo();

        await service.Log.WaitForAsync(e => e.Id == EventIds.IdentityPublished && e.Generation == 2, "generation 2 as the main process");
        Assert.Equal(held.Successor, service.MainPid);
        Assert.Equal(2, await service.AnsweringGenerationAsync());
        Assert.Equal("Serving", (await service.StatusAsync()).State);
        await service.WaitForMainAloneAsync();

        await AssertReloadsAsync(service, 3);
    }

    [Theory]
    [InlineData(ReloadPhase.Spawned)]
    [InlineData(ReloadPhase.Welcomed)]
    [InlineData(ReloadPhase.Ready)]
    [InlineData(ReloadPhase.Probation)]
    [InlineData(ReloadPhase.Promoting)]
    public async Task Successor_Killed_PredecessorServes(ReloadPhase phase)
    {
        using var held = await HeldReload.BeginAsync(phase, Folder, Prepare);
        var service = held.Service;
        ProcessTable.Signal(held.Successor, ProcessTable.SigKill);
        held.LetGo();

        var failure = await service.Log.WaitForAsync(0, EventIds.ReloadFailed);
        Assert.Contains("SIGKILL", failure["Reason"], StringComparison.Ordinal);
        Assert.Equal(held.Predecessor, service.MainPid);
        Assert.Equal(1, await service.AnsweringGenerationAsync());
        Assert.Equal("Serving", (await service.StatusAsync()).State);
        Assert.Empty(ProcessTable.ChildrenOf(held.Predecessor));
        await service.WaitForMainAloneAsync();

        await AssertReloadsAsync(service, 2);
    }

    // Killed before it handed anything over, it left a path that its successor must bind itself.
    [Fact]
    public async Task Predecessor_KilledBeforeHello_SuccessorListensOnUnixPath()
    {
        var socket = Path.Combine(Folder, "app.sock");
        using var held = await HeldReload.BeginAsync(ReloadPhase.Spawned, Folder, Prepare, [$"http://unix:{socket}"]);
        ProcessTable.Signal(held.Predecessor, ProcessTable.SigKill);
        held.LetGo();

        await held.Service.Log.WaitForAsync(e => e.Id == EventIds.IdentityPublished && e.Generation == 2, "generation 2 as the main process");
        Assert.Equal(2, (await HttpProbe.GetUnixAsync(socket, "/ping")).Generation);
    }

    private static async Task AssertReloadsAsync(Service service, int generation)
    {
        var pid = await service.ReloadAsync();
        Assert.Equal(pid, service.MainPid);
        Assert.Equal(generation, await service.AnsweringGenerationAsync());
        await service.WaitForMainAloneAsync();
        await service.StopAsync();
        Assert.False(File.Exists(service.PidFile), "The PID file outlived the stop.");
    }
}
