using System.Globalization;
using Ips.Actors.Diagnostics;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Processes;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests.Supervise;

/// <summary>Root opens port 80 and what only root can; everything else is done by the user.</summary>
public sealed class PrivilegeTests(ITestOutputHelper output) : ProcessTest(output)
{
    private const string User = "nobody";
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode OthersRead = OwnerOnly | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
    private const UnixFileMode OpenFolder = (UnixFileMode)0b111_101_101;

    [Fact]
    public async Task Start_AsRootOnPort80_RunsAsTheUserInEveryGeneration()
    {
        var service = PrepareForUser();
        Assert.Equal(0, (await IpsCommand.RunProgramAsync(null, null, "chown", User, service.Folder)).ExitCode);
        await service.StartAsync();
        await AssertServesAsUserAsync(service, generation: 1);
        Assert.Single(service.Log.Of(EventIds.PrivilegesDropped));

        await service.ReloadAsync();
        await service.WaitForMainAloneAsync();
        await AssertServesAsUserAsync(service, generation: 2);

        // The log is the user's to open again after a rotation.
        var mark = service.Log.Mark;
        service.Signal(ProcessTable.SigUsr1);
        Assert.Equal(EventIds.LogReopened, (await service.Log.WaitForAsync(mark, EventIds.LogReopened, EventIds.LogReopenFailed)).Id);

        Assert.Equal(OwnerOnly, File.GetUnixFileMode($"{service.PidFile}.sock"));
        Assert.Equal(OwnerOnly, File.GetUnixFileMode($"{service.PidFile}.last-good"));
        Assert.Equal(OwnerOnly, File.GetUnixFileMode(service.StoreFile));
        Assert.Equal(OthersRead, File.GetUnixFileMode(service.PidFile));
        Assert.Equal(OwnerOnly, File.GetUnixFileMode($"{service.PidFile}.lock"));
        Assert.Equal(OwnerOnly | UnixFileMode.GroupRead, File.GetUnixFileMode(service.Log.Path));
        var writable = Directory.EnumerateFiles(service.Folder).Where(file => (File.GetUnixFileMode(file) & UnixFileMode.OtherWrite) != 0);
        Assert.Empty(writable);

        await service.StopAsync();
        Assert.Equal(0, await service.First.WaitForExitAsync(Limits.Step));
    }

    // Killed as root, it has left its files to root: databases with what SQLite keeps beside them, and the history.
    [Fact]
    public async Task Start_AfterATimeAsRoot_GivesEveryFileToTheUser()
    {
        File.SetUnixFileMode(Folder, OpenFolder);
        var settings = new ServiceSettings(ServiceKind.Daemon) { User = "root" };
        var asRoot = Prepare(settings);
        await asRoot.StartAsync();
        await asRoot.ReloadAsync();
        await asRoot.WaitForMainAloneAsync();
        var pid = asRoot.MainPid;
        asRoot.Signal(ProcessTable.SigKill);
        await Eventually.TrueAsync(() => !ProcessTable.IsAlive(pid));

        Assert.Equal(0, (await IpsCommand.RunProgramAsync(null, null, "chown", User, asRoot.Folder)).ExitCode);
        await using var asUser = new Service(settings with { User = User }, asRoot.Folder);
        var mark = asUser.Log.Mark;
        await asUser.StartAsync();
        var ofRoot = await IpsCommand.RunProgramAsync(null, null, "find", asUser.Folder, "-type", "f", "-user", "root");
        Assert.Equal([asUser.ConfigFile], ofRoot.Output);
        Assert.Empty(asUser.Log.Of(EventIds.HistoryUnreadable, mark));
        await asUser.StopAsync();
    }

    [Fact]
    public async Task Start_FolderIsNotTheUsers_IsRefusedWithTheRemedy()
    {
        var service = PrepareForUser();
        service.Launch();
        Assert.Equal(1, await service.First.WaitForExitAsync(Limits.Step));
        Assert.Contains($"chown {User} {service.Folder}", service.First.OutputTail(), StringComparison.Ordinal);
    }

    [Theory]
    [Trait("issue", "11")]
    [InlineData("run")]
    [InlineData("supervise")]
    public async Task Start_WorkingDirectoryIsNotTheUsersToEnter_IsRefusedWithTheRemedy(string verb)
    {
        var closed = Directory.CreateDirectory(Path.Combine(Folder, "closed"),
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute).FullName;
        var service = Prepare(new ServiceSettings(ServiceKind.Daemon) { Verb = verb, User = User, WorkingDirectory = closed });
        await ServiceRights.GiveFolderAsync(Folder, service);
        service.Launch();
        Assert.Equal(1, await service.First.WaitForExitAsync(Limits.Step));
        Assert.Contains($"The working directory {closed} is not {User}'s to enter", service.First.OutputTail(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("run")]
    [InlineData("supervise")]
    [InlineData("start")]
    public async Task Start_AsRootForOtherMachinesWithoutAUser_IsRefused(string verb)
    {
        Assert.Equal("root", Environment.UserName); // these tests are run by root, as CI does
        var result = await IpsCommand.RunProgramAsync(null, Folder, Binaries.IpsPath, verb, "--urls", "http://0.0.0.0:0");
        Assert.Equal(2, result.ExitCode);
        Assert.Contains("ips.user", Assert.Single(result.Errors), StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(Folder, "ips.pid")));
    }

    private Service PrepareForUser()
    {
        File.SetUnixFileMode(Folder, OpenFolder); // a user without rights must be able to look into the test's folder
        return Prepare(new ServiceSettings(ServiceKind.Daemon)
        {
            // A network of its own, so that port 80 is free; --kill-child, so that nothing is left in it.
            Program = "unshare", Prefix = ["--net", "sh", "-c", "ip link set lo up && exec \"$@\"", "sh", Binaries.IpsPath],
            Urls = ["http://127.0.0.1:80"],
            User = User,
        });
    }

    private static async Task AssertServesAsUserAsync(Service service, int generation)
    {
        var pid = service.MainPid;
        ServiceRights.AssertNoneIsRoot([pid]);
        var answer = await IpsCommand.RunProgramAsync(
            null, null, "nsenter", "-t", pid.ToString(CultureInfo.InvariantCulture), "-n", "curl", "-sSi", "--max-time", "20",
                "http://127.0.0.1/ping");
        Assert.True(answer.ExitCode == 0, answer.ToString());
        Assert.Contains($"X-Ips-Generation: {generation}", answer.Output);
    }
}
