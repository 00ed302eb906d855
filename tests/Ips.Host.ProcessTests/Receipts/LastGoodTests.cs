using System.Globalization;
using System.Text.Json;
using Ips.Actors.Control;
using Ips.Actors.Launch;
using Ips.Actors.Lifecycle;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Processes;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests.Receipts;

/// <summary>After a crash, the release that last served for good can be started although another one is in place.</summary>
public sealed class LastGoodTests(ITestOutputHelper output) : ProcessTest(output)
{
    private readonly MarkedProcesses _processes = new();

    public override async Task DisposeAsync()
    {
        await _processes.KillAllAsync();
        await base.DisposeAsync();
    }

    [Fact]
    public async Task LastGood_BadReleaseIsInPlace_ServesAndFollowsCurrentLater()
    {
        var releases = new Releases(Folder);
        releases.AddBuild("1", Binaries.IpsFolder);
        releases.AddBuild("2", Binaries.IpsFolder);
        releases.SwitchTo("1");
        var port = FreePort.Next();
        await File.WriteAllTextAsync(Path.Combine(Folder, "ips.conf"),
            $"ips.urls = [\"http://127.0.0.1:{port}\"]\nips.reload.probation = 0s\nips.user = {Environment.UserName}\n");
        var first = await StartAsync();
        Assert.Equal(releases.PathOf("1", "ips"), Kept().FileName);

        releases.SwitchTo("2");
        Assert.Equal(0, (await IpsAsync("reload")).ExitCode);
        var second = MainPid();
        Assert.NotEqual(first, second);
        Assert.Equal((releases.PathOf("2", "ips"), 2), (Kept().FileName, Kept().Generation));

        // The release in place is broken now, and the daemon crashes.
        Directory.CreateDirectory(releases.PathOf("3"));
        releases.SwitchTo("3");
        Assert.Equal(4, (await IpsAsync(program: releases.PathOf("2", "ips"), "reload")).ExitCode);
        Assert.Equal(releases.PathOf("2", "ips"), Kept().FileName); // a refused release is not good
        Assert.True(ProcessTable.Signal(second, ProcessTable.SigKill));
        await ProcessTable.WaitForEndAsync(second, Limits.Step);
        var started = await IpsAsync(program: releases.PathOf("1", "ips"), "start", "--last-good");
        Assert.True(started.ExitCode == 0, started.ToString());
        var third = int.Parse(started.Output[0], CultureInfo.InvariantCulture);
        Assert.Equal(releases.PathOf("2", "ips"), ProcFs.Program(third));
        Assert.Equal(1, (await HttpProbe.GetAsync($"http://127.0.0.1:{port}/ping")).Generation);
        var status = await IpsAsync(program: releases.PathOf("2", "ips"), "status");
        Assert.Contains(status.Output, line => line.StartsWith("last good", StringComparison.Ordinal)
            && line.EndsWith(releases.PathOf("2", "ips"), StringComparison.Ordinal));

        releases.SwitchTo("1"); // mended: a reload starts what is in place again
        var reloaded = await IpsAsync("reload");
        Assert.True(reloaded.ExitCode == 0, reloaded.ToString());
        Assert.Equal(releases.PathOf("1", "ips"), ProcFs.Program(MainPid()));
        Assert.True(ProcessTable.Signal(MainPid(), ProcessTable.SigTerm));
        await _processes.WaitForOnlyAsync();
        Assert.True(File.Exists(Path.Combine(Folder, "ips.pid.last-good"))); // it outlives a stop
    }

    private async Task<int> StartAsync()
    {
        var started = await IpsAsync("start");
        Assert.True(started.ExitCode == 0, started.ToString());
        return int.Parse(started.Output[0], CultureInfo.InvariantCulture);
    }

    private Task<CommandResult> IpsAsync(string verb) => IpsAsync(Path.Combine(Folder, "current", "ips"), verb);

    private Task<CommandResult> IpsAsync(string program, params IReadOnlyList<string> arguments) => IpsCommand.RunProgramAsync(
        _processes, Folder, program, [.. arguments, "--config", "ips.conf", "--pid-file", "ips.pid"]);

    private int MainPid() => int.Parse(File.ReadAllText(Path.Combine(Folder, "ips.pid")), CultureInfo.InvariantCulture);

    private LastGoodRelease Kept() => JsonSerializer.Deserialize(
        File.ReadAllText(LastGoodFile.PathBeside(Path.Combine(Folder, "ips.pid"))), ControlJson.Default.LastGoodRelease)!;
}
