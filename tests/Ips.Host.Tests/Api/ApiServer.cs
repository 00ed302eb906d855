using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Ips.Host.Api;
using Ips.Host.Auth;
using Ips.Host.Inventory;
using Ips.Host.Inventory.Storage;
using Ips.Host.Tests.Auth;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Ips.Host.Tests.Api;

/// <summary>The inventory on a real Kestrel on loopback, with its own SQLite store, a read-write key RW and a read-only key RO.</summary>
internal sealed class ApiServer : IAsyncDisposable
{
    public const string ReadWriteKey = "RW", ReadOnlyKey = "RO", DisabledKey = "OFF";

    private readonly WebApplication _app;
    private readonly string _folder;

    private ApiServer(WebApplication app, IInventoryStore store, string folder, MemoryStream accessLog, RecordingLogger log)
    {
        (_app, Store, _folder, AccessLog, Log) = (app, store, folder, accessLog, log);
        Address = new Uri(app.Urls.Single());
        Client = new HttpClient { BaseAddress = Address, Timeout = TimeSpan.FromSeconds(60) };
    }

    public Uri Address { get; }

    public HttpClient Client { get; }

    public IInventoryStore Store { get; }

    public MemoryStream AccessLog { get; }

    public RecordingLogger Log { get; }

    public WebApplication App => _app;

    public static string SecretOf(string key) => $"secret of {key}, 秘密";

    /// <param name="configure">Further services and options.</param>
    /// <param name="withKeys">Whether the keys are made.</param>
    /// <param name="map">Further routes.</param>
    /// <param name="time">The daemon's clock.</param>
    /// <param name="shared">A store that other daemons or generations use as well; null for one of its own.</param>
    public static async Task<ApiServer> StartAsync(
        Action<IServiceCollection>? configure = null, bool withKeys = true, Action<WebApplication>? map = null, TimeProvider? time = null,
            InventoryOptions? shared = null)
    {
        var folder = Directory.CreateTempSubdirectory("ips-api-").FullName;
        var store = await InventoryStores.OpenAsync(shared ?? new InventoryOptions { Path = Path.Combine(folder, "ips.db") },
            time ?? TimeProvider.System, StoreOpening.OrCreate, default);
        if (withKeys)
        {
            foreach (var name in new[] { ReadWriteKey, ReadOnlyKey, DisabledKey })
                await store.AddKeyAsync(new AccessKey(name, SecretOf(name), null, DateTimeOffset.UnixEpoch, name != ReadOnlyKey,
                    name != DisabledKey, DateTimeOffset.UnixEpoch, ""), default);
        }
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var (accessLog, log) = (new MemoryStream(), new RecordingLogger());
        builder.Logging.ClearProviders().AddProvider(log);
        if (time is not null) builder.Services.AddSingleton(time);
        builder.Services.AddInventory(store, () => 7, accessLog);
        configure?.Invoke(builder.Services);
        var app = builder.Build();
        app.UseInventory();
        app.MapInventory();
        app.MapPing();
        map?.Invoke(app);
        await app.StartAsync();
        return new ApiServer(app, store, folder, accessLog, log);
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync(); // also ends the access log
        await Store.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>Sends a request, signed unless <paramref name="key"/> is null.</summary>
    public async Task<Answer> SendAsync(string method, string path, string query = "", string? body = null, string? key = ReadWriteKey,
        string scheme = "v1",
        Action<SignedRequest>? tamper = null)
    {
        var signed = new SignedRequest
        {
            Method = method, Path = path, Query = query, Body = body is null ? null : Encoding.UTF8.GetBytes(body), AccessKey = key,
            Scheme = scheme, Host = Address.Authority,
        };
        signed.Sign();
        tamper?.Invoke(signed);
        return await SendAsync(signed);
    }

    public async Task<Answer> SendAsync(SignedRequest signed)
    {
        using var response = await Client.SendAsync(signed.ToMessage());
        var bytes = await response.Content.ReadAsByteArrayAsync();
        return new Answer(response.StatusCode, response.Headers, Encoding.UTF8.GetString(bytes));
    }

    /// <summary>Sends a request as it is written here, which no HTTP library touches, and reads to the end of the connection.</summary>
    public async Task<string> RawAsync(string head)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(Address.Host, Address.Port);
        await using var stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(head));
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return await reader.ReadToEndAsync().WaitAsync(TimeSpan.FromSeconds(20));
    }

    public async Task PutAsync(params InventoryObject[] items)
    {
        foreach (var item in items) await Store.PutAsync(item, WriteCondition.None, default);
    }
}

