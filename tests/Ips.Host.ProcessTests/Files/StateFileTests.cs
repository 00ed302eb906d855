using Ips.Actors.Diagnostics;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Processes;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests.Files;

/// <summary>What lies beside the PID file, when the service user or a stranger has put something there first.</summary>
[Trait("issue", "11")]
public sealed class StateFileTests(ITestOutputHelper output) : RightsTest(output)
{
    private const string Replaced = " .sock .last-good"; // and the PID file itself

    public static TheoryData<string, string, bool> Links()
    {
        var data = new TheoryData<string, string, bool>();
        foreach (var suffixes in (string[])[Replaced, ".lock", ".db"])
        {
            foreach (var user in (string[])["root", ServiceUser])
            {
                data.Add(suffixes, user, true);
                data.Add(suffixes, user, false);
            }
        }

        return data;
    }

    // Some are replaced, which one start shows of all of them, others refused; none is followed.
    [RootTheory]
    [MemberData(nameof(Links))]
    public async Task StateFile_IsALinkOfTheServiceUser_IsNotFollowed(string suffixes, string user, bool exists)
    {
        var victim = Victim(exists);
        var service = PrepareForUser(new ServiceSettings(ServiceKind.Daemon) { User = user });
        var paths = suffixes.Split(' ').Select(suffix => suffix == ".db" ? service.StoreFile : service.PidFile + suffix).ToList();
        foreach (var path in paths) LinkAsUser(path, victim);
        var start = await service.RunStartAsync();
        AssertUntouched(victim, exists);
        if (suffixes == Replaced)
        {
            Assert.True(start.ExitCode == 0, start.ToString());
            Assert.All(paths, path => Assert.Null(new FileInfo(path).LinkTarget));
            await service.StopAsync();
            AssertUntouched(victim, exists);
        }
        else
        {
            Assert.True(start.ExitCode == 1, start.ToString());
            Assert.Contains(start.Errors, line => line.Contains(paths[0], StringComparison.Ordinal));
        }
    }

    [RootTheory]
    [InlineData(0x1A4)] // 0644, as it was made before
    [InlineData(null)]
    public async Task Lock_AnotherUserWantsIt_CannotOpenIt(int? before)
    {
        var service = PrepareForUser();
        var path = $"{service.PidFile}.lock";
        if (before is { } mode)
        {
            File.WriteAllText(path, "");
            File.SetUnixFileMode(path, (UnixFileMode)mode);
            Give(path, ServiceUserId);
        }

        Assert.Equal(0, (await service.RunStartAsync()).ExitCode);
        Assert.Equal(OwnerOnly, File.GetUnixFileMode(path));
        await service.StopAsync();

        var stranger = await RunAsAsync(StrangerId, "flock", "--nonblock", path, "true");
        Assert.NotEqual(0, stranger.ExitCode);
        Assert.Contains("Permission denied", string.Join('\n', stranger.Errors), StringComparison.Ordinal);
        var start = await service.RunStartAsync();
        Assert.True(start.ExitCode == 0, start.ToString());
        await service.StopAsync();
    }

    [RootFact]
    public async Task Lock_ATakeoverGroupIsConfigured_IsThatGroupsAsWell()
    {
        const int members = 47111;
        var service = Prepare(new ServiceSettings(ServiceKind.Daemon)
        {
            More = [$"ips.takeover.socket = \"{Path.Combine(Folder, "takeover.sock")}\"", $"ips.takeover.group = \"{members}\""],
        });
        await service.StartAsync();
        Assert.Equal(OwnerOnly | UnixFileMode.GroupRead | UnixFileMode.GroupWrite, File.GetUnixFileMode($"{service.PidFile}.lock"));
        var group = await IpsCommand.RunProgramAsync(null, null, "stat", "--format", "%g", $"{service.PidFile}.lock",
            Path.Combine(Folder, "takeover.sock"));
        Assert.Equal([$"{members}", $"{members}"], group.Output);
        await service.StopAsync();
    }

    [RootFact]
    public async Task PidFile_IsAFifo_HoldsNoCommandUp()
    {
        var service = PrepareForUser();
        MakeFifo(service.PidFile, ServiceUserId);
        foreach (var verb in (string[])["status", "stop", "reload", "doctor"])
        {
            var result = await IpsCommand.RunAsync(verb, "--config", service.WriteConfigFile());
            if (verb != "doctor") Assert.True(result.ExitCode == 1
                && result.Errors.Any(line => line.Contains(service.PidFile, StringComparison.Ordinal)), result.ToString());
        }
    }

