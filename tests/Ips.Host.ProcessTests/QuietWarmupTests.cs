using System.Net;
using System.Net.Sockets;
using Ips.Actors.Diagnostics;
using Ips.Host.ProcessTests.Harness;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests;

/// <summary>A warm-up is seen by nothing of the app that has not asked for it.</summary>
[Trait("issue", "14")]
public sealed class QuietWarmupTests(ITestOutputHelper output) : ProcessTest(output)
{
    private const string Client = "/telemetry";

    // What is measured, logged and traced of the client's own request, and nothing more.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task WarmUp_OfBothGenerations_IsInNoLogMetricOrTrace(bool named)
    {
        var service = await StartAsync(new ServiceSettings(ServiceKind.SampleApp)
        {
            More =
            [
                "--Sample:Telemetry=true", $"--Ips:Warmup:Timeout={Limits.Step}",
                .. named ? ["--Ips:Warmup:Requests:0=/ping"] : Array.Empty<string>(),
            ],
        });
        for (var generation = 1; generation <= 2; generation++)
        {
            if (generation == 2) await service.ReloadAsync();
            var warmUps = service.Log.Of(EventIds.WarmedUp).Where(e => e.Generation == generation).ToList();
            if (generation == 1 && !named) Assert.Empty(warmUps); // the clients of a first generation wait for its start
            else Assert.InRange(
                int.Parse(Assert.Single(warmUps)["Requests"].Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture), 10, 10_000);
            var seen = await SeenAsync(service);
            Output.WriteLine($"generation {generation}\n{string.Join('\n', seen.Select(pair => $"{pair.Value} {pair.Key}"))}");

            Assert.Equal(1, seen[$"request {Client}"]);
            var paths = seen.Keys.Where(what => what.StartsWith("request ", StringComparison.Ordinal)).Select(what => what[8..]).Order();
            Assert.Equal(
                [.. generation == 2 ? ["/health", "/healthz"] : Array.Empty<string>(), .. named ? ["/ping"] : Array.Empty<string>(),
                    Client], paths);
            Assert.DoesNotContain(seen.Keys, what => what is "metric http.server.request.duration" or "metric kestrel.connection.duration");
            foreach (var (what, count) in seen.Where(pair => pair.Key.StartsWith("metric http.server", StringComparison.Ordinal)
                || pair.Key.StartsWith("metric kestrel", StringComparison.Ordinal)
                || pair.Key.StartsWith("activity ", StringComparison.Ordinal)
                || pair.Key.StartsWith("log Microsoft.AspNetCore.Hosting", StringComparison.Ordinal)
                || pair.Key.Contains("Kestrel.Connections ConnectionStart", StringComparison.Ordinal)))
            {
                Assert.True(count == 1 || what.Contains("queued", StringComparison.Ordinal) && count == 2, $"{count} {what}");
            }
        }
    }

    [Fact]
    public async Task WarmUp_OfACatchAllProxy_ReachesNoBackend()
    {
        using var backend = new TcpListener(IPAddress.Loopback, 0);
        backend.Start();
        await using var gateway = await Gateway.StartAsync(Folder, ((IPEndPoint)backend.LocalEndpoint).Port);
        await gateway.ReloadAsync();
        Assert.Single(gateway.Messages(EventIds.WarmedUp)); // of the second generation
        Assert.False(backend.Pending());
    }

    private static async Task<IReadOnlyDictionary<string, int>> SeenAsync(Service service)
    {
        var lines = (await HttpProbe.GetAsync($"http://127.0.0.1:{service.Port}{Client}")).Body.Split('\n');
        return lines.Select(line => line.Split(' ', 2)).ToDictionary(
            parts => parts[1], parts => int.Parse(parts[0], System.Globalization.CultureInfo.InvariantCulture));
    }
}
