using System.Globalization;
using Ips.Actors.Diagnostics;
using Ips.Host.ProcessTests.Harness;
using Mono.Unix.Native;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests.Files;

/// <summary>The table of files in docs/files.md, row by row on a running service: the text is what is tested.</summary>
[Collection(Waits.Name)]
public sealed class FilesTests(ITestOutputHelper output) : ProcessTest(output)
{
    private const string UnixMode = "0660";

    private string Takeover => Path.Combine(Folder, "takeover.sock");

    private string Unix => Path.Combine(Folder, "app.sock");

    [Fact]
    public async Task Files_ModeRestoreAndEnd_AreAsTheTableSays()
    {
        var rows = FilesDoc.Files();
        Assert.NotEmpty(rows);
        var service = Prepare(new ServiceSettings(ServiceKind.Daemon)
        {
            Urls = [$"http://unix:{Unix}"], More = [$"ips.takeover.socket = \"{Takeover}\"", $"ips.listener.unix-mode = {UnixMode}"],
        });
        var started = await service.RunStartAsync();
        Assert.True(started.ExitCode == 0, started.ToString());
        const string History = "`<pid-file>.history`"; // the first reload makes it
        foreach (var row in rows.Where(row => row[0] != History)) await AssertModeAsync(service, row);
        await ReloadAsync(service);
        foreach (var row in rows) await AssertModeAsync(service, row);
        Assert.All(rows, row => Assert.Contains(row[4], new[] { "restored", "not restored" }));
        var restored = rows.Where(row => row[4] == "restored").Select(row => PathOf(service, row)).ToList();
        await AssertRestoredAsync(service, [.. restored.Where(path => path != service.Log.Path)]);
        if (restored.Contains(service.Log.Path)) await AssertRestoredAsync(service, [service.Log.Path]); // it tells of the others
        Assert.Equal(1, (await service.RunStartAsync()).ExitCode); // nobody else can start under this PID file
        await AssertAllWorksAsync(service, 2);
        await ReloadAsync(service);
        await AssertAllWorksAsync(service, 3);
        Assert.Equal(1, (await service.RunStartAsync()).ExitCode);

        await service.StopAsync();
        foreach (var row in rows)
        {
            Assert.True(row[5] is "the stop" or "nobody", $"The table says that {row[0]} is removed by '{row[5]}', which is not tested.");
            Assert.True(Stat(PathOf(service, row)) is null == row[5] is "the stop", $"{row[0]} is to be removed by {row[5]}.");
        }
    }

    [Fact]
    public async Task UnixEndpoint_PathRemovedWhileAClientWaits_ClientIsAnswered()
    {
        var service = await StartAsync(new ServiceSettings(ServiceKind.Daemon) { Verb = "supervise", Urls = [$"http://unix:{Unix}"] });
        var mark = service.Log.Mark;
        File.Delete(Unix);
        await service.Log.WaitForAsync(e => e.Id == EventIds.PathRestored && e["Path"] == Unix, "the restore", mark);
        Assert.Equal(1, (await HttpProbe.GetUnixAsync(Unix, "/ping")).Generation);

        // The supervisor holds the new one: after a crash it is served on.
        mark = service.Log.Mark;
        service.Signal(Ips.Testing.Processes.ProcessTable.SigKill);
        Assert.Equal(2, (await HttpProbe.GetUnixAsync(Unix, "/ping")).Generation);
    }

    private string PathOf(Service service, string[] row) => row[0].Trim('`')
        .Replace("<pid-file>", service.PidFile, StringComparison.Ordinal)
        .Replace("<takeover-socket>", Takeover, StringComparison.Ordinal)
        .Replace("<unix-endpoint>", Unix, StringComparison.Ordinal)
        .Replace("<log-file>", service.Log.Path, StringComparison.Ordinal)
        .Replace("<store>", service.StoreFile, StringComparison.Ordinal);

    private async Task AssertModeAsync(Service service, string[] row)
    {
        var (path, mode) = (PathOf(service, row), row[3].Trim('`'));
        await Eventually.TrueAsync(() => Stat(path) is not null, path);
        var made = Stat(path)!.Value;
        var expected = (FilePermissions)Convert.ToUInt32(mode == "ips.listener.unix-mode" ? UnixMode : mode, 8);
        Assert.Equal((row[0], expected, Syscall.geteuid()), (row[0], made.st_mode & FilePermissions.ACCESSPERMS, made.st_uid));
    }

    // All at once: the service looks after them at an interval, and is not to need one of them to restore another.
    private static async Task AssertRestoredAsync(Service service, IReadOnlyList<string> paths)
    {
        var (mark, made) = (service.Log.Mark, paths.ToDictionary(path => path, path => Stat(path)!.Value));
        foreach (var path in paths) File.Delete(path);
        foreach (var path in paths)
        {
            await Eventually.TrueAsync(() => Stat(path) is not null, $"{path} again");
            var again = Stat(path)!.Value;
            Assert.Equal((path, made[path].st_mode, made[path].st_uid), (path, again.st_mode, again.st_uid));
            // The line may be in the log that was removed; the last good release and the history are written without one.
            if (path != service.Log.Path && Path.GetExtension(path) is not (".last-good" or ".history"))
                await service.Log.WaitForAsync(e => e.Id == EventIds.PathRestored && e["Path"] == path, $"the restore of {path}", mark);
        }
    }

    // What is looked at next is that of the new main process alone.
    private static async Task ReloadAsync(Service service)
    {
        Assert.Equal(await service.ReloadAsync(), service.MainPid);
        await service.WaitForMainAloneAsync();
    }

    private async Task AssertAllWorksAsync(Service service, int generation)
    {
        Assert.Equal(generation, (await service.StatusAsync()).Generation);
        Assert.Equal(generation, (await HttpProbe.GetUnixAsync(Unix, "/ping")).Generation);
        Assert.Equal(string.Create(CultureInfo.InvariantCulture, $"{service.MainPid}\n"), await File.ReadAllTextAsync(service.PidFile));
    }

    private static Stat? Stat(string path) => Syscall.lstat(path, out var stat) == 0 ? stat : null;
}
