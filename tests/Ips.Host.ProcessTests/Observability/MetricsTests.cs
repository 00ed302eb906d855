using System.Diagnostics;
using System.Net;
using Ips.Actors.Diagnostics;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Load;
using Ips.Testing.Processes;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests.Observability;

/// <summary>What a scraper sees of a service that is reloaded while it serves.</summary>
[Collection(Waits.Name)]
[Trait("issue", "16")]
public sealed class MetricsTests(ITestOutputHelper output) : ProcessTest(output)
{
    private const int Reloads = 5;

    [PrometheusFact]
    public async Task Scrape_AcrossReloadsAndARollback_NoCounterOfTheServiceFalls()
    {
        var address = $"127.0.0.1:{FreePort.Next()}";
        var service = await StartAsync(Settings(address));
        await using var prometheus = await PrometheusServer.StartAsync(Folder, address);
        await using var load = StrictLoad.Start(new LoadOptions
        {
            Target = service.Target, StreamWorkers = 0, UploadWorkers = 0, Paths = new LoadPaths { PingBody = "pong\n" },
            BusyThinkTime = TimeSpan.FromMilliseconds(5), OneShotThinkTime = TimeSpan.FromMilliseconds(20),
        });
        await load.WaitForRequestsAsync(1, Limits.Step);

        for (var reload = 0; reload < Reloads; reload++)
        {
            await service.ReloadAsync();
            await prometheus.WaitForScrapesAsync(2);
            if (reload == 2) await RollBackAsync(service, prometheus);
        }

        await load.WaitForGenerationAsync(Reloads + 1, Limits.Step);
        var report = await load.StopAsync();
        Output.WriteLine(report.ToString());
        await service.WaitForMainAloneAsync();
        await prometheus.WaitForScrapesAsync(2);

        var own = await prometheus.SamplesAsync("{__name__=~\"ips_.*_total\"}");
        Assert.NotEmpty(own);
        Assert.All(own, series => Assert.Equal(0, Falls(series.Value)));
        // The length of .NET's queue is no counter, but its exporter calls it one.
        var others = await prometheus.SamplesAsync(
            "{__name__=~\".*_(count|total|bucket|sum)\","
                + "__name__!~\"dotnet_thread_pool_queue_length_total\"}");
        Assert.All(others, series => Assert.True(Falls(series.Value) <= Reloads, $"{series.Key} was reset {Falls(series.Value)} times"));
        Assert.All(await prometheus.SamplesAsync("up"), up => Assert.All(up.Value, one => Assert.Equal(1, one)));

        // The receipts know what became of each connection.
        var receipts = (await service.HistoryAsync()).History!;
        Assert.Equal(receipts.Sum(receipt => receipt.Drain?.Moved ?? 0),
            own.Where(series => series.Key.Contains("result=moved", StringComparison.Ordinal)
                && series.Key.Contains("reason=reload", StringComparison.Ordinal)).Sum(series => series.Value[^1]));
        Assert.Equal(Reloads + 1, (await prometheus.SamplesAsync("ips_generation_number")).Values.Single()[^1]);
        Assert.Equal(1, (await prometheus.SamplesAsync("ips_reload_duration_seconds_count{ips_reload_outcome=\"rolled-back\"}"))
            .Values.Single()[^1]);

        // What the last generation has counted is what its clients did; they asked for nothing but /ping.
        var counted = (await prometheus.SamplesAsync("http_server_request_duration_seconds_count{http_route=\"/ping\"}"))
            .Values.Sum(samples => samples[^1]);
        Assert.Equal(report.ResponsesByGeneration[Reloads + 1], counted);
        Assert.Equal(0, report.FailedRequests);
    }

