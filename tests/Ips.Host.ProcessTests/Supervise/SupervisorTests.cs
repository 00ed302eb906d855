using System.Text.RegularExpressions;
using Ips.Actors.Diagnostics;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Load;
using Ips.Testing.Processes;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests.Supervise;

/// <summary>One PID for the life of the service: as PID 1 of a container, and below a service manager that wants one.</summary>
public sealed partial class SupervisorTests(ITestOutputHelper output) : ProcessTest(output)
{
    private const int Reloads = 10, SigSegv = 11;

    [Fact]
    public async Task Reload_AsPid1UnderLoad_KeepsPid1AndFailsNoRequest()
    {
        var service = await StartAsync(new ServiceSettings(ServiceKind.Daemon)
        {
            // --kill-child: whatever happens to the test, nothing of the namespace is left.
            Program = "unshare", Prefix = ["--pid", "--fork", "--mount-proc", "--kill-child", Binaries.IpsPath],
        });
        var first = Assert.Single(ProcessTable.ChildrenOf(service.First.Pid));
        var startedAt = ProcessTable.StartTimeOf(first);
        await using var load = StrictLoad.Start(Load(service.Target));
        await load.WaitForRequestsAsync(1, Limits.Step);
        for (var reload = 1; reload <= Reloads; reload++)
        {
            var mark = service.Log.Mark;
            Assert.True(ProcessTable.Signal(first, ProcessTable.SigUsr2));
            var outcome = await service.Log.WaitForAsync(mark, EventIds.ReloadPromoted, EventIds.ReloadFailed, EventIds.ReloadRefused);
            Assert.True(outcome.Id == EventIds.ReloadPromoted, outcome.Message);
        }

        await load.WaitForGenerationAsync(Reloads + 1, Limits.Step);
        var report = await load.StopAsync();
        Output.WriteLine(report.ToString());
        Assert.Equal(0, report.FailedRequests);
        Assert.Equal(startedAt, ProcessTable.StartTimeOf(first));

        // Of a process whose parent has ended only PID 1 can take the status.
        await IpsCommand.RunProgramAsync(null, null, "nsenter", "-t", $"{first}", "-p", "sh", "-c", "(sleep 0.1 &)");
        await Eventually.TrueAsync(() => ProcessTable.ChildrenOf(first).Count == 1, "PID 1 with no child but the main process");

        Assert.True(ProcessTable.Signal(first, ProcessTable.SigTerm));
        Assert.Equal(0, await service.First.WaitForExitAsync(Limits.Step));
        await service.Processes.WaitForOnlyAsync();
    }

