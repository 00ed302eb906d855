using Ips.Host.ProcessTests.Harness;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests;

/// <summary>The same over 100 reloads, and as many under h2load.</summary>
[Trait("kind", "soak")]
public sealed class GatewaySoakTests(ITestOutputHelper output) : GatewayTests(output)
{
    /// <inheritdoc/>
    protected override int Reloads => 100;

    [H2loadFact]
    public async Task Reload_YarpUnderH2load_SucceedsWithEachRequest()
    {
        await using var gateway = await StartGatewayAsync();
        var met = 0;
        for (var round = 1; met < Reloads; round++)
        {
            Assert.True(round <= 3 * Reloads, $"Of {round - 1} reloads only {met} met all of h2load's connections: the machine is too slow for this test.");
            await using var tls = H2loadRun.Start($"https://127.0.0.1:{gateway.TlsPort}/ping");
            await using var prior = H2loadRun.Start($"http://127.0.0.1:{gateway.PriorKnowledgePort}/ping");
            await Eventually.TrueAsync(async () => (await gateway.StatusAsync()).OpenConnections >= 2 * H2loadRun.Connections);
            var reload = await gateway.ReloadAsync();
            await tls.AssertSucceedsAsync(Output);
            await prior.AssertSucceedsAsync(Output);
            // A reload that ended after the load proves nothing.
            if ((await gateway.WaitForDrainAsync(reload)).ClosedPolitely == 2 * H2loadRun.Connections) met++;
        }

        await gateway.AssertPredecessorsEndedWellAsync();
    }
}
