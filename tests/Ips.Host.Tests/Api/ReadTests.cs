using System.Net;
using Ips.Host.Api;
using Ips.Host.Tests.Inventory;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Ips.Host.Tests.Api;

/// <summary>HEAD, If-None-Match, orders, and where a newcomer is told to go on.</summary>
[Trait("issue", "12")]
public sealed class ReadTests : IAsyncLifetime
{
    private ApiServer _server = null!;

    public async Task InitializeAsync() => _server = await ApiServer.StartAsync();

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Fact]
    public async Task Get_WithTheVersionThatTheClientHas_Is304()
    {
        await _server.PutAsync(Items.Host("H1"));
        var tag = (await _server.SendAsync("GET", "/v1/object/host/H1")).Headers.ETag!.Tag;
        foreach (var scheme in new[] { "v1", "v2", "v2.1" })
        {
            foreach (var (known, status) in new[] { (tag, 304), ($"W/{tag}", 304), ($"\"0\", {tag}", 304), ("*", 304), ("\"0\"", 200),
                ("nonsense", 200), ("", 200) })
            {
                var answer = await _server.SendAsync("GET", "/v1/object/host/H1", scheme: scheme, tamper: r =>
                {
                    r.Headers["If-None-Match"] = known;
                    r.Sign();
                });
                Assert.Equal((status, tag), ((int)answer.Status, answer.Headers.ETag?.Tag));
                Assert.Equal(status == 304, answer.Text.Length == 0);
            }
        }
        await _server.PutAsync(Items.Host("H1", "10.0.0.9"));
        (await _server.SendAsync("GET", "/v1/object/host/H1", tamper: r => r.Headers["If-None-Match"] = tag))
            .Is(HttpStatusCode.OK, ApiCode.Success);
        (await _server.SendAsync("GET", "/v1/object/host/H2", tamper: r => r.Headers["If-None-Match"] = "*"))
            .Is(HttpStatusCode.OK, ApiCode.NotFound);
    }

    [Theory]
    [InlineData("/v1/sdk/search_ip", "ip=10.0.0.1")]
    [InlineData("/v1/object/host/H1", "")]
    [InlineData("/openapi/v1.json", "")]
    [InlineData("/ping", "")]
    [InlineData("/", "")]
    public async Task Head_IsAnsweredAsGetWithoutItsBody(string path, string query)
    {
        await _server.PutAsync(Items.Host("H1"));
        var key = path.StartsWith("/v1", StringComparison.Ordinal) ? ApiServer.ReadOnlyKey : null;
        foreach (var scheme in new[] { "v1", "v2", "v2.1" })
        {
            var length = System.Text.Encoding.UTF8.GetByteCount((await _server.SendAsync("GET", path, query, key: key)).Text);
            var request = new SignedRequest
            {
                Method = "HEAD", Path = path, Query = query, AccessKey = key, Scheme = scheme,
                Host = _server.Address.Authority
            };
            request.Sign();
            using var answer = await _server.Client.SendAsync(request.ToMessage());
            Assert.Equal((HttpStatusCode.OK, (long?)length), (answer.StatusCode, answer.Content.Headers.ContentLength));
        }
    }

    [Fact]
    public async Task Start_NamesTheDocumentationAndEveryRoute()
    {
        var text = await _server.Client.GetStringAsync(new Uri("/", UriKind.Relative));
        Assert.Contains("docs/api.md", text, StringComparison.Ordinal);
        foreach (var route in _server.App.Services.GetRequiredService<EndpointDataSource>().Endpoints
            .Select(e => e.Metadata.GetMetadata<RouteMethods>()).OfType<RouteMethods>())
            Assert.Contains(route.Pattern.Replace('{', '<').Replace('}', '>'), text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task List_SortPrefixAndAfter_AnswerInThatOrder()
    {
        await _server.PutAsync(Items.Host("a1", "10.0.0.1", "web-2"), Items.Host("a2", "10.0.0.2", "web-1"),
            Items.Host("b1", "10.0.0.3", "db"), Items.Host("b2", "10.0.0.4", "web-1"));
        foreach (var (body, ids, total) in new (string, string[], int)[]
        {
            ("""{"sort":"id"}""", ["a1", "a2", "b1", "b2"], 4), ("""{"sort":"-id"}""", ["b2", "b1", "a2", "a1"], 4),
            ("""{"sort":"name"}""", ["b1", "a2", "b2", "a1"], 4), ("""{"sort":"-name"}""", ["a1", "b2", "a2", "b1"], 4),
            ("""{"prefix":"a"}""", ["a1", "a2"], 2), ("""{"prefix":"a","sort":"-id"}""", ["a2", "a1"], 2), ("""{"prefix":"A"}""", [], 0),
            ("""{"prefix":"web-","sort":"name"}""", ["a2", "b2", "a1"], 3),
                ("""{"prefix":"web-1","sort":"name","ip":"10.0.0.4"}""", ["b2"], 1),
            ("""{"after":"a2"}""", ["b1", "b2"], 4), ("""{"after":"a3"}""", ["b1", "b2"], 4),
                ("""{"after":"a2","sort":"-id"}""", ["a1"], 4), ("""{"after":"b2"}""", [], 4),
            ("""{"after":"a1","prefix":"a","page_size":1}""", ["a2"], 2), ("""{"sort":"name","page":2,"page_size":3}""", ["a1"], 4),
        })
        {
            var answer = await _server.SendAsync("POST", "/v1/object/host", body: body);
            answer.Is(HttpStatusCode.OK, ApiCode.Success);
            Assert.True(ids.SequenceEqual(answer.Ids) && total == answer.Data.GetProperty("total").GetInt32(), $"{body}: {answer.Text}");
        }
    }

    [Fact]
    public async Task List_ByAfter_ReadsEachObjectOnceWhileOthersComeAndGo()
    {
        for (var i = 0; i < 30; i++) await _server.PutAsync(Items.Host($"H{i:00}"));
        List<string> seen = [];
        for (string? after = null; ; after = seen[^1])
        {
            var page = (await _server.SendAsync("POST", "/v1/object/host",
                body: after is null ? """{"page_size":7}""" : $$"""{"page_size":7,"after":"{{after}}"}""")).Ids.ToList();
            if (page.Count == 0) break;
            seen.AddRange(page);
            // the mark itself, and one before it: pages by number would skip one
            await _server.SendAsync("DELETE", $"/v1/object/host/{seen[^1]}");
            await _server.PutAsync(Items.Host("A" + seen.Count));
        }
        Assert.Equal(Enumerable.Range(0, 30).Select(i => $"H{i:00}"), seen);
    }

    [Fact]
    public async Task Search_SortPrefixAndAfter_AnswerInThatOrder()
    {
        await _server.PutAsync(Items.Host("b", "10.0.0.1", "web-2"), Items.Host("a", "10.0.0.2", "web-1"),
            Items.Switch("a", "10.0.0.3", ""","name":"agg" """), Items.Host("c", "10.1.0.1"));
        foreach (var (query, ids, total) in new (string, string[], int)[]
        {
            ("", ["b", "a", "a"], 3), ("&sort=id", ["a", "a", "b"], 3), ("&sort=-id", ["b", "a", "a"], 3),
                ("&sort=name", ["a", "a", "b"], 3), ("&sort=-name&oid=host", ["b", "a"], 2),
            ("&prefix=a", ["a", "a"], 2), ("&prefix=web&sort=name", ["a", "b"], 2), ("&prefix=web-2&sort=-name", ["b"], 1),
                ("&sort=id&oid=host&after=a", ["b"], 2),
            ("&sort=-id&oid=host&after=b&page_size=1", ["a"], 2), ("&sort=id&page=2&page_size=2", ["b"], 3),
        })
        {
            var answer = await _server.SendAsync("GET", "/v1/sdk/search_ip", "ip=10.0.0.0/24" + query, scheme: "v2.1");
            answer.Is(HttpStatusCode.OK, ApiCode.Success);
            Assert.True(ids.SequenceEqual(answer.Ids) && total == answer.Data.GetProperty("total").GetInt32(), $"{query}: {answer.Text}");
        }
        foreach (var wrong in new[] { "&sort=ip", "&sort=", "&prefix=", "&after=", "&after=a", "&after=a&sort=id", "&after=a&oid=host",
            "&after=a&sort=id&oid=host&page=1", "&after=a&sort=name&oid=host" })
            (await _server.SendAsync("GET", "/v1/sdk/search_ip", "ip=10.0.0.0/24" + wrong, scheme: "v2.1"))
                .Is(HttpStatusCode.OK, ApiCode.WrongTypeOrRange);
    }

    [Fact]
    public async Task Search_WithoutPage_AnswersAllHitsUpToTheLargestPage_AndSaysIfThereAreMore()
    {
        await using var server = await ApiServer.StartAsync(services => services.Configure<ApiOptions>(o => o.MaxPageSize = 50));
        for (var i = 0; i < 50; i++) await server.PutAsync(Items.Host($"H{i:00}", $"10.0.0.{i}"));
        var all = await server.SendAsync("GET", "/v1/sdk/search_ip", "ip=10.0.0.0/24");
        Assert.Equal(50, all.Ids.Count());
        Assert.False(all.Data.TryGetProperty("truncated", out _));
        await server.PutAsync(Items.Host("H50", "10.0.0.50"));
        var cut = await server.SendAsync("GET", "/v1/sdk/search_ip", "ip=10.0.0.0/24");
        Assert.Equal((50, 51, true), (cut.Ids.Count(), cut.Data.GetProperty("total").GetInt32(),
            cut.Data.GetProperty("truncated").GetBoolean()));
        foreach (var paged in new[] { "&page=1", "&page_size=20" })
        {
            var page = await server.SendAsync("GET", "/v1/sdk/search_ip", "ip=10.0.0.0/24" + paged);
            Assert.Equal(20, page.Ids.Count());
            Assert.False(page.Data.TryGetProperty("truncated", out _));
        }
    }
}
