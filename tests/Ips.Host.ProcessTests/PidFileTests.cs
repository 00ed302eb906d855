using System.Globalization;
using Ips.Actors.Diagnostics;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Load;
using Ips.Testing.Processes;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests;

/// <summary>The PID file in other people's hands.</summary>
public sealed class PidFileTests(ITestOutputHelper output) : ProcessTest(output)
{
    [Theory]
    [InlineData(null)] // deleted
    [InlineData("")]
    [InlineData("1\n")]
    public async Task Reload_PidFileTamperedWith_NamesTheSuccessor(string? content)
    {
        var service = await StartAsync(new ServiceSettings(ServiceKind.Daemon));
        await using var load = StrictLoad.Start(FaultScene.LightDaemonLoad(service.Target));
        await load.WaitForRequestsAsync(1, Limits.Step);
        var (first, before) = (service.MainPid, FaultScene.AfterReload(FaultScene.WithClients(Descriptors.Of(service.MainPid)),
            ofFirst: true, service));
        File.Delete(service.PidFile);
        if (content is not null) await File.WriteAllTextAsync(service.PidFile, content);
        ProcessTable.Signal(first, ProcessTable.SigUsr2);
        var promoted = await service.Log.WaitForAsync(0, EventIds.ReloadPromoted);

        Assert.Equal(int.Parse(promoted["Pid"], CultureInfo.InvariantCulture), service.MainPid);
        Assert.Equal(2, await service.AnsweringGenerationAsync());
        Assert.Equal(0, await service.First.WaitForExitAsync(Limits.Step));
        await service.WaitForMainAloneAsync();
        var receipt = (await service.StatusAsync()).LastReload!;
        Assert.Equal(("promoted", service.MainPid), (receipt.Outcome, receipt.NewPid));
        await Descriptors.WaitForNoMoreThanAsync(service.MainPid, before);
        await service.ReloadAsync(); // by the PID that it names again
        Assert.Equal(3, await service.AnsweringGenerationAsync());
        await load.WaitForGenerationAsync(3, Limits.Step);
        Assert.Equal(0, (await load.StopAsync()).FailedRequests);
        await service.WaitForMainAloneAsync();
        await Descriptors.WaitForNoMoreThanAsync(service.MainPid, before);
        await service.StopAsync();
        Assert.False(File.Exists(service.PidFile), "The PID file outlived the stop.");
    }

    [Fact]
    public async Task Stop_PidFileNamesAnother_IsLeftAlone()
    {
        var service = await StartAsync(new ServiceSettings(ServiceKind.Daemon));
        await File.WriteAllTextAsync(service.PidFile, "1\n");
        ProcessTable.Signal(service.First.Pid, ProcessTable.SigTerm);
        Assert.Equal(0, await service.First.WaitForExitAsync(Limits.Step));
        Assert.Equal("1\n", await File.ReadAllTextAsync(service.PidFile));
    }
}
