using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Fuzz;
using Ips.Testing.Load;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests;

/// <summary>The same over 100 reloads, as many under h2load, and random clients.</summary>
[Collection(Alone.Name), Trait("kind", "soak")]
public sealed class GatewaySoakTests(ITestOutputHelper output) : GatewayTests(output)
{
    private static readonly TimeSpan s_fuzzClient = TimeSpan.FromSeconds(60);

    /// <inheritdoc/>
    protected override int Reloads => 100;

    // Bodies that YARP reads on its own account, and answers that come before a body's end: what ReloadFuzzTests asks of an app, asked
    // through the gateway.
    [Fact]
    public async Task Reload_YarpUnderRandomClients_EachSeesItsAnswersOnce()
    {
        var (seed, connections) = (FuzzRun.Setting(FuzzRun.SeedVariable, 20261123), FuzzRun.Setting(FuzzRun.ConnectionsVariable, 3000));
        Output.WriteLine($"{FuzzRun.SeedVariable}={seed} {FuzzRun.ConnectionsVariable}={connections}");
        var journal = Directory.CreateDirectory(Path.Combine(Folder, "journal")).FullName;
        await using var gateway = await StartGatewayAsync(
            // none is cut short
            new Dictionary<string, string?> { [FuzzJournal.Variable] = journal }, "--Ips:Reload:MaxGenerations=30",
                "--Ips:Reload:RoomTimeout=00:01:00");
        var random = new Random(seed);
        var fuzz = FuzzRun.RunAsync(seed, connections, atOnce: 48, LoadTarget.Loopback(gateway.Port), s_fuzzClient, SuitsYarp);
        var reloads = 0;
        for (; !fuzz.IsCompleted; reloads++)
        {
            await gateway.ReloadAsync();
            await Task.Delay(random.Next(300));
        }

        var run = await fuzz;
        run.JudgeJournal(journal);
        Output.WriteLine($"{reloads} reloads{Environment.NewLine}{run}");
        foreach (var fault in run.Faults.Take(20)) Output.WriteLine(fault);
        Assert.Empty(run.Faults);
        // none need be closed politely: YARP reads bodies that the app behind it leaves
        Assert.InRange(run.Moved, connections / 50, int.MaxValue);
        await gateway.AssertPredecessorsEndedWellAsync();
    }

    [H2loadFact]
    public async Task Reload_YarpUnderH2load_SucceedsWithEachRequest()
    {
        await using var gateway = await StartGatewayAsync();
        var met = 0;
        for (var round = 1; met < Reloads; round++)
        {
            Assert.True(round <= 3 * Reloads,
                $"Of {round - 1} reloads only {met} met h2load's connections: the machine is too slow for this test.");
            await using var tls = H2loadRun.Start($"https://127.0.0.1:{gateway.TlsPort}/ping");
            await using var prior = H2loadRun.Start($"http://127.0.0.1:{gateway.PriorKnowledgePort}/ping");
            await Eventually.TrueAsync(async () => (await gateway.StatusAsync()).OpenConnections >= 2 * H2loadRun.Connections);
            var reload = await gateway.ReloadAsync();
            await tls.AssertSucceedsAsync(Output);
            await prior.AssertSucceedsAsync(Output);
            // A reload that ended after the load proves nothing.
            if ((await gateway.WaitForDrainAsync(reload)).ClosedPolitely > 0) met++;
        }

        await gateway.AssertPredecessorsEndedWellAsync();
    }

    // A client that has sent its FIN is gone, says ASP.NET Core, and YARP answers it 502. A body that is not sent before the answer is
    // waited for by HttpClient, once it has given up to wait for the app's 100.
    private static bool SuitsYarp(FuzzScript script) => script.Ending is not (FuzzEnding.SendsFin or FuzzEnding.KeepsBody);
}
