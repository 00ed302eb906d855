using Ips.Actors.Launch;
using Ips.Host.Cli;
using Ips.Host.Configuration;

namespace Ips.Host.Tests.Cli;

[Collection(nameof(SettingsLoader.DefaultLogVariable))] // a variable of the process
public sealed class StartActionTests : IDisposable
{
    private const int Pid = 4242;
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(30);

    private readonly string _folder = Directory.CreateTempSubdirectory("ips-start-").FullName;
    private readonly StringWriter _output = new() { NewLine = "\n" };
    private readonly StringWriter _error = new() { NewLine = "\n" };

    public void Dispose()
    {
        Directory.Delete(_folder, recursive: true);
        _output.Dispose();
        _error.Dispose();
    }

    [Fact]
    public async Task Start_Serving_PrintsThePid()
    {
        var launcher = Daemon((_, report) => FakeLauncher.Write(report, StartReport.Serving(Pid, 1, ["http://127.0.0.1:1"]).Encode()));
        Assert.Equal(CliExitCode.Ok, await RunAsync(launcher, "start", "--urls", "http://127.0.0.1:1", "--pid-file", "p"));

        Assert.Equal("4242\n", _output.ToString());
        Assert.Equal($"ips: generation 1 serves on http://127.0.0.1:1; it logs to {_folder}/ips.log\n", _error.ToString());
        Assert.Equal("/srv/current/ips", launcher.Launch!.FileName);
        Assert.Equal(["ips.dll", "run", "--directory", _folder, "--urls", "http://127.0.0.1:1", "--pid-file", "p", "--log-file",
            $"{_folder}/ips.log"], launcher.Launch.Arguments);
        Assert.Equal($"{_folder}/ips.log", launcher.Launch.Environment[SettingsLoader.DefaultLogVariable]); // it ranks below the file
        Assert.Equal(("4", "/"), (launcher.Launch.Environment["IPS_START_FD"], launcher.Launch.Environment["PWD"]));
        Assert.Equal([0, 1, 2, 4], launcher.Launch.Descriptors.Select(d => d.TargetFd));
        Assert.Empty(launcher.Signals);
        Assert.Equal(0, Mono.Unix.Native.Syscall.stat($"{_folder}/ips.log", out var log));
        Assert.Equal("640", Convert.ToString((int)log.st_mode & 0x1FF, 8));
    }

    [Fact]
    public async Task Arguments_GivenToRun_MeanTheSameAsGivenToStart()
    {
        Directory.CreateDirectory($"{_folder}/etc");
        await File.WriteAllTextAsync($"{_folder}/etc/ips.conf", "ips { pid-file = ../run.pid, log-file = my.log, log.format = json }");
        foreach (var typed in new DaemonArguments[] { new() { Directory = _folder },
            new() { Directory = _folder, Config = "./etc/ips.conf", Urls = "http://*:1;http://*:2", LogFormat = "line" },
            new() { Directory = _folder, Config = "etc/ips.conf", PidFile = "x", LogFile = "y" } })
        {
            var launcher = (SettingsLoader.Load(typed, "/", needsLogFile: true).Settings);
            DaemonArguments? seen = null;
            var root = RootCommandFactory.Create(new CliActions(new(_output, _error, "/elsewhere", TimeProvider.System), (settings, _) =>
            {
                Assert.Equal(CheckText.Write(launcher), CheckText.Write(settings));
                seen = typed;
                return Task.FromResult(0);
            }, new FakeLauncher(_ => Pid), () => new("/bin/ips", [])));
            var arguments = StartAction.Arguments(new("/bin/ips", []), typed, launcher);
            // as the daemon has it
            Environment.SetEnvironmentVariable(SettingsLoader.DefaultLogVariable, typed.LogFile is null ? $"{_folder}/ips.log" : null);
            Assert.Equal(CliExitCode.Ok, await CliParser.InvokeAsync(root, arguments, _output, _error));
            Environment.SetEnvironmentVariable(SettingsLoader.DefaultLogVariable, null);
            Assert.Equal(typed, seen);
        }
    }

