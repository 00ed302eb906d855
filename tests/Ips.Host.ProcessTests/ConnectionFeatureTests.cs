using Ips.Host.ProcessTests.Harness;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests;

/// <summary>What an app keeps in a feature of a connection, such as who logged in on it, is not lost in the middle of it.</summary>
public sealed class ConnectionFeatureTests(ITestOutputHelper output) : ProcessTest(output)
{
    [Fact, Trait("issue", "11")]
    public async Task Reload_FeatureOfTheConnection_StaysWithItAndIsClosedPolitely()
    {
        var service = await StartAsync(new ServiceSettings(ServiceKind.SampleApp) { More = ["--Sample:ConnectionUser=held"] });
        using var client = await RawClient.ConnectAsync(service.Port);
        Assert.Contains("\nalice", await client.GetAsync("/login/alice"), StringComparison.Ordinal);
        Assert.Contains("\nalice", await client.GetAsync("/who"), StringComparison.Ordinal);

        await service.ReloadAsync();
        var answer = await client.GetAsync("/who");
        Assert.Contains("\nalice", answer, StringComparison.Ordinal);
        Assert.Contains("X-Ips-Generation: 1", answer, StringComparison.Ordinal);
        Assert.Contains("Connection: close", answer, StringComparison.OrdinalIgnoreCase);
        Assert.Equal("FIN", await client.EndAsync());

        // Who logs in again is served by the successor.
        using var next = await RawClient.ConnectAsync(service.Port);
        Assert.Contains("X-Ips-Generation: 2", await next.GetAsync("/login/alice"), StringComparison.Ordinal);
        Assert.Contains("\nalice", await next.GetAsync("/who"), StringComparison.Ordinal);
        await service.WaitForMainAloneAsync();
    }

    [Fact, Trait("issue", "11")]
    public async Task Reload_FeatureThatMayMove_MovesTheConnection()
    {
        var service = await StartAsync(new ServiceSettings(ServiceKind.SampleApp) { More = ["--Sample:ConnectionUser=movable"] });
        using var client = await RawClient.ConnectAsync(service.Port);
        Assert.Contains("\nalice", await client.GetAsync("/login/alice"), StringComparison.Ordinal);

        await service.ReloadAsync();
        await service.WaitForMainAloneAsync(); // it has moved by then
        var answer = await client.GetAsync("/who");
        Assert.Contains("X-Ips-Generation: 2", answer, StringComparison.Ordinal);
        Assert.Contains("\nnobody", answer, StringComparison.Ordinal); // what the app has said
        Assert.DoesNotContain("Connection: close", answer, StringComparison.OrdinalIgnoreCase);
    }
}
