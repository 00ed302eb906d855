using System.Text.Json;
using Ips.Actors.Control;
using Ips.Actors.Diagnostics;
using Ips.Actors.Lifecycle;
using Ips.Host.ProcessTests.Harness;
using Ips.Host.ProcessTests.Receipts;
using Ips.Testing.Processes;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests;

/// <summary>A reload that is requested during another one waits for it, whichever client requests it: in the end the release that was
/// put in place last serves.</summary>
public sealed class QueuedReloadTests(ITestOutputHelper output) : ReceiptTest(output)
{
    private const int Deploys = 6;

    private string Go => Path.Combine(Folder, "go");

    private string WaitForGo => $"while [ ! -e '{Go}' ]; do sleep 0.05; done";

    // As a person deploys who does not wait for the last reload to end.
    [Fact]
    public async Task Usr2_SixDeploysApart_TheLastReleaseServes()
    {
        var service = await StartReleaseAsync(TimeSpan.FromSeconds(1));
        for (var deploy = 1; deploy <= Deploys; deploy++)
        {
            PutRelease(deploy);
            service.Signal(ProcessTable.SigUsr2);
            await Task.Delay(TimeSpan.FromMilliseconds(700));
        }

        await AssertServesAsync(service, Deploys);
    }

    [Fact]
    public async Task Usr2_SixAtOnceDuringAReload_TheLastReleaseServes()
    {
        var service = await StartReleaseAsync(TimeSpan.FromSeconds(1));
        PutRelease(1);
        service.Signal(ProcessTable.SigUsr2);
        await service.Log.WaitForAsync(0, EventIds.SuccessorSpawned);
        PutRelease(2);
        for (var i = 0; i < Deploys; i++) service.Signal(ProcessTable.SigUsr2);
        await AssertServesAsync(service, 2);
    }

    [Fact]
    public async Task Reload_DuringAReload_WaitsAndItsReceiptNamesTheWait()
    {
        PutRelease(0);
        var service = await StartAsync();
        PutRelease(1, WaitForGo);
        var first = ReloadAsync(service);
        await service.Log.WaitForAsync(0, EventIds.SuccessorSpawned);
        PutRelease(2);
        var second = CommandAsync(service, "reload");
        await service.Log.WaitForAsync(0, EventIds.ReloadDeferred);
        Assert.StartsWith("ips reload (PID ", (await service.StatusAsync()).Pending!.AskedBy, StringComparison.Ordinal);
        Assert.Contains(" pending ", (await CommandAsync(service, "history")).Output[^1], StringComparison.Ordinal);
        Assert.Contains((await CommandAsync(service, "status")).Output, line => line.StartsWith("pending ", StringComparison.Ordinal));
        await File.WriteAllTextAsync(Go, "");

        Assert.Equal((0, "promoted", null), await first is var (code, receipt) ? (code, receipt.Outcome, receipt.WaitedMs) : default);
        var waited = await second;
        Assert.True(waited.ExitCode == 0, waited.ToString());
        Assert.StartsWith("Reloaded in ", waited.Output[0], StringComparison.Ordinal);
        Assert.Matches("It waited [0-9.]+ m?s for the reload before it", waited.Output[0]);
        Assert.Contains(waited.Errors, line => line.Contains("waits for the reload to generation 2 by ips reload",
            StringComparison.Ordinal));
        await AssertServesAsync(service, 2);
        var history = await HistoryAsync(service);
        Assert.Equal([2, 3], history.Select(past => past.NewGeneration));
        Assert.InRange(history[1].WaitedMs!.Value, 100, 60_000);
        Assert.Equal(3, await service.AnsweringGenerationAsync());
    }

    [Fact]
    public async Task Reload_ReleaseReplacedDuringAReloadThatFails_IsCarriedOut()
    {
        var (service, first) = await BeginHeldAsync();
        var second = CommandAsync(service, "reload", "--json");
        await service.Log.WaitForAsync(0, EventIds.ReloadDeferred);
        Put("good");
        await File.WriteAllTextAsync(Go, "");
        Assert.Equal((4, "refused"), await first is var (code, receipt) ? (code, receipt.Outcome) : default);
        var waited = await second;
        Assert.True(waited.ExitCode == 0, waited.ToString());
        Assert.NotNull(Receipt(waited).WaitedMs);
        Assert.Equal(2, await service.AnsweringGenerationAsync());
    }

    [Fact]
    public async Task Reload_RefusedReleaseStillInPlace_IsDroppedAndSaysSo()
    {
        var (service, first) = await BeginHeldAsync();
        var second = CommandAsync(service, "reload", "--json");
        await service.Log.WaitForAsync(0, EventIds.ReloadDeferred);
        await File.WriteAllTextAsync(Go, "");
        Assert.Equal((4, "refused"), await first is var (code, receipt) ? (code, receipt.Outcome) : default);
        var dropped = await second;
        Assert.Equal(4, dropped.ExitCode);
        Assert.Equal("refused", Receipt(dropped).Outcome);
        Assert.Contains("the release in place is the one that has just been refused", Receipt(dropped).Reason, StringComparison.Ordinal);
        Assert.Single(service.Log.Of(EventIds.SuccessorSpawned));
        Assert.Equal(2, (await HistoryAsync(service)).Count);
        Put("good");
        await service.ReloadAsync(); // and the next one works
    }

