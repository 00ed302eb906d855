using System.Globalization;
using Ips.Actors.Diagnostics;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Processes;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests;

/// <summary><c>ips run</c> on a terminal: ^C and the closing of the window stop the service, also after a reload; under nohup it lives
/// on.</summary>
public sealed class TerminalTests(ITestOutputHelper output) : ProcessTest(output)
{
    [Fact]
    public async Task Keys_AfterAReload_ReachTheMainProcess()
    {
        var service = Prepare(new ServiceSettings(ServiceKind.Daemon) { Probation = TimeSpan.FromSeconds(1) });
        await using var terminal = await RunAsync(service);
        var first = service.MainPid;
        var second = await service.ReloadAsync();
        Assert.NotEqual(first, second);

        var mark = service.Log.Mark;
        terminal.Type("\u0003");
        await service.Log.WaitForAsync(e => e.Id == EventIds.SignalReceived && e.Pid == second && e["Signal"] == "SIGINT",
            "SIGINT in the main process", mark);
        terminal.Type("echo ended with $?\n");
        await terminal.WaitForAsync("ended with 0");
        await terminal.CloseAsync();
        await service.Processes.WaitForOnlyAsync();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task Window_Closed_IsAGracefulStop(int reloads)
    {
        var service = Prepare(new ServiceSettings(ServiceKind.Daemon) { Probation = TimeSpan.FromSeconds(1) });
        await using var terminal = await RunAsync(service);
        for (var reload = 0; reload < reloads; reload++) await service.ReloadAsync();
        var (pid, mark) = (service.MainPid, service.Log.Mark);

        await terminal.CloseAsync();
        await service.Processes.WaitForOnlyAsync();
        var events = service.Log.Events.Skip(mark).ToList();
        var signal = Assert.Single(events, e => e.Id == EventIds.SignalReceived && e.Pid == pid); // the shell's and the kernel's are one
        Assert.Equal("SIGHUP of the closed terminal", signal["Signal"]);
        Assert.DoesNotContain(events, e => e.Id == EventIds.ReloadStarted);
        Assert.Contains(events, e => e.Id == EventIds.Exiting && e.Pid == pid && e["Code"] == "0");
        Assert.False(File.Exists(service.PidFile));
    }

    [Fact]
    public async Task Window_ClosedDuringAReload_StopsBothGenerations()
    {
        var service = Prepare(new ServiceSettings(ServiceKind.Daemon) { Probation = TimeSpan.FromMinutes(1) });
        await using var terminal = await RunAsync(service);
        service.Signal(ProcessTable.SigUsr2);
        await service.Log.WaitForAsync(e => e.Id == EventIds.AcceptingStarted && e.Generation == 2, "generation 2 accepting");
        await terminal.CloseAsync();
        await service.Processes.WaitForOnlyAsync();
    }

    [Fact]
    public async Task Hangup_SentByAPerson_IsAReload()
    {
        var service = Prepare(new ServiceSettings(ServiceKind.Daemon) { Probation = TimeSpan.Zero });
        await using var terminal = await RunAsync(service);
        var second = await service.ReloadAsync(ProcessTable.SigHup);
        Assert.Equal(second, service.MainPid);
        Assert.Equal(2, await service.AnsweringGenerationAsync());
        service.Signal(ProcessTable.SigTerm);
        terminal.Type("echo ended with $?\n");
        await terminal.WaitForAsync("ended with 0");
    }

    [Fact]
    public async Task Nohup_WindowClosed_LivesOn()
    {
        var service = Prepare(new ServiceSettings(ServiceKind.Daemon) { Probation = TimeSpan.Zero });
        await using var terminal = await RunAsync(service, "nohup ", ">/dev/null 2>&1");
        await terminal.CloseAsync();
        await terminal.Shell.WaitForExitAsync(Limits.Step);
        await service.ReloadAsync();
        Assert.Equal(2, await service.AnsweringGenerationAsync());
        await service.StopAsync();
    }

    private static async Task<TerminalShell> RunAsync(Service service, string before = "", string redirection = "")
    {
        var terminal = TerminalShell.Start(service.Processes.Environment);
        var config = service.WriteConfigFile();
        terminal.Type(string.Create(CultureInfo.InvariantCulture,
            $"{before}'{Binaries.IpsPath}' run --config '{config}' --log-file '{service.Log.Path}' {redirection}\n"));
        await service.Log.WaitForAsync(0, EventIds.IdentityPublished);
        return terminal;
    }
}