    [Fact]
    public async Task Start_Failed_PassesErrorAndExitCodeOn()
    {
        var launcher = Daemon((self, report) =>
        {
            FakeLauncher.Write(report, StartReport.Failed(1, "The address http://127.0.0.1:1 is in use.").Encode());
            self.End = new(1, 0);
        });
        Assert.Equal(1, await RunAsync(launcher, "start"));
        Assert.Equal("ips: The address http://127.0.0.1:1 is in use.\n", _error.ToString());
        Assert.Equal("", _output.ToString());
    }

    [Theory]
    [InlineData(3, 0, 3, "ended before it served, with exit code 3.")]
    [InlineData(0, 0, 1, "ended before it served, with exit code 0.")]
    [InlineData(0, 9, 1, "was killed by signal 9 before it served.")]
    public async Task Start_DiesWithoutAWord_TellsStatusAndItsLastLines(int exitCode, int signal, int code, string message)
    {
        await File.WriteAllTextAsync($"{_folder}/ips.log", "of yesterday\n");
        var launcher = Daemon((self, _) =>
        {
            var log = self.Take(2);
            FakeLauncher.Write(log, System.Text.Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(1, 25).Select(n => $"line {n}\n"))));
            FakeLauncher.Close(log);
            self.End = new(exitCode, signal);
        });
        Assert.Equal(code, await RunAsync(launcher, "start"));
        var lines = _error.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal($"ips: The daemon (PID {Pid}) {message}", lines[0]);
        Assert.Equal($"The last lines it wrote to {_folder}/ips.log:", lines[1]);
        Assert.Equal(Enumerable.Range(6, 20).Select(n => $"  line {n}"), lines[2..]);
    }

    [Fact]
    public async Task Start_DiesSilent_SaysSo()
    {
        Assert.Equal(1, await RunAsync(Daemon((self, _) => self.End = new(1, 0)), "start"));
        Assert.Contains($"It wrote nothing to {_folder}/ips.log.", _error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(15, new[] { 15 })]
    [InlineData(9, new[] { 15, 9 })]
    public async Task Start_NeverServes_IsEndedAtTheTimeout(int diesOf, int[] signals)
    {
        await File.WriteAllTextAsync($"{_folder}/ips.conf", "ips.reload.kill-timeout = 100ms");
        var held = -1;
        var launcher = new FakeLauncher(self =>
        {
            held = self.Take(4);
            self.OnDeath = () => FakeLauncher.Close(held);
            return Pid;
        })
        { DiesOf = diesOf };
        Assert.Equal(1, await RunAsync(launcher, "start", "--timeout", "200ms", "--config", "ips.conf"));
        Assert.Contains($"The daemon (PID {Pid}) did not serve within 200ms and was ended. --timeout or ips.reload.ready-timeout sets "
            + "this limit.", _error.ToString(), StringComparison.Ordinal);
        Assert.Equal(signals, launcher.Signals);
    }

    [Fact]
    public async Task Start_GarbageOnThePipe_IsEnded()
    {
        var launcher = Daemon((_, report) => FakeLauncher.Write(report, "hello\n"u8));
        Assert.Equal(1, await RunAsync(launcher, "start"));
        Assert.Contains("no start report", _error.ToString(), StringComparison.Ordinal);
        Assert.Equal([15], launcher.Signals);
    }

    [Fact]
    public async Task Start_BadConfiguration_LaunchesNothing()
    {
        var launcher = Daemon((_, _) => { });
        Assert.Equal(CliExitCode.Configuration, await RunAsync(launcher, "start", "--urls", "x"));
        Assert.Null(launcher.Launch);
        Assert.False(File.Exists($"{_folder}/ips.log"));
        Assert.StartsWith("ips: 1 error in the configuration", _error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Start_Failed_LeavesNoEmptyLog(bool wrote)
    {
        var launcher = Daemon((self, report) =>
        {
            if (wrote) File.AppendAllText($"{_folder}/ips.log", "why\n");
            FakeLauncher.Write(report, StartReport.Failed(1, "why").Encode());
            self.End = new(1, 0);
        });
        Assert.Equal(1, await RunAsync(launcher, "start"));
        Assert.Equal(wrote, File.Exists($"{_folder}/ips.log"));
    }

    [Fact]
    public async Task Start_FolderOfTheLogMissing_IsMadeForThisUserAndItsGroup()
    {
        var launcher = Daemon((_, report) => FakeLauncher.Write(report, StartReport.Serving(Pid, 1, ["http://127.0.0.1:1"]).Encode()));
        Assert.Equal(CliExitCode.Ok, await RunAsync(launcher, "start", "--log-file", "log/ips.log"));
        Assert.Equal("750", Convert.ToString((int)File.GetUnixFileMode($"{_folder}/log"), 8));
    }

    [Fact]
    public async Task Start_FolderOfTheLogMissingWhereOthersMayWrite_IsNotMade()
    {
        Directory.CreateDirectory($"{_folder}/open");
        File.SetUnixFileMode($"{_folder}/open", (UnixFileMode)0b1_111_111_111);
        Assert.Equal(CliExitCode.Failed, await RunAsync(Daemon((_, _) => { }), "start", "--log-file", "open/log/ips.log"));
        Assert.StartsWith($"ips: The log file {_folder}/open/log/ips.log cannot be opened: its folder {_folder}/open/log does not exist, "
            + "and is not made", _error.ToString(), StringComparison.Ordinal);
        Assert.False(Directory.Exists($"{_folder}/open/log"));
    }

    [Fact]
    public async Task Start_LogFileThatCannotBeOpened_IsOneClearLine()
    {
        var launcher = Daemon((_, _) => { });
        Assert.Equal(CliExitCode.Failed, await RunAsync(launcher, "start", "--log-file", "no/such/ips.log"));
        Assert.Equal($"ips: The log file {_folder}/no/such/ips.log cannot be opened: its folder {_folder}/no/such does not exist, nor "
            + "does the one above it; make it. ips.log-file or --log-file names it.\n", _error.ToString());
        Assert.Null(launcher.Launch);
    }

    [Fact]
    public async Task Start_ExecutableThatCannotBeRun_IsOneClearLine()
    {
        Assert.Equal(CliExitCode.Failed, await RunAsync(new FakeLauncher(_ => throw new IOException("Permission denied")), "start"));
        Assert.Equal("ips: The daemon could not be launched as /srv/current/ips: Permission denied\n", _error.ToString());
        Assert.Empty(Directory.GetFileSystemEntries(_folder));
    }

    [Fact]
    public async Task Check_Valid_PrintsWhatWouldBeUsed()
    {
        Assert.Equal(CliExitCode.Ok, await RunAsync(Daemon((_, _) => { }), "check", "--urls", "http://127.0.0.1:7"));
        Assert.Contains("http://127.0.0.1:7", _output.ToString(), StringComparison.Ordinal);
        Assert.False(File.Exists($"{_folder}/ips.log"));
    }

    [Fact]
    public async Task Check_Invalid_IsExitCode2()
    {
        Assert.Equal(CliExitCode.Configuration, await RunAsync(Daemon((_, _) => { }), "check", "--config", "missing"));
        Assert.Contains("there is no such file", _error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Check_Reference_IsAConfigurationThatItAccepts()
    {
        Assert.Equal(CliExitCode.Ok, await RunAsync(Daemon((_, _) => { }), "check", "--reference"));
        await File.WriteAllTextAsync($"{_folder}/ips.conf", _output.ToString());
        Assert.Equal(CliExitCode.Ok, await RunAsync(Daemon((_, _) => { }), "check", "--config", "ips.conf"));
    }

    [Fact]
    public async Task Run_BadConfiguration_ServesNothing()
    {
        Assert.Equal(CliExitCode.Configuration, await RunAsync(Daemon((_, _) => { }), "run", "--urls", "x"));
        Assert.StartsWith("ips: 1 error in the configuration", _error.ToString(), StringComparison.Ordinal);
    }

    // A daemon that acts on its own copy of the pipe's end, then closes it.
    private static FakeLauncher Daemon(Action<FakeLauncher, int> acts) => new(self =>
    {
        var report = self.Take(4);
        acts(self, report);
        FakeLauncher.Close(report);
        return Pid;
    });

    private Task<int> RunAsync(FakeLauncher launcher, params string[] args)
    {
        var console = new CliConsole(_output, _error, _folder, TimeProvider.System);
        var actions = new CliActions(console, (_, _) => throw new InvalidOperationException("nothing is served here"), launcher,
            () => new("/srv/current/ips", ["ips.dll"]));
        return CliParser.InvokeAsync(RootCommandFactory.Create(actions), args, _output, _error).WaitAsync(Bound);
    }
}
