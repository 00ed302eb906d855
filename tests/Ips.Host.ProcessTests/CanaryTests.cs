using Ips.Actors.Diagnostics;
using Ips.Actors.Lifecycle;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing;
using Ips.Testing.Load;
using Ips.Testing.Processes;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests;

/// <summary>A successor on probation gets a share of the connections, and of a release that fails nobody keeps more than that.</summary>
[Collection(Waits.Name)]
public sealed class CanaryTests(ITestOutputHelper output) : ProcessTest(output)
{
    private const string Good = "good", Bad = "bad";
    private const int Kept = 40; // of which a quarter moves at most

    private Releases? _releases;

    // One connection after the other, so each has a rank of its own: the share is exact, and no client sees an error.
    [Fact]
    public async Task Reload_EachStep_ItsShareOfTheNewConnectionsMeetsTheSuccessor()
    {
        var service = await StartCanaryAsync(TimeSpan.FromSeconds(15));
        var reload = IpsCommand.RunAsync("reload", "--pid-file", service.PidFile);
        foreach (var percent in new[] { 10, 50 })
        {
            await ShareAsync(service, percent);
            var generations = await AskNewAsync(service, connections: 100);
            Output.WriteLine($"{percent} %: {generations.Count(generation => generation == 2)} of {generations.Count}.");
            Assert.InRange(generations.Count(generation => generation == 2), percent - 2, percent + 2);
        }

        var receipt = await reload;
        Assert.Equal(0, receipt.ExitCode);
        Assert.Equal(2, await service.AnsweringGenerationAsync());
        Assert.Equal([10, 50], (await LastReceiptAsync(service)).Canary);
    }

    // What had moved comes back, and the next reload moves all.
    [Theory]
    [InlineData(10)]
    [InlineData(50)]
    public async Task Rollback_OfAStep_ReturnsEachConnectionAndTheNextReloadMovesAll(int percent)
    {
        var service = await StartCanaryAsync(TimeSpan.FromSeconds(15));
        var clients = await ConnectAsync(service);
        try
        {
            _releases!.SwitchTo(Bad);
            var reload = IpsCommand.RunAsync("reload", "--pid-file", service.PidFile);
            await ShareAsync(service, percent);
            await Eventually.TrueAsync(async () => await MovedAsync(clients, 2) > 0, "a live connection at the canary");
            var moved = await MovedAsync(clients, 2);
            Output.WriteLine($"{moved} of {Kept} live connections are at the canary of {percent} %.");
            Assert.InRange(moved, 1, Kept / 4);

            _releases.Mark(Bad, SampleMarks.Unhealthy);
            Assert.Equal(4, (await reload).ExitCode);
            Assert.Equal(Kept, await MovedAsync(clients, 1)); // each on the connection that it had
            Assert.All(await AskNewAsync(service, 20), generation => Assert.Equal(1, generation));

            _releases.SwitchTo(Good);
            await service.ReloadAsync();
            Assert.Equal(Kept, await MovedAsync(clients, 2));
        }
        finally
        {
            clients.ForEach(client => client.Dispose());
        }
    }

    // It takes what was passed on to it with it, and nothing else.
    [Fact]
    public async Task Kill_OfACanary_CostsItsOwnConnectionsOnly()
    {
        var service = await StartCanaryAsync(TimeSpan.FromSeconds(15));
        var clients = await ConnectAsync(service);
        try
        {
            var reload = IpsCommand.RunAsync("reload", "--pid-file", service.PidFile);
            var canary = await ShareAsync(service, 50);
            await Eventually.TrueAsync(async () => await MovedAsync(clients, 2) > 0, "a live connection at the canary");
            var moved = await MovedAsync(clients, 2);
            ProcessTable.Signal(canary, ProcessTable.SigKill);

            Assert.Equal(4, (await reload).ExitCode);
            var answers = await Task.WhenAll(clients.Select(AskOrLostAsync));
            Assert.Equal(Kept - moved, answers.Count(answer => answer == 1));
            Assert.Equal(moved, answers.Count(answer => answer is null));
            Assert.All(await AskNewAsync(service, 20), generation => Assert.Equal(1, generation));
            await service.ReloadAsync();
            Assert.Equal(2, await service.AnsweringGenerationAsync());
        }
        finally
        {
            clients.ForEach(client => client.Dispose());
        }
    }