    // Root would stop a service that the service user may not stop.
    [RootFact]
    public async Task ControlSocket_IsALinkToAnotherServices_IsNotAsked()
    {
        var other = await StartAsync(new ServiceSettings(ServiceKind.Daemon));
        var service = PrepareForUser();
        LinkAsUser($"{service.PidFile}.sock", $"{other.PidFile}.sock");
        var stop = await IpsCommand.RunAsync("stop", "--pid-file", service.PidFile);
        Assert.True(stop.ExitCode == 1, stop.ToString());
        Assert.Contains("link", Assert.Single(stop.Errors), StringComparison.Ordinal);
        Assert.Equal(1, await other.AnsweringGenerationAsync());
        Assert.Empty(other.Log.Of(EventIds.Stopping));
    }

    [RootTheory]
    [InlineData("run")]
    [InlineData("supervise")]
    [InlineData("start")]
    public async Task Configuration_TheServiceUserMayWriteToIt_IsRefusedByRoot(string verb)
    {
        var service = PrepareForUser();
        var config = service.WriteConfigFile();
        Give(config, ServiceUserId);
        var result = await IpsCommand.RunAsync(service.Processes, null, verb, "--config", config, "--log-file", service.Log.Path);
        Assert.True(result.ExitCode == 2, result.ToString());
        Assert.Contains(result.Errors, line => line.Contains(config, StringComparison.Ordinal)
            && line.Contains($"uid {ServiceUserId}", StringComparison.Ordinal));
        Assert.False(File.Exists(service.PidFile));
    }

    // It names the control socket: of any service, if the service user says so.
    [RootFact]
    public async Task Configuration_TheServiceUserMayWriteToIt_SendsNoStopOfRootsToAnotherService()
    {
        var other = await StartAsync(new ServiceSettings(ServiceKind.Daemon));
        var config = Path.Combine(PrepareForUser().Folder, "mine.conf");
        await File.WriteAllTextAsync(config, $"ips.pid-file = \"{other.PidFile}\"\n");
        Give(config, ServiceUserId);
        var stop = await IpsCommand.RunAsync("stop", "--config", config);
        Assert.True(stop.ExitCode == 2, stop.ToString());
        Assert.Contains($"uid {ServiceUserId}", stop.Errors[0], StringComparison.Ordinal);
        Assert.Equal(1, await other.AnsweringGenerationAsync());
        Assert.Empty(other.Log.Of(EventIds.Stopping));
    }

    // .NET takes a lock on each file that it opens, and another user's lock on a file that everybody may read makes it fail.
    [RootFact]
    public async Task Configuration_AStrangerHoldsALockOnIt_StartsAndReloads()
    {
        var service = PrepareForUser();
        var config = service.WriteConfigFile();
        var stranger = LaunchAs(StrangerId, "flock", "--exclusive", "--no-fork", config, "sh", "-c", "echo held; exec sleep 600");
        await stranger.WaitForLineAsync(line => line == "held", Limits.Step);
        var start = await IpsCommand.RunAsync(service.Processes, null, "start", "--config", config, "--log-file", service.Log.Path);
        Assert.True(start.ExitCode == 0, start.ToString());
        await service.ReloadAsync(ProcessTable.SigHup);
        Assert.Equal(2, await service.AnsweringGenerationAsync());
        await service.StopAsync();
    }

    // Its variables (LD_PRELOAD) decide what root's next generation runs.
    [RootFact]
    public async Task EnvironmentFile_OfALesserUser_RefusesTheReloadOfRootsService()
    {
        var file = Path.Combine(Folder, "environment");
        await File.WriteAllTextAsync(file, "ANSWER=42\n");
        var service = await StartAsync(new ServiceSettings(ServiceKind.Daemon) { More = [$"ips.reload.env-file = \"{file}\""] });
        Give(file, ServiceUserId);
        var refused = await service.TryReloadAsync();
        Assert.Equal(EventIds.ReloadFailed, refused.Id);
        Assert.Contains($"uid {ServiceUserId}", refused.Message, StringComparison.Ordinal);
        Give(file, 0);
        await service.ReloadAsync();
        await service.WaitForMainAloneAsync();
        await service.StopAsync();
    }
}
