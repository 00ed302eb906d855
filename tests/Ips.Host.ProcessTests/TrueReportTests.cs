using System.Net;
using System.Net.Sockets;
using Ips.Actors.Diagnostics;
using Ips.Host.ProcessTests.Harness;
using Ips.Host.ProcessTests.Receipts;
using Ips.Testing.Processes;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests;

/// <summary>Ips reports to operators what really happens, during a reload and after it.</summary>
public sealed class TrueReportTests(ITestOutputHelper output) : ReceiptTest(output)
{
    [Fact]
    public async Task Stop_DuringAReload_IsReportedAsAStop()
    {
        Put("good");
        var service = await StartAsync(probation: TimeSpan.FromMinutes(5));
        var reload = CommandAsync(service, "reload");
        await service.Log.WaitForAsync(0, EventIds.AcceptingQuiesced);
        Assert.Equal(0, (await CommandAsync(service, "stop")).ExitCode);
        var result = await reload;
        Assert.Equal(6, result.ExitCode);
        Assert.StartsWith("Stopped after ", result.Output[0], StringComparison.Ordinal);
        Assert.Contains("was told to stop, and generation 2 ", result.Output[0], StringComparison.Ordinal);
        Assert.DoesNotContain("serves on", string.Join(' ', result.Output), StringComparison.Ordinal);
        Assert.StartsWith("ips stop", Assert.Single(service.Log.Of(EventIds.ReloadStopped))["Reason"], StringComparison.Ordinal);
        Assert.Empty(service.Log.Of(EventIds.ReloadFailed));
    }

    [Fact]
    public async Task Status_OnProbation_NamesEachGenerationsState()
    {
        Put("good");
        var service = await StartAsync(probation: TimeSpan.FromMinutes(5));
        service.Signal(ProcessTable.SigUsr2);
        await service.Log.WaitForAsync(0, EventIds.AcceptingQuiesced);
        var successor = (await service.Log.WaitForAsync(0, EventIds.SuccessorSpawned))["Pid"];
        var status = await CommandAsync(service, "status");
        Assert.Contains("state        Reloading: can take the role back while the successor is on probation", status.Output);
        Assert.Contains($"successor    pid {successor}, generation 2, on probation", status.Output);
        var json = await service.StatusAsync();
        Assert.Equal(("Reloading", "on probation", $"{json.SuccessorPid}"), (json.State, json.SuccessorState, successor));
        await service.StopAsync();
    }

    // Of a release that is refused by it, and of one that would be refused by what the running generation was configured with.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task HealthUrl_Changed_CountsInTheSameReload(bool added)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var key = $"ips.reload.health-url = \"http://{listener.LocalEndpoint}/up\"\n"; // it listens, and never answers
        Put("good");
        var service = await StartAsync(
            probation: TimeSpan.FromSeconds(added ? 60 : 8), healthInterval: TimeSpan.FromSeconds(1), more: added ? [] : [key]);
        var configuration = await File.ReadAllTextAsync(service.ConfigFile);
        await File.WriteAllTextAsync(service.ConfigFile, added ? configuration + key : configuration.Replace(key, "",
            StringComparison.Ordinal));
        var (code, receipt) = await ReloadAsync(service);
        Assert.Equal(added ? (4, "rolled-back") : (0, "promoted"), (code, receipt.Outcome));
        if (added) Assert.Contains($"the health URL http://{listener.LocalEndpoint}/up (ips.reload.health-url) failed 3 times",
            receipt.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ProcessTable.SigTerm)]
    [InlineData(ProcessTable.SigKill)]
    public async Task History_ServiceEndsAndIsStartedAgain_ShowsAll(int signal)
    {
        Put("good");
        var service = await StartAsync();
        Assert.Equal(0, (await ReloadAsync(service)).ExitCode);
        Put("bad", "exit 5", serves: false);
        Assert.Equal(4, (await ReloadAsync(service)).ExitCode);
        await service.WaitForMainAloneAsync();
        service.Signal(signal);
        await service.Processes.WaitForOnlyAsync();

        var path = $"{service.PidFile}.history";
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
        Assert.Equal(2, File.ReadAllLines(path).Length);
        var left = await CommandAsync(service, "history");
        Assert.Equal((0, 3), (left.ExitCode, left.Output.Count));
        Assert.Contains("No daemon is running", Assert.Single(left.Errors), StringComparison.Ordinal);

        Put("good");
        await service.StartAsync();
        Assert.Equal(["promoted", "refused"], (await HistoryAsync(service)).Select(receipt => receipt.Outcome));
        Assert.Equal(0, (await ReloadAsync(service)).ExitCode);
        await service.WaitForMainAloneAsync();
        Assert.Equal(["promoted", "refused", "promoted"], (await HistoryAsync(service)).Select(receipt => receipt.Outcome));
        Assert.Equal(["promoted", "refused", "promoted"], File.ReadAllLines(path).Select(line => line.Split('"')[3]));
    }

    // A user who may write to the folder of the PID file cannot redirect the history to another file.
    [Fact]
    public async Task History_ALinkInItsPlace_IsReplacedAndNotFollowed()
    {
        Put("good");
        var service = await StartAsync();
        var target = Path.Combine(Folder, "target");
        await File.WriteAllTextAsync(target, "untouched");
        File.CreateSymbolicLink($"{service.PidFile}.history", target);
        Assert.Equal(0, (await ReloadAsync(service)).ExitCode);
        await service.WaitForMainAloneAsync();
        Assert.Equal("untouched", await File.ReadAllTextAsync(target));
        Assert.Null(new FileInfo($"{service.PidFile}.history").LinkTarget);
    }

    [Fact]
    public async Task History_CannotBeWritten_CostsTheHistoryOnly()
    {
        Put("good");
        var service = await StartAsync();
        Directory.CreateDirectory($"{service.PidFile}.history"); // rename(2) does not replace a folder with a file
        Assert.Equal(0, (await ReloadAsync(service)).ExitCode);
        await service.WaitForMainAloneAsync();
        Assert.NotEmpty(service.Log.Of(EventIds.HistoryNotKept));
        Assert.Equal(2, await service.AnsweringGenerationAsync());
        Assert.Equal("promoted", Assert.Single(await HistoryAsync(service)).Outcome);
    }
}
