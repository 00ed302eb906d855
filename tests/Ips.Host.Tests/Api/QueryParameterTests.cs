using System.Net;
using Ips.Host.Api;
using Ips.Host.Tests.Inventory;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Ips.Host.Tests.Api;

/// <summary>A query parameter that a route does not take is refused before the route does anything, on every route.</summary>
[Trait("issue", "12")]
public sealed class QueryParameterTests : IAsyncLifetime
{
    private ApiServer _server = null!;

    public async Task InitializeAsync() => _server = await ApiServer.StartAsync();

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Theory]
    [InlineData("DELETE", "/v1/object/host/H1", "dryrun=1")]
    [InlineData("DELETE", "/v1/object/host/H1", "DRY_RUN=1")]
    [InlineData("DELETE", "/v1/object/host/H1", "x")]
    [InlineData("DELETE", "/v1/object/host/H1", "dry_run=0&dry_run=1")]
    [InlineData("DELETE", "/v1/object/host/H1", "dry_run=yes")]
    [InlineData("PUT", "/v1/object/host/H1", "force=1")]
    [InlineData("PUT", "/v1/object/host/H1", "dry_run=")]
    public async Task Write_WithAParameterThatIsNotKnown_ChangesNothing(string method, string path, string query)
    {
        await _server.PutAsync(Items.Host("H1", "10.0.0.1"));
        var answer = await _server.SendAsync(method, path, query, method == "PUT" ? """{"ip":"10.0.0.2"}""" : null, scheme: "v2.1");
        answer.Is(HttpStatusCode.OK, ApiCode.WrongTypeOrRange);
        Assert.Equal(["H1"], (await _server.SendAsync("GET", "/v1/sdk/search_ip", "ip=10.0.0.1")).Ids);
    }

    [Fact]
    public async Task EveryRoute_RefusesAParameterThatItDoesNotTake_AndOneThatIsThereTwice()
    {
        await _server.PutAsync(Items.Host("H1", "10.0.0.1"));
        List<string> ignoring = [];
        var refused = 0;
        foreach (var endpoint in _server.App.Services.GetRequiredService<EndpointDataSource>().Endpoints.Cast<RouteEndpoint>())
        {
            var pattern = "/" + endpoint.RoutePattern.RawText!.TrimStart('/');
            if (endpoint.Metadata.GetMetadata<IgnoresQuery>() is not null)
            {
                ignoring.Add(pattern);
                continue;
            }
            var route = endpoint.Metadata.GetMetadata<RouteMethods>();
            Assert.True(route is not null, $"{pattern} does not say which parameters it takes.");
            foreach (var method in route.Methods.SelectMany(m => m.Name == "GET" ? new[] { m, m with { Name = "HEAD" } } : [m]))
            {
                var path = pattern.Replace("{oid}", "host", StringComparison.Ordinal).Replace("{id}", "H1", StringComparison.Ordinal);
                foreach (var (query, message) in new[] { ("no_such=1", "'no_such' is not known here") }.Concat(method.Parameters
                    .Select(p => ($"{p.Name}=1&{p.Name}=1", $"{p.Name} is given twice"))))
                {
                    var answer = await _server.SendAsync(method.Name, path, query,
                        method.Name is "PUT" or "POST" ? """{"ip":"10.9.9.9"}""" : null,
                        route.IsSigned ? ApiServer.ReadWriteKey : null, "v2.1");
                    Assert.Equal(route.IsSigned ? HttpStatusCode.OK : HttpStatusCode.BadRequest, answer.Status);
                    if (method.Name != "HEAD") Assert.Contains(message, answer.Message, StringComparison.Ordinal);
                    refused++;
                }
            }
        }
        // These do nothing with a query: who probes may add one, and what does not exist is told as that.
        Assert.Equal(["/ping", "/v1/{**rest}"], ignoring.Order(StringComparer.Ordinal));
        Assert.True(refused > 10);
        Assert.Equal(["H1"], (await _server.SendAsync("GET", "/v1/sdk/search_ip", "ip=10.0.0.1")).Ids);
        Assert.Equal("pong\n", await _server.Client.GetStringAsync(new Uri("/ping?probe=1", UriKind.Relative)));
    }

    [Fact]
    public async Task UnknownParameter_OfAStranger_IsAnsweredAsAnyRequestOfAStranger()
    {
        var answer = await _server.SendAsync("DELETE", "/v1/object/host/H1", "no_such=1", tamper: r => r.Signature = new string('0', 40));
        answer.Is(HttpStatusCode.Unauthorized, ApiCode.SignatureWrong);
        (await _server.SendAsync("DELETE", "/v1/object/host/H1", "no_such=1", key: ApiServer.ReadOnlyKey))
            .Is(HttpStatusCode.Unauthorized, ApiCode.AccessDenied);
    }

    [Theory]
    [InlineData("v1")]
    [InlineData("v2")]
    public async Task ParameterThatTheSchemeDoesNotProtect_NeedsV21(string scheme)
    {
        foreach (var (method, path, query, body) in new (string, string, string, string?)[]
        {
            ("PUT", "/v1/object/host/H1", "dry_run=1", """{"ip":"10.0.0.1"}"""),
            ("GET", "/v1/sdk/search_ip", "ip=10.0.0.1&prefix=H", null),
            ("GET", "/v1/sdk/search_ip", "ip=10.0.0.1&oid=host&sort=id&after=H1", null),
        })
        {
            var refused = await _server.SendAsync(method, path, query, body, scheme: scheme);
            refused.Is(HttpStatusCode.OK, ApiCode.WrongTypeOrRange);
            Assert.Contains("needs signature scheme v2.1", refused.Message, StringComparison.Ordinal);
            (await _server.SendAsync(method, path, query, body, scheme: "v2.1")).Is(HttpStatusCode.OK, ApiCode.Success);
        }
        (await _server.SendAsync("GET", "/v1/object/host/H1")).Is(HttpStatusCode.OK, ApiCode.NotFound); // none was a write
    }

    [Fact]
    public async Task Search_AnyOtherCutOfTheSignedText_IsNoRequest()
    {
        // v1 signs ip10.0.0.1oidhostpage1page_size5sort-id. A proxy could split that text into other names and values.
        const string text = "ip10.0.0.1oidhostpage1page_size5sort-id";
        string[] names = ["after", "ip", "oid", "page", "page_size", "prefix", "sort"];
        List<string> accepted = [];
        foreach (var cut in Cuts(text, names, 0).Take(500))
        {
            var answer = await _server.SendAsync("GET", "/v1/sdk/search_ip", "ip=10.0.0.1&oid=host&page=1&page_size=5&sort=-id",
                tamper: r => r.Query = cut);
            if (answer.Code == 0) accepted.Add(cut);
        }
        Assert.Equal("ip=10.0.0.1&oid=host&page=1&page_size=5&sort=-id", Assert.Single(accepted));
    }

    // Every way to read the text as names in ascending order, each with the text up to the next name as its value.
    private static IEnumerable<string> Cuts(string text, string[] names, int first)
    {
        if (text.Length == 0) yield return "";
        for (var i = first; i < names.Length; i++)
        {
            if (!text.StartsWith(names[i], StringComparison.Ordinal)) continue;
            for (var end = names[i].Length; end <= text.Length; end++)
                foreach (var rest in Cuts(text[end..], names, i + 1))
                    yield return $"{names[i]}={text[names[i].Length..end]}" + (rest.Length > 0 ? "&" + rest : "");
        }
    }
}
