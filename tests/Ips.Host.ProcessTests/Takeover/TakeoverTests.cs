using Ips.Actors.Diagnostics;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Load;
using Ips.Testing.Processes;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests.Takeover;

/// <summary>A process that the service has not started becomes its successor, and no client notices.</summary>
public sealed class TakeoverTests(ITestOutputHelper output) : TakeoverTest(output)
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    [Fact]
    public async Task Takeover_BySameUserUnderLoad_FailsNoRequest_AndReloadAndTakeoverWorkAfterIt()
    {
        var service = PrepareOffering(new ServiceSettings(ServiceKind.Daemon));
        await StartOfferingAsync(service);
        var socket = SocketOf(service);
        Assert.Equal(OwnerOnly, File.GetUnixFileMode(socket));
        Assert.Equal(socket, (await service.StatusAsync()).TakeoverSocket);
        using var watched = new CancellationTokenSource();
        var missing = Task.Run(() => CountMissing(socket, watched.Token));
        await using var load = StrictLoad.Start(Load(service) with { Paths = new LoadPaths { PingBody = "pong\n" } });
        await load.WaitForRequestsAsync(1, Limits.Step);

        var second = Launch(service, ServiceKind.Daemon);
        await WaitForMainAsync(service, 2);
        Assert.Equal(second.Pid, service.MainPid);
        Assert.Equal(0, await service.First.WaitForExitAsync(Limits.Step));
        await load.WaitForGenerationAsync(2, Limits.Step);

        // The new one is whole: it reloads, and the path leads to whoever is the main process.
        await service.ReloadAsync();
        await load.WaitForGenerationAsync(3, Limits.Step);
        Assert.Equal(0, await second.WaitForExitAsync(Limits.Step));
        var fourth = Launch(service, ServiceKind.Daemon);
        await WaitForMainAsync(service, 4);
        Assert.Equal(fourth.Pid, service.MainPid);
        await load.WaitForGenerationAsync(4, Limits.Step);

        var report = await load.StopAsync();
        Output.WriteLine(report.ToString());
        Assert.Equal(0, report.FailedRequests);
        await watched.CancelAsync();
        Assert.Equal(0, await missing);
        await service.WaitForMainAloneAsync();
        var history = await IpsCommand.RunAsync("history", "--pid-file", service.PidFile);
        Assert.Equal(3, history.Output.Count(line => line.Contains("promoted", StringComparison.Ordinal)));
        await service.StopAsync();
        Assert.Equal(0, await fourth.WaitForExitAsync(Limits.Step));
        Assert.False(File.Exists(socket), "The handover socket outlived the stop.");
        Assert.Empty(Directory.EnumerateFiles(service.Folder, "takeover.sock*"));
    }

    [Fact]
    public async Task Takeover_ByMemberOfTheGroup_FailsNoRequest_AndTheNewUserIsWhole()
    {
        var service = PrepareOffering(new ServiceSettings(ServiceKind.SampleApp), Members);
        Share(service);
        await StartOfferingAsync(service);
        await using var load = StrictLoad.Start(Load(service));
        await load.WaitForRequestsAsync(1, Limits.Step);

        var second = Launch(service, ServiceKind.SampleApp, prefix: As(Nobody, Members), group: Members);
        await WaitForMainAsync(service, 2);
        Assert.Equal(second.Pid, service.MainPid); // setpriv has become it
        Assert.Equal(0, await service.First.WaitForExitAsync(Limits.Step));
        await load.WaitForGenerationAsync(2, Limits.Step);

        // Root's control socket would be closed to it: it has one of its own, with which its own user can ask.
        Assert.Single(service.Log.Of(EventIds.ControlRebound));
        var status = await IpsCommand.RunProgramAsync(
            service.Processes, null, "setpriv", [.. As(Nobody, Members).Skip(1), Binaries.IpsPath, "status", "--pid-file",
                service.PidFile]);
        Assert.True(status.ExitCode == 0, status.ToString());
        await service.ReloadAsync();
        await load.WaitForGenerationAsync(3, Limits.Step);
        var report = await load.StopAsync();
        Output.WriteLine(report.ToString());
        Assert.Equal(0, report.FailedRequests);
        await service.StopAsync();
        Assert.False(File.Exists(service.PidFile), "The PID file outlived the stop.");
        Assert.False(File.Exists(SocketOf(service)), "The handover socket outlived the stop.");
    }

    // A container whose PIDs the other side cannot see, and whose PID 1 is a supervisor that must not go on without its service.
    [Fact]
    public async Task Takeover_OutOfAPidNamespace_WorksWithoutAPid()
    {
        var service = PrepareOffering(new ServiceSettings(ServiceKind.Daemon)
        {
            Program = "unshare", Prefix = ["--pid", "--fork", "--mount-proc", "--kill-child", Binaries.IpsPath],
        });
        await StartOfferingAsync(service);
        var second = Launch(service, ServiceKind.Daemon);
        await WaitForMainAsync(service, 2);
        Assert.Equal(second.Pid, service.MainPid);
        Assert.Equal(0, await service.First.WaitForExitAsync(Limits.Step));
        Assert.Equal(2, await service.AnsweringGenerationAsync());
        Assert.StartsWith("PID unknown, uid 0", Assert.Single(service.Log.Of(EventIds.TakeoverAsked))["Peer"], StringComparison.Ordinal);
        await service.StopAsync();
    }

    [Fact]
    public async Task Takeover_KilledOnProbation_IsRolledBackAndCostsOnlyItsOwnRequests()
    {
        var service = PrepareOffering(new ServiceSettings(ServiceKind.SampleApp) { Probation = TimeSpan.FromSeconds(30), Debug = true });
        await StartOfferingAsync(service);
        await using var load = StrictLoad.Start(Load(service));
        await load.WaitForRequestsAsync(1, Limits.Step);
        var candidate = Launch(service, ServiceKind.SampleApp, settings: new ServiceSettings(ServiceKind.SampleApp) { Debug = true });
        await service.WaitForStateAsync(2, "Proving");
        Assert.Equal(0, load.Snapshot().FailedRequests);
        Assert.True(candidate.Signal(ProcessTable.SigKill));

        var failed = await service.Log.WaitForAsync(0, EventIds.ReloadFailed);
        Assert.Equal("rolled-back", failed["Outcome"]);
        await load.WaitForRequestsAsync(2, Limits.Step); // each worker is past what it had asked of the dead one
        var lost = load.Snapshot();
        Assert.DoesNotContain(lost.Failures, failure => failure.LastGeneration == 1);
        await load.WaitForRequestsAsync(5, Limits.Step);
        var report = await load.StopAsync();
        Output.WriteLine(report.ToString());
        Assert.Equal(lost.FailedRequests, report.FailedRequests);
        Assert.Equal(service.First.Pid, service.MainPid);
        Assert.Equal(1, await service.AnsweringGenerationAsync());
    }

    // The number of moments at which the path led to nothing.
    private static int CountMissing(string path, CancellationToken end)
    {
        var missing = 0;
        while (!end.IsCancellationRequested)
        {
            if (!File.Exists(path)) missing++;
            Thread.Sleep(1);
        }

        return missing;
    }
}
