using System.Text.Json.Nodes;
using Ips.Testing.Processes;

namespace Ips.Host.ProcessTests.Observability;

/// <summary>A real Chromium, driven over W3C WebDriver.</summary>
internal sealed class Chromium : IAsyncDisposable
{
    private const string Browser = "/usr/bin/chromium", Driver = "/usr/bin/chromedriver";

    private readonly MarkedProcesses _processes;
    private readonly DaemonProcess _driver;
    private readonly HttpClient _client;
    private string _session = "";

    private Chromium(MarkedProcesses processes, DaemonProcess driver, int port) => (_processes, _driver, _client) =
        (processes, driver, new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}"), Timeout = Limits.Step });

    /// <summary>Why there is none here; null if there is.</summary>
    public static string? WhyNot => new[] { Browser, Driver }.FirstOrDefault(file => !File.Exists(file)) is { } missing
        ? $"{missing} is not installed" : null;

    /// <summary>Starts one with an empty profile.</summary>
    public static async Task<Chromium> StartAsync()
    {
        var port = FreePort.Next();
        var processes = new MarkedProcesses();
        var browser = new Chromium(processes, DaemonProcess.Start(Driver, [$"--port={port}"], processes.Environment), port);
        await Eventually.TrueAsync(browser.IsReadyAsync);
        var answer = await browser.SendAsync(HttpMethod.Post, "/session", JsonNode.Parse($$"""
            { "capabilities": { "alwaysMatch": {
                "goog:loggingPrefs": { "browser": "ALL" },
                "goog:chromeOptions": { "binary": "{{Browser}}", "args": ["--no-sandbox", "--headless=new", "--disable-gpu",
                    "--disable-dev-shm-usage", "--window-size=1440,1200", "--hide-scrollbars"] } } } }
            """));
        browser._session = $"/session/{answer!["sessionId"]}";
        return browser;
    }

    /// <summary>Opens an address.</summary>
    public Task OpenAsync(string address) => SendAsync(HttpMethod.Post, $"{_session}/url", new JsonObject { ["url"] = address });

    /// <summary>What a script answers.</summary>
    public async Task<JsonNode?> RunAsync(string script) =>
        await SendAsync(HttpMethod.Post, $"{_session}/execute/sync", new JsonObject { ["script"] = script, ["args"] = new JsonArray() });

    /// <summary>The text of an element.</summary>
    public async Task<string> TextAsync(string id) => $"{await RunAsync($"return document.getElementById('{id}').textContent")}";

    /// <summary>Waits until a script answers true.</summary>
    public Task WaitAsync(string condition) =>
        Eventually.TrueAsync(async () => (await RunAsync($"return !!({condition})"))!.GetValue<bool>(), condition);

    /// <summary>Presses keys, one after another.</summary>
    public Task PressAsync(params IEnumerable<string> keys) => SendAsync(HttpMethod.Post, $"{_session}/actions", new JsonObject
    {
        ["actions"] = new JsonArray(new JsonObject
        {
            ["type"] = "key", ["id"] = "keyboard",
            ["actions"] = new JsonArray([.. keys.SelectMany(key => (string[])["keyDown", "keyUp"],
                (key, type) => new JsonObject { ["type"] = type, ["value"] = key })]),
        }),
    });

    /// <summary>A command of Chromium's own protocol.</summary>
    public Task<JsonNode?> CommandAsync(string command, JsonObject parameters) =>
        SendAsync(HttpMethod.Post, $"{_session}/goog/cdp/execute", new JsonObject { ["cmd"] = command, ["params"] = parameters });

    /// <summary>What the browser complained of, such as a breach of the page's policy.</summary>
    public async Task<IReadOnlyList<string>> ComplaintsAsync() =>
        [.. (await SendAsync(HttpMethod.Post, $"{_session}/se/log", new JsonObject { ["type"] = "browser" }))!.AsArray()
            .Where(entry => $"{entry!["level"]}" is "SEVERE" or "WARNING").Select(entry => $"{entry!["message"]}")];

    public async ValueTask DisposeAsync()
    {
        try
        {
            if (_session.Length > 0) await SendAsync(HttpMethod.Delete, _session, null);
        }
        finally
        {
            await _processes.KillAllAsync();
            await _driver.DisposeAsync();
            _client.Dispose();
        }
    }

    private async Task<bool> IsReadyAsync()
    {
        try
        {
            return (await SendAsync(HttpMethod.Get, "/status", null))!["ready"]!.GetValue<bool>();
        }
        catch (HttpRequestException)
        {
            return false; // it starts
        }
    }

    private async Task<JsonNode?> SendAsync(HttpMethod method, string path, JsonNode? body)
    {
        // Of a known length: the driver does not take a body in chunks.
        using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : new StringContent(body.ToJsonString()) };
        using var answer = await _client.SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, $"{method} {path}: {text}");
        return JsonNode.Parse(text)!["value"];
    }
}

/// <summary>A test with a real Chromium; skipped, with the reason, where that is not installed.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class ChromiumFactAttribute : FactAttribute
{
    public ChromiumFactAttribute() => Skip = Chromium.WhyNot;
}
