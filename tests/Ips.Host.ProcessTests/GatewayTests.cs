using System.Globalization;
using Ips.Actors.Control;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Load;
using Ips.Testing.Processes;
using Ips.Testing.WebSockets;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests;

/// <summary>An app that nobody here wrote: YARP as a gateway, with <c>AddIps()</c> as its only added line. What is behind it stays up.</summary>
public class GatewayTests(ITestOutputHelper output) : ProcessTest(output)
{
    private const int WebSockets = 10;

    /// <summary>Reloads of each test.</summary>
    protected virtual int Reloads => 5;

    [Theory]
    [InlineData(LoadDistance.Near)]
    [InlineData(LoadDistance.Far)]
    public async Task Reload_YarpUnderLoad_FailsNoRequestAndClosesNoConnection(LoadDistance distance)
    {
        await using var gateway = await StartGatewayAsync();
        await using var load = StrictLoad.Start(new LoadOptions
        {
            Target = LoadTarget.Loopback(gateway.Port),
            Distance = distance,
            OneShotWorkers = 2, BusyWorkers = 4, IdleWorkers = 32, StreamWorkers = 2, UploadWorkers = 2,
            OneShotThinkTime = TimeSpan.FromMilliseconds(20), BusyThinkTime = TimeSpan.FromMilliseconds(2),
        });
        await load.WaitForRequestsAsync(1, Limits.Step);
        for (var reload = 1; reload <= Reloads; reload++) await gateway.ReloadAsync();
        await load.WaitForGenerationAsync(Reloads + 1, Limits.Step);
        var report = await load.StopAsync();
        Output.WriteLine(report.ToString());

        Assert.Equal(0, report.FailedRequests);
        Assert.Equal(0, report.PoliteCloses + report.ClosedIdle + report.Resets);
        Assert.Equal(0, await gateway.First.WaitForExitAsync(Limits.Step));
    }

    [Fact]
    public async Task Reload_YarpWithProxiedWebSockets_ClosesThemWith1001()
    {
        await using var gateway = await StartGatewayAsync("--Ips:Drain:WebSocketSpread=00:00:00.500");
        await using var load = WebSocketLoad.Start(new Uri($"ws://127.0.0.1:{gateway.Port}/ws"), WebSockets);
        for (var reload = 1; reload <= Reloads; reload++)
        {
            await Eventually.TrueAsync(() => load.Connected >= reload * WebSockets);
            await gateway.ReloadAsync();
        }

        await Eventually.TrueAsync(() => load.GoneAway >= Reloads * WebSockets);
        var report = await load.StopAsync();
        Output.WriteLine(report.ToString());
        Assert.Equal(0, report.Failed);
        Assert.Equal(0, report.Resets);
        Assert.NotEqual(0, report.Echoes);
        Assert.Equal(0, await gateway.First.WaitForExitAsync(Limits.Step)); // 0: no request was cut at a deadline
    }

    private async Task<Gateway> StartGatewayAsync(params IReadOnlyList<string> more)
    {
        // The generation in the responses is to be the gateway's.
        var backend = await StartAsync(new ServiceSettings(ServiceKind.SampleApp) { More = ["--Ips:GenerationHeader=false"] });
        var port = FreePort.Next();
        var gateway = new Gateway(port, Path.Combine(Folder, "gateway.pid"), [
            "--urls", $"http://127.0.0.1:{port}", "--Ips:Reload:Probation=00:00:00", "--Logging:LogLevel:Default=Warning",
            "--ReverseProxy:Routes:all:ClusterId=app", "--ReverseProxy:Routes:all:Match:Path={**path}",
            $"--ReverseProxy:Clusters:app:Destinations:one:Address=http://127.0.0.1:{backend.Port}", .. more,
        ]);
        await gateway.WaitForServingAsync();
        return gateway;
    }

    /// <summary>The gateway with all its generations, by its control socket: its log is the app's own.</summary>
    private sealed class Gateway : IAsyncDisposable
    {
        private readonly MarkedProcesses _processes = new();
        private readonly string _pidFile;

        public Gateway(int port, string pidFile, IReadOnlyList<string> arguments)
        {
            (Port, _pidFile) = (port, pidFile);
            First = DaemonProcess.Start(Binaries.GatewayPath, [.. arguments, $"--Ips:PidFile={pidFile}"], _processes.Environment);
        }

        public int Port { get; }

        public DaemonProcess First { get; }

        public Task WaitForServingAsync() => Eventually.TrueAsync(() => File.Exists(_pidFile));

        public async Task ReloadAsync()
        {
            var before = int.Parse(await File.ReadAllTextAsync(_pidFile), CultureInfo.InvariantCulture);
            var last = await new ControlClient($"{_pidFile}.sock") { Timeout = Limits.Step, FirstEventTimeout = Limits.Step }.AskLastAsync(new("reload"));
            Assert.True(last.Receipt?.Outcome == "promoted", $"The reload of PID {before} ended as {last.Receipt?.Outcome}: {last.Receipt?.Reason ?? last.Message}\n{First.OutputTail()}");
        }

        public async Task WaitForMainAloneAsync() =>
            await _processes.WaitForOnlyAsync(int.Parse(await File.ReadAllTextAsync(_pidFile), CultureInfo.InvariantCulture));

        public async ValueTask DisposeAsync()
        {
            await _processes.KillAllAsync();
            await First.DisposeAsync();
        }
    }
}
