using Ips.Actors.Diagnostics;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Http2;
using Ips.Testing.Load;
using Ips.Testing.Processes;
using Ips.Testing.WebSockets;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests;

/// <summary>What cannot move is told before it is closed: TLS, HTTP/2 and WebSockets lose no request over reloads, and are never
/// reset.</summary>
public class PoliteCloseTests(ITestOutputHelper output) : ProcessTest(output)
{
    private static readonly TimeSpan Far = TimeSpan.FromMilliseconds(10);

    /// <summary>Reloads of each test.</summary>
    protected virtual int Reloads => 3;

    [Theory]
    [InlineData(LoadDistance.Near)]
    [InlineData(LoadDistance.Far)]
    internal async Task Reload_TlsHttp1UnderLoad_FailsNoRequest(LoadDistance distance)
    {
        var (service, tlsPort) = await StartAsync();
        await using var load = StrictLoad.Start(new LoadOptions
        {
            Target = LoadTarget.LoopbackTls(tlsPort),
            Distance = distance,
            OneShotWorkers = 2, BusyWorkers = 4, IdleWorkers = 24, StreamWorkers = 2, UploadWorkers = 2,
            OneShotThinkTime = TimeSpan.FromMilliseconds(20), BusyThinkTime = TimeSpan.FromMilliseconds(5),
            // What is slow outlasts a handover, and the last drain waits for it.
            Paths = new LoadPaths { Stream = "/stream?ms=1500&chunks=15" },
            UploadTime = TimeSpan.FromMilliseconds(1500),
            IdleIntervalMax = TimeSpan.FromSeconds(2),
        });
        await load.WaitForRequestsAsync(1, Limits.Step);
        await ReloadAsync(service);
        await load.WaitForGenerationAsync(Reloads + 1, Limits.Step);
        var report = await load.StopAsync();
        Output.WriteLine(report.ToString());

        Assert.Equal(0, report.FailedRequests);
        Assert.Equal(0, report.Resets);
        Assert.Equal(0, report.ClosedIdle);
        Assert.NotEqual(0, report.PoliteCloses);
        await AssertPredecessorsEndedWellAsync(service);
    }

    [Theory]
    [InlineData(true, LoadDistance.Near)]
    [InlineData(true, LoadDistance.Far)]
    [InlineData(false, LoadDistance.Near)]
    [InlineData(false, LoadDistance.Far)]
    internal async Task Reload_Http2UnderLoad_FailsNoRequest(bool tls, LoadDistance distance)
    {
        var (service, tlsPort) = await StartAsync(h2c: true);
        await using var load = H2Load.Start(new H2Options
        {
            Target = tls ? LoadTarget.LoopbackTls(tlsPort) : LoadTarget.Loopback(service.Port),
            GoAwayDelay = distance == LoadDistance.Far ? Far : TimeSpan.Zero,
        });
        await ReloadAsync(service);
        var report = await load.StopAsync();
        Output.WriteLine(report.ToString());

        Assert.Equal(0, report.Failed);
        Assert.Equal(0, report.Resets);
        Assert.Equal(0, report.ClosedUntold);
        Assert.InRange(report.Announced, Reloads, int.MaxValue);
        Assert.NotEqual(0, report.Responses);
        await AssertPredecessorsEndedWellAsync(service);
    }

