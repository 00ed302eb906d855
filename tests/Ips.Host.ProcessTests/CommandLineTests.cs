using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Processes;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests;

/// <summary>The command <c>ips</c> as an operator and a service manager meet it: output, exit codes, and a daemon's manners.</summary>
public sealed class CommandLineTests(ITestOutputHelper output) : ProcessTest(output)
{
    [Fact]
    public async Task Start_ReturnsWhenServing_AndDaemonHasManners()
    {
        var service = Prepare(new ServiceSettings(ServiceKind.Daemon));
        // A caller with a umask of its own, as service managers and careful people have.
        var start = await IpsCommand.RunProgramAsync(service.Processes, service.Folder, "/bin/sh", "-c", "umask 077; exec \"$0\" \"$@\"",
            Binaries.IpsPath, "start", "--config", service.WriteConfigFile(), "--log-file", service.Log.Path);
        Assert.True(start.ExitCode == 0, start.ToString());
        Assert.Equal(1, await service.AnsweringGenerationAsync());
        Assert.Equal($"{service.MainPid}", Assert.Single(start.Output));

        var first = service.MainPid;
        Assert.Equal(first, ProcFs.Session(first));
        await AssertMannersAsync(service, first);
        var second = await service.ReloadAsync();
        Assert.Equal(first, ProcFs.Session(second)); // still not its caller's
        await AssertMannersAsync(service, second);
        await service.WaitForMainAloneAsync();
    }

