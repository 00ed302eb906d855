using System.Net.Http.Json;
using Ips.Host.ProcessTests.Harness;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests.Samples;

/// <summary>The samples that answer requests and keep nothing: samples/MinimalApi and samples/StartupApp.</summary>
[Collection(Waits.Name)]
public sealed class WebSampleTests(ITestOutputHelper output) : SampleTest(output)
{
    [Fact]
    public async Task MinimalApi_ReloadedThreeTimes_AnswersEachClient()
    {
        await using var app = await StartAsync("MinimalApi");
        using var client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{app.Place.Port}") };
        await ReloadUnderLoadAsync(app, ["/price/5", "/price/20", "/healthz"], async _ =>
        {
            Assert.Equal("""{"kg":5,"total":9.50}""", await client.GetStringAsync(new Uri("/price/5", UriKind.Relative)));
            using var quote = await client.PostAsJsonAsync("/quote", new { Kg = 20 });
            Assert.Equal("""{"kg":20,"total":27.50}""", await quote.Content.ReadAsStringAsync());
        });
    }

    [Fact]
    public async Task StartupApp_ReloadedThreeTimes_AnswersEachClient()
    {
        await using var app = await StartAsync("StartupApp");
        using var client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{app.Place.Port}") };
        await ReloadUnderLoadAsync(app, ["/api/rooms", "/health"], async _ =>
        {
            Assert.Equal("""["Baltic","Fjord","Lagoon"]""", await client.GetStringAsync(new Uri("/api/rooms", UriKind.Relative)));
            using var booked = await client.PostAsJsonAsync("/api/rooms/Fjord", new { By = "Ada" });
            Assert.Equal("""{"room":"Fjord","by":"Ada"}""", await booked.Content.ReadAsStringAsync());
        });
    }
}
