using System.Net;
using Ips.Host.Api;
using Ips.Host.Auth;
using Ips.Host.Tests.Inventory;
using Microsoft.Extensions.DependencyInjection;

namespace Ips.Host.Tests.Api;

/// <summary>A write that is only tried answers what would happen, and changes nothing.</summary>
[Trait("issue", "12")]
public sealed class DryRunTests : IAsyncLifetime
{
    private ApiServer _server = null!;

    public async Task InitializeAsync() => _server = await ApiServer.StartAsync();

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Fact]
    public async Task Delete_DryRun_ShowsWhatWouldGo_AndDeletesNothing()
    {
        await _server.PutAsync(Items.Host("Z1", "10.0.0.1"));
        var version = (await _server.SendAsync("GET", "/v1/object/host/Z1")).Headers.ETag;
        foreach (var (query, scheme) in new[] { ("dry_run=1", "v1"), ("dry_run=true", "v2"), ("dry_run=1", "v2.1") })
        {
            var answer = await _server.SendAsync("DELETE", "/v1/object/host/Z1", query, scheme: scheme);
            answer.Is(HttpStatusCode.OK, ApiCode.Success);
            Assert.Equal(("deleted", version), (answer.Data.GetProperty("dry_run").GetString(), answer.Headers.ETag));
            Assert.Equal(["Z1"], answer.Ids);
        }
        (await _server.SendAsync("DELETE", "/v1/object/host/Z2", "dry_run=1")).Is(HttpStatusCode.OK, ApiCode.NotFound);
        (await _server.SendAsync("DELETE", "/v1/object/host/Z1", "dry_run=1", tamper: r => r.Headers["If-Match"] = "\"999\""))
            .Is(HttpStatusCode.OK, ApiCode.Other);
        Assert.Equal(version, (await _server.SendAsync("GET", "/v1/object/host/Z1")).Headers.ETag);
        (await _server.SendAsync("DELETE", "/v1/object/host/Z1", "dry_run=0")).Is(HttpStatusCode.OK, ApiCode.Success);
        (await _server.SendAsync("GET", "/v1/object/host/Z1")).Is(HttpStatusCode.OK, ApiCode.NotFound);
    }

    [Fact]
    public async Task Put_DryRun_SaysWhatTheWriteWouldSay_AndWritesNothing()
    {
        async Task<string?> TryAsync(string body, string? ifNoneMatch = null)
        {
            var answer = await _server.SendAsync("PUT", "/v1/object/host/H1", "dry_run=1", body, scheme: "v2.1", tamper: r =>
            {
                if (ifNoneMatch is null) return;
                r.Headers["If-None-Match"] = ifNoneMatch;
                r.Sign();
            });
            return answer.Code == 0 ? answer.Data.GetProperty("dry_run").GetString()
                : answer.Code.ToString(System.Globalization.CultureInfo.InvariantCulture);
        }
        Assert.Equal("created", await TryAsync("""{"ip":"10.0.0.1"}"""));
        (await _server.SendAsync("GET", "/v1/object/host/H1")).Is(HttpStatusCode.OK, ApiCode.NotFound);
        await _server.PutAsync(Items.Host("H1", "10.0.0.1"));
        Assert.Equal("unchanged", await TryAsync("""{"ip":"10.0.0.1"}"""));
        Assert.Equal("replaced", await TryAsync("""{"ip":"10.0.0.2"}"""));
        Assert.Equal("4000", await TryAsync("""{"ip":"10.0.0.2"}""", "*"));
        Assert.Equal("4005", await TryAsync("{}"));
        Assert.Equal("4002", await TryAsync("""{"ip":"10.0.0"}"""));
        Assert.Equal(["H1"], (await _server.SendAsync("GET", "/v1/sdk/search_ip", "ip=10.0.0.1")).Ids);
        Assert.Empty((await _server.SendAsync("GET", "/v1/sdk/search_ip", "ip=10.0.0.2")).Ids);
    }

    [Fact]
    public async Task DryRun_IsARequestAsAnyOther_ForKeysAndNonces()
    {
        var request = new SignedRequest
        {
            Method = "PUT", Path = "/v1/object/host/H1", Query = "dry_run=1", Body = """{"ip":"10.0.0.1"}"""u8.ToArray(),
            AccessKey = ApiServer.ReadWriteKey, Scheme = "v2.1",
            Host = _server.Address.Authority,
        };
        request.Sign();
        (await _server.SendAsync(request)).Is(HttpStatusCode.OK, ApiCode.Success);
        (await _server.SendAsync(request)).Is(HttpStatusCode.Unauthorized, ApiCode.Expired);
        request.Query = ""; // without dry_run it is another request
        (await _server.SendAsync(request)).Is(HttpStatusCode.Unauthorized, ApiCode.SignatureWrong);
        (await _server.SendAsync("DELETE", "/v1/object/host/H1", "dry_run=1", key: ApiServer.ReadOnlyKey))
            .Is(HttpStatusCode.Unauthorized, ApiCode.AccessDenied);
    }

    [Fact]
    public async Task DryRun_WithoutAKeyFromLoopback_NeedsNoScheme()
    {
        await using var open = await ApiServer.StartAsync(services => services.Configure<AuthOptions>(o => o.AllowAnonymousLoopback = true),
            withKeys: false);
        var answer = await open.SendAsync("PUT", "/v1/object/host/H1", "dry_run=1", """{"ip":"10.0.0.1"}""", key: null);
        answer.Is(HttpStatusCode.OK, ApiCode.Success);
        (await open.SendAsync("GET", "/v1/object/host/H1", key: null)).Is(HttpStatusCode.OK, ApiCode.NotFound);
    }
}
