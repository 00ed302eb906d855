using Ips.Host.ProcessTests.Harness;
using Mono.Unix.Native;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests;

/// <summary>Who may connect to a Unix socket is configured, and stays over reloads with the path itself.</summary>
public sealed class UnixSocketTests(ITestOutputHelper output) : ProcessTest(output)
{
    private const string User = "nobody";

    [RootFact]
    public async Task Reload_ModeAndOwner_AreSetAndStayUntilTheFinalStop()
    {
        var path = Path.Combine(Folder, "app.sock");
        var nobody = Syscall.getpwnam(User);
        var service = await StartAsync(new ServiceSettings(ServiceKind.Daemon)
        {
            Urls = [$"http://unix:{path}"],
            More = ["ips.listener.unix-mode = 0620", $"ips.listener.unix-owner = {User}", $"ips.listener.unix-group = {nobody.pw_gid}"],
        });
        var bound = Stat(path);
        Assert.Equal((FilePermissions)Convert.ToUInt32("620", 8), bound.st_mode & FilePermissions.ACCESSPERMS);
        Assert.Equal((nobody.pw_uid, nobody.pw_gid), (bound.st_uid, bound.st_gid));

        for (var generation = 2; generation <= 3; generation++)
        {
            await service.ReloadAsync();
            Assert.Equal(generation, (await HttpProbe.GetUnixAsync(path, "/ping")).Generation);
            var now = Stat(path);
            Assert.Equal((bound.st_ino, bound.st_mode, bound.st_uid, bound.st_gid), (now.st_ino, now.st_mode, now.st_uid, now.st_gid));
        }

        await service.WaitForMainAloneAsync();
        Assert.Equal(bound.st_ino, Stat(path).st_ino);
        await service.StopAsync();
        Assert.Equal(-1, Syscall.lstat(path, out _));
    }

    [Fact]
    public async Task Start_UnknownOwner_SaysWhichKeyToChange()
    {
        var service = Prepare(new ServiceSettings(ServiceKind.Daemon)
        {
            Urls = [$"http://unix:{Path.Combine(Folder, "app.sock")}"],
            More = ["ips.listener.unix-owner = no-such-user-here"],
        });
        service.Launch();
        Assert.Equal(1, await service.First.WaitForExitAsync(Limits.Step));
        Assert.Contains(
            service.First.Lines, line => line.Text.Contains("ips.listener.unix-owner is no-such-user-here, and there is no such user",
                StringComparison.Ordinal));
    }

    private static Stat Stat(string path) => Syscall.lstat(path, out var stat) == 0 ? stat
        : throw new IOException($"{path}: {Stdlib.GetLastError()}");
}
