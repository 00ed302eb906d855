using System.Net;
using Ips.Host.Api;
using Ips.Host.Auth;
using Ips.Host.Inventory.Storage;
using Ips.Host.Tests.Inventory;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace Ips.Host.Tests.Api;

/// <summary>A client of Gin-IPs works without a change. The table in docs/api.md says the same.</summary>
[Trait("issue", "12")]
public sealed class GinIpsTests
{
    private const string Key = "A00001", Secret = "SECRET-A00001", Disabled = "A00002";
    private static readonly Dictionary<string, object> None = [];

    [Theory]
    [InlineData("none")]
    [InlineData("gin-ips")]
    public async Task Client_OfGinIps_FindsWhatItFoundThere(string mode)
    {
        await using var server = await StartAsync(mode);
        var client = new GinIpsClient(server.Address, Key, Secret);

        // The request of its own test.
        var found = await client.RequestAsync("/v1/sdk/search_ip", "GET", Of("ip", "10.1.162.18"));
        Assert.Equal((200, 0L, 1L, 2L, 2L), (found.Status, found.Code, found.Page, found.Size, found.Total));
        Assert.Equal(["H001", "S001"], found.Ids);
        Assert.Equal(mode == "gin-ips" ? 2 : 1000, found.PageSize);
        Assert.Equal(mode == "gin-ips" ? ["HOST", "SWITCH"] : ["host", "switch"],
            found.List.Select(item => item.GetProperty("oid").GetString()));
        Assert.Equal(("A00001", true), (found.Headers["X-Request-User"], found.Headers["X-Request-Trace-Id"].Length > 0));
        Assert.Equal("application/json; charset=utf-8", found.Headers["Content-Type"]);

        foreach (var (ip, oid, ids) in new (string, string, string[])[]
        {
            ("10.1.162.18", "HOST", ["H001"]), ("10.1.162.18", "SWITCH", ["S001"]), ("10.1.162.18", "", ["H001", "S001"]),
                ("10.1.162.18", "Host", ["H001"]),
            ("10.1.162.18,10.1.162.19", "", ["H001", "H002", "S001"]), ("10.3.32.11", "", ["S001"]), ("10.9.0.2", "", ["H003"]),
                ("10.9.0.3", "HOST", ["H003"]), ("10.9.0.4", "", ["H003"]),
            ("10.9.0.5", "", ["H003"]), ("10.9.0.6", "", ["H003"]), ("10.9.0.7", "", ["H003"]), ("10.9.0.8", "", ["S003"]),
                ("10.200.0.1", "", mode == "gin-ips" ? [] : ["H004"]),
        })
        {
            var answer = await client.RequestAsync("/v1/sdk/search_ip", "GET", Of("ip", ip, "oid", oid));
            Assert.True(ids.SequenceEqual(answer.Ids), $"ip={ip}, oid={oid}: {string.Join(", ", answer.Ids)}");
        }
        foreach (var path in new[] { "/v1/object/SWITCH/S001", "/v1/object/switch/S001" }) Assert
            .Equal(["S001"], (await client.RequestAsync(path, "GET", None)).Ids);
        Assert.Equal(["H001", "H002", "H003", "H004"], (await client.RequestAsync("/v1/object/HOST", "POST", None)).Ids
            .Where(id => id[0] == 'H'));
        Assert.Equal(["S003"], (await client.RequestAsync("/v1/object/SWITCH", "POST", Of("name", "10.9.0.8"))).Ids);
        // An empty body is signed as an empty line, or as the digest of nothing.
        Assert.Equal(["S001", "S003"], (await client.RequestAsync("/v1/object/SWITCH", "POST", None, hasBody: false)).Ids);
    }

    [Theory]
    [InlineData("none")]
    [InlineData("gin-ips")]
    public async Task Search_OfMoreHitsThanAPage_AnswersAll(string mode)
    {
        await using var server = await StartAsync(mode);
        for (var i = 0; i < 120; i++) await server.PutAsync(Items.Host($"V{i:000}", "10.77.0.9"));
        var answer = await new GinIpsClient(server.Address, Key, Secret).RequestAsync("/v1/sdk/search_ip", "GET", Of("ip", "10.77.0.9"));
        Assert.Equal((120L, 120L, 120), (answer.Size, answer.Total, answer.List.Count));
        var list = await new GinIpsClient(server.Address, Key, Secret).RequestAsync("/v1/object/HOST", "POST", None);
        Assert.Equal((124L, mode == "gin-ips" ? 124 : 20), (list.Total, list.List.Count));
    }

