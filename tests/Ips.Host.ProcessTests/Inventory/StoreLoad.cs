using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Ips.Host.ProcessTests.Harness;
using Ips.Host.Tests.Auth;

namespace Ips.Host.ProcessTests.Inventory;

/// <summary>What became of one request.</summary>
/// <param name="IsWrite">A PUT; else a GET or a search.</param>
/// <param name="Outcome">The status and, unless it is 200 with code 0, the envelope's code; or why there was no answer.</param>
/// <param name="BeganAt">When it was sent, since the load began.</param>
/// <param name="Took">How long the answer took.</param>
internal sealed record StoreAnswer(bool IsWrite, string Outcome, TimeSpan BeganAt, TimeSpan Took);

/// <summary>Signed reads and writes, each on a connection that stays open, that take down every answer and go on whatever it is.</summary>
internal sealed class StoreLoad : IAsyncDisposable
{
    /// <summary>An answer as it should be.</summary>
    public const string Good = "200";

    /// <summary>The store is away, takes no writes, or was removed.</summary>
    public const string Away = "503/5003";

    private static readonly TimeSpan ThinkTime = TimeSpan.FromMilliseconds(5);

    private readonly HttpClient _client = new(new SocketsHttpHandler { UseProxy = false }) { Timeout = Limits.Step };
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private readonly List<StoreAnswer> _answers = [];
    private readonly long _began = Stopwatch.GetTimestamp();
    private readonly int _port;
    private readonly string _key, _secret;
    private readonly Task _work;

    public StoreLoad(int port, string key, string secret, int readers = 4, int writers = 2)
    {
        (_port, _key, _secret) = (port, key, secret);
        _work = Task.WhenAll([.. Enumerable.Range(0, readers).Select(_ => Task.Run(() => WorkAsync(_ => ReadAsync()))),
            .. Enumerable.Range(0, writers).Select(writer => Task.Run(() => WorkAsync(step => WriteAsync($"L{writer}", step))))]);
    }

    /// <summary>Now, as <see cref="StoreAnswer.BeganAt"/> counts.</summary>
    public TimeSpan Now => Stopwatch.GetElapsedTime(_began);

    /// <summary>Every answer so far.</summary>
    public IReadOnlyList<StoreAnswer> Answers
    {
        get
        {
            lock (_lock) return [.. _answers];
        }
    }

    /// <summary>Answers that are not as they should be, counted by what they are; of requests that were sent from a time on.</summary>
    public IReadOnlyDictionary<string, int> Faults(TimeSpan from = default) =>
        Answers.Where(a => a.BeganAt >= from && a.Outcome != Good).GroupBy(a => a.Outcome, StringComparer.Ordinal).ToDictionary(g =>
            g.Key, g => g.Count());

    /// <summary>Waits until requests of both kinds that were sent from a time on were answered so.</summary>
    public async Task WaitForAsync(string reads, string writes, TimeSpan from)
    {
        await Eventually.TrueAsync(
            () => Task.FromResult(Has(isWrite: false, reads) && Has(isWrite: true, writes)),
                () => $"a read that was answered {reads} and a write {writes}: {Table(from)}");

        bool Has(bool isWrite, string outcome) => Answers.Any(a => a.IsWrite == isWrite && a.BeganAt >= from && a.Outcome == outcome);
    }

    /// <summary>What clients saw from a time on, as a row of a table: reads, writes, longest wait.</summary>
    public string Table(TimeSpan from)
    {
        var answers = Answers.Where(a => a.BeganAt >= from).ToList();
        var longest = answers.Count > 0 ? answers.Max(a => a.Took) : TimeSpan.Zero;
        return string.Create(CultureInfo.InvariantCulture, $"| {Counts(false)} | {Counts(true)} | {longest.TotalSeconds:0.00} s |");

        string Counts(bool isWrite) => string.Join(", ", answers.Where(a => a.IsWrite == isWrite).GroupBy(a => a.Outcome,
            StringComparer.Ordinal)
            .OrderBy(g => g.Key, StringComparer.Ordinal).Select(g => $"{g.Count()} × {g.Key}"));
    }

    /// <summary>Asks once, signed.</summary>
    /// <returns>As <see cref="StoreAnswer.Outcome"/>.</returns>
    public Task<string> ReadAsync() => AskAsync(HttpMethod.Get, "/v1/sdk/search_ip?ip=10.0.0.0/8", null);

    /// <summary>Writes once, signed.</summary>
    public Task<string> WriteAsync(string id, int step) =>
        AskAsync(HttpMethod.Put, $"/v1/object/host/{id}", string
            .Create(CultureInfo.InvariantCulture, $$"""{"ip":"10.0.0.1","mem_size":{{step}}}"""));

    /// <summary>Ends the load.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _work.WaitAsync(Limits.Step);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _client.Dispose();
        _stop.Dispose();
    }

    private async Task WorkAsync(Func<int, Task<string>> ask)
    {
        for (var step = 1; !_stop.IsCancellationRequested; step++)
        {
            await ask(step);
            await Ips.Testing.Load.Pause.ForAsync(ThinkTime, _stop.Token);
        }
    }

    private async Task<string> AskAsync(HttpMethod method, string target, string? body)
    {
        var (content, nonce, host) = (Encoding.UTF8.GetBytes(body ?? ""), Guid.NewGuid().ToString("N"), $"127.0.0.1:{_port}");
        var expires = DateTimeOffset.UtcNow.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        var signature = TestSigner.Sign("v2.1", _secret, TestSigner.Text21(method.Method, target, host, null, null, content, expires,
            _key, nonce));
        using var message = new HttpRequestMessage(method, $"http://{host}{target}")
        {
            Content = body is null ? null
            : new ByteArrayContent(content)
        };
        message.Headers.TryAddWithoutValidation(
            "Authorization", $"IPS-HMAC-SHA256 version=2.1, accesskey={_key}, expires={expires}, nonce={nonce}, signature={signature}");
        message.Content ??= new ByteArrayContent([]);
        message.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        var (began, outcome) = (Now, "");
        try
        {
            using var answer = await _client.SendAsync(message);
            var text = await answer.Content.ReadAsStringAsync();
            using var json = JsonDocument.Parse(text);
            var code = json.RootElement.GetProperty("code").GetInt32();
            outcome = code == 0 ? $"{(int)answer.StatusCode}" : $"{(int)answer.StatusCode}/{code}";
            if ((int)answer.StatusCode == 503 && answer.Headers.RetryAfter is null) outcome += " without Retry-After";
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException or JsonException)
        {
            outcome = e.GetBaseException().Message;
        }

        lock (_lock) _answers.Add(new StoreAnswer(method == HttpMethod.Put, outcome, began, Now - began));
        return outcome;
    }
}
