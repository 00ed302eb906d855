using System.Globalization;
using System.Text.Json;
using Ips.Actors.Diagnostics;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Load;
using Ips.Testing.Processes;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests.Systemd;

/// <summary>A fact that needs a systemd to boot; shown as skipped, with the reason, where none can.</summary>
public sealed class SystemdFactAttribute : FactAttribute
{
    /// <param name="tool">Another program that it needs, by its path; null for none.</param>
    public SystemdFactAttribute(string? tool = null) => Skip = SystemdMachine.Missing
        ?? (tool is null || File.Exists(tool) ? null : $"{tool} is not installed");
}

/// <summary>The shipped units under the real systemd: what they promise of start, reload, crash and stop.</summary>
public sealed class RealSystemdTests(ITestOutputHelper output) : ProcessTest(output)
{
    private const int Reloads = 5;
    private const string Ips = "/opt/ips/current/ips", Service = "ips.service";

    [SystemdFact]
    public async Task StartReloadsCrashAndStop_FailNoRequest_AndMainPidFollows()
    {
        await using var machine = await SystemdMachine.BootAsync(Directory.CreateDirectory(Path.Combine(Folder, "machine")).FullName);
        var port = FreePort.Next();
        await InstallAsync(machine, port);
        try
        {
            await machine.CheckedAsync("systemctl", "start", "ips.socket", Service);
            Assert.Equal("Generation 1 serves.", await machine.ShowAsync(Service, "StatusText"));
            // As the unit says; the socket unit need not know of it.
            Assert.Contains("ips_generation_number", (await HttpProbe.GetAsync("http://127.0.0.1:9464/metrics")).Body,
                StringComparison.Ordinal);
            await FollowReloadsAsync(machine, port);
            await CrashAsync(machine, port);
            await StopAsync(machine);
            await AssertJournalAsync(machine);
        }
        catch (Exception)
        {
            Output.WriteLine((await machine.RunAsync("journalctl", "--no-pager", "--output", "short-precise")).ToString());
            throw;
        }
    }

    // What an app's own unit has if nobody thought of it.
    [SystemdFact]
    public async Task NotifyAccessMain_Reloads_AreFollowedAllTheSame()
    {
        await using var machine = await SystemdMachine.BootAsync(Directory.CreateDirectory(Path.Combine(Folder, "machine")).FullName);
        var port = FreePort.Next();
        await InstallAsync(machine, port);
        await WriteAsync(machine, "/etc/systemd/system/ips.service.d/access.conf", "[Service]\nNotifyAccess=main\n");
        await machine.CheckedAsync("systemctl", "daemon-reload");
        await machine.CheckedAsync("systemctl", "start", Service);
        for (var generation = 2; generation <= 3; generation++)
        {
            await machine.CheckedAsync("systemctl", "reload", Service);
            await WaitForMainAloneAsync(machine);
            Assert.Equal("running", await machine.ShowAsync(Service, "SubState"));
            Assert.Equal(await MainPidAsync(machine), int.Parse(await File.ReadAllTextAsync(machine.PathOf("/run/ips/ips.pid")),
                CultureInfo.InvariantCulture));
            Assert.Equal(generation, (await HttpProbe.GetAsync($"http://127.0.0.1:{port}/ping")).Generation);
        }

        Assert.Equal("0", await machine.ShowAsync(Service, "NRestarts"));
    }