    [H2loadTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Reload_H2load_SucceedsWithEachRequest(bool tls)
    {
        var (service, tlsPort) = await StartAsync(h2c: true);
        var met = 0;
        for (var round = 1; met < Reloads; round++)
        {
            Assert.True(round <= 3 * Reloads,
                $"Of {round - 1} reloads only {met} met h2load's connections: the machine is too slow for this test.");
            var mark = service.Log.Mark;
            await using var load = H2loadRun.Start(tls ? $"https://127.0.0.1:{tlsPort}/ping" : $"http://127.0.0.1:{service.Port}/ping");
            await Eventually.TrueAsync(async () => (await service.StatusAsync()).OpenConnections >= H2loadRun.Connections);
            await service.ReloadAsync();
            await load.AssertSucceedsAsync(Output);

            // A reload that ended after the load proves nothing.
            var farewell = await service.Log.WaitForAsync(mark, EventIds.PredecessorFarewell);
            if (farewell["Polite"] != "0") met++;
        }

        await AssertPredecessorsEndedWellAsync(service);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Reload_WebSockets_AreClosedWith1001(bool tls)
    {
        var (service, tlsPort) = await StartAsync(more: ["--Ips:Drain:WebSocketSpread=00:00:00.500"]);
        const int clients = 20;
        await using var load = WebSocketLoad.Start(new Uri(tls ? $"wss://localhost:{tlsPort}/ws" : $"ws://127.0.0.1:{service.Port}/ws"),
            clients);
        for (var reload = 1; reload <= Reloads; reload++)
        {
            await Eventually.TrueAsync(() => load.Connected >= reload * clients);
            await service.ReloadAsync();
        }

        // Each of them, each time: none is left to the deadline.
        await Eventually.TrueAsync(() => load.GoneAway >= Reloads * clients);
        var report = await load.StopAsync();
        Output.WriteLine(report.ToString());
        Assert.Equal(0, report.Failed);
        Assert.Equal(0, report.Resets);
        Assert.NotEqual(0, report.Echoes);
        await AssertPredecessorsEndedWellAsync(service);
    }

    [Fact]
    public async Task Reload_WebSockets_AreSpreadOverTime()
    {
        var (service, _) = await StartAsync(more: ["--Ips:Drain:WebSocketSpread=00:00:02"]);
        const int clients = 40;
        await using var load = WebSocketLoad.Start(new Uri($"ws://127.0.0.1:{service.Port}/ws"), clients);
        await Eventually.TrueAsync(() => load.Connected >= clients);
        await service.ReloadAsync();
        await Eventually.TrueAsync(() => load.GoneAway >= clients);
        var report = await load.StopAsync();
        Assert.Equal(0, report.Failed);
        // 40 random moments of 2 s: that all fall within 1 s of each other has a chance of some 40/2^39.
        Assert.True(report.CloseTimes.Max() - report.CloseTimes.Min() > TimeSpan.FromSeconds(1), string.Join(", ", report.CloseTimes));
    }

    [Fact]
    public async Task Reload_ServerSentEvents_EndWithTheAppsOwnGoodbye()
    {
        var (service, _) = await StartAsync(more: ["--Ips:Drain:WebSocketSpread=00:00:00.200"]);
        using var client = await RawClient.ConnectAsync(service.Port);
        await client.SendGetAsync("/events");
        await client.ReadUntilAsync(text => text.Contains("data: tick", StringComparison.Ordinal));
        await service.ReloadAsync();
        // The whole response, to the last chunk; then the connection moves on and answers.
        await client.ReadUntilAsync(text => text.Contains("event: moved", StringComparison.Ordinal)
            && text.EndsWith("0\r\n\r\n", StringComparison.Ordinal));
        Assert.Contains("X-Ips-Generation: 2", await client.GetAsync("/ping"), StringComparison.Ordinal);
        await AssertPredecessorsEndedWellAsync(service);
    }

    [Fact]
    public async Task Reload_SilentAndHalfSpokenConnections_AreAnswered()
    {
        var (service, _) = await StartAsync();
        using var silent = await RawClient.ConnectAsync(service.Port);
        using var half = await RawClient.ConnectAsync(service.Port);
        await half.SendAsync("GET /ping HTTP/1.1\r\nHost: local");
        await Eventually.TrueAsync(async () => (await service.StatusAsync()).OpenConnections == 2);
        for (var reload = 1; reload <= 2; reload++) await service.ReloadAsync();
        Assert.Contains("X-Ips-Generation: 3", await silent.GetAsync("/ping"), StringComparison.Ordinal);
        await half.SendAsync("host\r\n\r\n");
        // The generation that read the first half answers.
        Assert.Contains("X-Ips-Generation: 1", await half.ReadUntilAsync(text => text.Contains("\r\n\r\n", StringComparison.Ordinal)),
            StringComparison.Ordinal);
    }

    private async Task<(Service Service, int TlsPort)> StartAsync(bool h2c = false, IReadOnlyList<string>? more = null)
    {
        var pfx = Path.Combine(Folder, "site.pfx");
        await File.WriteAllBytesAsync(pfx, TestCertificate.MakePfx(out _));
        var (plainPort, tlsPort) = (FreePort.Next(), FreePort.Next());
        var service = Prepare(new ServiceSettings(ServiceKind.SampleApp)
        {
            Urls = [],
            Port = plainPort,
            More =
            [
                $"--Kestrel:Endpoints:Plain:Url=http://127.0.0.1:{plainPort}",
                $"--Kestrel:Endpoints:Plain:Protocols={(h2c ? "Http2" : "Http1")}",
                $"--Kestrel:Endpoints:Secure:Url=https://127.0.0.1:{tlsPort}",
                $"--Kestrel:Endpoints:Secure:Certificate:Path={pfx}",
                $"--Kestrel:Endpoints:Secure:Certificate:Password={TestCertificate.Password}",
                .. more ?? [],
            ],
        });
        await service.StartAsync();
        return (service, tlsPort);
    }

    private async Task ReloadAsync(Service service)
    {
        for (var reload = 1; reload <= Reloads; reload++) await service.ReloadAsync();
    }

    private static async Task AssertPredecessorsEndedWellAsync(Service service)
    {
        Assert.Equal(0, await service.First.WaitForExitAsync(Limits.Step));
        await service.WaitForMainAloneAsync();
        Assert.DoesNotContain(service.Log.Of(EventIds.Aborted), e => e["Requests"] != "0");
        Assert.All(service.Log.Of(EventIds.Exiting), e => Assert.Contains("0", e.Message, StringComparison.Ordinal));
    }
}
