using System.Globalization;
using System.Net.Http.Json;
using Ips.Host.ProcessTests.Harness;
using Ips.Host.ProcessTests.Observability;
using Ips.Testing.WebSockets;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests.Samples;

/// <summary>samples/Yarp in front of samples/MinimalApi. GatewayTests has each kind of client: TLS, HTTP/2, WebSockets.</summary>
[Collection(Waits.Name)]
public sealed class YarpTests(ITestOutputHelper output) : SampleTest(output)
{
    [Fact]
    public async Task Yarp_ReloadedThreeTimesAndItsBackendOnce_FailsNoProxiedRequest()
    {
        // The generation in the responses is to be the gateway's.
        await using var backend = await StartAsync("MinimalApi", "--Ips:GenerationHeader=false");
        await using var gateway = await StartAsync(
            "Yarp", $"--ReverseProxy:Clusters:prices:Destinations:one:Address=http://127.0.0.1:{backend.Place.Port}/");
        using var client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{gateway.Place.Port}") };
        await ReloadUnderLoadAsync(gateway, ["/price/5", "/price/20", "/gateway/healthz"], async generation =>
        {
            using var quote = await client.PostAsJsonAsync("/quote", new { Kg = 20 });
            Assert.Equal("""{"kg":20,"total":27.50}""", await quote.Content.ReadAsStringAsync());
            if (generation == 2) Assert.Null(await backend.TryReloadAsync());
        });
        Assert.Equal(["promoted"], await backend.OutcomesAsync());
    }

    [Fact]
    public async Task Yarp_ReloadedThreeTimes_KeepsItsWebSockets()
    {
        var backend = await StartAsync(new ServiceSettings(ServiceKind.SampleApp) { More = ["--Ips:GenerationHeader=false"] });
        await using var gateway = await StartAsync("Yarp", "--Ips:Warmup:Requests:0=/ping",
            $"--ReverseProxy:Clusters:prices:Destinations:one:Address=http://127.0.0.1:{backend.Port}/");
        var clients = new List<ChainClient>();
        for (var i = 0; i < 3; i++)
        {
            clients.Add(ChainClient.Start(await DotnetPeer.ConnectAsync(new Uri($"ws://127.0.0.1:{gateway.Place.Port}/chain")), i,
                maxPause: TimeSpan.FromMilliseconds(20)));
        }

        for (var reload = 1; reload <= Reloads; reload++)
        {
            Assert.Null(await gateway.TryReloadAsync());
            var before = clients.ConvertAll(client => client.Answers);
            await Eventually.TrueAsync(() => clients.Any(client => client.Fault is not null)
                || clients.Zip(before).All(pair => pair.First.Answers > pair.Second + 2));
        }

        foreach (var client in clients) await client.StopAsync();
        Assert.All(clients, client => Assert.Null(client.Fault));
        await gateway.Processes.WaitForOnlyAsync(gateway.MainPid);
    }

    [ChromiumFact]
    public async Task Page_GatewayAndBackendReloaded_ABrowserKeepsItsWebSocket()
    {
        await using var backend = await StartAsync("MinimalApi", "--Ips:GenerationHeader=false");
        await using var gateway = await StartAsync(
            "Yarp", $"--ReverseProxy:Clusters:prices:Destinations:one:Address=http://127.0.0.1:{backend.Place.Port}/");
        await using var browser = await Chromium.StartAsync();
        await browser.OpenAsync($"http://127.0.0.1:{gateway.Place.Port}/gateway");
        for (var generation = 1; generation <= Reloads + 1; generation++)
        {
            await browser.WaitAsync($"document.getElementById('generation').textContent === '{generation}'");
            await AnswersAsync();
            Assert.Null(await (generation <= Reloads ? gateway : backend).TryReloadAsync()); // the backend last
        }

        await AnswersAsync();
        Assert.Equal(("open", "1"), (await browser.TextAsync("state"), await browser.TextAsync("connections")));
        Assert.Equal("0", $"{await browser.RunAsync("return document.querySelectorAll('.closed').length")}");
        Assert.Empty(await browser.ComplaintsAsync());

        async Task AnswersAsync()
        {
            var answers = int.Parse(await browser.TextAsync("answers"), CultureInfo.InvariantCulture);
            await browser.WaitAsync($"document.getElementById('answers').textContent > {answers + 2}");
        }
    }
}
