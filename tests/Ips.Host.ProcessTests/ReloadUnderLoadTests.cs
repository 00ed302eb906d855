using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Load;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests;

/// <summary>The promise itself: many reloads in a row, and no client that never retries has lost a request or a connection.</summary>
[Collection(Alone.Name)] // the load takes what the machine has
public class ReloadUnderLoadTests(ITestOutputHelper output) : ProcessTest(output)
{
    /// <summary>Reloads of each test of the app.</summary>
    protected virtual int Reloads => 5;

    /// <summary>Reloads of the test of the daemon.</summary>
    protected virtual int DaemonReloads => 5;

    [Theory]
    [InlineData(LoadDistance.Near)]
    [InlineData(LoadDistance.Far)]
    internal async Task Reload_AppUnderWholeMix_FailsNoRequest(LoadDistance distance) =>
        await ReloadUnderLoadAsync(new ServiceSettings(ServiceKind.SampleApp), Reloads, target => Load(target, distance));

    // The daemon has nothing slow to ask for, so streams and uploads are left out.
    [Fact]
    public async Task Reload_DaemonUnderLoad_FailsNoRequest() =>
        await ReloadUnderLoadAsync(new ServiceSettings(ServiceKind.Daemon), DaemonReloads, target => Load(target, LoadDistance.Far) with
        {
            StreamWorkers = 0,
            UploadWorkers = 0,
            Paths = new LoadPaths { PingBody = "pong\n" },
        });

    private async Task ReloadUnderLoadAsync(ServiceSettings settings, int reloads, Func<LoadTarget, LoadOptions> options)
    {
        var service = await StartAsync(settings);
        await using var load = StrictLoad.Start(options(service.Target));
        await load.WaitForRequestsAsync(1, Limits.Step);
        for (var reload = 1; reload <= reloads; reload++) await service.ReloadAsync();
        await load.WaitForGenerationAsync(reloads + 1, Limits.Step);
        var report = await load.StopAsync();

        Output.WriteLine(report.ToString());
        Assert.Equal(0, report.FailedRequests);
        Assert.Equal(reloads + 1, await service.AnsweringGenerationAsync());
        // Every connection has followed, through several reloads if its request took so long; and the predecessors are gone.
        Assert.Equal(0, report.PoliteCloses + report.ClosedIdle + report.Resets);
        Assert.Equal(0, await service.First.WaitForExitAsync(Limits.Step));
        await service.WaitForMainAloneAsync();
    }

    private static LoadOptions Load(LoadTarget target, LoadDistance distance) => new()
    {
        Target = target,
        Distance = distance,
        // Without a pause the clients would take the machine, and a reload as long as they leave it.
        BusyThinkTime = TimeSpan.FromMilliseconds(1),
        OneShotThinkTime = TimeSpan.FromMilliseconds(2),
    };
}