    [SystemdFact("/usr/sbin/logrotate")]
    [Trait("issue", "11")]
    public async Task LogRotate_PidFileNamesAnotherProcess_ReachesTheServiceAlone()
    {
        await using var machine = await SystemdMachine.BootAsync(Directory.CreateDirectory(Path.Combine(Folder, "machine")).FullName);
        await InstallAsync(machine, FreePort.Next(), "ips.log-file = /var/log/ips/ips.log\nips.log.format = json\n");
        await machine.CheckedAsync("systemctl", "start", Service);
        await machine.CheckedAsync("systemd-run", "--unit=bystander", "sleep", "1000"); // of root; USR1 would end it
        var bystander = await machine.ShowAsync("bystander.service", "MainPID");
        await WriteAsync(machine, "/run/ips/ips.pid", $"{bystander}\n"); // as the service user may
        await machine.CheckedAsync("/usr/sbin/logrotate", "--force", "--state", "/run/logrotate.state",
            "/usr/local/share/ips/ips.logrotate");
        var log = new EventLog(machine.PathOf("/var/log/ips/ips.log"));
        await log.WaitForAsync(0, EventIds.LogReopened);
        Assert.Equal("active", await machine.ShowAsync("bystander.service", "ActiveState"));
        Assert.Equal("640 ips ips", await machine.CheckedAsync("stat", "--format", "%a %U %G", "/var/log/ips/ips.log"));
        Assert.Equal("640 ips ips", await machine.CheckedAsync("stat", "--format", "%a %U %G", "/var/log/ips/ips.log.1"));
        Assert.NotEmpty(new EventLog(machine.PathOf("/var/log/ips/ips.log.1")).Of(EventIds.IdentityPublished));
    }

    private async Task InstallAsync(SystemdMachine machine, int port, string more = "")
    {
        await machine.CheckedAsync(Ips, "install-units", "--prefix", "/usr/local");
        await machine.CheckedAsync("systemd-sysusers");
        await WriteAsync(machine, "/etc/default/ips", $"IPS_OPTIONS=--config /etc/ips/ips.conf --urls http://127.0.0.1:{port}\n");
        await WriteAsync(machine, "/etc/ips/ips.conf", "ips.reload.probation = 200ms\nips.drain.lame-duck = 1s\n" + more);
        await WriteAsync(machine, "/etc/systemd/system/ips.socket.d/port.conf",
            $"[Socket]\nListenStream=\nListenStream=127.0.0.1:{port}\n");
        await machine.CheckedAsync("systemctl", "daemon-reload");
        var verified = await machine.RunAsync("systemd-analyze", "verify", "/usr/local/lib/systemd/system/ips.service",
            "/usr/local/lib/systemd/system/ips.socket");
        Assert.True(verified.ExitCode == 0 && verified.Errors.All(line => !line.Contains("ips.", StringComparison.Ordinal)),
            verified.ToString());
        // Tenths; 10.0 is no protection at all.
        Output.WriteLine((await machine.CheckedAsync("systemd-analyze", "security", "--no-pager", "--threshold", "19", Service))
            .Split('\n')[^1]);
    }

    private async Task FollowReloadsAsync(SystemdMachine machine, int port)
    {
        await using var load = StrictLoad.Start(new LoadOptions
        {
            Target = LoadTarget.Loopback(port),
            OneShotWorkers = 4,
            BusyWorkers = 4,
            IdleWorkers = 16,
            StreamWorkers = 0, // the daemon has nothing slow to ask for
            UploadWorkers = 0,
            OneShotThinkTime = TimeSpan.FromMilliseconds(5),
            BusyThinkTime = TimeSpan.FromMilliseconds(2),
            Paths = new LoadPaths { PingBody = "pong\n" },
        });
        await load.WaitForRequestsAsync(1, Limits.Step);
        HashSet<int> seen = [await MainPidAsync(machine)];
        for (var generation = 2; generation <= Reloads + 1; generation++)
        {
            await machine.CheckedAsync("systemctl", "reload", Service);
            var pid = await MainPidAsync(machine);
            Assert.True(seen.Add(pid), $"MainPID is {pid} again.");
            Assert.Equal(pid, int.Parse(await File.ReadAllTextAsync(machine.PathOf("/run/ips/ips.pid")), CultureInfo.InvariantCulture));
            Assert.Equal($"Generation {generation} serves.", await machine.ShowAsync(Service, "StatusText"));
            Assert.Equal("running", await machine.ShowAsync(Service, "SubState"));
            await load.WaitForGenerationAsync(generation, Limits.Step);
        }

        var report = await load.StopAsync();
        Output.WriteLine(report.ToString());
        Assert.Equal(0, report.FailedRequests);
        Assert.Equal(0, report.Resets);
        Assert.Equal("0", await machine.ShowAsync(Service, "NRestarts"));
    }

