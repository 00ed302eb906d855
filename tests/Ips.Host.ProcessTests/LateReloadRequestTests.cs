using System.Globalization;
using Ips.Actors.Diagnostics;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Processes;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests;

/// <summary>A reload that is requested from a process which is being replaced, or was: it reaches the main process, and a user who knows
/// the old PID finds the new one.</summary>
[Collection(Waits.Name)]
public sealed class LateReloadRequestTests(ITestOutputHelper output) : ProcessTest(output)
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
    public async Task Usr2_ToThePredecessorInEachPhase_IsCarriedOutByTheNextMainProcess(ReloadPhase phase)
    {
        await using var held = await HeldReload.BeginAsync(phase, Folder, Prepare);
        var service = held.Service;
        Assert.True(ProcessTable.Signal(held.Predecessor, ProcessTable.SigUsr2));
        held.LetGo();
        await service.Log.WaitForAsync(e => e.Id == EventIds.ReloadPassedOn && e["Source"] == "SIGUSR2", "the request passed on",
            held.Mark);
        await service.Log.WaitForAsync(e => e.Id == EventIds.ReloadPromoted && e.Generation == 2, "generation 3 as the main process",
            held.Mark);
        Assert.Equal(3, await service.AnsweringGenerationAsync());
        if (phase == ReloadPhase.Draining) await held.EndDrainAsync();
        await service.WaitForMainAloneAsync();
        var history = (await service.HistoryAsync()).History!;
        Assert.Equal(["promoted", "promoted"], history.Select(receipt => receipt.Outcome));
        Assert.NotNull(history[1].WaitedMs);
        Assert.Equal(
            $"SIGUSR2, passed on by PID {held.Predecessor}", service.Log.Of(EventIds.ReloadStarted)
                .Single(e => e.Generation == 2)["Source"]);
        Assert.Empty(service.Log.Of(EventIds.ReloadRefused));
        if (phase != ReloadPhase.Draining) await held.AssertNoRequestFailedAsync(); // a test that ends a drain cuts its request
    }

    [Fact]
    public async Task Usr2_InARollback_IsCarriedOutHere()
    {
        await using var held = await HeldReload.BeginAsync(ReloadPhase.RollingBack, Folder, Prepare);
        var service = held.Service;
        service.Signal(ProcessTable.SigUsr2);
        await service.Log.WaitForAsync(held.Mark, EventIds.ReloadDeferred);
        held.LetGo();
        held.LongRequest.Dispose();
        await service.Log.WaitForAsync(held.Mark, EventIds.ReloadPromoted);
        Assert.Equal(2, await service.AnsweringGenerationAsync());
        // The successor is told by the predecessor, a moment after it has become the main process.
        await Eventually.TrueAsync(
            async () => (await service.HistoryAsync()).History!.Select(receipt => receipt.Outcome).SequenceEqual(["rolled-back",
                "promoted"]), "a history of both reloads");
    }

    [Fact]
    public async Task StatusAndHistory_ByThePidBeforeTwoReloads_FindWhoTookOver()
    {
        var service = await StartAsync(new ServiceSettings(ServiceKind.Daemon));
        var first = service.MainPid;
        await service.ReloadAsync();
        var second = service.MainPid;
        await service.WaitForMainAloneAsync();
        await service.ReloadAsync();
        var third = service.MainPid;
        await service.WaitForMainAloneAsync();

        var (old, middle) = ($"{first}", $"{second}");
        var status = await IpsCommand.RunAsync("status", "--pid", old);
        Assert.True(status.ExitCode == 0, status.ToString());
        Assert.Contains(status.Output, line => line.StartsWith("pid ", StringComparison.Ordinal) && line.EndsWith($" {third}",
            StringComparison.Ordinal));
        Assert.Matches($"^PID {first} was replaced by PID {second} at .*, and that one, in the end, by PID {third}\\.$",
            Assert.Single(status.Errors));

        var history = await IpsCommand.RunAsync("history", "--pid", middle);
        Assert.True(history.ExitCode == 0, history.ToString());
        Assert.Equal(3, history.Output.Count);
        Assert.Matches($"^PID {second} was replaced by PID {third} at [^,]*\\.$", Assert.Single(history.Errors));

        // A command that only shows something follows to the new PID; one that stops or reloads a service must name it.
        var stop = await IpsCommand.RunAsync("stop", "--pid", old);
        Assert.Equal(1, stop.ExitCode);
        Assert.Contains($"There is no process {first}. PID {first} was replaced by PID {second}", Assert.Single(stop.Errors),
            StringComparison.Ordinal);
        Assert.Equal(third, service.MainPid);
        Assert.Equal(third, (await service.StatusAsync()).Pid);
    }

    [Fact]
    public async Task Status_OfAPredecessorThatDrains_SaysThatItDoes()
    {
        await using var held = await HeldReload.BeginAsync(ReloadPhase.Draining, Folder, Prepare);
        var status = await IpsCommand.RunAsync("status", "--pid", held.Predecessor.ToString(CultureInfo.InvariantCulture));
        Assert.True(status.ExitCode == 0, status.ToString());
        Assert.Matches(
            $"^PID {held.Predecessor} was replaced by PID {held.Successor} at .*\\. PID {held.Predecessor} finishes its open requests\\.$",
            Assert.Single(status.Errors));
        var stop = await IpsCommand.RunAsync("stop", "--pid", held.Predecessor.ToString(CultureInfo.InvariantCulture));
        Assert.Equal(1, stop.ExitCode);
        Assert.Contains($"Process {held.Predecessor} is not the main process of its service. PID", Assert.Single(stop.Errors),
            StringComparison.Ordinal);
        Assert.Equal(held.Successor, (await held.Service.StatusAsync()).Pid);
        held.LetGo();
        await held.EndDrainAsync();
    }
}
