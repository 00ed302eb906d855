using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Ips.Host.ProcessTests.Harness;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests.Samples;

/// <summary>samples/Worker: one generation works at a time, on each order once.</summary>
[Collection(Waits.Name)]
public sealed class WorkerTests(ITestOutputHelper output) : SampleTest(output)
{
    private static readonly TimeSpan OrderInterval = TimeSpan.FromMilliseconds(15); // an order takes 10 ms

    [Fact]
    public async Task Worker_ReloadedThreeTimes_WorksOnEachOrderOnceAndInOneGenerationAtATime()
    {
        var data = Path.Combine(Folder, "data");
        await using var app = await StartAsync("Worker", "--Data", data);
        using var over = new CancellationTokenSource();
        var ordering = OrderAsync(app.Place.Port, over.Token);
        await ReloadUnderLoadAsync(app, ["/orders", "/healthz"], async generation =>
            await Eventually.TrueAsync(() => DoneIn(data).Any(line => line.Generation == generation), $"work of generation {generation}"));
        await over.CancelAsync();
        var orders = await ordering;
        await Eventually.TrueAsync(() => Directory.GetFiles(Path.Combine(data, "inbox")).Length == 0, "an empty inbox");

        var done = DoneIn(data);
        Output.WriteLine($"{orders.Count} orders; by generation: "
            + string.Join(", ", done.GroupBy(line => line.Generation).Select(lines => $"{lines.Key}: {lines.Count()}")));
        Assert.Equal(orders.Order(StringComparer.Ordinal), done.Select(line => line.Order).Order(StringComparer.Ordinal));
        // In the order in which they worked: had two worked at once, their lines would be mixed.
        Assert.Equal(Enumerable.Range(1, Reloads + 1), Changes(done.Select(line => line.Generation)));
        Assert.DoesNotContain(app.Complaints(), line => line.Contains("AddIpsHostedService", StringComparison.Ordinal));
    }

    // Without a pause over all reloads. Each is accepted, and by its id it is found again.
    private static async Task<List<string>> OrderAsync(int port, CancellationToken over)
    {
        using var client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
        List<string> orders = [];
        while (!over.IsCancellationRequested)
        {
            using var answer = await client.PostAsJsonAsync("/orders", new { Item = $"item {orders.Count}" }, CancellationToken.None);
            Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
            var body = await answer.Content.ReadFromJsonAsync<JsonElement>(CancellationToken.None);
            orders.Add(body.GetProperty("id").GetString()!);
            await Task.Delay(OrderInterval, CancellationToken.None);
        }

        return orders;
    }

    private static List<(string Order, int Generation)> DoneIn(string data) => File.Exists(Path.Combine(data, "done.log"))
        ? [.. ReadLines(Path.Combine(data, "done.log")).Select(line => line.Split(" generation "))
            .Where(parts => parts.Length == 2).Select(parts => (parts[0], int.Parse(parts[1])))]
        : [];

    // A line that is being written has no end yet.
    private static string[] ReadLines(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        var text = new StreamReader(file).ReadToEnd();
        return text[..(text.LastIndexOf('\n') + 1)].Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    private static List<int> Changes(IEnumerable<int> generations)
    {
        List<int> changes = [];
        foreach (var generation in generations)
        {
            if (changes.LastOrDefault() != generation) changes.Add(generation);
        }

        return changes;
    }
}
