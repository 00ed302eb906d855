using Ips.Actors.Diagnostics;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Processes;
using Mono.Unix.Native;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests.Files;

/// <summary>The log's path in a folder of the service user's, who puts something else there for root to write to.</summary>
[Trait("issue", "11")]
public sealed class LogPathTests(ITestOutputHelper output) : RightsTest(output)
{
    [RootTheory]
    [InlineData("start", ServiceUser, true)]
    [InlineData("start", ServiceUser, false)]
    [InlineData("run", ServiceUser, true)]
    [InlineData("run", ServiceUser, false)]
    [InlineData("supervise", ServiceUser, false)]
    [InlineData("start", "root", true)]
    [InlineData("run", "root", true)]
    [InlineData("run", "root", false)]
    public async Task Log_IsALinkOfTheServiceUser_IsRefusedAndNothingIsTouched(string verb, string user, bool exists)
    {
        var victim = Victim(exists);
        var service = PrepareForUser(new ServiceSettings(ServiceKind.Daemon) { User = user });
        LinkAsUser(service.Log.Path, victim);
        await AssertRefusedAsync(service, verb);
        AssertUntouched(victim, exists);
    }

    [RootFact]
    public async Task Log_FolderIsALinkOfTheServiceUser_IsRefusedAndNothingIsTouched()
    {
        var victim = Victim(exists: false);
        var service = PrepareForUser();
        LinkAsUser(Path.Combine(service.Folder, "log"), Path.GetDirectoryName(victim)!);
        var log = Path.Combine(service.Folder, "log", "service.log");
        var result = await IpsCommand.RunAsync(service.Processes, null, "start", "--config", service.WriteConfigFile(), "--log-file", log);
        Assert.True(result.ExitCode == 1, result.ToString());
        Assert.Contains($"{service.Folder}/log", Assert.Single(result.Errors), StringComparison.Ordinal);
        AssertUntouched(victim, exists: false);
    }

    [RootTheory]
    [InlineData("start", ServiceUser)]
    [InlineData("run", "root")]
    public async Task Log_IsAHardLinkToRootsFile_IsRefusedAndNothingIsTouched(string verb, string user)
    {
        var victim = Victim(exists: true);
        var service = PrepareForUser(new ServiceSettings(ServiceKind.Daemon) { User = user });
        Assert.Equal(0, Syscall.link(victim, service.Log.Path)); // as the service user could with fs.protected_hardlinks=0
        await AssertRefusedAsync(service, verb);
        AssertUntouched(victim, exists: true);
    }

    [RootTheory]
    [InlineData("start", ServiceUser)]
    [InlineData("run", ServiceUser)]
    [InlineData("run", "root")]
    public async Task Log_IsAFifo_IsRefusedAndHoldsNobodyUp(string verb, string user)
    {
        var service = PrepareForUser(new ServiceSettings(ServiceKind.Daemon) { User = user });
        MakeFifo(service.Log.Path, ServiceUserId);
        await AssertRefusedAsync(service, verb);
    }

    [RootFact]
    public async Task Log_LinkPutInPlaceBeforeSigusr1_IsNotFollowed()
    {
        var victim = Victim(exists: true);
        var service = PrepareForUser(new ServiceSettings(ServiceKind.Daemon) { User = "root" });
        await service.StartAsync();
        var moved = $"{service.Log.Path}.1";
        File.Move(service.Log.Path, moved);
        LinkAsUser(service.Log.Path, victim);
        service.Signal(ProcessTable.SigUsr1);
        var outcome = await new EventLog(moved).WaitForAsync(0, EventIds.LogReopenFailed, EventIds.LogReopened);
        Assert.Equal(EventIds.LogReopenFailed, outcome.Id);
        Assert.Equal(1, await service.AnsweringGenerationAsync());
        AssertUntouched(victim, exists: true);
    }

    // What an operator does: `current` leads to a release, and the log's folder to a volume.
    [RootFact]
    public async Task Log_LinksOfRootInRootsFolders_AreFollowed()
    {
        var volume = Directory.CreateDirectory(Path.Combine(Folder, "volume")).FullName;
        Give(volume, ServiceUserId);
        Directory.CreateSymbolicLink(Path.Combine(Folder, "log"), "volume/../volume");
        File.CreateSymbolicLink(Path.Combine(Folder, "ips.log"), "log/service.log");
        var service = PrepareForUser();
        var result = await IpsCommand.RunAsync(
            service.Processes, null, "start", "--config", service.WriteConfigFile(), "--log-file", Path.Combine(Folder, "ips.log"));
        Assert.True(result.ExitCode == 0, result.ToString());
        Assert.Equal(ServiceUserId, OwnerOf(Path.Combine(volume, "service.log")));
        Assert.Equal(1, await service.AnsweringGenerationAsync());
        await service.StopAsync();
    }

    [RootTheory]
    [InlineData("start")]
    [InlineData("run")]
    [InlineData("supervise")]
    public async Task FileModes_OfEveryVerb_AreThoseOfTheManual(string verb)
    {
        var service = PrepareForUser(new ServiceSettings(ServiceKind.Daemon) { User = ServiceUser, Verb = verb });
        if (verb == "start")
        {
            var start = await service.RunStartAsync();
            Assert.True(start.ExitCode == 0, start.ToString());
        }
        else
        {
            await service.StartAsync();
        }

        await Eventually.TrueAsync(() => File.Exists($"{service.PidFile}.last-good")); // written last
        AssertFiles();
        await service.ReloadAsync();
        AssertFiles();
        AssertRunsAs(ServiceUserId, service.MainPid);
        await service.StopAsync();

        void AssertFiles()
        {
            Assert.Equal((GroupReads, ServiceUserId), ModeAndOwner(service.Log.Path));
            Assert.Equal((AllRead, ServiceUserId), ModeAndOwner(service.PidFile));
            Assert.Equal((OwnerOnly, ServiceUserId), ModeAndOwner($"{service.PidFile}.lock"));
            Assert.Equal((OwnerOnly, ServiceUserId), ModeAndOwner($"{service.PidFile}.sock"));
            Assert.Equal((OwnerOnly, ServiceUserId), ModeAndOwner($"{service.PidFile}.last-good"));
            Assert.Equal((OwnerOnly, ServiceUserId), ModeAndOwner(service.StoreFile));
        }
    }

    private static (UnixFileMode Mode, int Owner) ModeAndOwner(string path) => (File.GetUnixFileMode(path), OwnerOf(path));

    private static async Task AssertRefusedAsync(Service service, string verb)
    {
        var result = await IpsCommand.RunAsync(service.Processes, null, verb, "--config", service.WriteConfigFile(), "--log-file",
            service.Log.Path);
        Assert.True(result.ExitCode == 1, result.ToString());
        Assert.Contains(result.Errors, line => line.Contains(service.Log.Path, StringComparison.Ordinal));
        Assert.False(File.Exists(service.PidFile));
        await service.Processes.WaitForOnlyAsync();
    }
}
