using System.Globalization;
using Ips.Actors.Diagnostics;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Processes;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests.Files;

/// <summary>What a daemon inherits: see docs/files.md, and signals that its caller ignores.</summary>
public sealed class DescriptorTests(ITestOutputHelper output) : ProcessTest(output)
{
    // Descriptors that a caller has open, without FD_CLOEXEC as shells have them: a deploy lock, and one above all that Ips promises its
    // children.
    private const string Inherits = "exec 9>\"$LOCK\" 77>\"$LOCK.77\"; flock -n 9 || exit 99; ";

    [Fact]
    public async Task Start_CallerHoldsALock_ItIsFreeAfterwards()
    {
        var service = Prepare(new ServiceSettings(ServiceKind.Daemon));
        var held = Path.Combine(Folder, "deploy.lock");
        var start = await ScriptAsync(service, $"{Inherits}\"$IPS\" start --config \"$CONFIG\" --log-file \"$LOG\"", held);
        Assert.True(start.ExitCode == 0, start.ToString());

        Assert.Equal(0, (await IpsCommand.RunProgramAsync(null, null, "flock", "-n", held, "true")).ExitCode);
        for (var generation = 1; generation <= 2; generation++)
        {
            AssertKnown(service.MainPid, held);
            if (generation == 1) await service.ReloadAsync();
        }

        await service.StopAsync();
    }

    [Theory]
    [InlineData("run")]
    [InlineData("supervise")]
    public async Task Reload_CallerHoldsALock_IsNotPassedOn(string verb)
    {
        var service = Prepare(new ServiceSettings(ServiceKind.Daemon));
        var held = Path.Combine(Folder, "deploy.lock");
        var script = ScriptAsync(service, $"{Inherits}exec \"$IPS\" {verb} --config \"$CONFIG\" --log-file \"$LOG\"", held);
        await service.Log.WaitForAsync(0, EventIds.IdentityPublished);
        await service.ReloadAsync();
        AssertKnown(service.MainPid, held);
        await service.StopAsync();
        await script;
    }

    [Theory]
    [InlineData(ProcessTable.SigInt)]
    [InlineData(ProcessTable.SigQuit)]
    public async Task Start_FromABackgroundJobOfAScript_TakesTheSignalThatTheShellIgnores(int signal)
    {
        for (var reloads = 0; reloads <= 1; reloads++)
        {
            var service = Prepare(new ServiceSettings(ServiceKind.Daemon));
            var start = await ScriptAsync(service, "trap '' HUP; { \"$IPS\" start --config \"$CONFIG\" --log-file \"$LOG\" & wait $!; }",
                Path.Combine(Folder, "none"));
            Assert.True(start.ExitCode == 0, start.ToString());
            if (reloads == 1) await service.ReloadAsync();
            Assert.False(ProcFs.Ignores(service.MainPid, signal));
            Assert.True(ProcFs.Ignores(service.MainPid, ProcessTable.SigHup)); // as nohup asks
            service.Signal(signal);
            await service.Processes.WaitForOnlyAsync();
            Assert.False(File.Exists(service.PidFile));
        }
    }

    private static void AssertKnown(int pid, string held)
    {
        var open = ProcessTable.OpenFiles(pid);
        Assert.DoesNotContain(open, line => line.Contains(held, StringComparison.Ordinal));
        Assert.DoesNotContain(open, line => line.StartsWith("77 ", StringComparison.Ordinal)
            && line.Contains(held, StringComparison.Ordinal));
    }

    private static async Task<CommandResult> ScriptAsync(Service service, string script, string held)
    {
        var environment = new Dictionary<string, string?>(service.Processes.Environment)
        {
            ["IPS"] = Binaries.IpsPath, ["CONFIG"] = service.WriteConfigFile(), ["LOG"] = service.Log.Path, ["LOCK"] = held,
        };
        await using var process = DaemonProcess.Start("/bin/bash", ["-c", script], environment);
        var code = await process.WaitForExitAsync(Limits.Step * 2);
        return new CommandResult(code, [], [.. process.Lines.Select(line => string.Create(CultureInfo.InvariantCulture, $"{line.Text}"))]);
    }
}
