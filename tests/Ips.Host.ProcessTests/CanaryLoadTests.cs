using Ips.Actors.Diagnostics;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Http2;
using Ips.Testing.Load;
using Ips.Testing.Processes;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests;

/// <summary>Good releases that begin as canaries, under clients that never retry: over HTTP/1.1, TLS and HTTP/2, near and far.</summary>
[Collection(Alone.Name)] // the load takes what the machine has
public class CanaryLoadTests(ITestOutputHelper output) : ProcessTest(output)
{
    private static readonly TimeSpan s_far = TimeSpan.FromMilliseconds(10);

    /// <summary>Reloads of each test.</summary>
    protected virtual int Reloads => 2;

    [Theory]
    [InlineData(LoadDistance.Near)]
    [InlineData(LoadDistance.Far)]
    internal async Task Reload_Http1UnderTheWholeMix_FailsNoRequestAndClosesNothing(LoadDistance distance)
    {
        var service = await StartAsync(Settings() with { Port = FreePort.Next() });
        await using var load = StrictLoad.Start(new LoadOptions
        {
            Target = service.Target,
            Distance = distance,
            BusyThinkTime = TimeSpan.FromMilliseconds(1),
            OneShotThinkTime = TimeSpan.FromMilliseconds(2),
        });
        await load.WaitForRequestsAsync(1, Limits.Step);
        await ReloadAsync(service);
        await load.WaitForGenerationAsync(Reloads + 1, Limits.Step);
        var report = await load.StopAsync();
        Output.WriteLine(report.ToString());
        Assert.Equal(0, report.FailedRequests);
        Assert.Equal(0, report.PoliteCloses + report.ClosedIdle + report.Resets);
    }

    [Theory]
    [InlineData(LoadDistance.Near)]
    [InlineData(LoadDistance.Far)]
    internal async Task Reload_TlsAndHttp2_FailsNoRequest(LoadDistance distance)
    {
        var pfx = Path.Combine(Folder, "site.pfx");
        await File.WriteAllBytesAsync(pfx, TestCertificate.MakePfx(out _));
        var (plainPort, tlsPort) = (FreePort.Next(), FreePort.Next());
        var service = await StartAsync(Settings() with
        {
            Urls = [],
            Port = plainPort,
            More =
            [
                $"--Kestrel:Endpoints:Plain:Url=http://127.0.0.1:{plainPort}",
                $"--Kestrel:Endpoints:Secure:Url=https://127.0.0.1:{tlsPort}",
                $"--Kestrel:Endpoints:Secure:Certificate:Path={pfx}",
                $"--Kestrel:Endpoints:Secure:Certificate:Password={TestCertificate.Password}",
            ],
        });
        await using var http1 = StrictLoad.Start(new LoadOptions
        {
            Target = LoadTarget.LoopbackTls(tlsPort),
            Distance = distance,
            OneShotWorkers = 2, BusyWorkers = 4, IdleWorkers = 24, StreamWorkers = 2, UploadWorkers = 2,
            OneShotThinkTime = TimeSpan.FromMilliseconds(20), BusyThinkTime = TimeSpan.FromMilliseconds(5),
            IdleIntervalMax = TimeSpan.FromSeconds(2),
        });
        await using var http2 = H2Load.Start(new H2Options
        {
            Target = LoadTarget.LoopbackTls(tlsPort),
            GoAwayDelay = distance == LoadDistance.Far ? s_far : TimeSpan.Zero,
        });
        await http1.WaitForRequestsAsync(1, Limits.Step);
        await ReloadAsync(service);
        var (first, second) = (await http1.StopAsync(), await http2.StopAsync());
        Output.WriteLine($"{first}{Environment.NewLine}{second}");
        Assert.Equal(0, first.FailedRequests + first.Resets + first.ClosedIdle);
        Assert.Equal(0, second.Failed + second.Resets + second.ClosedUntold);
        Assert.Contains(1, first.ResponsesByGeneration.Keys);
        Assert.NotEqual(0, second.Responses);
    }

    private static ServiceSettings Settings() => new(ServiceKind.SampleApp) { Canary = true, Probation = TimeSpan.FromSeconds(2) };

    private async Task ReloadAsync(Service service)
    {
        for (var reload = 1; reload <= Reloads; reload++) await service.ReloadAsync();
        Assert.Equal(2 * Reloads, service.Log.Of(EventIds.CanaryShare).Count); // both steps of each
        Assert.Equal(Reloads + 1, await service.AnsweringGenerationAsync());
    }
}

/// <summary>The same over 20 reloads each.</summary>
[Collection(Alone.Name), Trait("kind", "soak")]
public sealed class CanaryLoadSoakTests(ITestOutputHelper output) : CanaryLoadTests(output)
{
    /// <inheritdoc/>
    protected override int Reloads => 20;
}