    [Fact]
    public async Task Metrics_HostileRequests_AreRefused()
    {
        var port = FreePort.Next();
        var service = await StartAsync(Settings($"127.0.0.1:{port}"));
        using var client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
        Assert.Equal(HttpStatusCode.OK, await AskAsync());
        Assert.Equal(HttpStatusCode.Forbidden, await AskAsync(("Host", "metrics.example")));
        Assert.Equal(HttpStatusCode.Forbidden, await AskAsync(("Host", $"attacker.example:{port}")));
        foreach (var name in (string[])["Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "x-forwarded-proto", "Via", "X-Real-IP"])
            Assert.Equal(HttpStatusCode.Forbidden, await AskAsync((name, "for=192.0.2.1")));
        Assert.Equal(HttpStatusCode.OK, await AskAsync(("Host", $"localhost:{port}")));
        Assert.Equal(HttpStatusCode.NotFound, (await client.GetAsync("/ping")).StatusCode); // the service is elsewhere
        Assert.Equal(HttpStatusCode.MethodNotAllowed, (await client.PostAsync("/metrics", null)).StatusCode);
        Assert.Equal(404, (await HttpProbe.GetAsync($"http://127.0.0.1:{service.Port}/metrics")).Status);

        async Task<HttpStatusCode> AskAsync(params (string Name, string Value)[] headers)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/metrics");
            foreach (var (name, value) in headers)
            {
                if (name == "Host") request.Headers.Host = value;
                else request.Headers.TryAddWithoutValidation(name, value);
            }

            return (await client.SendAsync(request)).StatusCode;
        }
    }

    [Fact]
    public async Task Metrics_ScrapersThatDoNotRead_CostNobodyElse()
    {
        var port = FreePort.Next();
        var service = await StartAsync(Settings($"127.0.0.1:{port}"));
        using var stuck = new DisposableList();
        for (var i = 0; i < 200; i++)
        {
            var client = await RawClient.ConnectAsync(port);
            stuck.Add(client);
            await client.SendAsync("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
        }

        Assert.Contains("ips_generation_number", await new HttpClient().GetStringAsync($"http://127.0.0.1:{port}/metrics"),
            StringComparison.Ordinal);
        Assert.Equal(1, await service.AnsweringGenerationAsync());
        await service.ReloadAsync();
        Assert.Contains("ips_generation_number{otel_scope_name=\"Ips\"} 2",
            await new HttpClient().GetStringAsync($"http://127.0.0.1:{port}/metrics"), StringComparison.Ordinal);
    }

    [PrometheusFact]
    public async Task Metrics_OfADaemonThatWasReloaded_ContentPromtool()
    {
        var address = $"127.0.0.1:{FreePort.Next()}";
        var service = await StartAsync(Settings(address));
        await service.ReloadAsync();
        Assert.Equal(2, await service.AnsweringGenerationAsync());
        var text = await new HttpClient().GetStringAsync($"http://{address}/metrics");
        Assert.Contains("ips_generation_current{", text, StringComparison.Ordinal);
        Assert.Contains("http_server_request_duration_seconds_count{", text, StringComparison.Ordinal);
        await PromtoolAsync(["check", "metrics"], text);
    }

    [PrometheusFact]
    public async Task Rules_OfTheDocs_AreValidAndFire()
    {
        var rules = Path.Combine(SourceTree.Root, "docs/observability/ips.rules.yml");
        await PromtoolAsync(["check", "rules", rules]);
        var cases = Path.Combine(Folder, "cases.yml");
        await File.WriteAllTextAsync(cases, RuleCases.Write(rules));
        await PromtoolAsync(["test", "rules", cases]);
    }

    private static ServiceSettings Settings(string metrics) => new(ServiceKind.Daemon)
    {
        Probation = TimeSpan.FromSeconds(1), HealthInterval = TimeSpan.FromSeconds(1), More = [$"ips.metrics.url = \"http://{metrics}\""],
    };

    // A release that gives up on probation.
    private static async Task RollBackAsync(Service service, PrometheusServer prometheus)
    {
        var (main, mark) = (service.MainPid, service.Log.Mark);
        service.Signal(ProcessTable.SigUsr2);
        var successor = await service.Log.WaitForAsync(
            e => e.Id == EventIds.AcceptingStarted && e.Pid != main, "a successor that accepts", mark);
        ProcessTable.Signal(successor.Pid, ProcessTable.SigTerm); // it finishes what it has begun
        await service.Log.WaitForAsync(mark, EventIds.ReloadFailed);
        await prometheus.WaitForScrapesAsync(2);
        Assert.Equal(main, service.MainPid);
    }

    private static int Falls(IReadOnlyList<double> samples) => samples.Zip(samples.Skip(1)).Count(pair => pair.Second < pair.First);

    private async Task PromtoolAsync(string[] arguments, string input = "")
    {
        using var process = Process.Start(new ProcessStartInfo("/usr/bin/promtool", arguments)
        {
            RedirectStandardError = true, RedirectStandardOutput = true, RedirectStandardInput = true,
        })!;
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        var (text, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync().WaitAsync(Limits.Step);
        Output.WriteLine(await text + await error);
        Assert.Equal(0, process.ExitCode);
    }

    private sealed class DisposableList : List<IDisposable>, IDisposable
    {
        public void Dispose() => ForEach(one => one.Dispose());
    }
}
