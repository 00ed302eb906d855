using System.Net;
using System.Text;
using System.Text.Json;
using Ips.Actors.Transport;
using Ips.Host.Api;
using Ips.Host.Inventory;
using Ips.Host.Inventory.Storage;
using Ips.Host.Tests.Inventory;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Ips.Host.Tests.Api;

/// <summary>Trace id, error handler, access log and OpenAPI.</summary>
public sealed class ObservabilityTests
{
    [Fact]
    public async Task UnhandledError_Is500WithTheTraceId_AndLoggedOnceWithTheStack()
    {
        await using var server = await ApiServer.StartAsync(map: app =>
            app.MapGet("/broken", _ => throw new InvalidOperationException("the reason")));
        var answer = await server.SendAsync("GET", "/broken", key: null);
        answer.Is(HttpStatusCode.InternalServerError, ApiCode.Internal);
        var traceId = Assert.Single(answer.Headers.GetValues("X-Request-Trace-Id"));
        Assert.Contains(traceId, answer.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("the reason", answer.Text, StringComparison.Ordinal);
        var logged = Assert.Single(server.Log.Events, e => e.Error is not null);
        Assert.Equal(ApiEventIds.UnhandledError, logged.Id);
        Assert.Contains(traceId, logged.Text, StringComparison.Ordinal);
        Assert.Contains(nameof(UnhandledError_Is500WithTheTraceId_AndLoggedOnceWithTheStack), logged.Error!.StackTrace,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task StoreBusy_Is503WithRetryAfter()
    {
        await using var server = await ApiServer.StartAsync(map: app =>
            app.MapGet("/busy", _ => throw new StoreBusyException(TimeSpan.FromSeconds(1), null)));
        var answer = await server.SendAsync("GET", "/busy", key: null);
        answer.Is(HttpStatusCode.ServiceUnavailable, ApiCode.Internal);
        Assert.Equal(TimeSpan.FromSeconds(1), answer.Headers.RetryAfter?.Delta);
    }

    [Theory]
    [InlineData("my-id.1", true)]
    [InlineData("forged\"line", false)]
    [InlineData("", false)]
    public async Task TraceId_OfTheClient_IsKeptIfItIsHarmless(string given, bool isKept)
    {
        await using var server = await ApiServer.StartAsync();
        var answer = await server.SendAsync("GET", "/ping", key: null, tamper: r => r.Headers["X-Request-Trace-Id"] = given);
        var traceId = Assert.Single(answer.Headers.GetValues("X-Request-Trace-Id"));
        Assert.Equal(isKept, traceId == given);
        if (!isKept) Assert.Matches("^[0-9a-f]{32}$", traceId);
    }

    [Fact]
    public async Task AccessLog_Json_HasKeyDurationGenerationAndTraceId_ButNoSignature()
    {
        var server = await ApiServer.StartAsync(services => services.Configure<AccessLogOptions>(o => o.Format = AccessLogFormat.Json));
        var answer = await server.SendAsync("GET", "/v1/sdk/search_ip", "ip=10.0.0.1");
        await server.SendAsync("GET", "/v1/sdk/search_ip", "ip=10.0.0.1", key: null);
        await server.DisposeAsync();
        var lines = Encoding.UTF8.GetString(server.AccessLog.ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(2, lines.Length);
        Assert.DoesNotContain("signature", lines[0], StringComparison.Ordinal);
        using var document = JsonDocument.Parse(lines[0]);
        var entry = document.RootElement;
        Assert.Equal(("RW", "GET", 200, 7), (entry.GetProperty("key").GetString(), entry.GetProperty("method").GetString(),
            entry.GetProperty("status").GetInt32(), entry.GetProperty("generation").GetInt32()));
        Assert.StartsWith("/v1/sdk/search_ip?ip=10.0.0.1&accesskey=RW", entry.GetProperty("target").GetString(), StringComparison.Ordinal);
        Assert.Equal(Encoding.UTF8.GetByteCount(answer.Text), entry.GetProperty("bytes").GetInt32());
        Assert.True(entry.GetProperty("duration_ms").GetDouble() > 0);
        Assert.Equal(Assert.Single(answer.Headers.GetValues("X-Request-Trace-Id")), entry.GetProperty("trace").GetString());
        using var refused = JsonDocument.Parse(lines[1]);
        Assert.Equal((401, JsonValueKind.Null), (refused.RootElement.GetProperty("status").GetInt32(),
            refused.RootElement.GetProperty("key").ValueKind));
    }

    [Theory]
    [Trait("issue", "11")]
    [InlineData("%73ignature=SECRET", "ip=10.0.0.1")]
    [InlineData("Signature=SECRET", "ip=10.0.0.1")]
    [InlineData("signatur%65=SECRET&%53IGNATURE=SECRET", "ip=10.0.0.1")]
    [InlineData("?signature=SECRET", "ip=10.0.0.1")]
    [InlineData("%20signature+=SECRET", "ip=10.0.0.1")]
    public async Task AccessLog_SignatureHoweverItsNameIsWritten_IsLeftOut(string hidden, string shown)
    {
        var server = await ApiServer.StartAsync(services => services.Configure<AccessLogOptions>(o => o.Format = AccessLogFormat.Common));
        await server.RawAsync($"GET /v1/sdk/search_ip?{hidden}&{shown} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        await server.RawAsync($"GET /v1/sdk/search_ip?{shown}&{hidden} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        await server.DisposeAsync();
        var lines = Encoding.UTF8.GetString(server.AccessLog.ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(2, lines.Length);
        Assert.All(lines, line =>
        {
            Assert.DoesNotContain("SECRET", line, StringComparison.Ordinal);
            Assert.Contains($"/v1/sdk/search_ip?{shown} ", line, StringComparison.Ordinal);
        });
    }

    [Fact]
    [Trait("issue", "11")]
    public async Task Logs_SignatureInAPathWhoseQuestionMarkIsEncoded_IsLeftOut()
    {
        var server = await ApiServer.StartAsync(services => services.Configure<AccessLogOptions>(o => o.Format = AccessLogFormat.Common),
            map: app => app.MapGet("/{name}", _ => throw new InvalidOperationException("the reason")));
        await server.RawAsync("GET /broken%3Fip=10.0.0.1&%73ignature=SECRET HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        await server.DisposeAsync();
        var line = Encoding.UTF8.GetString(server.AccessLog.ToArray());
        Assert.Contains("\"GET /broken?ip=10.0.0.1 HTTP/1.1\" 500", line, StringComparison.Ordinal);
        Assert.DoesNotContain("SECRET", line, StringComparison.Ordinal);
        Assert.DoesNotContain("SECRET", Assert.Single(server.Log.Events, e => e.Id == ApiEventIds.UnhandledError).Text,
            StringComparison.Ordinal);
    }

    [Fact]
    [Trait("issue", "11")]
    public async Task Log_AtDebug_HasNoSignatureEither()
    {
        await using var server = await ApiServer.StartAsync(services =>
            services.Configure<LoggerFilterOptions>(o => o.MinLevel = LogLevel.Debug));
        server.Log.KeepsAll = true;
        var sent = "";
        await server.SendAsync("GET", "/v1/sdk/search_ip", "ip=10.0.0.1", tamper: request => sent = request.Signature);
        await server.RawAsync("GET /v1/sdk/search_ip?ip=10.0.0.1&signature=SECRET HTTP/1.7\r\nHost: x\r\n\r\n");
        await server.RawAsync("GET /v1/sdk/search_ip?ip=10.0.0.1&signature=SECRET\r\nHost: x\r\n\r\n");
        Assert.NotEmpty(server.Log.Events);
        Assert.DoesNotContain(server.Log.Events, e => e.Text.Contains(sent, StringComparison.Ordinal)
            || e.Text.Contains("SECRET", StringComparison.Ordinal));
    }

    [Fact]
    public async Task AccessLog_WarmupRequest_IsLeftOut()
    {
        var server = await ApiServer.StartAsync(services => services.Configure<AccessLogOptions>(o => o.Format = AccessLogFormat.Common)
            .AddSingleton<IStartupFilter>(new WarmupMarker()));
        await server.SendAsync("GET", "/ping", "warmup", key: null);
        await server.SendAsync("GET", "/ping", key: null);
        await server.DisposeAsync();
        var line = Assert.Single(Encoding.UTF8.GetString(server.AccessLog.ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains("\"GET /ping HTTP/1.1\" 200", line, StringComparison.Ordinal);
    }

    [Fact]
    public void AccessLog_Common_IsOneLineWhateverThePath()
    {
        var entry = new AccessLogEntry(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero), IPAddress.Loopback, "RW", "GET",
            "/a\"b\r\nforged", "HTTP/1.1", 200, 17,
            TimeSpan.FromMilliseconds(1.25), 3, "abc");
        Assert.Equal("127.0.0.1 - RW [02/Jan/2026:03:04:05 +0000] \"GET /a\\\"b\\u000d\\u000aforged HTTP/1.1\" 200 17 1.250ms "
            + "generation=3 trace=abc\n",
            Encoding.UTF8.GetString(AccessLogCodec.Write(entry, AccessLogFormat.Common)));
    }

    [Fact]
    public async Task AccessLog_StuckOutput_DropsAndCounts()
    {
        using var stuck = new StuckStream();
        var writer = new AccessLogWriter(stuck, Options.Create(new AccessLogOptions { Format = AccessLogFormat.Json, BufferLines = 16 }),
            NullLogger<AccessLogWriter>.Instance);
        writer.Add([1]);
        await stuck.Reached.WaitAsync(TimeSpan.FromSeconds(10));
        for (var i = 0; i < 20; i++) writer.Add([2]);
        Assert.Equal(4, writer.Dropped);
        stuck.Release();
        await writer.DisposeAsync();
        Assert.Equal(17, stuck.Written);
    }

    [Fact]
    public async Task OpenApi_SaysWhatTheServerDoes()
    {
        await using var server = await ApiServer.StartAsync();
        var text = await server.Client.GetStringAsync(new Uri("/openapi/v1.json", UriKind.Relative));
        using var document = JsonDocument.Parse(text);
        var root = document.RootElement;
        // Every route of the server is in the document, and nothing else.
        var routes = server.App.Services.GetRequiredService<Microsoft.AspNetCore.Routing.EndpointDataSource>().Endpoints
            .Select(e => e.Metadata.GetMetadata<RouteMethods>()).OfType<RouteMethods>().Where(r => r.IsSigned)
            .SelectMany(r => r.Methods.Select(m => $"{m.Name} {r.Pattern}")).Order();
        var described = root.GetProperty("paths").EnumerateObject().SelectMany(p =>
            p.Value.EnumerateObject().Where(o => o.Name != "parameters").Select(o => $"{o.Name.ToUpperInvariant()} {p.Name}")).Order();
        Assert.Equal(routes, described);
        // So is each parameter of a query, in the order in which the server knows them.
        foreach (var route in server.App.Services.GetRequiredService<Microsoft.AspNetCore.Routing.EndpointDataSource>().Endpoints
            .Select(e => e.Metadata.GetMetadata<RouteMethods>()).OfType<RouteMethods>().Where(r => r.IsSigned))
        {
            foreach (var method in route.Methods)
            {
                var parameters = root.GetProperty("paths").GetProperty(route.Pattern).GetProperty(method.Name.ToLowerInvariant())
                    .TryGetProperty("parameters", out var list)
                    ? list.EnumerateArray().Where(p => p.GetProperty("in").GetString() == "query")
                        .Select(p => p.GetProperty("name").GetString()).ToList() : [];
                Assert.Equal(method.Parameters.Select(p => p.Name), parameters);
            }
        }
        // What it answers has the fields that the document requires, and no others.
        const string others =
            ""","ip2":"10.1.0.1","eth":[{"ip":"10.1.0.2"}],"network":[{"ip":"10.1.0.3"}]"""
                + ""","mgmt":"10.1.0.4","vcenter_ip":"10.1.0.5","out_band_ip":"10.1.0.6" """;
        await server.PutAsync(Items.Host("H1", more: others), Items.Switch("S1", more: others));
        foreach (var (oid, schema) in new[] { ("host", "Host"), ("switch", "Switch") })
        {
            var item = Assert.Single((await server.SendAsync("POST", $"/v1/object/{oid}", body: "")).Data.GetProperty("list")
                .EnumerateArray());
            var described1 = root.GetProperty("components").GetProperty("schemas").GetProperty(schema);
            Assert.Equal(described1.GetProperty("properties").EnumerateObject().Select(p => p.Name),
                item.EnumerateObject().Select(p => p.Name));
            var plain = ObjectClass.Find(oid)!.Fields.Where(f => f.IsOther)
                .Aggregate(item.EnumerateObject().Select(p => p.Name), (names, f) => names.Where(n => n != f.Name));
            Assert.Equal(plain.Order(), described1.GetProperty("required").EnumerateArray().Select(p => p.GetString()).Order());
            // Each filter that it describes is accepted.
            var filters = root.GetProperty("components").GetProperty("schemas").GetProperty(schema + "Filter").GetProperty("properties");
            foreach (var filter in filters.EnumerateObject())
            {
                var isNumber = filter.Value.ToString().Contains("integer", StringComparison.Ordinal);
                var value = isNumber ? "1"
                    : filter.Value.ToString().Contains("CIDR", StringComparison.Ordinal) ? "\"10.0.0.1\""
                    : filter.Name == "sort" ? "\"-id\"" : "\"x\"";
                var answer = await server.SendAsync("POST", $"/v1/object/{oid}", body: $$"""{"{{filter.Name}}":{{value}}}""");
                answer.Is(HttpStatusCode.OK, ApiCode.Success);
            }
        }
        var codes = root.GetProperty("components").GetProperty("schemas").GetProperty("Page").GetProperty("properties").GetProperty("code")
            .GetProperty("enum").EnumerateArray().Select(c => c.GetInt32());
        Assert.Equal([0, 4000, 4001, 4002, 4003, 4004, 4005, 4006, 4007, 4009, 5000, 5003, 100001], codes);
        Assert.Contains("v2", root.GetProperty("components").GetProperty("securitySchemes").EnumerateObject().Select(s => s.Name));
    }

    [Fact]
    [Trait("issue", "11")]
    public async Task OpenApi_IsTheSameForAll_AndNotSentToWhoHasIt()
    {
        await using var server = await ApiServer.StartAsync();
        using var first = await server.Client.GetAsync(new Uri("/openapi/v1.json", UriKind.Relative));
        var etag = first.Headers.ETag;
        Assert.NotNull(etag);
        Assert.False(etag.IsWeak);
        var text = await first.Content.ReadAsStringAsync();
        using var elsewhere = new HttpRequestMessage(HttpMethod.Get, "/openapi/v1.json") { Headers = { Host = "evil.example" } };
        using var second = await server.Client.SendAsync(elsewhere);
        Assert.Equal(text, await second.Content.ReadAsStringAsync());
        foreach (var known in new[] { etag.Tag, $"\"other\", W/{etag.Tag}", "*" })
        {
            using var conditional = new HttpRequestMessage(HttpMethod.Get, "/openapi/v1.json");
            conditional.Headers.TryAddWithoutValidation("If-None-Match", known);
            using var third = await server.Client.SendAsync(conditional);
            Assert.Equal((HttpStatusCode.NotModified, etag.Tag, ""),
                (third.StatusCode, third.Headers.ETag?.Tag, await third.Content.ReadAsStringAsync()));
        }
        using var stale = new HttpRequestMessage(HttpMethod.Get, "/openapi/v1.json") { Headers = { IfNoneMatch = { new("\"other\"") } } };
        using var fourth = await server.Client.SendAsync(stale);
        Assert.Equal(text, await fourth.Content.ReadAsStringAsync());
    }

    /// <summary>Marks requests with the query <c>?warmup</c> as the transport marks those of a warm-up.</summary>
    private sealed class WarmupMarker : IStartupFilter, IIpsWarmupFeature
    {
        public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
        {
            app.Use((context, rest) =>
            {
                if (context.Request.QueryString.Value == "?warmup") context.Features.Set<IIpsWarmupFeature>(this);
                return rest(context);
            });
            next(app);
        };
    }

    /// <summary>A stream that takes its first write only when it is told to.</summary>
    private sealed class StuckStream : MemoryStream
    {
        private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Reached => _reached.Task;

        public int Written { get; private set; }

        public void Release() => _released.SetResult();

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            _reached.TrySetResult();
            await _released.Task;
            Written++;
        }
    }
}
