using Ips.Actors.Diagnostics;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Processes;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests;

/// <summary>SIGTERM to the predecessor in each phase of a handover stops both.</summary>
public sealed class StopDuringReloadTests(ITestOutputHelper output) : ProcessTest(output)
{
    [Theory]
    [InlineData(ReloadPhase.Spawned, "was killed by SIGTERM (15)")] // it cannot listen to anyone yet
    [InlineData(ReloadPhase.Greeted, "")] // whichever it reads first, the signal or hello
    [InlineData(ReloadPhase.Welcomed, "exited with 0")]
    [InlineData(ReloadPhase.Ready, "exited with 0")]
    [InlineData(ReloadPhase.Probation, "exited with 0")]
    [InlineData(ReloadPhase.Promoting, "exited with 0")]
    public async Task Term_DuringReload_EndsBoth(ReloadPhase phase, string successorsEnd)
    {
        await using var held = await HeldReload.BeginAsync(phase, Folder, Prepare);
        var service = held.Service;
        Assert.True(ProcessTable.Signal(held.Predecessor, ProcessTable.SigTerm));
        // who is stopped by SIGSTOP hears nothing
        if (phase is ReloadPhase.Greeted or ReloadPhase.Ready or ReloadPhase.Promoting) held.LetGo();
        var exit = await service.First.WaitForExitAsync(Limits.Step);

        Assert.Equal(0, exit);
        await service.Processes.WaitForOnlyAsync();
        Assert.Contains(successorsEnd, Assert.Single(service.Log.Of(EventIds.SuccessorGone))["Exit"], StringComparison.Ordinal);
        Assert.NotEmpty(Assert.Single(service.Log.Of(EventIds.ReloadStopped))["Reason"]);
        Assert.Empty(service.Log.Of(EventIds.ReloadFailed));
        Assert.False(File.Exists(service.PidFile), "The PID file outlived the stop.");
        Assert.False(File.Exists($"{service.PidFile}.sock"), "The control socket outlived the stop.");
        await held.AssertNoRequestCutAsync();
    }

    // What was asked of the predecessor before it handed over is not undone by a stop of the main process, and a stop of the one that
    // drains is not one of the service.
    [Fact]
    public async Task Term_ToDrainingPredecessor_LeavesSuccessorServing()
    {
        await using var held = await HeldReload.BeginAsync(ReloadPhase.Draining, Folder, Prepare);
        var service = held.Service;
        var mark = service.Log.Mark;
        Assert.True(ProcessTable.Signal(held.Predecessor, ProcessTable.SigTerm));
        await service.Log.WaitForAsync(mark, EventIds.Stopping);
        Assert.Equal(2, await service.AnsweringGenerationAsync());
        Assert.True(ProcessTable.Signal(held.Predecessor, ProcessTable.SigTerm)); // the second one cuts its running request

        Assert.Equal(3, await service.First.WaitForExitAsync(Limits.Step));
        Assert.Equal(held.Successor, service.MainPid);
        Assert.Equal(2, await service.AnsweringGenerationAsync());
        await service.WaitForMainAloneAsync();
        await held.AssertNoRequestFailedAsync();
    }
}