    [Theory]
    [InlineData("none")]
    [InlineData("gin-ips")]
    public async Task Errors_HaveTheStatusAndCodeOfTheTable(string mode)
    {
        await using var server = await StartAsync(mode);
        GinIpsClient Client(string key = Key, string secret = Secret, string? contentType = "application/json", int clock = 0,
            params string[] without) =>
            new(server.Address, key, secret) { ContentType = contentType, ClockSeconds = clock, Without = without };
        var ip = Of("ip", "10.1.162.18");
        const string search = "/v1/sdk/search_ip";
        foreach (var (what, client, path, method, parameters, plain, gin) in new (string, GinIpsClient, string, string,
            Dictionary<string, object>, (int, long), (int, long))[]
        {
            ("no Content-Type", Client(contentType: null), search, "GET", ip, (200, 4005), (401, 4002)),
            ("another Content-Type", Client(contentType: "text/plain"), search, "GET", ip, (200, 4002), (401, 4002)),
            ("another Content-Type, no key", Client(contentType: "text/plain", without: "accesskey"), search, "GET", ip, (200, 4002),
                (401, 4002)),
            ("no key", Client(without: "accesskey"), search, "GET", ip, (401, 4005), (401, 4005)),
            ("no credentials", Client(without: ["accesskey", "expires", "signature"]), search, "GET", ip, (401, 4005), (401, 4005)),
            ("unknown key", Client(key: "NOBODY"), search, "GET", ip, (401, 4003), (401, 4001)),
            ("unknown key, no expires", Client(key: "NOBODY", without: "expires"), search, "GET", ip, (401, 4005), (401, 4001)),
            ("disabled key", Client(key: Disabled), search, "GET", ip, (401, 4009), (401, 4001)),
            ("no expires", Client(without: "expires"), search, "GET", ip, (401, 4005), (401, 4005)),
            ("no signature", Client(without: "signature"), search, "GET", ip, (401, 4005), (401, 4005)),
            ("expired", Client(clock: -60), search, "GET", ip, (401, 4007), (401, 4007)),
            ("ahead", Client(clock: 60), search, "GET", ip, (401, 4007), (401, 4007)),
            ("wrong secret", Client(secret: "wrong"), search, "GET", ip, (401, 4003), (401, 4003)),
            ("no ip", Client(), search, "GET", None, (200, 4005), (200, 4005)),
            ("an empty ip", Client(), search, "GET", Of("ip", ""), (200, 4005), (200, 4005)),
            ("no address", Client(), search, "GET", Of("ip", "10.1.162"), (200, 4002), (200, 4002)),
            ("eleven addresses", Client(), search, "GET", Of("ip", string.Join(',', Enumerable.Range(1, 11).Select(i => $"10.0.1.{i}"))),
                (200, 4002), (200, 4002)),
            ("another oid", Client(), search, "GET", Of("ip", "10.1.162.18", "oid", "ROUTER"), (200, 4002), (200, 4002)),
            ("an address inside", Client(), search, "GET", Of("ip", "127.0.0.5"), (200, 0), (200, 4002)),
            ("an address inside", Client(), search, "GET", Of("ip", "169.254.1.1"), (200, 0), (200, 4002)),
            ("an address inside", Client(), search, "GET", Of("ip", "11.1.2.3"), (200, 0), (200, 4002)),
            ("an address inside", Client(), search, "GET", Of("ip", "10.176.0.9"), (200, 0), (200, 4002)),
            ("an address inside", Client(), search, "GET", Of("ip", "10.5.0.1"), (200, 0), (200, 4002)),
            ("an address inside", Client(), search, "GET", Of("ip", "192.168.56.1"), (200, 0), (200, 4002)),
            ("no such path", Client(), "/v1/nothing", "GET", None, (200, 4004), (404, 4004)),
            ("another method", Client(), search, "POST", None, (200, 4006), (404, 4006)),
            ("no such object", Client(), "/v1/object/HOST/none", "GET", None, (200, 4004), (200, 4004)),
            ("an internal error", Client(), "/broken", "GET", None, (500, 5000), (401, 100001)),
            ("a busy store", Client(), "/busy", "GET", None, (503, 5000), (503, 100001)),
        })
        {
            var answer = await client.RequestAsync(path, method, parameters);
            Assert.True((mode == "gin-ips" ? gin : plain) == (answer.Status, answer.Code),
                $"{what}: {answer.Status}, {answer.Code}: {answer.Message}");
            if (answer.Code != 0) Assert.Equal((0L, 0L, 0L, 0L, 0),
                (answer.Page, answer.PageSize, answer.Size, answer.Total, answer.List.Count));
        }
    }

