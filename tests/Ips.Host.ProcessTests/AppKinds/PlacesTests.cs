using Ips.Actors.Diagnostics;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Load;
using Ips.Testing.Processes;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests.AppKinds;

/// <summary>Several processes of one app under one user, none of which names a PID file; and an app that cannot write anywhere.</summary>
[Collection(Waits.Name)]
public sealed class PlacesTests(ITestOutputHelper output) : ProcessTest(output)
{
    private static readonly AppKind s_minimal = AppKindTable.Of("minimal");

    [Fact]
    public async Task Copies_InTwoFolders_AreTwoServices()
    {
        var copy = Path.Combine(Folder, "copy");
        await IpsCommand.RunProgramAsync(null, null, "cp", "-r", Path.GetDirectoryName(Binaries.AppKindsPath)!, copy);
        var runFolder = Path.Combine(Folder, "run");
        await using var first = AppRun.Start(s_minimal, Path.Combine(Folder, "1"), line: true, options: new() { RunFolder = runFolder });
        await first.WaitForListeningAsync();
        await Eventually.TrueAsync(() => first.PidFile is not null, "a PID file of the first copy");
        await using var second = AppRun.Start(s_minimal, Path.Combine(Folder, "2"), line: true, options: new()
        {
            RunFolder = runFolder, App = Path.Combine(copy, Path.GetFileName(Binaries.AppKindsPath)),
        });
        await second.WaitForListeningAsync();
        await Eventually.TrueAsync(() => Directory.GetFiles(runFolder, "*.pid").Length == 2, "PID files of both copies");
        Assert.Empty(Complaints(second));
        Assert.Null(await first.TryReloadAsync());
        Assert.StartsWith("HTTP/1.1 200 ", await second.AskAsync("GET /kind"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task OneFolder_StartedTwice_SecondHasNoPidFileAndReloads()
    {
        var runFolder = Path.Combine(Folder, "run");
        await using var first = AppRun.Start(s_minimal, Path.Combine(Folder, "1"), line: true, options: new() { RunFolder = runFolder });
        await first.WaitForListeningAsync();
        await Eventually.TrueAsync(() => first.PidFile is not null, "a PID file of the first process");
        await using var second = AppRun.Start(s_minimal, Path.Combine(Folder, "2"), line: true, options: new() { RunFolder = runFolder });
        await second.WaitForListeningAsync();
        await ReloadBySignalAsync(second);
        Assert.Contains($"[{EventIds.FilesUnavailable}]", Assert.Single(Complaints(second, numbers: true)), StringComparison.Ordinal);
        Assert.Equal(first.First.Pid, first.MainPid);
        Assert.Single(Directory.GetFiles(runFolder, "*.pid"));
    }

    [RootFact]
    public async Task ReadOnlyRoot_NoWritableFolder_ServesAndReloadsWithoutFiles()
    {
        // In a mount namespace of its own, each mount that it inherits becomes read-only there, and only there.
        const string script = """
            while read -r _ where type _; do
                case $type in proc|sysfs|devtmpfs|devpts|mqueue|cgroup*|securityfs|debugfs|tracefs|bpf) continue ;; esac
                mount -o remount,bind,ro "$where" 2>/dev/null
            done </proc/self/mounts
            for folder in / /tmp /run /var/tmp /dev/shm "$HOME"; do
                if [ -d "$folder" ] && [ -w "$folder" ]; then echo "$folder is writable" >&2; exit 99; fi
            done
            exec "$@"
            """;
        await using var app = AppRun.Start(s_minimal, Folder, line: true, options: new()
        {
            Prefix = ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh"],
            Environment = new Dictionary<string, string?> { ["XDG_RUNTIME_DIR"] = null, ["DOTNET_EnableDiagnostics"] = "0" },
        });
        await app.WaitForListeningAsync();
        Assert.StartsWith("HTTP/1.1 200 ", await app.AskAsync("GET /kind"), StringComparison.Ordinal);
        await ReloadBySignalAsync(app);
        Assert.Contains(Complaints(app, numbers: true), line => line.Contains($"[{EventIds.FilesUnavailable}]", StringComparison.Ordinal));
        Assert.Empty(Directory.GetFileSystemEntries(app.RunFolder));
    }

    // There is no control socket to ask: the log says how it ended.
    private static async Task ReloadBySignalAsync(AppRun app)
    {
        await using var load = StrictLoad.Start(new LoadOptions
        {
            Target = app.Target, OneShotWorkers = 1, BusyWorkers = 1, IdleWorkers = 8, StreamWorkers = 0, UploadWorkers = 0,
            OneShotThinkTime = TimeSpan.FromMilliseconds(20), BusyThinkTime = TimeSpan.FromMilliseconds(5),
        });
        await load.WaitForRequestsAsync(1, Limits.Step);
        Assert.True(app.First.Signal(ProcessTable.SigUsr2));
        await app.First.WaitForLineAsync(
            line => line.EndsWith($"[{EventIds.ReloadPromoted}]", StringComparison.Ordinal), Limits.Step);
        Assert.Equal(0, await app.First.WaitForExitAsync(Limits.Step));
        await load.WaitForRequestsAsync(1, Limits.Step);
        var report = await load.StopAsync();
        Assert.True(report.FailedRequests + report.Resets == 0, $"{report}");
    }

    private static List<string> Complaints(AppRun run, bool numbers = false) => numbers
        ? [.. run.First.Lines.Select(line => line.Text).Where(line => line.StartsWith("warn: ", StringComparison.Ordinal))]
        : [.. run.Complaints()];
}