    // The same program, and what it was refused for is mended.
    [Fact]
    public async Task Reload_ConfigurationMendedDuringAReloadThatFails_IsCarriedOut()
    {
        var (service, first) = await BeginHeldAsync();
        await File.AppendAllTextAsync(service.ConfigFile, "# mended\n");
        service.Signal(ProcessTable.SigUsr2);
        await service.Log.WaitForAsync(0, EventIds.ReloadDeferred);
        await File.WriteAllTextAsync(Go, "");
        await first;
        await Eventually.TrueAsync(() => service.Log.Of(EventIds.SuccessorSpawned).Count == 2, "a second start of the release");
    }

    [Fact]
    public async Task Reload_NoQueue_IsRefusedAtOnce()
    {
        var (service, first) = await BeginHeldAsync();
        var (code, refused) = await ReloadAsync(service, "--no-queue");
        Assert.Equal((4, "refused", "a reload is already under way"), (code, refused.Outcome, refused.Reason));
        Assert.Null((await service.StatusAsync()).Pending);
        await File.WriteAllTextAsync(Go, "");
        await first;
    }

    [Fact]
    public async Task Stop_DropsWhatWaits_WithAReceipt()
    {
        var (service, first) = await BeginHeldAsync();
        var second = CommandAsync(service, "reload");
        await service.Log.WaitForAsync(0, EventIds.ReloadDeferred);
        service.Signal(ProcessTable.SigTerm);
        Assert.Equal((6, "stopped"), await first is var (code, receipt) ? (code, receipt.Outcome) : default);
        var dropped = await second;
        Assert.Equal(6, dropped.ExitCode);
        Assert.StartsWith("Stopped: generation 1 ", dropped.Output[0], StringComparison.Ordinal);
        Assert.Equal(0, await service.First.WaitForExitAsync(Limits.Step));
        await service.Processes.WaitForOnlyAsync();
        Assert.Equal(["stopped", "stopped"], (await HistoryAsync(service)).Select(past => past.Outcome)); // it is not running
    }

    // Its script waits for the word to fail, so that the test has the time.
    private async Task<(Service Service, Task<(int, ReloadReceipt)> Reload)> BeginHeldAsync()
    {
        Put("good");
        var service = await StartAsync();
        Put("bad", $"{WaitForGo}; exit 5", serves: false);
        var reload = ReloadAsync(service);
        await service.Log.WaitForAsync(0, EventIds.SuccessorSpawned);
        return (service, reload);
    }

    private async Task<Service> StartReleaseAsync(TimeSpan probation)
    {
        PutRelease(0);
        return await StartAsync(probation: probation);
    }

    // In one step, as a deployment does; each release tells its number by its environment.
    private void PutRelease(int number, string before = "")
    {
        var program = Path.Combine(Binaries.IpsFolder, Binaries.Ips);
        Executable.Write(ReleaseFile($"{number}"), $"#!/bin/bash\n{before}\nRELEASE_NUMBER={number} exec -a \"$0\" '{program}' \"$@\"\n");
        File.CreateSymbolicLink($"{Current}.next", ReleaseFile($"{number}"));
        File.Move($"{Current}.next", Current, overwrite: true);
    }

    private async Task AssertServesAsync(Service service, int release)
    {
        await Eventually.TrueAsync(
            async () => service.Processes.Alive().SequenceEqual([service.MainPid]) && await service.StatusAsync() is
            {
                State: "Serving",
                Pending: null
            },
            "one process that serves, and nothing that waits");
        Assert.Contains($"RELEASE_NUMBER={release}", ProcFs.EnvironmentOf(service.MainPid));
        Assert.Empty(service.Log.Of(EventIds.ReloadFailed));
        Assert.Empty(service.Log.Of(EventIds.ReloadRefused));
        Assert.Empty(service.Log.Of(EventIds.ReloadNotPassedOn));
        // Each signal that was read began a reload or waited for one.
        var received = service.Log.Of(EventIds.SignalReceived).Count(e => e["Signal"] == "SIGUSR2");
        Assert.Equal(received, service.Log.Events.Count(e => e.Id is EventIds.ReloadStarted or EventIds.ReloadDeferred
            && e["Source"] == "SIGUSR2"));
        Output.WriteLine($"{received} signals read, {service.Log.Of(EventIds.ReloadStarted).Count} reloads.");
    }

    private static ReloadReceipt Receipt(CommandResult result) => JsonSerializer.Deserialize(Assert.Single(result.Output),
        ControlJson.Default.ReloadReceipt)!;
}
