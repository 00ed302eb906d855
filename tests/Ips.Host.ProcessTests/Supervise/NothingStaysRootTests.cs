using System.Globalization;
using Ips.Actors.Diagnostics;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Processes;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests.Supervise;

/// <summary>Root starts the service for another user, in each way that keeps a process beside the daemon: none of them stays root, or can
/// be it again.</summary>
[Trait("issue", "11")]
public sealed class NothingStaysRootTests(ITestOutputHelper output) : ProcessTest(output)
{
    // A network of its own, so that port 80 is free.
    private static readonly IReadOnlyList<string> OwnNetwork = ["--net", "sh", "-c", "ip link set lo up && exec \"$@\"", "sh"];

    [RootFact]
    public async Task Supervise_EveryThreadOfEveryProcess_IsTheUsersForGood_AlsoAfterAReloadAndACrash()
    {
        var service = Prepare(OnPort80() with { Verb = "supervise", Program = "unshare", Prefix = [.. OwnNetwork, Binaries.IpsPath] });
        await ServiceRights.GiveFolderAsync(Folder, service);
        await service.StartAsync();
        var parent = service.First.Pid;
        await AssertAsync(service.MainPid, generation: 1);

        await service.ReloadAsync();
        await service.Processes.WaitForOnlyAsync(parent, service.MainPid);
        await AssertAsync(service.MainPid, generation: 2);

        // Port 80 once more, for a process that could not open it.
        var mark = service.Log.Mark;
        service.Signal(ProcessTable.SigKill);
        await service.Log.WaitForAsync(mark, EventIds.IdentityPublished);
        await AssertAsync(service.MainPid, generation: 3);

        Assert.Single(service.Log.Of(EventIds.PrivilegesDropped));
        Assert.True(ProcessTable.Signal(parent, ProcessTable.SigTerm));
        Assert.Equal(0, await service.First.WaitForExitAsync(Limits.Step));

        async Task AssertAsync(int main, int generation)
        {
            Assert.Equal([.. new[] { parent, main }.Order()], ServiceRights.Daemons(service).Order());
            // what a root that is gone has left, nobody could use
            Assert.All(ServiceRights.RuntimeFiles(parent), file => Assert.Equal(ServiceRights.UserId, file.Owner));
            ServiceRights.AssertNoneIsRoot(ServiceRights.Daemons(service));
            var answer = await IpsCommand.RunProgramAsync(
                null, null, "nsenter", "-t", main.ToString(CultureInfo.InvariantCulture), "-n", "curl", "-sSi", "--max-time", "20",
                    "http://127.0.0.1/ping");
            Assert.True(answer.ExitCode == 0, answer.ToString());
            Assert.Contains($"X-Ips-Generation: {generation}", answer.Output);
        }
    }

    [RootFact]
    public async Task Run_AsPid1_EveryThreadOfEveryProcess_IsTheUsersForGood()
    {
        var service = Prepare(ForUser() with
        {
            Program = "unshare",
            Prefix = ["--pid", "--fork", "--mount-proc", "--kill-child", Binaries.IpsPath]
        });
        await ServiceRights.GiveFolderAsync(Folder, service);
        await service.StartAsync();
        var first = Assert.Single(ProcessTable.ChildrenOf(service.First.Pid));
        Assert.Equal(2, ServiceRights.Daemons(service).Count);
        ServiceRights.AssertNoneIsRoot(ServiceRights.Daemons(service));

        var mark = service.Log.Mark;
        Assert.True(ProcessTable.Signal(first, ProcessTable.SigUsr2));
        await service.Log.WaitForAsync(mark, EventIds.ReloadPromoted);
        ServiceRights.AssertNoneIsRoot(ServiceRights.Daemons(service));
        Assert.Equal(2, await service.AnsweringGenerationAsync());

        Assert.True(ProcessTable.Signal(first, ProcessTable.SigTerm));
        Assert.Equal(0, await service.First.WaitForExitAsync(Limits.Step));
        await service.Processes.WaitForOnlyAsync();
    }

    [RootFact]
    public async Task Run_OnATerminal_EveryThreadOfEveryProcess_IsTheUsersForGood()
    {
        // script(1) makes the terminal; what runs there is in its foreground.
        var service = Prepare(ForUser() with
        {
            Program = "sh",
            Prefix = ["-c", "exec script -qec \"$*\" /dev/null", "sh", Binaries.IpsPath]
        });
        await ServiceRights.GiveFolderAsync(Folder, service);
        await service.StartAsync();
        var daemons = ServiceRights.Daemons(service);
        var parent = Assert.Single(daemons, pid => pid != service.MainPid);
        Assert.Equal(parent, ProcessTable.ParentOf(service.MainPid));
        Assert.StartsWith("/dev/pts/", ProcFs.Descriptor(parent, 1), StringComparison.Ordinal);
        ServiceRights.AssertNoneIsRoot(daemons);

        await service.ReloadAsync();
        ServiceRights.AssertNoneIsRoot(ServiceRights.Daemons(service));

        Assert.True(ProcessTable.Signal(parent, ProcessTable.SigTerm));
        Assert.Equal(0, await service.First.WaitForExitAsync(Limits.Step));
        await service.Processes.WaitForOnlyAsync();
    }

    [RootFact]
    public async Task Start_TheProcessThatWaitsForTheDaemon_IsTheUsersAsWell()
    {
        var service = Prepare(ForUser());
        await ServiceRights.GiveFolderAsync(Folder, service);
        var starting = service.RunStartAsync();
        HashSet<string> waiting = []; // the users of the processes that a daemon was the child of
        while (!starting.IsCompleted)
        {
            var daemons = ServiceRights.Daemons(service);
            foreach (var pid in daemons)
            {
                if (ProcessTable.ParentOf(pid) is { } parent && daemons.Contains(parent)
                    && ServiceRights.UserOf(parent) is { } user) waiting.Add(user);
            }

            await Task.Delay(5);
        }

        var result = await starting;
        Assert.True(result.ExitCode == 0, result.ToString());
        Assert.Equal(ServiceRights.UserId, Assert.Single(waiting));
        Assert.Equal($"{service.MainPid}", Assert.Single(result.Output));
        ServiceRights.AssertNoneIsRoot(ServiceRights.Daemons(service));
        await service.ReloadAsync();
        await service.WaitForMainAloneAsync();
        ServiceRights.AssertNoneIsRoot(ServiceRights.Daemons(service));
        await service.StopAsync();
    }

    [RootFact]
    public async Task Start_OnPort80_PassesTheSocketOnToTheDaemon()
    {
        var service = Prepare(OnPort80());
        await ServiceRights.GiveFolderAsync(Folder, service);
        var started = await IpsCommand.RunProgramAsync(
            service.Processes, null, "unshare", [.. OwnNetwork, Binaries.IpsPath, "start", "--config", service.WriteConfigFile(),
                "--log-file", service.Log.Path]);
        Assert.True(started.ExitCode == 0, started.ToString());
        ServiceRights.AssertNoneIsRoot(ServiceRights.Daemons(service));
        var answer = await IpsCommand.RunProgramAsync(null, null, "nsenter", "-t", $"{service.MainPid}", "-n", "curl", "-sS", "--max-time",
            "20", "http://127.0.0.1/ping");
        Assert.Equal(["pong"], answer.Output);
        await service.StopAsync();
    }

    private static ServiceSettings ForUser() => new(ServiceKind.Daemon) { User = ServiceRights.User };

    private static ServiceSettings OnPort80() => ForUser() with { Urls = ["http://127.0.0.1:80"] };
}