    // The listening socket is systemd's too: who connects meanwhile waits.
    private static async Task CrashAsync(SystemdMachine machine, int port)
    {
        await WaitForMainAloneAsync(machine);
        var before = await MainPidAsync(machine);
        await machine.CheckedAsync("systemctl", "kill", "--signal=KILL", "--kill-who=main", Service);
        for (var i = 0; i < 5; i++)
        {
            var answer = await HttpProbe.GetAsync($"http://127.0.0.1:{port}/ping");
            Assert.Equal((200, 1), (answer.Status, answer.Generation));
        }

        Assert.Equal("1", await machine.ShowAsync(Service, "NRestarts"));
        Assert.NotEqual(before, await MainPidAsync(machine));

        // And the next reload works; a crash right after it, as systemd cannot see it yet, is answered all the same.
        await machine.CheckedAsync("systemctl", "reload", Service);
        Assert.Equal(2, (await HttpProbe.GetAsync($"http://127.0.0.1:{port}/ping")).Generation);
        await machine.CheckedAsync("systemctl", "kill", "--signal=KILL", "--kill-who=main", Service);
        Assert.Equal(1, (await HttpProbe.GetAsync($"http://127.0.0.1:{port}/ping")).Generation);
        await machine.CheckedAsync("systemctl", "reload", Service);
    }

    private static Task WaitForMainAloneAsync(SystemdMachine machine) => Eventually.TrueAsync(
        async () => (await File.ReadAllLinesAsync(machine.PathOf("/sys/fs/cgroup/system.slice/ips.service/cgroup.procs"))).Length <= 1,
            "a main process alone");

    // The main process is one that systemd did not start, and the stop takes the lame duck's second: it must be waited for, not killed.
    private static async Task StopAsync(SystemdMachine machine)
    {
        await WaitForMainAloneAsync(machine);
        var pid = await MainPidAsync(machine);
        await machine.CheckedAsync("systemctl", "stop", "ips.socket", Service);
        Assert.Equal("inactive", await machine.ShowAsync(Service, "ActiveState"));

        // The journal, as systemd forgets the rest of a unit that nobody needs.
        var journal = await machine.CheckedAsync("journalctl", "--no-pager", "--output", "cat", "--unit", Service);
        var stop = journal[journal.LastIndexOf("Stopping ips.service", StringComparison.Ordinal)..];
        var exit = stop.IndexOf($" pid={pid} Ips.Actors.Lifecycle.LifecycleActor 1007 Exiting with code 0 ", StringComparison.Ordinal);
        Assert.True(exit >= 0, stop);
        Assert.Contains("Deactivated successfully", stop, StringComparison.Ordinal);
        // Before it has ended by itself, that is: a last thread of what has exited may still be there, and is then killed to no harm.
        Assert.DoesNotContain("SIGKILL", stop[..exit], StringComparison.Ordinal);
    }

    private static async Task AssertJournalAsync(SystemdMachine machine)
    {
        var lines = (await machine.CheckedAsync("journalctl", "--no-pager", "--output", "json", "--unit", Service, "_COMM=ips")).Split('\n')
            .Select(line => JsonDocument.Parse(line).RootElement)
                .Select(e => (Priority: e.GetProperty("PRIORITY").GetString(), Message: e.GetProperty("MESSAGE").GetString()!)).ToList();
        Assert.DoesNotContain(lines, line => line.Message.StartsWith('<'));
        Assert.All(lines.Where(line => line.Message.Contains(" INFO ", StringComparison.Ordinal)),
            line => Assert.Equal("6", line.Priority));
        Assert.Contains(lines, line => line.Message.Contains(" gen=6 ", StringComparison.Ordinal) && line.Priority == "6");
        Assert.Contains(lines, line => line is { Priority: "4" } && line.Message.Contains(" WARN ", StringComparison.Ordinal));
    }

    private static async Task<int> MainPidAsync(SystemdMachine machine) =>
        int.Parse(await machine.ShowAsync(Service, "MainPID"), CultureInfo.InvariantCulture);

    private static async Task WriteAsync(SystemdMachine machine, string path, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(machine.PathOf(path))!);
        await File.WriteAllTextAsync(machine.PathOf(path), text);
    }
}