    [Fact]
    public async Task Crash_BelowTheSupervisor_IsRestartedOnTheSameSockets()
    {
        var service = Prepare(new ServiceSettings(ServiceKind.Daemon) { Verb = "supervise" });
        await service.StartAsync();
        var parent = service.First.Pid;
        Assert.NotEqual(parent, service.MainPid);
        await service.ReloadAsync();
        await service.Processes.WaitForOnlyAsync(parent, service.MainPid);
        await Eventually.TrueAsync(() => Open(parent).Count(name => name.Contains("pidfd", StringComparison.Ordinal)) == 2,
            "the main generation alone that is watched");
        var open = Open(parent);

        var mark = service.Log.Mark;
        service.Signal(ProcessTable.SigKill);
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => HttpProbe.GetAsync($"http://127.0.0.1:{service.Port}/ping")));
        Assert.All(answers, answer => Assert.Equal((200, 3), (answer.Status, answer.Generation)));
        await service.Log.WaitForAsync(mark, EventIds.IdentityPublished);

        // The restarted one is whole: it has lock and control socket, reloads, and the parent has let go what the restart needed.
        await service.ReloadAsync();
        Assert.Equal(4, (await service.StatusAsync()).Generation);
        await service.Processes.WaitForOnlyAsync(parent, service.MainPid);
        await Eventually.TrueAsync(() => Open(parent).SequenceEqual(open), $"in the parent what was open before: {string.Join(' ', open)}");
        Assert.True(ProcessTable.Signal(parent, ProcessTable.SigTerm));
        Assert.Equal(0, await service.First.WaitForExitAsync(Limits.Step));
        await service.Processes.WaitForOnlyAsync();
    }

    [Fact]
    public async Task Crash_Twice_IsAnsweredByTheReleaseBefore()
    {
        var releases = new Releases(Folder);
        releases.AddBuild("good", Binaries.IpsFolder);
        releases.AddBuild("crashing", Binaries.IpsFolder);
        releases.SwitchTo("good");
        var service = await StartAsync(new ServiceSettings(ServiceKind.Daemon)
        {
            Verb = "supervise", Program = Path.Combine(releases.Current, Binaries.Ips), WorkingDirectory = releases.Current,
        });
        releases.SwitchTo("crashing");
        await service.ReloadAsync();

        await CrashAsync("current");
        await CrashAsync(releases.PathOf("good"));

        async Task CrashAsync(string expected)
        {
            var (mark, lines) = (service.Log.Mark, service.First.LineCount);
            service.Signal(ProcessTable.SigKill);
            var restarted = await service.First.WaitForLineAsync(Restarted(), Limits.Step, lines);
            Assert.Contains(expected, restarted.Value, StringComparison.Ordinal);
            await service.Log.WaitForAsync(mark, EventIds.IdentityPublished);
        }
    }

    [Fact]
    public async Task Release_CopiedOverTheRunningOne_ParentLivesAndRestartsWhatDiesOfIt()
    {
        var releases = new Releases(Folder);
        releases.AddBuild("running", Binaries.IpsFolder);
        releases.AddBuild("new", Binaries.IpsFolder);
        releases.SwitchTo("running");
        var service = await StartAsync(new ServiceSettings(ServiceKind.Daemon)
        {
            Verb = "supervise", Program = Path.Combine(releases.Current, Binaries.Ips), WorkingDirectory = releases.Current,
        });
        var parent = service.First.Pid;
        var running = releases.PathOf("running");
        await Eventually.TrueAsync(
            () => !File.ReadLines($"/proc/{parent}/maps").Any(line => line.Contains($" {running}/", StringComparison.Ordinal)
                && line.Contains(" r", StringComparison.Ordinal)),
            "a parent that has no file of its release mapped");

        await service.First.WaitForLineAsync(text => text.Contains($"\"eventId\":{EventIds.SupervisorFollows},", StringComparison.Ordinal),
            Limits.Step);

        // First as it is in the middle of the copy, then as it is after. The program itself the kernel protects (ETXTBSY): cp makes a new
        // one.
        foreach (var file in Directory.EnumerateFiles(running).Where(file => Path.GetFileName(file) != Binaries.Ips))
            File.Open(file, FileMode.Truncate).Dispose();
        Assert.Equal(0, (await IpsCommand.RunProgramAsync(null, null, "cp", "-rf", releases.PathOf("new", "."), running)).ExitCode);
        var (mark, lines) = (service.Log.Mark, service.First.LineCount);
        if (File.Exists(service.PidFile) && ProcessTable.IsAlive(service.MainPid)) service.Signal(SigSegv);
        var crash = await service.First.WaitForLineAsync(WrittenOver(), Limits.Step);
        Output.WriteLine(crash.Value);
        await Eventually.TrueAsync(
            () => service.Log.Events.Skip(mark).Any(e => e.Id == EventIds.IdentityPublished && ProcessTable.IsAlive(e.Pid)),
                "a restart from the files that are there now");

        // All that the parent does works on: it follows a reload, restarts again, passes signals on and ends.
        await service.ReloadAsync();
        mark = service.Log.Mark;
        service.Signal(ProcessTable.SigKill);
        await service.Log.WaitForAsync(mark, EventIds.IdentityPublished);
        Assert.True(ProcessTable.Signal(parent, ProcessTable.SigTerm));
        Assert.Equal(0, await service.First.WaitForExitAsync(Limits.Step));
        await service.Processes.WaitForOnlyAsync();
    }

    [Fact]
    public async Task Stop_UnderTheSupervisor_RefusesClientsWhileItDrains()
    {
        var service = await StartAsync(new ServiceSettings(ServiceKind.Daemon)
        {
            Verb = "supervise", Debug = true,
            More = ["ips.drain.idle-grace = 500ms", "ips.drain.idle-stop = 10m"]
        });
        using var idle = await RawClient.ConnectAsync(service.Port);
        await idle.GetAsync("/ping"); // holds the drain open
        Assert.True(ProcessTable.Signal(service.First.Pid, ProcessTable.SigTerm));
        await service.WaitForStateAsync(1, "Draining");
        await Eventually.TrueAsync(() => Refused(service.Port), "a refused connection");
        // The sockets are closed before the drain begins: a response of the moment between is like any other.
        await Eventually.TrueAsync(async () => (await idle.GetAsync("/ping"))
            .Contains("Connection: close", StringComparison.OrdinalIgnoreCase), "a response that closes");
        Assert.Equal(0, await service.First.WaitForExitAsync(Limits.Step));
    }

    [GeneratedRegex(@"""eventId"":1702,.*PID \d+ killed by SIG(SEGV|BUS) \(\d+\) \(/.* was written over while it ran: .*\)")]
    private static partial Regex WrittenOver();

    // Without the assemblies, which the runtime loads when it needs them.
    private static IReadOnlyList<string> Open(int pid) =>
        [.. Descriptors.Of(pid).Where(name => !name.EndsWith(".dll", StringComparison.Ordinal))];

    private static bool Refused(int port)
    {
        using var socket = new System.Net.Sockets.Socket(System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp);
        try
        {
            socket.Connect(System.Net.IPAddress.Loopback, port);
            return false;
        }
        catch (System.Net.Sockets.SocketException e) when (e.SocketErrorCode == System.Net.Sockets.SocketError.ConnectionRefused)
        {
            return true;
        }
    }

    private static LoadOptions Load(LoadTarget target) => new()
    {
        Target = target,
        BusyThinkTime = TimeSpan.FromMilliseconds(10),
        OneShotThinkTime = TimeSpan.FromMilliseconds(20),
        IdleIntervalMax = TimeSpan.FromSeconds(2),
        StreamWorkers = 0,
        UploadWorkers = 0,
        Paths = new LoadPaths { PingBody = "pong\n" },
    };

    [GeneratedRegex("Started PID .* after a crash: [^,]*")]
    private static partial Regex Restarted();
}