    [Fact]
    public async Task Start_SecondOnSamePidFile_IsRefusedNamingThePid()
    {
        var service = Prepare(new ServiceSettings(ServiceKind.Daemon));
        Assert.Equal(0, (await service.RunStartAsync()).ExitCode);
        var otherUrl = $"http://127.0.0.1:{FreePort.Next()}";

        var start = await service.RunStartAsync("--urls", otherUrl);
        Assert.True(start.ExitCode == 1, start.ToString());
        Assert.Contains($"{service.MainPid}", Assert.Single(start.Errors), StringComparison.Ordinal);
        var run = await IpsCommand.RunAsync(service.Processes, null, "run", "--user", Environment.UserName, "--pid-file", service.PidFile,
            "--urls", otherUrl);
        Assert.True(run.ExitCode == 1, run.ToString());
        Assert.Contains($"{service.MainPid}", Assert.Single(run.Errors), StringComparison.Ordinal);
        Assert.Equal(1, await service.AnsweringGenerationAsync());

        // The successor holds the lock as well.
        await service.ReloadAsync();
        await service.WaitForMainAloneAsync();
        start = await service.RunStartAsync("--urls", otherUrl);
        Assert.True(start.ExitCode == 1, start.ToString());
        Assert.Contains($"{service.MainPid}", Assert.Single(start.Errors), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("start")]
    [InlineData("run")]
    [InlineData("check")]
    public async Task InvalidConfiguration_AllErrorsAreListed_ExitCodeIs2AndNothingStarted(string verb)
    {
        var service = Prepare(new ServiceSettings(ServiceKind.Daemon)
        {
            More = ["ips.drain.timeout = 2h", "ips.reload.probation = 30", "ips.listener.backlog = 0", "ips.no-such-key = 1"],
        });
        var config = service.WriteConfigFile();
        var lines = await File.ReadAllLinesAsync(config);
        var result = await IpsCommand.RunAsync(service.Processes, null, verb, "--config", config, "--log-file", service.Log.Path);

        Assert.True(result.ExitCode == 2, result.ToString());
        var errors = string.Join('\n', result.Errors);
        foreach (var key in new[] { "ips.drain.timeout = 2h", "ips.reload.probation = 30", "ips.listener.backlog", "ips.no-such-key" })
        {
            var line = Array.FindLastIndex(lines, text => text.StartsWith(key, StringComparison.Ordinal)) + 1;
            Assert.Contains($"{config}:{line}", errors, StringComparison.Ordinal);
        }

        Assert.False(File.Exists(service.PidFile));
        Assert.Empty(service.Processes.Alive());
    }

    [Theory]
    [InlineData("start", "--pid-file")]
    [InlineData("start", "--log-file")]
    [InlineData("run", "--pid-file")]
    [InlineData("run", "--log-file")]
    public async Task UnusablePath_OneClearLine_ExitCodeIs1(string verb, string option)
    {
        var service = Prepare(new ServiceSettings(ServiceKind.Daemon));
        var path = Path.Combine(service.Folder, "no-such-folder", "nor-this", "file");
        var result = await IpsCommand.RunAsync(service.Processes, service.Folder, verb, "--config", service.WriteConfigFile(), option,
            path);

        Assert.True(result.ExitCode == 1, result.ToString());
        Assert.Contains(Path.GetDirectoryName(path)!, Assert.Single(result.Errors), StringComparison.Ordinal);
        Assert.Empty(service.Processes.Alive());
    }

    [Theory]
    [InlineData("start")]
    [InlineData("run")]
    public async Task LogFolder_Missing_IsMade(string verb)
    {
        var service = Prepare(new ServiceSettings(ServiceKind.Daemon));
        var log = Path.Combine(service.Folder, "log", "ips.log");
        await using var process = DaemonProcess.Start(
            Binaries.IpsPath, [verb, "--config", service.WriteConfigFile(), "--log-file", log],
            new Dictionary<string, string?>(service.Processes.Environment));
        await Eventually.TrueAsync(() => File.Exists(service.PidFile));
        Assert.Equal("750", Convert.ToString((int)File.GetUnixFileMode(Path.GetDirectoryName(log)!), 8));
        Assert.True(File.Exists(log));
        Assert.Equal(0, (await IpsCommand.RunAsync("stop", "--pid-file", service.PidFile)).ExitCode);
        await service.Processes.WaitForOnlyAsync();
    }

    [RootFact]
    public async Task LogFolder_MissingInRootsFolder_IsMadeForTheUserOfTheService()
    {
        var service = Prepare(new ServiceSettings(ServiceKind.Daemon));
        await ServiceRights.GiveFolderAsync(Folder, service);
        var log = Path.Combine(Folder, "log", "ips.log");
        var start = await IpsCommand.RunAsync(
            service.Processes, service.Folder, "start", "--config", service.WriteConfigFile(), "--user", ServiceRights.User, "--log-file",
                log);
        Assert.True(start.ExitCode == 0, start.ToString());
        var folder = await IpsCommand.RunProgramAsync(null, null, "stat", "-c", "%u %a", Path.GetDirectoryName(log)!, log);
        Assert.Equal([$"{ServiceRights.UserId} 750", $"{ServiceRights.UserId} 640"], folder.Output);
        Assert.Equal(0, (await IpsCommand.RunAsync("stop", "--pid-file", service.PidFile)).ExitCode);
        await service.Processes.WaitForOnlyAsync();
    }

    [Theory]
    [InlineData("start")]
    [InlineData("run")]
    public async Task Start_OnABusyPort_IsOneClearLineAndExitCode1AndLeavesNothingThatItMade(string verb)
    {
        var service = Prepare(new ServiceSettings(ServiceKind.Daemon));
        using var other = new TcpListener(IPAddress.Loopback, service.Port);
        other.Start();
        var config = service.WriteConfigFile();
        var before = Directory.GetFileSystemEntries(service.Folder).ToHashSet();
        var result = await IpsCommand.RunAsync(service.Processes, null, verb, "--config", config, "--log-file", service.Log.Path);
        Assert.True(result.ExitCode == 1, result.ToString());
        var left = Directory.GetFileSystemEntries(service.Folder).Where(path => !before.Contains(path) && path != service.Log.Path);
        Assert.Empty(left); // the log holds what led to it
        Assert.Contains($"127.0.0.1:{service.Port}", Assert.Single(result.Errors), StringComparison.Ordinal);
        Assert.Empty(service.Processes.Alive());

        // What was there stays.
        Assert.Equal(0, (await IpsCommand.RunAsync(service.Processes, service.Folder, "sample", "--config", config)).ExitCode);
        await IpsCommand.RunAsync(service.Processes, null, verb, "--config", config, "--log-file", service.Log.Path);
        Assert.Contains("26 as before",
            Assert.Single((await IpsCommand.RunAsync(service.Processes, service.Folder, "sample", "--config", config)).Output),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task StatusReloadStop_TellWhatHappened()
    {
        var service = Prepare(new ServiceSettings(ServiceKind.Daemon));
        Assert.Equal(0, (await service.RunStartAsync()).ExitCode);
        var first = service.MainPid;

        var reload = await IpsCommand.RunAsync("reload", "--config", service.ConfigFile);
        Assert.True(reload.ExitCode == 0, reload.ToString());
        var told = string.Join('\n', reload.Output);
        foreach (var part in new[] { "generation 1", $"PID {first}", "generation 2", $"PID {service.MainPid}" }) Assert
            .Contains(part, told, StringComparison.Ordinal);

        var status = await IpsCommand.RunAsync("status", "--json", "--pid", $"{service.MainPid}");
        Assert.True(status.ExitCode == 0, status.ToString());
        using var json = JsonDocument.Parse(Assert.Single(status.Output));
        Assert.Equal(2, json.RootElement.GetProperty("generation").GetInt32());
        Assert.Equal(service.MainPid, json.RootElement.GetProperty("pid").GetInt32());
        Assert.Equal($"http://127.0.0.1:{service.Port}", json.RootElement.GetProperty("endpoints")[0].GetString());

        var second = service.MainPid;
        var stop = await IpsCommand.RunAsync("stop", "--pid-file", service.PidFile);
        Assert.True(stop.ExitCode == 0, stop.ToString());
        Assert.False(ProcessTable.IsAlive(second), "'ips stop' returned before the process had ended.");
        await service.Processes.WaitForOnlyAsync();
        Assert.False(File.Exists(service.PidFile), "The PID file outlived the stop.");
        foreach (var verb in new[] { "stop", "status", "reload" })
            Assert.Equal(1, (await IpsCommand.RunAsync(verb, "--pid-file", service.PidFile)).ExitCode);
    }

    private static async Task AssertMannersAsync(Service service, int pid)
    {
        Assert.Equal("0022", ProcFs.Umask(pid));
        Assert.Equal("/", ProcFs.WorkingDirectory(pid));
        Assert.Equal("/dev/null", ProcFs.Descriptor(pid, 0));
        Assert.Equal(service.Log.Path, ProcFs.Descriptor(pid, 1));
        Assert.Equal(service.Log.Path, ProcFs.Descriptor(pid, 2));
        Assert.NotEqual(ProcFs.Session(Environment.ProcessId), ProcFs.Session(pid));
        Assert.Equal(pid, int.Parse(await File.ReadAllTextAsync(service.PidFile), CultureInfo.InvariantCulture));
    }
}
