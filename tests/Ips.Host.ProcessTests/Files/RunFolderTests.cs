using System.Globalization;
using Ips.Actors.Diagnostics;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Processes;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests.Files;

/// <summary>An app that names no PID file keeps it in the temporary directory, where anybody may have been first.</summary>
[Trait("issue", "11")]
public sealed class RunFolderTests(ITestOutputHelper output) : RightsTest(output)
{
    private readonly MarkedProcesses _processes = new();

    /// <inheritdoc/>
    public override async Task DisposeAsync()
    {
        await _processes.KillAllAsync();
        await base.DisposeAsync();
    }

    [RootTheory]
    [InlineData("another user's")]
    [InlineData("a link")]
    [InlineData("a file")]
    [InlineData("open to all")]
    public async Task RunFolder_TakenByAnother_ServesFromOneThatNobodyCanGuess(string taken)
    {
        var temporary = Directory.CreateDirectory(Path.Combine(Folder, "tmp")).FullName;
        File.SetUnixFileMode(temporary, (UnixFileMode)0b1_111_111_111);
        var folder = Path.Combine(temporary, $"ips-{ServiceUserId}");
        var victim = Victim(exists: false);
        switch (taken)
        {
            case "a link":
                File.CreateSymbolicLink(folder, Path.GetDirectoryName(victim)!);
                Give(folder, StrangerId);
                break;
            case "a file":
                await File.WriteAllTextAsync(folder, "");
                Give(folder, StrangerId);
                break;
            case "open to all":
                Directory.CreateDirectory(folder);
                File.SetUnixFileMode(folder, (UnixFileMode)0b111_111_111);
                Give(folder, ServiceUserId);
                break;
            default:
                Directory.CreateDirectory(folder);
                Give(folder, StrangerId);
                break;
        }

        var log = new EventLog(Path.Combine(temporary, "app.log"));
        var port = FreePort.Next();
        var environment = new Dictionary<string, string?>(_processes.Environment)
        {
            ["TMPDIR"] = temporary, ["XDG_RUNTIME_DIR"] = null, ["RUNTIME_DIRECTORY"] = null,
        };
        await using var app = DaemonProcess.Start("setpriv",
            [
                "--reuid", $"{ServiceUserId}", "--regid", $"{ServiceUserId}", "--clear-groups",
                    Path.Combine(Binaries.SampleAppFolder, Binaries.SampleApp),
                "--urls", $"http://127.0.0.1:{port}", $"--Ips:LogFile={log.Path}", "--Ips:Reload:Probation=00:00:00",
                "--Logging:LogLevel:Default=Warning", "--Logging:LogLevel:Ips.Actors=Information",
            ], environment);
        var published = await log.WaitForAsync(0, EventIds.IdentityPublished);
        var pidFile = published["PidFile"];
        Assert.NotEqual(folder, Path.GetDirectoryName(pidFile));
        Assert.Equal(temporary, Path.GetDirectoryName(Path.GetDirectoryName(pidFile)));
        Assert.Equal((UnixFileMode)0b111_000_000, File.GetUnixFileMode(Path.GetDirectoryName(pidFile)!));
        var warning = Assert.Single(log.Of(EventIds.RunFolderReplaced));
        Assert.Contains(folder, warning.Message, StringComparison.Ordinal);
        Assert.Contains("Ips:PidFile", warning.Message, StringComparison.Ordinal);

        // Tools find it by the PID, and the next generation stays there.
        var first = published.Pid.ToString(CultureInfo.InvariantCulture);
        var reload = await IpsCommand.RunAsync("reload", "--pid", first);
        Assert.True(reload.ExitCode == 0, reload.ToString());
        var second = await log.WaitForAsync(e => e.Id == EventIds.IdentityPublished && e.Generation == 2,
            "generation 2 as the main process");
        Assert.Equal(pidFile, second["PidFile"]);
        var stop = await IpsCommand.RunAsync("stop", "--pid", second.Pid.ToString(CultureInfo.InvariantCulture));
        Assert.True(stop.ExitCode == 0, stop.ToString());
        await _processes.WaitForOnlyAsync();
        if (taken == "a link") AssertUntouched(victim, exists: false);
    }
}
