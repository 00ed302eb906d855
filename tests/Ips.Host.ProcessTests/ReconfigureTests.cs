using System.Globalization;
using Ips.Actors.Diagnostics;
using Ips.Host.ProcessTests.Harness;
using Ips.Host.ProcessTests.Systemd;
using Ips.Testing.Load;
using Ips.Testing.Processes;
using Mono.Unix.Native;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests;

/// <summary>A changed key is applied whole by a reload, or refuses it by name: those whose effect outlives a process.</summary>
public sealed class ReconfigureTests(ITestOutputHelper output) : ProcessTest(output)
{
    private static readonly string[] StateFiles = ["", ".lock", ".sock", ".last-good", ".history"];

    [Fact]
    public async Task Reload_PidFileChanged_MovesTheServiceAndLeavesNothing()
    {
        var service = await StartAsync(new ServiceSettings(ServiceKind.Daemon));
        var (old, moved) = (service.PidFile, NewPlace());
        await using var load = StrictLoad.Start(FaultScene.LightDaemonLoad(service.Target));
        await load.WaitForRequestsAsync(1, Limits.Step);
        await ReplaceAsync(service, old, moved);
        var reload = await IpsCommand.RunAsync("reload", "--pid-file", old);
        Assert.True(reload.ExitCode == 0, reload.ToString());

        await service.Log.WaitForAsync(0, EventIds.IdentityMoved);
        // The history comes when the predecessor has passed it on.
        await Eventually.TrueAsync(() => StateFiles.All(end => File.Exists(moved + end)), "every file at the new place");
        Assert.All(StateFiles, end => Assert.False(File.Exists(old + end), $"{old}{end} was left."));
        Assert.Equal(0, (await IpsCommand.RunAsync("status", "--pid-file", moved)).ExitCode);
        var start = await IpsCommand.RunAsync(service.Processes, null, "start", "--config", service.ConfigFile, "--log-file",
            service.Log.Path);
        Assert.Contains("Already running", start.ToString(), StringComparison.Ordinal);

        await ReplaceAsync(service, moved, old); // and back, as any reload
        reload = await IpsCommand.RunAsync("reload", "--pid-file", moved);
        Assert.True(reload.ExitCode == 0, reload.ToString());
        await Eventually.TrueAsync(() => StateFiles.All(end => File.Exists(old + end) && !File.Exists(moved + end)),
            "the service back at its first place");
        await service.ReloadAsync();
        await load.WaitForGenerationAsync(4, Limits.Step);
        Assert.Equal(0, (await load.StopAsync()).FailedRequests);
        await service.WaitForMainAloneAsync();
        await service.StopAsync();
        Assert.Equal([".history", ".last-good", ".lock"], StateFiles.Where(end => File.Exists(old + end)).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Reload_PidFileThatCannotBe_IsRefusedByNameAndLeavesNothing()
    {
        var (service, other) = (await StartAsync(new ServiceSettings(ServiceKind.Daemon)),
            await StartAsync(new ServiceSettings(ServiceKind.Daemon)));
        var (pid, valid) = (service.MainPid, await File.ReadAllTextAsync(service.ConfigFile));
        foreach (var bad in new[] { other.PidFile, Path.Combine(Folder, "no", "such", "folder", "ips.pid") })
        {
            await ReplaceAsync(service, service.PidFile, bad);
            var outcome = await service.TryReloadAsync();
            Assert.Equal(EventIds.ReloadFailed, outcome.Id);
            Assert.Contains($"ips.pid-file is {bad}, and the running service has {service.PidFile}", outcome["Reason"],
                StringComparison.Ordinal);
            await File.WriteAllTextAsync(service.ConfigFile, valid);
        }

        Assert.Equal(pid, service.MainPid);
        Assert.Equal(other.First.Pid, other.MainPid);
        Assert.Equal(1, (await other.StatusAsync()).Generation);
        await service.ReloadAsync();
    }

    // By the successor's own word, and by its death.
    [Fact]
    public async Task Reload_PidFileChangedAndRolledBack_StaysAtTheOldPlace()
    {
        var service = await StartAsync(new ServiceSettings(ServiceKind.Daemon)
        {
            Probation = Limits.Step,
            HealthInterval = TimeSpan.FromSeconds(1)
        });
        var (old, moved, pid) = (service.PidFile, NewPlace(), service.MainPid);
        await ReplaceAsync(service, old, moved);
        foreach (var signal in new[] { ProcessTable.SigKill, ProcessTable.SigTerm })
        {
            var mark = service.Log.Mark;
            ProcessTable.Signal(pid, ProcessTable.SigUsr2);
            var successor = await service.Log.WaitForAsync(e => e.Id == EventIds.AcceptingStarted && e.Generation == 2,
                "generation 2 accepting", mark);
            await service.Log.WaitForAsync(mark, EventIds.AcceptingQuiesced);
            Assert.True(File.Exists($"{moved}.lock")); // nobody else can start there meanwhile
            ProcessTable.Signal(successor.Pid, signal);
            Assert.Equal(EventIds.ReloadFailed, (await service.Log.WaitForAsync(mark, EventIds.ReloadFailed)).Id);
            Assert.Equal(pid, service.MainPid);
            Assert.Equal(1, (await service.StatusAsync()).Generation);
        }

        Assert.DoesNotContain(StateFiles, end => File.Exists(moved + end)); // what the killed one left, the next one took
        await service.StopAsync();
        Assert.False(File.Exists(old));
    }

    [Fact]
    public async Task Start_LogFileOfTheFile_IsAppliedByReloadsUnlessTheCommandLineNamesOne()
    {
        var service = Prepare(new ServiceSettings(ServiceKind.Daemon));
        var (usual, other) = (Path.Combine(service.Folder, "ips.log"), new EventLog(Path.Combine(service.Folder, "other.log")));
        service.WriteConfigFile();
        var started = await IpsCommand.RunAsync(service.Processes, service.Folder, "start", "--config", service.ConfigFile, "--directory",
            service.Folder);
        Assert.True(started.ExitCode == 0, started.ToString());
        Assert.Contains(new EventLog(usual).Events, e => e.Id == EventIds.IdentityPublished);

        await AppendAsync(service, $"ips.log-file = \"{other.Path}\"");
        await ReloadByCommandAsync(service);
        await other.WaitForAsync(e => e.Id == EventIds.IdentityPublished && e.Generation == 2, "generation 2 in the other log");
        await RemoveLastLineAsync(service);
        await ReloadByCommandAsync(service);
        await new EventLog(usual).WaitForAsync(e => e.Id == EventIds.IdentityPublished && e.Generation == 3,
            "generation 3 in the usual log");
        await service.StopAsync();

        started = await service.RunStartAsync(); // with --log-file
        Assert.True(started.ExitCode == 0, started.ToString());
        await AppendAsync(service, $"ips.log-file = \"{other.Path}\"");
        await ReloadByCommandAsync(service);
        await service.Log.WaitForAsync(e => e.Id == EventIds.IdentityPublished && e.Generation == 2,
            "generation 2 in the log of the command line");
        var said = Assert.Single(service.Log.Of(EventIds.ConfigurationChanged));
        Assert.Equal("ips.log-file of the configuration file, which --log-file outranks", said["Key"]);
        await service.StopAsync();
    }

    [Fact]
    public async Task Reload_LogFileTakenAway_IsRefusedByName()
    {
        var service = Prepare(new ServiceSettings(ServiceKind.Daemon));
        service.WriteConfigFile();
        await AppendAsync(service, $"ips.log-file = \"{service.Log.Path}\"");
        await using var daemon = DaemonProcess.Start(
            Binaries.IpsPath, ["run", "--config", service.ConfigFile], new Dictionary<string, string?>(service.Processes.Environment),
                null);
        await service.Log.WaitForAsync(0, EventIds.IdentityPublished);
        await RemoveLastLineAsync(service);
        var outcome = await service.TryReloadAsync();
        Assert.Equal(EventIds.ReloadFailed, outcome.Id);
        Assert.Contains($"ips.log-file was {service.Log.Path} and is not set now", outcome["Reason"], StringComparison.Ordinal);
        await service.StopAsync();
    }

    [ToolFact("/usr/bin/ss")]
    public async Task Reload_BacklogChanged_IsTheQueueOfTheInheritedSocket()
    {
        var service = await StartAsync(new ServiceSettings(ServiceKind.Daemon) { More = ["ips.listener.backlog = 64"] });
        Assert.Equal(64, await BacklogAsync(service.Port));
        await ReplaceAsync(service, "ips.listener.backlog = 64", "ips.listener.backlog = 96");
        await service.ReloadAsync();
        await Eventually.TrueAsync(async () => await BacklogAsync(service.Port) == 96, "a backlog of 96");
        await ReplaceAsync(service, "ips.listener.backlog = 96", "");
        await service.ReloadAsync();
        var usual = Math.Min(4096, int.Parse(await File.ReadAllTextAsync("/proc/sys/net/core/somaxconn"), CultureInfo.InvariantCulture));
        await Eventually.TrueAsync(async () => await BacklogAsync(service.Port) == usual, $"a backlog of {usual}");
    }

    [Fact]
    public async Task Reload_UnixModeChanged_IsSetAtThePromotionAndUndoneWhenUnset()
    {
        var path = Path.Combine(Folder, "app.sock");
        var service = await StartAsync(new ServiceSettings(ServiceKind.Daemon)
        {
            Urls = [$"http://unix:{path}"],
            More = ["ips.listener.unix-mode = 0600"]
        });
        var bound = Stat(path);
        Assert.Equal("600", Mode(bound));
        await ReplaceAsync(service, "unix-mode = 0600", "unix-mode = 0660");
        await service.ReloadAsync();
        await Eventually.TrueAsync(() => Mode(Stat(path)) == "660", "mode 0660");
        await ReplaceAsync(service, "ips.listener.unix-mode = 0660", "");
        await service.ReloadAsync();
        var usual = Convert.ToString(0x1FF & ~Convert.ToInt32(ProcFs.Umask(service.MainPid), 8), 8);
        await Eventually.TrueAsync(() => Mode(Stat(path)) == usual, $"mode {usual}");

        Syscall.chmod(path, NativeConvert.FromOctalPermissionString("0640")); // by hand: nothing is configured, and a reload has no say
        await service.ReloadAsync();
        await service.WaitForMainAloneAsync();
        Assert.Equal(("640", bound.st_ino), (Mode(Stat(path)), Stat(path).st_ino));
    }

    [Fact]
    public async Task Reload_UnixPathChanged_RemovesTheOneThatNobodyListensOn()
    {
        var (first, second) = (Path.Combine(Folder, "first.sock"), Path.Combine(Folder, "second.sock"));
        var service = await StartAsync(new ServiceSettings(ServiceKind.Daemon)
        {
            Urls = [$"http://unix:{first}"], Probation = TimeSpan.FromSeconds(3), HealthInterval = TimeSpan.FromSeconds(1),
        });
        await ReplaceAsync(service, first, second);
        var mark = service.Log.Mark;
        service.Signal(ProcessTable.SigUsr2);
        var successor = await service.Log.WaitForAsync(e => e.Id == EventIds.AcceptingStarted && e.Generation == 2,
            "generation 2 accepting", mark);
        ProcessTable.Signal(successor.Pid, ProcessTable.SigTerm);
        await service.Log.WaitForAsync(mark, EventIds.ReloadFailed);
        Assert.Equal((true, false), (File.Exists(first), File.Exists(second)));
        Assert.Equal(1, (await HttpProbe.GetUnixAsync(first, "/ping")).Generation);

        await service.ReloadAsync();
        Assert.Equal(2, (await HttpProbe.GetUnixAsync(second, "/ping")).Generation);
        await Eventually.TrueAsync(() => !File.Exists(first), "an end of the path that nobody listens on");
        await service.StopAsync();
        Assert.False(File.Exists(second));
    }

    // USR2 asks nobody first: the successor finds it, and the receipt has its words.
    [Fact]
    public async Task Reload_WhatTheSuccessorCannotUse_IsRefusedInItsOwnWords()
    {
        var service = await StartAsync(new ServiceSettings(ServiceKind.Daemon));
        var (taken, valid) = (await StartAsync(new ServiceSettings(ServiceKind.Daemon)), await File.ReadAllTextAsync(service.ConfigFile));
        foreach (var (line, words) in new[]
        {
            ("ips.drain.timeout = 2h", "ips.drain.timeout is 2h; it must be"),
            ("ips.no-such-key = 1", "ips.no-such-key"),
            ("ips.user = no-such-user-here", "ips.user is no-such-user-here"),
            ("ips.group = no-such-group-here", "ips.group is no-such-group-here"),
            ($"ips.urls = [\"http://127.0.0.1:{taken.Port}\"]",
                "address already in use. bind(2) on 127.0.0.1:" + $"{taken.Port}: Address already in use (EADDRINUSE) (ips.urls)"),
            ($"ips.urls = [\"http://unix:{Folder}/no/such/app.sock\"]",
                $"{Folder}/no/such/app.sock: No such file or directory (ENOENT) (ips.urls)"),
            ($"ips.urls = [\"http://unix:{Folder}/a.sock\"], ips.listener.unix-owner = no-such-user-here",
                "ips.listener.unix-owner is no-such-user-here"),
            ($"ips.takeover.socket = \"{Folder}/no/such/takeover\"", "ips.takeover.socket"),
            ($"ips.takeover {{ socket = \"{Folder}/takeover\", group = no-such-group-here }}", "ips.takeover.group is no-such-group-here"),
            ($"ips.store.path = \"{service.PidFile}/inventory.db\"", "inventory.db"),
            ("ips.store.postgres = \"Host=127.0.0.1;Port=1;Timeout=2\"", "ips.store.postgres"),
            ("ips.urls = [], ips.kestrel.Endpoints.A { Url = \"https://127.0.0.1:0\", Certificate { Path = missing.pfx } }", "ips.kestrel"),
            ("ips.warmup.requests = [\"no-slash\"]", "ips.warmup.requests"),
        })
        {
            await File.WriteAllTextAsync(service.ConfigFile, $"{valid}{line}\n");
            var outcome = await service.TryReloadAsync();
            Assert.True(outcome.Id == EventIds.ReloadFailed, $"{line}: {outcome.Message}");
            Assert.Contains(words, outcome["Reason"], StringComparison.Ordinal);
            Assert.DoesNotContain("exited with", outcome["Reason"], StringComparison.Ordinal);
        }

        Assert.Equal(1, await service.AnsweringGenerationAsync());
    }

    private string NewPlace() => Path.Combine(Directory.CreateDirectory(Path.Combine(Folder, "moved")).FullName, "moved.pid");

    private static Stat Stat(string path) => Syscall.lstat(path, out var stat) == 0 ? stat
        : throw new IOException($"{path}: {Stdlib.GetLastError()}");

    private static string Mode(Stat stat) => Convert.ToString((int)(stat.st_mode & FilePermissions.ACCESSPERMS), 8);

    private static async Task ReloadByCommandAsync(Service service)
    {
        var reload = await IpsCommand.RunAsync("reload", "--pid-file", service.PidFile);
        Assert.True(reload.ExitCode == 0, reload.ToString());
    }

    private static async Task<int> BacklogAsync(int port)
    {
        var listed = await IpsCommand.RunProgramAsync(null, null, "/usr/bin/ss", "-ltnH", "sport", "=", $":{port}");
        return int.Parse(Assert.Single(listed.Output).Split(' ', StringSplitOptions.RemoveEmptyEntries)[2], CultureInfo.InvariantCulture);
    }

    private static async Task ReplaceAsync(Service service, string old, string by)
    {
        var text = await File.ReadAllTextAsync(service.ConfigFile);
        Assert.Contains(old, text, StringComparison.Ordinal);
        await File.WriteAllTextAsync(service.ConfigFile, text.Replace(old, by, StringComparison.Ordinal));
    }

    private static Task AppendAsync(Service service, string line) => File.AppendAllTextAsync(service.ConfigFile, $"{line}\n");

    private static async Task RemoveLastLineAsync(Service service) =>
        await File.WriteAllLinesAsync(service.ConfigFile, (await File.ReadAllLinesAsync(service.ConfigFile))[..^1]);
}
