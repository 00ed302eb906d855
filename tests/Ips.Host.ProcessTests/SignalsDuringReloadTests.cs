using Ips.Actors.Diagnostics;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Processes;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests;

/// <summary>Signals in each phase of a handover. A reload that cannot be begun is refused with the reason; a stop of the successor takes it
/// back, one of the main process is one of the service. See <see cref="StopDuringReloadTests"/> for a stop of the predecessor.</summary>
[Collection(Waits.Name)]
public sealed class SignalsDuringReloadTests(ITestOutputHelper output) : SignalsDuringReload(output)
{
    [Theory]
    [InlineData(ReloadPhase.Spawned)]
    [InlineData(ReloadPhase.Greeted)]
    [InlineData(ReloadPhase.Welcomed)]
    [InlineData(ReloadPhase.Ready)]
    [InlineData(ReloadPhase.Probation)]
    [InlineData(ReloadPhase.RollingBack)]
    [InlineData(ReloadPhase.Promoting)]
    [InlineData(ReloadPhase.Moving)]
    [InlineData(ReloadPhase.Draining)]
    public async Task Usr2ToBothThenIntToSuccessor_OneServesOrTheServiceStops(ReloadPhase phase)
    {
        await using var held = await HeldReload.BeginAsync(phase, Folder, Prepare);
        Assert.True(ProcessTable.Signal(held.Predecessor, ProcessTable.SigUsr2));
        Assert.True(ProcessTable.Signal(held.Successor, ProcessTable.SigUsr2));
        await SignalAndSettleAsync(held, phase, toSuccessor: true, ProcessTable.SigInt);
    }
}

/// <summary>What follows a signal to one of the two processes of a reload that is held in a phase.</summary>
public abstract class SignalsDuringReload(ITestOutputHelper output) : ProcessTest(output)
{
    private protected static async Task SignalAndSettleAsync(HeldReload held, ReloadPhase phase, bool toSuccessor, int signal)
    {
        var service = held.Service;
        Assert.True(ProcessTable.Signal(toSuccessor ? held.Successor : held.Predecessor, signal));
        held.LetGo();
        var isStop = signal != ProcessTable.SigUsr2;
        switch (phase)
        {
            case ReloadPhase.Draining when isStop && toSuccessor:
                // The main process: the service stops, while the predecessor finishes what it has.
                await ProcessTable.WaitForEndAsync(held.Successor, Limits.Step);
                await service.Processes.WaitForOnlyAsync(held.Predecessor);
                await held.EndDrainAsync();
                await AssertStoppedAsync(held);
                break;
            case ReloadPhase.Moving when isStop && toSuccessor:
                // The main process as well: it answers what is on its way to it, and the predecessor what has not left.
                await service.Processes.WaitForOnlyAsync();
                await AssertStoppedAsync(held);
                break;
            case ReloadPhase.Moving:
                await AssertServesAsync(held, atLeast: 2);
                break;
            case ReloadPhase.Draining:
                await held.EndDrainAsync();
                await AssertServesAsync(held, atLeast: 2);
                break;
            case ReloadPhase.RollingBack:
                held.LongRequest.Dispose(); // nothing else holds the successor
                if (isStop && !toSuccessor)
                {
                    Assert.Equal(0, await service.First.WaitForExitAsync(Limits.Step));
                    await service.Processes.WaitForOnlyAsync();
                    await AssertStoppedAsync(held);
                    break;
                }

                await AssertServesAsync(held, atLeast: 1);
                break;
            case ReloadPhase.Promoting when isStop && toSuccessor && await StoppedAfterPromotionAsync(service):
                // It read the promotion first, and was the main process when it read the signal.
                await service.Processes.WaitForOnlyAsync();
                await AssertStoppedAsync(held);
                break;
            case var _ when isStop && toSuccessor:
                Assert.NotEmpty((await service.Log.WaitForAsync(0, EventIds.ReloadFailed))["Reason"]);
                Assert.Equal(held.Predecessor, service.MainPid);
                await AssertServesAsync(held, atLeast: 1);
                break;
            case var _ when isStop:
                Assert.Equal(0, await service.First.WaitForExitAsync(Limits.Step));
                await service.Processes.WaitForOnlyAsync();
                Assert.NotEmpty(Assert.Single(service.Log.Of(EventIds.ReloadStopped))["Reason"]);
                await AssertStoppedAsync(held);
                break;
            default:
                // The reload goes on to its end.
                await service.Log.WaitForAsync(0, EventIds.ReloadPromoted);
                await AssertServesAsync(held, atLeast: 2);
                break;
        }

        AssertEachAccountedFor(service);
    }