/// <summary>A request whose parts a test can change after it was signed.</summary>
internal sealed class SignedRequest
{
    public required string Method { get; set; }
    public required string Path { get; set; }
    public string Query { get; set; } = "";
    public byte[]? Body { get; set; }
    public string? AccessKey { get; set; }
    public string Scheme { get; set; } = "v1";
    public string Expires { get; set; } = DateTimeOffset.UtcNow.ToUnixTimeSeconds()
        .ToString(System.Globalization.CultureInfo.InvariantCulture);
    public string Nonce { get; set; } = Guid.NewGuid().ToString("N");
    public string Signature { get; set; } = "";
    public string? ContentType { get; set; } = "application/json";
    public string Host { get; init; } = "";
    public Dictionary<string, string> Headers { get; } = [];

    /// <summary>The header of v2 and v2.1.</summary>
    public string Authorization =>
        $"IPS-HMAC-SHA256 {(Scheme == "v2.1" ? "version=2.1, " : "")}accesskey={AccessKey}, expires={Expires}, nonce={Nonce}, "
            + $"signature={Signature}";

    public void Sign()
    {
        if (AccessKey is null) return;
        if (Scheme == "v2.1")
        {
            Signature = TestSigner.Sign(Scheme, ApiServer.SecretOf(AccessKey),
                TestSigner.Text21(Method, Query.Length > 0 ? $"{Path}?{Query}" : Path, Host,
                Headers.GetValueOrDefault("If-Match"), Headers.GetValueOrDefault("If-None-Match"), Body ?? [], Expires, AccessKey, Nonce));
            return;
        }
        var parameters = Query.Split('&', StringSplitOptions.RemoveEmptyEntries).Select(pair => pair.Split('=', 2))
            .Select(pair => KeyValuePair.Create(Uri.UnescapeDataString(pair[0]), Uri.UnescapeDataString(pair[1])));
        Signature = TestSigner.Sign(Scheme, ApiServer.SecretOf(AccessKey),
            TestSigner.Text(Scheme, Method, Path, parameters, Body ?? [], Expires, AccessKey, Nonce));
    }

    public HttpRequestMessage ToMessage()
    {
        var query = Query;
        if (AccessKey is not null && Scheme == "v1") query = string.Join('&',
            ((string[])[query, $"accesskey={AccessKey}", $"expires={Expires}", $"signature={Signature}"]).Where(p => p.Length > 0));
        var message = new HttpRequestMessage(new HttpMethod(Method), Path + (query.Length > 0 ? "?" + query : ""));
        if (Body is not null || ContentType is not null) message.Content = new ByteArrayContent(Body ?? []);
        if (ContentType is not null) message.Content!.Headers.ContentType = MediaTypeHeaderValue.Parse(ContentType);
        if (AccessKey is not null && Scheme != "v1") message.Headers.TryAddWithoutValidation("Authorization", Authorization);
        foreach (var (name, value) in Headers) message.Headers.TryAddWithoutValidation(name, value);
        return message;
    }
}

/// <summary>What the server answered.</summary>
internal sealed record Answer(HttpStatusCode Status, HttpResponseHeaders Headers, string Text)
{
    public JsonElement Json
    {
        get
        {
            using var document = JsonDocument.Parse(Text);
            return document.RootElement.Clone();
        }
    }

    public int Code => Json.GetProperty("code").GetInt32();

    public string Message => Json.GetProperty("message").GetString()!;

    public JsonElement Data => Json.GetProperty("data");

    public IEnumerable<string> Ids => Data.GetProperty("list").EnumerateArray().Select(item => item.GetProperty("id").GetString()!)
        .ToList();

    public void Is(HttpStatusCode status, ApiCode code) => Assert
        .True(status == Status && (int)code == Code, $"Expected {(int)status} and code {(int)code}, got {(int)Status}: {Text}");
}

/// <summary>Keeps what was logged.</summary>
internal sealed class RecordingLogger : ILoggerProvider, ILogger
{
    private readonly List<(LogLevel Level, int Id, string Text, Exception? Error)> _events = [];

    /// <summary>Keep also what the framework logs of each request.</summary>
    public bool KeepsAll { get; set; }

    public IReadOnlyList<(LogLevel Level, int Id, string Text, Exception? Error)> Events
    {
        get { lock (_events) return [.. _events]; }
    }

    public ILogger CreateLogger(string categoryName) => this;

    public void Dispose()
    {
    }

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= (KeepsAll ? LogLevel.Debug : LogLevel.Information);

    private static bool IsOurs(EventId eventId, LogLevel logLevel) => logLevel >= LogLevel.Warning || eventId.Id is >= 5000 and < 5100;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception,
        Func<TState, Exception?, string> formatter)
    {
        // Not the two lines that Kestrel logs for each request.
        if (!KeepsAll && !IsOurs(eventId, logLevel)) return;
        lock (_events) _events.Add((logLevel, eventId.Id, formatter(state, exception), exception));
    }
}
