using System.Globalization;
using Ips.Actors.Diagnostics;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Processes;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests.Receipts;

/// <summary>What a successor writes arrives where the predecessor's output goes, whatever becomes of either, and a failed one's last lines
/// are in the receipt.</summary>
public sealed class OutputTests(ITestOutputHelper output) : ReceiptTest(output)
{
    [Fact]
    public async Task FailedRelease_LastFiftyLines_AreInTheReceiptAndAllInTheLog()
    {
        Put("good");
        var service = await StartAsync();
        Put("bad", "for i in $(seq 1 70); do echo line $i; done; printf 'without an end' >&2; exit 3", serves: false);
        var (code, receipt) = await ReloadAsync(service);
        Assert.Equal((4, "refused"), (code, receipt.Outcome));
        Assert.Contains("exited with 3", receipt.Reason, StringComparison.Ordinal);
        Assert.Equal(50, receipt.Output!.Count);
        Assert.Equal("line 70", receipt.Output.Last(line => line.StartsWith("line", StringComparison.Ordinal)));
        Assert.Contains("without an end", receipt.Output);
        var log = await File.ReadAllLinesAsync(service.Log.Path);
        Assert.Equal(Enumerable.Range(1, 70).Select(i => $"line {i}"),
            log.Where(line => line.StartsWith("line", StringComparison.Ordinal)));
        Assert.Contains("without an end", log); // a line of its own

        Put("good");
        await service.ReloadAsync();
    }

