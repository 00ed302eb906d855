using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Ips.Testing.Processes;

namespace Ips.Host.ProcessTests.Observability;

/// <summary>A real Prometheus that scrapes one address each second.</summary>
internal sealed class PrometheusServer : IAsyncDisposable
{
    private const string Binary = "/usr/bin/prometheus";
    private readonly HttpClient _client = new();
    private readonly Process _process;

    private PrometheusServer(Process process, int port) =>
        (_process, _client.BaseAddress) = (process, new Uri($"http://127.0.0.1:{port}"));

    /// <summary>Why it cannot be used here; null if it can.</summary>
    public static string? WhyNot => File.Exists(Binary) ? null : "prometheus is not installed (apt-get install prometheus)";

    /// <summary>Starts one, with its files in a folder of the test.</summary>
    public static async Task<PrometheusServer> StartAsync(string folder, string target)
    {
        var port = FreePort.Next();
        var configuration = Path.Combine(folder, "prometheus.yml");
        await File.WriteAllTextAsync(configuration, $"""
            global: {LeftBrace} scrape_interval: 1s, scrape_timeout: 1s {RightBrace}
            scrape_configs:
              - job_name: ips
                static_configs: [{LeftBrace} targets: ["{target}"] {RightBrace}]

            """);
        var process = Process.Start(new ProcessStartInfo(Binary,
        [
            $"--config.file={configuration}", $"--storage.tsdb.path={Path.Combine(folder, "tsdb")}",
            $"--web.listen-address=127.0.0.1:{port}",
            "--log.level=error",
        ])
        { RedirectStandardError = true, RedirectStandardOutput = true })!;
        var server = new PrometheusServer(process, port);
        await Eventually.TrueAsync(async () => await server.IsReadyAsync(), "Prometheus that scrapes");
        return server;
    }

    private const string LeftBrace = "{", RightBrace = "}";

    /// <summary>Each sample that it has of the series of a selector, by their labels, oldest first.</summary>
    public async Task<IReadOnlyDictionary<string, IReadOnlyList<double>>> SamplesAsync(string selector)
    {
        var answer = await _client.GetStringAsync($"/api/v1/query?query={Uri.EscapeDataString(selector + "[1h]")}");
        using var json = JsonDocument.Parse(answer);
        return json.RootElement.GetProperty("data").GetProperty("result").EnumerateArray().ToDictionary(
            series => string.Join(' ', series.GetProperty("metric").EnumerateObject().Select(label => $"{label.Name}={label.Value}")),
            series => (IReadOnlyList<double>)[.. series.GetProperty("values").EnumerateArray()
                .Select(sample => double.Parse(sample[1].GetString()!, CultureInfo.InvariantCulture))]);
    }

    /// <summary>Waits for so many scrapes more.</summary>
    public async Task WaitForScrapesAsync(int more)
    {
        var before = await CountAsync();
        await Eventually.TrueAsync(async () => await CountAsync() >= before + more, $"{more} scrapes");
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        _client.Dispose();
    }

    private async Task<int> CountAsync() => (await SamplesAsync("up")).Values.Select(samples => samples.Count).FirstOrDefault();

    private async Task<bool> IsReadyAsync()
    {
        try
        {
            return await CountAsync() > 0;
        }
        catch (HttpRequestException)
        {
            return false; // it starts
        }
    }
}

/// <summary>A test with a real Prometheus; skipped, with the reason, where that is not installed.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class PrometheusFactAttribute : FactAttribute
{
    public PrometheusFactAttribute() => Skip = PrometheusServer.WhyNot;
}
