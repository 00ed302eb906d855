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

    public static TheoryData<string> Rows() => [.. FilesDoc.Files().Select(row => row[0])];

    [Theory]
    [MemberData(nameof(Rows))]
    public async Task File_ModeRestoreAndEnd_AreAsTheTableSays(string name)
    {
        var row = FilesDoc.Files().Single(row => row[0] == name);
        var (mode, restored, removed) = (row[3].Trim('`'), row[4], row[5]);
        var (takeover, unix) = (Path.Combine(Folder, "takeover.sock"), Path.Combine(Folder, "app.sock"));
        var service = Prepare(new ServiceSettings(ServiceKind.Daemon)
        {
            Urls = [$"http://unix:{unix}"], More = [$"ips.takeover.socket = \"{takeover}\"", $"ips.listener.unix-mode = {UnixMode}"],
        });
        var started = await service.RunStartAsync();
        Assert.True(started.ExitCode == 0, started.ToString());
        var generation = 1;
        if (name == "`<pid-file>.history`") // the first reload makes it
        {
            await service.ReloadAsync();
            generation = 2;
        }

        var path = name.Trim('`').Replace("<pid-file>", service.PidFile, StringComparison.Ordinal)
            .Replace("<takeover-socket>", takeover, StringComparison.Ordinal)
            .Replace("<unix-endpoint>", unix, StringComparison.Ordinal).Replace("<log-file>", service.Log.Path, StringComparison.Ordinal)
            .Replace("<store>", service.StoreFile, StringComparison.Ordinal);

        await Eventually.TrueAsync(() => Stat(path) is not null, path);
        var made = Stat(path)!.Value;
        var expected = (FilePermissions)Convert.ToUInt32(mode == "ips.listener.unix-mode" ? UnixMode : mode, 8);
        Assert.Equal((expected, Syscall.geteuid()), (made.st_mode & FilePermissions.ACCESSPERMS, made.st_uid));

        if (restored == "restored")
        {
            var mark = service.Log.Mark;
            File.Delete(path);
            await Eventually.TrueAsync(() => Stat(path) is not null, $"{path} again");
            var again = Stat(path)!.Value;
            Assert.Equal((made.st_mode, made.st_uid), (again.st_mode, again.st_uid));
            // The line may be in the log that was removed; the last good release and the history are written without one.
            if (path != service.Log.Path && Path.GetExtension(path) is not (".last-good" or ".history"))
                await service.Log.WaitForAsync(e => e.Id == EventIds.PathRestored && e["Path"] == path, $"the restore of {path}", mark);
            await AssertAllWorksAsync(service, unix, generation);
            var second = await service.ReloadAsync();
            Assert.Equal(second, service.MainPid);
            await AssertAllWorksAsync(service, unix, generation + 1);
            Assert.Equal(1, (await service.RunStartAsync()).ExitCode); // nobody else can start under this PID file
        }
        else
        {
            Assert.Equal("not restored", restored);
        }

        await service.StopAsync();
        switch (removed)
        {
            case "the stop":
                Assert.Null(Stat(path));
                break;
            case "nobody":
                Assert.NotNull(Stat(path));
                break;
            default:
                Assert.Fail($"The table says that {name} is removed by '{removed}', which is not tested.");
                break;
        }
    }

    [Fact]
    public async Task UnixEndpoint_PathRemovedWhileAClientWaits_ClientIsAnswered()
    {
        var unix = Path.Combine(Folder, "app.sock");
        var service = await StartAsync(new ServiceSettings(ServiceKind.Daemon) { Verb = "supervise", Urls = [$"http://unix:{unix}"] });
        var mark = service.Log.Mark;
        File.Delete(unix);
        await service.Log.WaitForAsync(e => e.Id == EventIds.PathRestored && e["Path"] == unix, "the restore", mark);
        Assert.Equal(1, (await HttpProbe.GetUnixAsync(unix, "/ping")).Generation);

        // The supervisor holds the new one: after a crash it is served on.
        mark = service.Log.Mark;
        service.Signal(Ips.Testing.Processes.ProcessTable.SigKill);
        Assert.Equal(2, (await HttpProbe.GetUnixAsync(unix, "/ping")).Generation);
    }

    private static async Task AssertAllWorksAsync(Service service, string unix, int generation)
    {
        Assert.Equal(generation, (await service.StatusAsync()).Generation);
        Assert.Equal(generation, (await HttpProbe.GetUnixAsync(unix, "/ping")).Generation);
        Assert.Equal(string.Create(CultureInfo.InvariantCulture, $"{service.MainPid}\n"), await File.ReadAllTextAsync(service.PidFile));
    }

    private static Stat? Stat(string path) => Syscall.lstat(path, out var stat) == 0 ? stat : null;
}