    [Theory]
    [InlineData("printf '#\\n' >> \"$0\"; kill -SEGV $$", true)]
    [InlineData("printf '#\\n' >> \"$0\"; kill -BUS $$", true)]
    [InlineData("printf '#\\n' >> \"$0\"; kill -ABRT $$", false)]
    [InlineData("kill -SEGV $$", false)]
    public async Task FailedRelease_DiedOfAFileThatWasWrittenOver_ReceiptSaysSo(string script, bool said)
    {
        Put("good");
        var service = await StartAsync();
        Put("bad", script, serves: false);
        var (_, receipt) = await ReloadAsync(service);
        Assert.Contains("was killed by SIG", receipt.Reason, StringComparison.Ordinal);
        Assert.Equal(said, receipt.Reason!.Contains($"{ReleaseFile("bad")} was written over while it ran", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Promoted_StandardStreams_AreThoseOfTheFirstGeneration()
    {
        Put("good", "echo starting $$ >&2");
        await using var daemon = DaemonProcess.Start(Current, Arguments(out var pidFile));
        var first = await MainPidAsync(pidFile, 0);
        var (streams, pipes) = (StreamsOf(first), PipesOf(first));
        Assert.True(daemon.Signal(ProcessTable.SigUsr2));
        var second = await MainPidAsync(pidFile, first);
        daemon.Track(second);
        Assert.Equal(0, await daemon.WaitForExitAsync(Limits.Step));

        Assert.Equal(streams, StreamsOf(second));
        await daemon.WaitForLineAsync(text => text == $"starting {second}", Limits.Step);
        // Nothing of the way through the predecessor is left; what the first has inherited besides, it does not pass on.
        Assert.InRange(PipesOf(second), 1, pipes);
        var from = daemon.LineCount;
        Assert.True(ProcessTable.Signal(second, ProcessTable.SigTerm));
        await daemon.WaitForLineAsync(text => text.Contains("Stop by SIGTERM", StringComparison.Ordinal), Limits.Step, from);
        await daemon.WaitForOutputEndAsync(Limits.Step);
    }

    [Fact]
    public async Task Promoted_ChildOfTheSuccessor_WritesOnWhenThePredecessorIsGone()
    {
        // It inherits the pipes and does not ask: without a reader it would die by SIGPIPE.
        Put("good", "(i=0; while kill -0 $$ 2>/dev/null; do i=$((i+1)); echo child of $$ says $i; sleep 0.1; done) &");
        await using var daemon = DaemonProcess.Start(Current, Arguments(out var pidFile));
        var first = await MainPidAsync(pidFile, 0);
        Assert.True(daemon.Signal(ProcessTable.SigUsr2));
        var second = await MainPidAsync(pidFile, first);
        daemon.Track(second);
        Assert.Equal(0, await daemon.WaitForExitAsync(Limits.Step));

        var from = daemon.LineCount;
        for (var i = 0; i < 5; i++)
        {
            var line = await daemon.WaitForLineAsync(text => text.StartsWith($"child of {second} says ", StringComparison.Ordinal),
                Limits.Step, from);
            from = line.Number + 1;
        }

        var said = daemon.Lines.Select(line => line.Text).Where(text =>
            text.StartsWith($"child of {second} says ", StringComparison.Ordinal))
            .Select(text => int.Parse(text.Split(' ')[^1], CultureInfo.InvariantCulture)).ToList();
        Assert.Equal(Enumerable.Range(1, said.Count), said); // none lost, none torn, at the change of hands neither
        Assert.True(ProcessTable.Signal(second, ProcessTable.SigTerm));
        await daemon.WaitForOutputEndAsync(Limits.Step);
    }

    [Fact]
    public async Task Probation_PredecessorIsKilled_SuccessorsLogGoesOn()
    {
        Put("good", "(i=0; while kill -0 $$ 2>/dev/null; do i=$((i+1)); echo \"child of $$ says $i\"; sleep 0.1; done) &");
        var service = await StartAsync(probation: TimeSpan.FromMinutes(1));
        var first = service.MainPid;
        service.Signal(ProcessTable.SigUsr2);
        var second = (await service.Log.WaitForAsync(e => e.Id == EventIds.AcceptingStarted && e.Generation == 2,
            "generation 2 accepting")).Pid;
        ProcessTable.Signal(first, ProcessTable.SigKill);
        await service.Log.WaitForAsync(e => e.Id == EventIds.IdentityPublished && e.Pid == second, "generation 2 on its own");
        var from = service.Log.Mark;
        await service.Log.WaitForAsync(e => e.Text.StartsWith($"child of {second} says ", StringComparison.Ordinal),
            "a line of the successor's child", from);
        Assert.Equal(2, await service.AnsweringGenerationAsync());
    }

    [Fact]
    public async Task LogFile_RotatedDuringProbation_IsTheNewOneAfterThePromotion()
    {
        Put("good");
        var service = await StartAsync(probation: TimeSpan.FromSeconds(2));
        service.Signal(ProcessTable.SigUsr2);
        await service.Log.WaitForAsync(e => e.Id == EventIds.AcceptingStarted && e.Generation == 2, "generation 2 accepting");
        var rotated = service.Log.Path + ".1";
        File.Move(service.Log.Path, rotated);
        service.Signal(ProcessTable.SigUsr1); // to the predecessor, which is the main process yet
        await WaitForFileAsync(service.Log.Path);
        var second = await MainPidAsync(service.PidFile, service.MainPid);
        await service.WaitForMainAloneAsync();
        Assert.Equal([service.Log.Path, service.Log.Path], StreamsOf(second));
    }

    [Fact]
    public async Task TenReloads_OpenDescriptors_StayAsMany()
    {
        Put("good");
        var service = await StartAsync();
        var most = 0;
        for (var reload = 1; reload <= 10; reload++)
        {
            var pid = await service.ReloadAsync();
            await service.WaitForMainAloneAsync();
            // Single generations differ: a reader of the store is opened when it is needed, and the handover channel is closed a moment
            // after its end.
            if (reload <= 4) most = Math.Max(most, Own(pid).Count);
            if (reload > 6) await Eventually.TrueAsync(() => Own(pid).Count <= most, $"at most {most} descriptors after reload {reload}");
        }
    }

    // Without assemblies, which the runtime opens when it likes, and without duplicates of numbers.
    private static IReadOnlyList<string> Own(int pid)
    {
        IReadOnlyList<string> files = [];
        // A thread of the handover may be about to end.
        SpinWait.SpinUntil(() =>
        {
            var before = files;
            files = [.. ProcessTable.OpenFiles(pid).Where(file => !file.EndsWith(".dll", StringComparison.Ordinal))];
            return before.Count == files.Count;
        }, TimeSpan.FromSeconds(5));
        return files;
    }

    private static int PipesOf(int pid) =>
        ProcessTable.OpenFiles(pid).Where(file => file.Contains("pipe:", StringComparison.Ordinal)).Select(file => file.Split(" -> ")[1])
            .Distinct().Count();

    private static IReadOnlyList<string> StreamsOf(int pid) =>
        [ProcFs.Descriptor(pid, 1), ProcFs.Descriptor(pid, 2)];

    private static async Task<int> MainPidAsync(string pidFile, int before)
    {
        var pid = before;
        await Eventually.TrueAsync(
            async () => File.Exists(pidFile) && int.TryParse(await File.ReadAllTextAsync(pidFile), CultureInfo.InvariantCulture, out pid)
                && pid != before,
            $"another PID than {before} in {pidFile}");
        return pid;
    }

    private static Task WaitForFileAsync(string path) => Eventually.TrueAsync(() => File.Exists(path), path);

    private IReadOnlyList<string> Arguments(out string pidFile)
    {
        pidFile = Path.Combine(Folder, "own.pid");
        var config = Path.Combine(Folder, "own.conf");
        File.WriteAllText(config,
            $"ips.urls = [\"http://127.0.0.1:{FreePort.Next()}\"]\nips.pid-file = \"{pidFile}\"\nips.reload.probation = 1s\nips.user = "
            + $"{Environment.UserName}\n");
        return ["run", "--config", config];
    }
}