    // It passes every check, and answers 500. Nobody has said which ratio of errors is too much: the predecessor has fewer.
    [Fact]
    public async Task Judge_ReleaseThatFailsRequests_IsRolledBackByItsOwnTraffic()
    {
        var service = await StartCanaryAsync(TimeSpan.FromSeconds(20));
        await using var load = StrictLoad.Start(new LoadOptions
        {
            Target = service.Target,
            StreamWorkers = 0,
            UploadWorkers = 0,
            BusyThinkTime = TimeSpan.FromMilliseconds(20),
            OneShotThinkTime = TimeSpan.FromMilliseconds(20),
        });
        await load.WaitForRequestsAsync(1, Limits.Step);
        _releases!.Mark(Bad, SampleMarks.FailsWhenServing);
        _releases.SwitchTo(Bad);
        var before = load.Snapshot();
        var reload = await IpsCommand.RunAsync("reload", "--pid-file", service.PidFile);
        var after = load.Snapshot();

        var text = string.Join('\n', reload.Output);
        Output.WriteLine(text);
        Assert.Equal(4, reload.ExitCode);
        Assert.Matches("[0-9]+ of the [0-9]+ requests that it answered failed.* here at the same time", text);
        var (failed, requests) = (after.FailedRequests - before.FailedRequests, after.Requests - before.Requests);
        Output.WriteLine($"{failed} of {requests} requests failed until the verdict.");
        Assert.InRange(failed, 1, requests / 10); // at most the first step's share
        Assert.Equal(1, await service.AnsweringGenerationAsync());
    }

    // A session in the memory of one process would be missed in the other.
    [Fact]
    public async Task Hub_InTheApp_IsNoCanaryAndTheReceiptSaysWhy()
    {
        var service = await StartAsync(Settings(TimeSpan.FromMilliseconds(300)) with { More = ["--Sample:SignalR=true"] });
        await service.ReloadAsync();
        Assert.Empty(service.Log.Of(EventIds.CanaryShare));
        Assert.Contains("connections of SignalR", (await LastReceiptAsync(service)).NoCanary);
    }

    // The new main process has it a moment after it is promoted.
    private static async Task<ReloadReceipt> LastReceiptAsync(Service service)
    {
        ReloadReceipt? receipt = null;
        await Eventually.TrueAsync(
            async () => (receipt = (await service.HistoryAsync()).History is [.., var newest] ? newest : null) is not null, "a receipt");
        return receipt!;
    }

    private static ServiceSettings Settings(TimeSpan probation) => new(ServiceKind.SampleApp)
    {
        Canary = true, Probation = probation, HealthInterval = TimeSpan.FromMilliseconds(500),
    };

    private async Task<Service> StartCanaryAsync(TimeSpan probation)
    {
        _releases = new Releases(Folder);
        _releases.AddBuild(Good, Binaries.SampleAppFolder);
        _releases.AddBuild(Bad, Binaries.SampleAppFolder);
        _releases.SwitchTo(Good);
        return await StartAsync(Settings(probation) with { Program = Path.Combine(_releases.Current, Binaries.SampleApp) });
    }

    /// <summary>Waits for a step.</summary>
    /// <returns>The canary's PID.</returns>
    private static async Task<int> ShareAsync(Service service, int percent)
    {
        var share = await service.Log.WaitForAsync(
            e => e.Id == EventIds.CanaryShare && e["Percent"] == $"{percent}", $"a share of {percent} %");
        return int.Parse(share["Pid"], System.Globalization.CultureInfo.InvariantCulture);
    }

    private static async Task<List<RawClient>> ConnectAsync(Service service)
    {
        List<RawClient> clients = [];
        for (var i = 0; i < Kept; i++)
        {
            clients.Add(await RawClient.ConnectAsync(service.Port));
            await clients[^1].GetAsync("/ping");
        }

        return clients;
    }

    private static async Task<IReadOnlyList<int>> AskNewAsync(Service service, int connections)
    {
        List<int> generations = [];
        for (var i = 0; i < connections; i++)
        {
            using var client = await RawClient.ConnectAsync(service.Port);
            generations.Add(GenerationOf(await client.GetAsync("/ping")));
        }

        return generations;
    }

    private static async Task<int> MovedAsync(List<RawClient> clients, int generation)
    {
        var answers = await Task.WhenAll(clients.Select(client => client.GetAsync("/ping")));
        return answers.Count(answer => GenerationOf(answer) == generation);
    }

    private static async Task<int?> AskOrLostAsync(RawClient client)
    {
        try
        {
            return GenerationOf(await client.GetAsync("/ping"));
        }
        catch (Exception e) when (e is IOException or System.Net.Sockets.SocketException or EndOfStreamException)
        {
            return null;
        }
    }

    private static int GenerationOf(string answer)
    {
        Assert.StartsWith("HTTP/1.1 200 ", answer, StringComparison.Ordinal);
        const string header = "X-Ips-Generation: ";
        var at = answer.IndexOf(header, StringComparison.Ordinal) + header.Length;
        return int.Parse(answer.AsSpan(at, answer.IndexOf('\r', at) - at), System.Globalization.CultureInfo.InvariantCulture);
    }
}
