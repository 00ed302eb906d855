using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Http2;
using Ips.Testing.Load;
using Ips.Testing.WebSockets;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests;

/// <summary>An app that nobody here wrote: YARP as a gateway, with <c>AddIps()</c> as its only added line. What is behind it stays
/// up.</summary>
public class GatewayTests(ITestOutputHelper output) : ProcessTest(output)
{
    private const int WebSocketsOfEachKind = 3;
    private static readonly TimeSpan Far = TimeSpan.FromMilliseconds(10);

    /// <summary>Reloads of each test.</summary>
    protected virtual int Reloads => 2;

    // All of them at once, as a gateway has them: plain HTTP/1.1, TLS, HTTP/2 with and without TLS, and WebSockets over each of these.
    [Theory]
    [InlineData(LoadDistance.Near)]
    [InlineData(LoadDistance.Far)]
    internal async Task Reload_YarpUnderEachKindOfClient_FailsNoRequest(LoadDistance distance)
    {
        await using var gateway = await StartGatewayAsync("--Ips:Drain:WebSocketSpread=00:00:00.500");
        await using var plain = StrictLoad.Start(Http1(LoadTarget.Loopback(gateway.Port), distance));
        await using var tls = StrictLoad.Start(Http1(LoadTarget.LoopbackTls(gateway.TlsPort), distance));
        await using var prior = H2Load.Start(Http2(LoadTarget.Loopback(gateway.PriorKnowledgePort), distance));
        await using var secure = H2Load.Start(Http2(LoadTarget.LoopbackTls(gateway.TlsPort), distance));
        await using var ws = WebSocketLoad.Start(new Uri($"ws://127.0.0.1:{gateway.Port}/ws"), WebSocketsOfEachKind);
        await using var wss = WebSocketLoad.Start(new Uri($"wss://localhost:{gateway.TlsPort}/ws"), WebSocketsOfEachKind);
        await using var streams = WebSocketLoad.Start(new Uri($"wss://localhost:{gateway.TlsPort}/ws"), WebSocketsOfEachKind, http2: true);
        WebSocketLoad[] sockets = [ws, wss, streams];
        await plain.WaitForRequestsAsync(1, Limits.Step);
        await tls.WaitForRequestsAsync(1, Limits.Step);
        for (var reload = 1; reload <= Reloads; reload++)
        {
            foreach (var load in sockets) await Eventually.TrueAsync(() => load.Connected >= reload * WebSocketsOfEachKind);
            await gateway.ReloadAsync();
        }

        // Each WebSocket, each time: none is left to the deadline.
        foreach (var load in sockets) await Eventually.TrueAsync(() => load.GoneAway >= Reloads * WebSocketsOfEachKind);
        await plain.WaitForGenerationAsync(Reloads + 1, Limits.Step);
        await tls.WaitForGenerationAsync(Reloads + 1, Limits.Step);
        var (moving, closing) = (await plain.StopAsync(), await tls.StopAsync());
        List<H2Report> http2 = [await prior.StopAsync(), await secure.StopAsync()];
        List<WebSocketReport> talks = [await ws.StopAsync(), await wss.StopAsync(), await streams.StopAsync()];
        foreach (var report in (object[])[moving, closing, .. http2, .. talks]) Output.WriteLine($"{report}");

        Assert.Equal((0, 0), (moving.FailedRequests, closing.FailedRequests));
        Assert.Equal(0, moving.PoliteCloses + moving.ClosedIdle + moving.Resets);
        Assert.Equal(0, closing.ClosedIdle + closing.Resets);
        Assert.NotEqual(0, closing.PoliteCloses);
        Assert.All(http2, report => Assert.Equal((0, 0, 0), (report.Failed, report.Resets, report.ClosedUntold)));
        Assert.All(http2, report => Assert.InRange(report.Announced, Reloads, int.MaxValue));
        Assert.All(talks, report => Assert.Equal((0, 0), (report.Failed, report.Resets)));
        Assert.All(talks, report => Assert.NotEqual(0, report.Echoes));
        await gateway.AssertPredecessorsEndedWellAsync();
    }

    private protected Task<Gateway> StartGatewayAsync(params IReadOnlyList<string> more) =>
        StartGatewayAsync(new Dictionary<string, string?>(), more);

    private protected async Task<Gateway> StartGatewayAsync(IReadOnlyDictionary<string, string?> backendEnvironment,
        params IReadOnlyList<string> more)
    {
        // The generation in the responses is to be the gateway's.
        var backend = await StartAsync(new ServiceSettings(ServiceKind.SampleApp)
        {
            Environment = backendEnvironment,
            More = ["--Ips:GenerationHeader=false"]
        });
        return await Gateway.StartAsync(Folder, backend.Port, more);
    }

    // Few of each: the clients of all kinds share the machine with two generations and the app behind them.
    private static LoadOptions Http1(LoadTarget target, LoadDistance distance) => new()
    {
        Target = target,
        Distance = distance,
        OneShotWorkers = 1, BusyWorkers = 2, IdleWorkers = 24, StreamWorkers = 2, UploadWorkers = 2,
        OneShotThinkTime = TimeSpan.FromMilliseconds(20), BusyThinkTime = TimeSpan.FromMilliseconds(5),
    };

    private static H2Options Http2(LoadTarget target, LoadDistance distance) => new()
    {
        Target = target, GoAwayDelay = distance == LoadDistance.Far ? Far : TimeSpan.Zero, BusyClients = 2, IdleClients = 2, Streams = 2,
    };
}
