using System.Globalization;
using System.Collections;
using System.IO.Pipes;
using Ips.Actors.Configuration;
using Ips.Actors.Diagnostics;
using Ips.Actors.Files;
using Ips.Actors.Launch;
using Ips.Actors.Posix;
using Ips.Host.Cli.Live;
using Ips.Host.Configuration;
using Microsoft.Win32.SafeHandles;

namespace Ips.Host.Cli;

/// <summary><c>ips start</c>: launches <c>ips run</c> as a daemon and returns when it serves, or with its own error and exit
/// code.</summary>
internal sealed class StartAction(CliConsole console, IDaemonLauncher launcher, SelfCommand self)
{
    private const int TailLines = 20;
    private const int NotWritableByOthers = 0b000_010_010; // umask 022

    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(20);

    // The daemon has closed its end of the pipe or said that it failed: it is about to exit.
    private static readonly TimeSpan ExitTimeout = TimeSpan.FromSeconds(10);

    /// <summary>Launches.</summary>
    /// <exception cref="CliException">It could not be launched.</exception>
    internal Task<int> RunAsync(StartCommand command, DaemonSettings settings, CancellationToken cancellation)
    {
        var environment = Variables();
        if (command.Daemon.LogFile is null) environment[SettingsLoader.DefaultLogVariable] = SettingsLoader.DefaultLogPath(settings);
        var opened = Privileges.PassOn(environment);
        return RunAsync(command, settings, new(self.FileName, Arguments(self, command.Daemon, settings), environment, opened),
            cancellation);
    }

    /// <summary>Launches what is given; its descriptors are added here.</summary>
    /// <exception cref="CliException">It could not be launched.</exception>
    internal async Task<int> RunAsync(StartCommand command, DaemonSettings settings, DaemonLaunch launch, CancellationToken cancellation)
    {
        var logFile = settings.Ips.LogFile!;
        var hadLog = File.Exists(logFile);
        var failed = true;
        try
        {
            var code = await LaunchAsync(command, settings, launch, logFile, cancellation);
            failed = code != CliExitCode.Ok;
            return code;
        }
        catch (Exception e) when (e is OperationCanceledException or CliException { ExitCode: CliExitCode.Output })
        {
            failed = false; // the daemon lives
            throw;
        }
        finally
        {
            if (failed && !hadLog) await RemoveEmptyAsync(logFile);
        }
    }

    // A start that failed leaves no log that says nothing.
    private async Task RemoveEmptyAsync(string logFile)
    {
        try
        {
            if (new FileInfo(logFile) is { Exists: true, Length: 0 }) File.Delete(logFile);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            await console.Error.WriteLineAsync($"The log {logFile}, which is empty, stays: {Wording.FileFault(e, logFile)}.");
        }
    }

