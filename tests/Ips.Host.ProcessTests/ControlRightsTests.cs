using Ips.Actors.Diagnostics;
using Ips.Host.ProcessTests.Harness;
using Mono.Unix.Native;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests;

/// <summary>Who may speak on the control socket: root and the service's own user, whatever the mode of the socket has become.</summary>
public sealed class ControlRightsTests(ITestOutputHelper output) : ProcessTest(output)
{
    private const string Nobody = "65534";

    [RootFact, Trait("issue", "11")]
    public async Task ControlSocket_AnotherUser_IsRefusedByTheModeAndByTheService()
    {
        var service = await StartAsync(new ServiceSettings(ServiceKind.Daemon));
        foreach (var folder in new[] { Folder, service.Folder }) Assert.Equal(0, Syscall.chmod(folder, (FilePermissions)0b111_101_101));
        Assert.Equal((UnixFileMode)0b110_000_000, File.GetUnixFileMode($"{service.PidFile}.sock"));

        foreach (var verb in new[] { "status", "stop", "reload" })
        {
            var byMode = await AsNobodyAsync(service, verb);
            Assert.Contains(byMode.Errors, line => line.Contains("This user may not connect to the control socket",
                StringComparison.Ordinal));
        }

        // Were the mode wider than the service made it, the kernel's word on the peer decides.
        Assert.Equal(0, Syscall.chmod($"{service.PidFile}.sock", (FilePermissions)0b110_110_110));
        var mark = service.Log.Mark;
        foreach (var verb in new[] { "status", "stop", "reload" })
        {
            var byService = await AsNobodyAsync(service, verb);
            Assert.Contains(byService.Errors, line => line.Contains("permission denied", StringComparison.Ordinal));
        }

        var denied = await service.Log.WaitForAsync(mark, EventIds.ControlDenied);
        Assert.Equal(Nobody, denied["User"]);
        Assert.Equal(1, await service.AnsweringGenerationAsync());
    }

    private static async Task<CommandResult> AsNobodyAsync(Service service, string verb)
    {
        var result = await IpsCommand.RunProgramAsync(null, null, "setpriv",
            [$"--reuid={Nobody}", $"--regid={Nobody}", "--clear-groups", Binaries.IpsPath, verb, "--pid-file", service.PidFile]);
        Assert.Equal(1, result.ExitCode);
        return result;
    }
}