    // The predecessor's word of either; a reload that the promoted one had begun itself may have been refused before.
    private static async Task<bool> StoppedAfterPromotionAsync(Service service) =>
        (await service.Log.WaitForAsync(
            e => e.Generation == 1 && e.Id is (EventIds.ReloadFailed or EventIds.ReloadPromoted),
                "how the reload of generation 1 ended")).Id == EventIds.ReloadPromoted;

    // A signal that was read late may have begun a reload of its own: that one is waited for.
    private static async Task AssertServesAsync(HeldReload held, int atLeast)
    {
        var service = held.Service;
        await Eventually.TrueAsync(
            async () => service.Processes.Alive().SequenceEqual([service.MainPid])
                && await service.StatusAsync() is { State: "Serving", Pending: null },
            "one process that serves, and no reload that waits");
        await AssertReceiptAsync(service);
        var generation = await service.AnsweringGenerationAsync();
        Assert.InRange(generation, atLeast, int.MaxValue);
        await service.ReloadAsync();
        Assert.Equal(generation + 1, await service.AnsweringGenerationAsync());
        await service.WaitForMainAloneAsync();
        await held.Load.WaitForGenerationAsync(generation + 1, Limits.Step);
        await Descriptors.WaitForNoMoreThanAsync(service.MainPid, held.DescriptorsOfSuccessors);
        await held.AssertNoRequestFailedAsync();
        await service.StopAsync();
        await AssertStoppedAsync(held);
    }

    // Whoever serves has the receipt of the last reload, and it says what the log does.
    private static async Task AssertReceiptAsync(Service service)
    {
        var end = service.Log.Events.Last(e => e.Id is EventIds.ReloadPromoted or EventIds.ReloadFailed);
        var outcome = end.Id == EventIds.ReloadPromoted ? "promoted" : end["Outcome"];
        await Eventually.TrueAsync(
            async () => (await service.StatusAsync()).LastReload is { } receipt
                && (receipt.Outcome, $"{receipt.NewPid}") == (outcome, end["Pid"]),
            $"a receipt of the reload to PID {end["Pid"]} that says {outcome}");
    }

    private static async Task AssertStoppedAsync(HeldReload held)
    {
        var service = held.Service;
        await held.AssertNoRequestCutAsync();
        Assert.False(File.Exists(service.PidFile), "The PID file outlived the stop.");
        Assert.False(File.Exists($"{service.PidFile}.sock"), "The control socket outlived the stop.");
    }

    private static void AssertEachAccountedFor(Service service)
    {
        var received = service.Log.Of(EventIds.SignalReceived).Count(e => e["Signal"] == "SIGUSR2");
        var answers = service.Log.Events.Where(e => e.Id is EventIds.ReloadStarted or EventIds.ReloadRefused or EventIds.ReloadDeferred
            && e["Source"] == "SIGUSR2").ToList();
        // One that waited and was carried out in the same process is told twice.
        Assert.InRange(answers.Count, received, received + answers.Count(e => e.Id == EventIds.ReloadDeferred));
        Assert.All(answers.Where(e => e.Id == EventIds.ReloadRefused), e => Assert.NotEmpty(e["Reason"]));
    }
}
