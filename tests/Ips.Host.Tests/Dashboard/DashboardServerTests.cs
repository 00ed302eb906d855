using System.Net;
using System.Net.Http.Json;
using System.Text.RegularExpressions;
using Ips.Host.Dashboard;
using Ips.Host.Tests.Cli;
using Ips.Testing;

namespace Ips.Host.Tests.Dashboard;

/// <summary>The server as a browser meets it, and as those meet it who should not.</summary>
[Trait("issue", "16")]
public sealed partial class DashboardServerTests : IAsyncLifetime, IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("ips-").FullName;
    private readonly HttpClient _client = new(new SocketsHttpHandler { UseCookies = false, MaxConnectionsPerServer = 500 });
    private FakeControlSocket _service = null!;
    private DashboardServer _server = null!;

    private Uri Address => new(_server.Address);

    public async Task InitializeAsync()
    {
        var socket = Path.Combine(_folder, "shop.pid.sock");
        _service = new FakeControlSocket(socket, request => request.Contains("pause", StringComparison.Ordinal)
            ? "{\"kind\":\"paused\",\"final\":true}\n" : "{\"kind\":\"error\",\"message\":\"unknown verb\",\"final\":true}\n");
        _server = await DashboardServer.StartAsync([socket], TimeProvider.System, CancellationToken.None);
    }

    public async Task DisposeAsync()
    {
        await _server.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    public void Dispose()
    {
        _service.Dispose();
        _client.Dispose();
    }

    [Fact]
    public async Task Address_OpenedTwice_GivesTheCookieOnce()
    {
        using var first = await _client.GetAsync(Address);
        Assert.Equal(HttpStatusCode.OK, first.StatusCode);
        var cookie = Assert.Single(first.Headers.GetValues("Set-Cookie"));
        Assert.Matches("^ips-dashboard=[0-9a-f]{64}; Path=/[0-9a-f]{24}/; HttpOnly; SameSite=Strict$", cookie);
        using var second = await _client.GetAsync(Address);
        Assert.Equal(HttpStatusCode.Forbidden, second.StatusCode);
        Assert.False(second.Headers.Contains("Set-Cookie"));
        Assert.DoesNotContain(cookie.Split('/')[1], await second.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Page_WithTheCookie_HasAllItsFilesAndAStrictPolicy()
    {
        var (folder, cookie) = await EnterAsync();
        var files = ((string, string)[])[("", "text/html"), ("dashboard.css", "text/css"), ("dashboard.js", "text/javascript")];
        foreach (var (name, type) in files)
        {
            using var answer = await AskAsync(folder + name, cookie);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            Assert.Equal(type, answer.Content.Headers.ContentType!.MediaType);
            var policy = Assert.Single(answer.Headers.GetValues("Content-Security-Policy"));
            Assert.StartsWith("default-src 'none'; script-src 'self'; style-src 'self';", policy, StringComparison.Ordinal);
            Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
            Assert.Contains("frame-ancestors 'none'", policy, StringComparison.Ordinal);
            Assert.Contains("require-trusted-types-for 'script'", policy, StringComparison.Ordinal);
            Assert.Equal("no-referrer", Assert.Single(answer.Headers.GetValues("Referrer-Policy")));
            Assert.Equal("nosniff", Assert.Single(answer.Headers.GetValues("X-Content-Type-Options")));
            Assert.Equal("no-store", answer.Headers.CacheControl!.ToString());
            Assert.False(answer.Headers.Contains("Server"));
        }

        Assert.Equal(HttpStatusCode.NotFound, (await AskAsync(folder + "../Program.cs", cookie)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await AskAsync(folder + "nothing", cookie)).StatusCode);
    }

    [Fact]
    public async Task Page_HostileRequests_AreRefused()
    {
        var (folder, cookie) = await EnterAsync();
        Assert.Equal(HttpStatusCode.Forbidden, (await AskAsync(folder, null)).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await AskAsync(folder, "ips-dashboard=00")).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await AskAsync("/", null)).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await AskAsync("/?token=0000", null)).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await AskAsync(folder + "events", null)).StatusCode);
        foreach (var (name, value) in ((string, string)[])[("Host", "attacker.example"), ("Host", $"attacker.example:{Address.Port}"),
            ("Origin", "http://attacker.example"), ("Origin", "null"), ("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Site", "same-site")])
        {
            Assert.Equal(HttpStatusCode.Forbidden, (await AskAsync(folder, cookie, (name, value))).StatusCode);
            Assert.Equal(HttpStatusCode.Forbidden, (await AskAsync(folder + "events", cookie, (name, value))).StatusCode);
        }

        // What no browser sends: two hosts, a body that has no end, a header that is too long.
        Assert.StartsWith("HTTP/1.1 400", await RawAsync($"GET {folder} HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"), StringComparison.Ordinal);
        var tooLong = await RawAsync($"GET / HTTP/1.1\r\nHost: a\r\nX: {new string('x', 40_000)}\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 431", tooLong, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await AskAsync(folder, cookie)).StatusCode);
    }

    [Fact]
    public async Task Order_OfThePage_IsCarriedOut_AndOfAnyOtherIsRefused()
    {
        var (folder, cookie) = await EnterAsync();
        var own = $"http://127.0.0.1:{Address.Port}";
        Assert.Equal(HttpStatusCode.Forbidden, await OrderAsync(null, own, """{"service":1,"verb":"pause"}"""));
        Assert.Equal(HttpStatusCode.Forbidden, await OrderAsync(cookie, null, """{"service":1,"verb":"pause"}"""));
        Assert.Equal(HttpStatusCode.Forbidden, await OrderAsync(cookie, "http://attacker.example", """{"service":1,"verb":"pause"}"""));
        Assert.Equal(HttpStatusCode.Forbidden, await OrderAsync(cookie, own, """{"service":1,"verb":"pause"}""", "text/plain"));
        Assert.Equal(HttpStatusCode.BadRequest, await OrderAsync(cookie, own, """{"service":1,"verb":"stop"}"""));
        Assert.Equal(HttpStatusCode.BadRequest, await OrderAsync(cookie, own, """{"service":2,"verb":"pause"}"""));
        Assert.Equal(HttpStatusCode.BadRequest, await OrderAsync(cookie, own, """{"service":-1,"verb":"pause"}"""));
        Assert.Equal(HttpStatusCode.BadRequest, await OrderAsync(cookie, own, "not JSON"));
        Assert.Equal(HttpStatusCode.BadRequest, await OrderAsync(cookie, own, "null"));
        Assert.Equal(HttpStatusCode.BadRequest, await OrderAsync(cookie, own, new string(' ', 100_000)));
        Assert.Equal(HttpStatusCode.MethodNotAllowed, (await AskAsync(folder + "order", cookie)).StatusCode);
        Assert.DoesNotContain(_service.Requests.ToArray(), request => request.Contains("pause", StringComparison.Ordinal));

        using var stream = _server.Streams.TryOpen()!;
        Assert.Equal(HttpStatusCode.Accepted, await OrderAsync(cookie, own, """{"service":1,"verb":"pause"}"""));
        var said = "";
        while (!said.Contains("\"state\":\"done\"", StringComparison.Ordinal))
            said = await stream.Messages.ReadAsync().AsTask().WaitAsync(Limits.Step);
        Assert.StartsWith("event: action\ndata: {\"service\":1,\"verb\":\"pause\"", said, StringComparison.Ordinal);
        Assert.Contains(_service.Requests.ToArray(), request => request.Contains("\"verb\":\"pause\"", StringComparison.Ordinal));

        async Task<HttpStatusCode> OrderAsync(string? sent, string? origin, string body, string type = "application/json")
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(Address, folder + "order"))
            {
                Content = new StringContent(body),
            };
            request.Content.Headers.ContentType = new(type);
            if (sent is not null) request.Headers.Add("Cookie", sent);
            if (origin is not null) request.Headers.Add("Origin", origin);
            using var answer = await _client.SendAsync(request);
            return answer.StatusCode;
        }
    }

    [Fact]
    public async Task Streams_TwoHundred_MostAreRefusedAndThePageIsServedOn()
    {
        var (folder, cookie) = await EnterAsync();
        List<HttpResponseMessage> answers = [];
        for (var i = 0; i < 200; i++) answers.Add(await AskAsync(folder + "events", cookie));
        Assert.Equal(DashboardStreams.MostOpen, answers.Count(answer => answer.StatusCode == HttpStatusCode.OK));
        Assert.Equal(200 - DashboardStreams.MostOpen, answers.Count(answer => answer.StatusCode == HttpStatusCode.ServiceUnavailable));
        Assert.Equal(HttpStatusCode.OK, (await AskAsync(folder, cookie)).StatusCode);
        foreach (var answer in answers) answer.Dispose();
        await Eventually.TrueAsync(() => _server.Streams.Open == 0);
        using var again = await AskAsync(folder + "events", cookie);
        Assert.Equal(HttpStatusCode.OK, again.StatusCode);
    }

    [Fact]
    public async Task Stream_ThatIsNotRead_IsDroppedAndTheOthersGetAll()
    {
        var (folder, cookie) = await EnterAsync();
        using var stuck = await RawClient.ConnectAsync(Address.Port);
        await stuck.SendAsync($"GET {folder}events HTTP/1.1\r\nHost: 127.0.0.1:{Address.Port}\r\nCookie: {cookie}\r\n\r\n");
        await Eventually.TrueAsync(() => _server.Streams.Open == 1);
        using var answer = await AskAsync(folder + "events", cookie);
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync());
        var much = new string('x', 256 * 1024);
        var sent = 0;
        for (; _server.Streams.Open == 2; sent++)
        {
            Assert.InRange(sent, 0, 500); // it is bounded
            _server.Streams.Publish($"event: test\ndata: {sent} {much}\n\n");
            while (await reader.ReadLineAsync().WaitAsync(Limits.Step) is { } line && line != $"data: {sent} {much}")
            {
            }
        }

        Assert.Equal(1, _server.Streams.Open);
        _server.Streams.Publish("event: test\ndata: last\n\n");
        while (await reader.ReadLineAsync().WaitAsync(Limits.Step) != "data: last")
        {
        }
    }

    private async Task<(string Folder, string Cookie)> EnterAsync()
    {
        using var answer = await _client.GetAsync(Address);
        var cookie = answer.Headers.GetValues("Set-Cookie").Single().Split(';')[0];
        return (Folder().Match(await answer.Content.ReadAsStringAsync()).Value, cookie);
    }

    private async Task<HttpResponseMessage> AskAsync(string path, string? cookie, params (string Name, string Value)[] headers)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, new Uri(Address, path));
        if (cookie is not null) request.Headers.Add("Cookie", cookie);
        foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
        return await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead).WaitAsync(Limits.Step);
    }

    private async Task<string> RawAsync(string request)
    {
        using var client = await RawClient.ConnectAsync(Address.Port);
        await client.SendAsync(request);
        return await client.ReadUntilAsync(text => text.Contains("\r\n\r\n", StringComparison.Ordinal));
    }

    [GeneratedRegex("/[0-9a-f]{24}/")]
    private static partial Regex Folder();
}