    private async Task<int> LaunchAsync(StartCommand command, DaemonSettings settings, DaemonLaunch launch, string logFile,
        CancellationToken cancellation)
    {
        using var pipe = new AnonymousPipeServerStream(PipeDirection.In, HandleInheritability.None);
        var (pid, logLength) = Launch(launch, settings, (int)pipe.ClientSafePipeHandle.DangerousGetHandle());
        pipe.DisposeLocalCopyOfClientHandle(); // or the end of the pipe would never be seen

        // A daemon that takes over serves permanently after the probation that the running daemon gives it. We assume the probation of our
        // own configuration.
        var limit = command.Timeout
            ?? (settings.Ips.Reload.ReadyTimeout
                + (settings.Ips.Takeover.From is null ? TimeSpan.Zero : settings.Ips.Reload.LongestProbation));
        var reading = ReadLineAsync(pipe, pid, limit, cancellation);
        if (LiveBlock.Terminal(error: true) is { } terminal)
        {
            var began = console.Time.GetTimestamp();
            await LiveBlock.WaitAsync(terminal, () => string.Create(CultureInfo.InvariantCulture,
                $"Starting PID {pid}, {console.Time.GetElapsedTime(began).TotalSeconds:0.0} s. {LastLine(logFile, logLength)}"), reading);
        }

        var line = await reading;
        if (line is null)
        {
            await EndAsync(pid, settings);
            return await FailAsync(
                $"The daemon (PID {pid}) did not serve within {DurationText.Format(limit)} and was ended. --timeout or "
                + "ips.reload.ready-timeout sets this limit.",
                CliExitCode.Failed, logFile, logLength);
        }
        if (line.Length == 0)
        {
            if (await ReapAsync(pid, ExitTimeout) is { } end)
            {
                return end.Signal == 0
                    ? await FailAsync($"The daemon (PID {pid}) ended before it served, with exit code {end.Code}.",
                        end.Code == 0 ? CliExitCode.Failed : end.Code, logFile, logLength)
                    : await FailAsync($"The daemon (PID {pid}) was killed by signal {end.Signal} before it served.", CliExitCode.Failed,
                        logFile, logLength);
            }
            await EndAsync(pid, settings);
            return await FailAsync($"The daemon (PID {pid}) gave up the start without a word, did not end, and was ended.",
                CliExitCode.Failed, logFile, logLength);
        }

        switch (StartReport.TryDecode(line))
        {
            case { Phase: StartReport.ServingPhase } serving:
                await console.Output.WriteLineAsync(serving.Pid.ToString(System.Globalization.CultureInfo.InvariantCulture));
                await console.Error.WriteLineAsync(
                    $"ips: generation {serving.Generation} serves on {TerminalText.Line(string.Join(' ', serving.Endpoints!))}; it logs "
                    + $"to {logFile}");
                return CliExitCode.Ok;
            case { } failed:
                if (await ReapAsync(pid, ExitTimeout) is null) await EndAsync(pid, settings);
                await console.FailAsync(failed.Error!);
                return failed.ExitCode;
            case null:
                await EndAsync(pid, settings);
                return await FailAsync(
                    $"The daemon (PID {pid}) reported something that is no start report and was ended: another version of ips?",
                    CliExitCode.Failed, logFile, logLength);
        }
    }

    private static string LastLine(string logFile, long from)
    {
        try
        {
            return LogTail.Read(logFile, from, 1) is [var line] ? line : "";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return ""; // not there yet, or not ours to read: the outcome follows
        }
    }

    /// <summary>The arguments of the daemon: what the user typed, with the directory made absolute since the daemon runs in
    /// <c>/</c>.</summary>
    internal static IReadOnlyList<string> Arguments(SelfCommand self, DaemonArguments daemon, DaemonSettings settings)
    {
        List<string> arguments = [.. self.Prefix, "run", "--directory", settings.Directory];
        Add("--config", daemon.Config);
        Add("--urls", daemon.Urls);
        Add("--pid-file", daemon.PidFile);
        Add("--log-file", daemon.LogFile is null ? SettingsLoader.DefaultLogPath(settings) : settings.Ips.LogFile);
        Add("--metrics-url", daemon.MetricsUrl);
        Add("--log-format", daemon.LogFormat);
        Add("--user", daemon.User);
        Add("--takeover", daemon.Takeover);
        return arguments;

        void Add(string option, string? value)
        {
            if (value is not null) arguments.AddRange([option, value]);
        }
    }

    /// <summary>The daemon's environment: ours, and where it reports to.</summary>
    internal static Dictionary<string, string> Variables(string workingDirectory = "/")
    {
        var environment = Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
            .ToDictionary(pair => (string)pair.Key, pair => (string?)pair.Value ?? "", StringComparer.Ordinal);
        environment[StartReport.EnvironmentVariable] = StartReport.FileDescriptor
            .ToString(System.Globalization.CultureInfo.InvariantCulture);
        environment["PWD"] = workingDirectory;
        environment.Remove(SettingsLoader.DefaultLogVariable); // of a daemon that this is called from
        return environment;
    }