    [Fact]
    public async Task GinIpsMode_ForRequestsOfV21_KeepsTheirCodes()
    {
        await using var server = await StartAsync("gin-ips");
        (await server.SendAsync("GET", "/v1/object/host/H001", key: "UNKNOWN", scheme: "v2.1"))
            .Is(HttpStatusCode.Unauthorized, ApiCode.SignatureWrong);
        (await server.SendAsync("GET", "/v1/object/host/H001", key: ApiServer.DisabledKey, scheme: "v2.1"))
            .Is(HttpStatusCode.Unauthorized, ApiCode.AccessDenied);
        var read = await server.SendAsync("GET", "/v1/object/host/H001", scheme: "v2.1");
        // What was read, with its class in upper case, can be written back.
        var item = Assert.Single(read.Data.GetProperty("list").EnumerateArray());
        Assert.Equal("HOST", item.GetProperty("oid").GetString());
        var put = await server.SendAsync("PUT", "/v1/object/HOST/H001", body: item.GetRawText(), scheme: "v2.1");
        put.Is(HttpStatusCode.OK, ApiCode.Success);
        Assert.Equal(read.Headers.ETag, put.Headers.ETag);
    }

    private static Dictionary<string, object> Of(params string[] pairs) =>
        pairs.Chunk(2).ToDictionary(pair => pair[0], pair => (object)pair[1]);

    private static async Task<ApiServer> StartAsync(string mode)
    {
        var compatibility = mode == "gin-ips" ? ApiCompatibility.GinIps : ApiCompatibility.None;
        var server = await ApiServer.StartAsync(services => services.Configure<ApiOptions>(o => o.Compatibility = compatibility),
            map: app =>
        {
            // Their query is that of a signed request, which no route outside of /v1 takes.
            app.MapGet("/broken", _ => throw new InvalidOperationException("the reason")).WithMetadata(IgnoresQuery.Instance);
            app.MapGet("/busy", _ => throw new Ips.Host.Inventory.Storage.StoreBusyException(TimeSpan.FromSeconds(1), null))
                .WithMetadata(IgnoresQuery.Instance);
        });
        foreach (var (name, isEnabled) in new[] { (Key, true), (Disabled, false) })
            await server.Store.AddKeyAsync(new AccessKey(name, Secret, null, DateTimeOffset.UnixEpoch, true, isEnabled,
                DateTimeOffset.UnixEpoch, ""), default);
        await server.PutAsync(
            Items.Read("""
                {"oid":"HOST","id":"H001","ip":"10.1.162.18","hostname":"10-1-162-18","mem_size":1024000,"disk_size":102400000000,
                 "class":"物理机","owner":["小林"]}
                """),
            Items.Read("""
                {"oid":"HOST","id":"H002","ip":"10.1.162.19","hostname":"10-1-162-19","mem_size":1024000,"disk_size":102400000000,
                 "class":"虚拟机","owner":["小黄"]}
                """),
            Items.Read("""
                {"oid":"SWITCH","id":"S001","name":"上海集群交换机","ip":"10.2.32.11","vip":["10.2.20.1","10.2.20.13","10.1.162.18"],
                 "console_ip":"10.3.32.11","manufacturers":"华为","owner":["老马","老曹"]}
                """),
            Items.Host("H003", "10.9.1.1",
                more: ""","ip2":"10.9.0.2","eth":[{"ip":"10.9.0.3"}],"network":[{"ip":"10.9.0.4"}]"""
                    + ""","mgmt":"10.9.0.5","vcenter_ip":"10.9.0.6","out_band_ip":"10.9.0.7" """),
            Items.Switch("S003", "10.9.1.2", ""","name":"10.9.0.8" """),
            Items.Host("H004", "10.200.0.1"));
        return server;
    }
}
