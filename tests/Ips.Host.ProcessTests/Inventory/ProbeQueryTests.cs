using Ips.Host.ProcessTests.Harness;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests.Inventory;

/// <summary>Probes of the daemon itself: who probes may add a query, and may send HEAD.</summary>
[Trait("issue", "12")]
public sealed class ProbeQueryTests(ITestOutputHelper output) : InventoryTest(output)
{
    [Fact]
    public async Task Probes_WithAQueryOrHead_AreAnswered_AndOtherRoutesRefuseTheQuery()
    {
        var service = await PrepareAsync();
        await service.StartAsync();
        using var client = new HttpClient { BaseAddress = new Uri($"http://{service.Target.EndPoint}"), Timeout = Limits.Step };
        client.DefaultRequestHeaders.ConnectionClose = true; // or the stop would wait for its idle connection
        foreach (var path in new[] { "/ping", "/healthz", "/readyz" })
        {
            foreach (var method in new[] { HttpMethod.Get, HttpMethod.Head })
            {
                using var request = new HttpRequestMessage(method, path + "?probe=1");
                using var answer = await client.SendAsync(request);
                Assert.Equal(200, (int)answer.StatusCode);
            }
        }
        foreach (var path in new[] { "/", "/openapi/v1.json" })
        {
            using var answer = await client.GetAsync(new Uri(path + "?probe=1", UriKind.Relative));
            Assert.Equal(400, (int)answer.StatusCode);
        }
        await service.StopAsync();
    }
}