    private (int Pid, long LogLength) Launch(DaemonLaunch launch, DaemonSettings settings, int reportFd)
    {
        var logFile = settings.Ips.LogFile!;
        var umask = ProcessAttributes.SetUmask(NotWritableByOthers); // the daemon inherits it; posix_spawn has no attribute for it
        try
        {
            using var log = OpenLog(logFile, settings.User);
            using var nothing = File.OpenHandle("/dev/null");
            var (logFd, length) = ((int)log.DangerousGetHandle(), RandomAccess.GetLength(log));
            var pid = launcher.Start(launch with
            {
                Descriptors = [.. launch.Descriptors, ((int)nothing.DangerousGetHandle(), 0), (logFd, 1), (logFd, 2),
                    (reportFd, StartReport.FileDescriptor)],
            });
            return (pid, length);
        }
        catch (IOException e)
        {
            throw new CliException(CliExitCode.Failed, $"The daemon could not be launched as {launch.FileName}: {e.Message}");
        }
        finally
        {
            _ = ProcessAttributes.SetUmask(umask);
        }
    }

    // By root's rights, in a folder that may be the service user's.
    private static SafeFileHandle OpenLog(string path, string? user)
    {
        try
        {
            return ServiceFiles.OpenLog(path, user);
        }
        catch (IOException e)
        {
            throw new CliException(CliExitCode.Failed,
                $"The log file {path} cannot be opened: {e.Message.TrimEnd('.')}. ips.log-file or --log-file names it.");
        }
    }

    // The line; empty if the pipe ended without one; null if the time was over.
    private async Task<byte[]?> ReadLineAsync(Stream pipe, int pid, TimeSpan limit, CancellationToken cancellation)
    {
        // A read of a pipe cannot be cancelled, so it is left behind; it ends when the daemon does.
        var reading = Task.Run(async () =>
        {
            var line = new List<byte>();
            var buffer = new byte[4096];
            while (line.Count < StartReport.MaxLineBytes && !line.Contains((byte)'\n'))
            {
                var received = await pipe.ReadAsync(buffer, CancellationToken.None);
                if (received == 0) break;
                line.AddRange(buffer.AsSpan(0, received));
            }
            return line.ToArray();
        }, CancellationToken.None);
        try
        {
            return await reading.WaitAsync(limit, console.Time, cancellation);
        }
        catch (TimeoutException)
        {
            return null;
        }
        catch (OperationCanceledException)
        {
            throw new CliInterruptedException(
                $"the daemon (PID {pid}) was launched and carries on with its start, and 'ips status' shows how it is");
        }
    }

    private async Task<ProcessExit?> ReapAsync(int pid, TimeSpan limit)
    {
        var start = console.Time.GetTimestamp();
        while (true)
        {
            if (launcher.TryReap(pid) is { } end) return end;
            if (console.Time.GetElapsedTime(start) >= limit) return null;
            await Task.Delay(PollInterval, console.Time);
        }
    }

    private async Task EndAsync(int pid, DaemonSettings settings)
    {
        launcher.Signal(pid, SignalNumbers.SIGTERM);
        if (await ReapAsync(pid, settings.Ips.Reload.KillTimeout) is not null) return;
        launcher.Signal(pid, SignalNumbers.SIGKILL);
        _ = await ReapAsync(pid, ExitTimeout);
    }

    private async Task<int> FailAsync(string message, int exitCode, string logFile, long logLength)
    {
        await console.FailAsync(message);
        try
        {
            var lines = LogTail.Read(logFile, logLength, TailLines);
            await console.Error.WriteLineAsync(lines.Count == 0 ? $"It wrote nothing to {logFile}."
                : $"The last lines it wrote to {logFile}:");
            foreach (var line in lines) await console.Error.WriteLineAsync($"  {line}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            await console.Error.WriteLineAsync($"What it wrote to {logFile} cannot be read: {e.Message}");
        }
        return exitCode;
    }
}
