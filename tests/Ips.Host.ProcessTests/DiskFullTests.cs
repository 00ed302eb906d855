using System.Globalization;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Load;
using Ips.Testing.Processes;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests;

/// <summary>No byte is free under log and PID file: what is written there may be lost, a request may not.</summary>
public sealed class DiskFullTests(ITestOutputHelper output) : ProcessTest(output)
{
    private string? _mounted;

    public override async Task DisposeAsync()
    {
        if (_mounted is not null) Tmpfs.Unmount(_mounted);
        await base.DisposeAsync();
    }

    [TmpfsFact]
    public async Task Reload_DiskOfLogAndPidFileFull_TakesOverAndIsNamedByThePidFile()
    {
        var disk = Directory.CreateDirectory(Path.Combine(Folder, "service0")).FullName;
        Tmpfs.Mount(disk, 256);
        _mounted = disk;
        var releases = new Releases(Folder);
        releases.AddBuild("good", Binaries.SampleAppFolder);
        releases.SwitchTo("good");
        var service = await StartAsync(new ServiceSettings(ServiceKind.SampleApp)
        {
            Program = Path
            .Combine(releases.Current, Binaries.SampleApp)
        });
        Assert.Equal(disk, service.Folder);
        await using var load = StrictLoad.Start(FaultScene.LightLoad(service.Target));
        await load.WaitForRequestsAsync(1, Limits.Step);
        var (first, lines) = (service.MainPid, service.Log.Mark);
        var before = FaultScene.WithClients(Descriptors.Of(first));
        var fill = Tmpfs.Fill(disk);

        // A release that fails is refused as ever, and its reason is in the receipt.
        var bad = BadSuccessor.All.Single(one => one.Name == "exits with 1");
        bad.Put(releases.PathOf(bad.Name));
        releases.SwitchTo(bad.Name);
        var refused = await ReloadAsync(service);
        Assert.True(refused.ExitCode == 4, refused.ToString());
        Assert.Contains(bad.Reason, string.Join('\n', refused.Output), StringComparison.Ordinal);
        Assert.Equal(1, await service.AnsweringGenerationAsync());
        Assert.Equal(first, service.MainPid);
        await service.WaitForMainAloneAsync();
        await Descriptors.WaitForNoMoreThanAsync(first, before);

        // A good one takes over, and can be found by the next signal.
        releases.SwitchTo("good");
        var promoted = await ReloadAsync(service);
        Assert.True(promoted.ExitCode == 0, promoted.ToString());
        Assert.Equal(2, await service.AnsweringGenerationAsync());
        var second = service.MainPid;
        Assert.NotEqual(first, second);
        Assert.Contains($"PID {second}", promoted.Output[0], StringComparison.Ordinal);
        Assert.Equal(string.Create(CultureInfo.InvariantCulture, $"{second}\n"), await File.ReadAllTextAsync(service.PidFile));
        Assert.Equal(0, await service.First.WaitForExitAsync(Limits.Step));
        await service.WaitForMainAloneAsync();
        await Descriptors.WaitForNoMoreThanAsync(second, FaultScene.AfterReload(before, ofFirst: true, service));

        // With room again the log says what it lacks, and everything goes on.
        File.Delete(fill);
        await service.ReloadAsync();
        Assert.Equal(3, await service.AnsweringGenerationAsync());
        Assert.Contains(service.Log.Events.Skip(lines), e => e.Text.Contains("could not be written: ENOSPC", StringComparison.Ordinal));
        await service.WaitForMainAloneAsync();
        await Descriptors.WaitForNoMoreThanAsync(service.MainPid, FaultScene.AfterReload(before, ofFirst: true, service));
        await load.WaitForGenerationAsync(3, Limits.Step);
        var report = await load.StopAsync();
        Output.WriteLine(report.ToString());
        Assert.Equal(0, report.FailedRequests);
        service.Signal(ProcessTable.SigTerm);
        await service.Processes.WaitForOnlyAsync();
        Assert.False(File.Exists(service.PidFile), "The PID file outlived the stop.");
    }

    [TmpfsFact]
    public async Task Start_DiskOfLogAndStoreFull_NamesTheReason()
    {
        var disk = Directory.CreateDirectory(Path.Combine(Folder, "service0")).FullName;
        Tmpfs.Mount(disk, 256);
        _mounted = disk;
        var service = Prepare(new ServiceSettings(ServiceKind.Daemon));
        var config = service.WriteConfigFile();
        await File.WriteAllTextAsync(service.Log.Path, "");
        Tmpfs.Fill(disk);
        var start = await IpsCommand.RunAsync(service.Processes, null, "start", "--config", config, "--log-file", service.Log.Path);
        Assert.True(start.ExitCode == 1, start.ToString());
        Assert.Contains("full", Assert.Single(start.Errors), StringComparison.Ordinal);
        Assert.Empty(service.Processes.Alive());
    }

    private static Task<CommandResult> ReloadAsync(Service service) => IpsCommand.RunAsync("reload", "--pid-file", service.PidFile);
}
