using System.Globalization;
using Ips.Actors.Control;
using Ips.Actors.Diagnostics;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Processes;
using Mono.Unix.Native;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests;

/// <summary>Stdout is a pipe that is open and full, as behind a log driver that hangs: nothing but the log waits for it.</summary>
[Collection(Waits.Name)]
public sealed class StuckOutputTests(ITestOutputHelper output) : ProcessTest(output)
{
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(20); // less than a drain, and than what ends a host that hangs

    private readonly MarkedProcesses _processes = new();

    [Theory]
    [InlineData("run", false, ProcessTable.SigTerm)]
    [InlineData("run", false, ProcessTable.SigInt)]
    [InlineData("supervise", false, ProcessTable.SigTerm)]
    [InlineData("run", true, ProcessTable.SigTerm)]
    public async Task Stdout_FullAndUnread_StatusReloadAndStopWork(string verb, bool isApp, int signal)
    {
        var fifo = Path.Combine(Folder, "stdout");
        var pipe = FullPipe(fifo);
        var pidFile = Path.Combine(Folder, "own.pid");
        var port = FreePort.Next();
        var settings = new ServiceSettings(ServiceKind.Daemon) { Debug = true, Probation = TimeSpan.FromSeconds(1) };
        var config = Path.Combine(Folder, "own.conf");
        var url = string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}");
        // The access log shares stdout. An app's console logger, which waits for its reader, has had its fill with one line.
        await File.WriteAllTextAsync(config, settings.ToHocon([url], pidFile) + "ips.access-log.format = json\n");
        IReadOnlyList<string> command = !isApp ? [Binaries.IpsPath, verb, "--config", config]
            : [Path.Combine(Binaries.SampleAppFolder, Binaries.SampleApp), "--urls", url, $"--Ips:PidFile={pidFile}", "--Console=true",
                "--Ips:Reload:Probation=00:00:01",
                "--Logging:Console:MaxQueueLength=1", "--Logging:LogLevel:Default=Warning", "--Logging:LogLevel:Ips.Actors=Debug"];
        try
        {
            await using var daemon = DaemonProcess.Start("/bin/sh", ["-c", "out=$1; shift; exec \"$@\" > \"$out\"", "sh", fifo, .. command],
                _processes.Environment);
            await Eventually.TrueAsync(() => File.Exists(pidFile), "the PID file");
            var first = await MainPidAsync(pidFile);
            daemon.Track(first);
            Assert.Equal(1, (await HttpProbe.GetAsync($"{url}/ping")).Generation);
            Assert.Equal(first, (await new ControlClient($"{pidFile}.sock")
            {
                Timeout = Limits.Step,
                FirstEventTimeout = Limits.Step
            }.AskLastAsync(new("status"))).Status!.Pid);
            var reload = await IpsCommand.RunAsync("reload", "--pid-file", pidFile);
            Assert.True(reload.ExitCode == 0, reload.ToString());
            var second = await MainPidAsync(pidFile);
            Assert.NotEqual(first, second);
            Assert.Equal(2, (await HttpProbe.GetAsync($"{url}/ping")).Generation);
            await _processes.WaitForOnlyAsync([second, .. verb == "supervise" ? [daemon.Pid] : Array.Empty<int>()]);

            var began = TimeProvider.System.GetTimestamp();
            Assert.True(ProcessTable.Signal(second, signal));
            await _processes.WaitForOnlyAsync();
            Assert.InRange(TimeProvider.System.GetElapsedTime(began), TimeSpan.Zero, StopLimit);
            Assert.Equal(0, await daemon.WaitForExitAsync(Limits.Step));
            Assert.False(File.Exists(pidFile));
        }
        finally
        {
            await _processes.KillAllAsync();
            _ = Syscall.close(pipe);
        }
    }

    [Fact]
    public async Task Stdout_ReadAgain_SaysHowManyLinesWereLost()
    {
        var fifo = Path.Combine(Folder, "stdout");
        var pipe = FullPipe(fifo);
        var pidFile = Path.Combine(Folder, "own.pid");
        var config = Path.Combine(Folder, "own.conf");
        await File.WriteAllTextAsync(config, new ServiceSettings(ServiceKind.Daemon) { Debug = true }.ToHocon(
            [string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{FreePort.Next()}")], pidFile));
        try
        {
            await using var daemon = DaemonProcess.Start("/bin/sh",
                ["-c", "exec \"$0\" run --config \"$1\" > \"$2\"", Binaries.IpsPath, config, fifo], _processes.Environment);
            await Eventually.TrueAsync(() => File.Exists(pidFile), "the PID file");
            var control = new ControlClient($"{pidFile}.sock") { Timeout = Limits.Step, FirstEventTimeout = Limits.Step };
            // Each question leaves one line of some 250 bytes; 4 MiB and the pipe have room for some 17,000.
            await Parallel.ForAsync(0, 20_000, async (_, stop) => await control.AskLastAsync(new("status"), cancellation: stop));

            var text = new System.Text.StringBuilder();
            var buffer = new byte[64 * 1024];
            await Eventually.TrueAsync(
                () =>
                {
                    while (Read(pipe, buffer) is > 0 and var read) text.Append(System.Text.Encoding.UTF8.GetString(buffer, 0, read));
                    return text.ToString().Contains($"\"eventId\":{EventIds.LinesLost},", StringComparison.Ordinal);
                }, "the line that counts the lost ones");
            Assert.Matches("[0-9]+ lines before this one could not be written: the reader is too slow", text.ToString());
        }
        finally
        {
            await _processes.KillAllAsync();
            _ = Syscall.close(pipe);
        }
    }

    private static async Task<int> MainPidAsync(string pidFile) =>
        int.Parse(await File.ReadAllTextAsync(pidFile), CultureInfo.InvariantCulture);

    // Open for reading here, so that it is stuck rather than broken.
    private static int FullPipe(string path)
    {
        Assert.Equal(0, Syscall.mkfifo(path, FilePermissions.S_IRUSR | FilePermissions.S_IWUSR));
        var fd = Syscall.open(path, OpenFlags.O_RDWR | OpenFlags.O_NONBLOCK | OpenFlags.O_CLOEXEC);
        Assert.True(fd >= 0);
        Write(fd, new byte[4096]);
        Write(fd, "\n"u8.ToArray());
        return fd;
    }

    private static unsafe void Write(int fd, byte[] bytes)
    {
        fixed (byte* start = bytes)
        {
            while (Syscall.write(fd, start, (ulong)bytes.Length) > 0)
            {
            }
        }
    }

    private static unsafe int Read(int fd, byte[] buffer)
    {
        fixed (byte* start = buffer) return (int)Syscall.read(fd, start, (ulong)buffer.Length);
    }
}
