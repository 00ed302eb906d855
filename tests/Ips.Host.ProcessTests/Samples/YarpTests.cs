using System.Net.Http.Json;
using Ips.Host.ProcessTests.Harness;
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
}
