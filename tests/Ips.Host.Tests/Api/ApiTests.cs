using System.Net;
using Ips.Host.Api;
using Ips.Host.Tests.Inventory;

namespace Ips.Host.Tests.Api;

/// <summary>Each route over real HTTP, and each code of the business.</summary>
public sealed class ApiTests : IAsyncLifetime
{
    private ApiServer _server = null!;

    public async Task InitializeAsync() => _server = await ApiServer.StartAsync();

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Fact]
    public async Task Search_ByAddressesAndBlocks_AnswersTheEnvelope()
    {
        await _server.PutAsync(Items.Host("H1", "10.1.162.18", "web"), Items.Host("H2", "10.1.162.19"),
            Items.Switch("S1", "10.9.0.1", ""","vip":["10.1.162.18"]"""));
        var answer = await _server.SendAsync("GET", "/v1/sdk/search_ip", "ip=10.1.162.18");
        answer.Is(HttpStatusCode.OK, ApiCode.Success);
        Assert.Matches(
            """^\{"code":0,"message":"success","data":\{"page":1,"page_size":1000,"size":2,"total":2,"list":\["""
                + """\{"oid":"host","id":"H1","ip":"10.1.162.18","hostname":"web","mem_size":null,"disk_size":null"""
                + ""","class":"","owner":\[\],"version":\d+\}"""
                + """,\{"oid":"switch","id":"S1","name":"","ip":"10.9.0.1","vip":\["10.1.162.18"\]"""
                + ""","console_ip":"","manufacturers":"","owner":\[\],"version":\d+\}\]\}\}$""",
            answer.Text);
        Assert.Equal(["H1"], (await _server.SendAsync("GET", "/v1/sdk/search_ip", "ip=10.1.162.18&oid=host")).Ids);
        Assert.Equal(["H1", "H2", "S1"], (await _server.SendAsync("GET", "/v1/sdk/search_ip", "ip=10.1.162.18,10.1.162.19")).Ids);
        Assert.Equal(["H1", "H2", "S1"], (await _server.SendAsync("GET", "/v1/sdk/search_ip", "ip=10.0.0.0%2F8")).Ids);
        var second = await _server.SendAsync("GET", "/v1/sdk/search_ip", "ip=10.0.0.0%2F8&page=2&page_size=2");
        Assert.Equal(["S1"], second.Ids);
        Assert.Equal((2, 2, 1, 3), (second.Data.GetProperty("page").GetInt32(), second.Data.GetProperty("page_size").GetInt32(),
            second.Data.GetProperty("size").GetInt32(), second.Data.GetProperty("total").GetInt32()));
        Assert.Empty((await _server.SendAsync("GET", "/v1/sdk/search_ip", "ip=2001:db8::1")).Ids);
    }

    [Theory]
    [InlineData("", (int)ApiCode.ParameterMissing)]
    [InlineData("ip=", (int)ApiCode.ParameterMissing)]
    [InlineData("ip=10.0.0", (int)ApiCode.WrongTypeOrRange)]
    [InlineData("ip=10.0.0.0%2F33", (int)ApiCode.WrongTypeOrRange)]
    [InlineData("ip=1.1.1.1,", (int)ApiCode.WrongTypeOrRange)]
    [InlineData("ip=1.1.1.1,1.1.1.2,1.1.1.3,1.1.1.4,1.1.1.5,1.1.1.6,1.1.1.7,1.1.1.8,1.1.1.9,1.1.1.10,1.1.1.11",
        (int)ApiCode.WrongTypeOrRange)]
    [InlineData("ip=1.1.1.1,1.1.1.2,1.1.1.3,1.1.1.4,1.1.1.5,1.1.1.6,1.1.1.7,1.1.1.8,1.1.1.9,1.1.1.10", (int)ApiCode.Success)]
    [InlineData("ip=1.1.1.1&oid=router", (int)ApiCode.WrongTypeOrRange)]
    [InlineData("ip=1.1.1.1&page=0", (int)ApiCode.WrongTypeOrRange)]
    [InlineData("ip=1.1.1.1&page=x", (int)ApiCode.WrongTypeOrRange)]
    [InlineData("ip=1.1.1.1&page_size=1001", (int)ApiCode.WrongTypeOrRange)]
    [InlineData("ip=1.1.1.1&page_size=99999999999999", (int)ApiCode.WrongTypeOrRange)]
    [InlineData("ip=1.1.1.1&foo=1", (int)ApiCode.WrongTypeOrRange)]
    public async Task Search_Query_IsChecked(string query, int code) =>
        (await _server.SendAsync("GET", "/v1/sdk/search_ip", query)).Is(HttpStatusCode.OK, (ApiCode)code);

    [Fact]
    public async Task Search_PartsOfTwoParametersJoined_AreNoOtherRequest()
    {
        // PARAMS has no separators: ip=10.0.0.1&oid=host signs the same text as these. None may pass as a request of its own.
        foreach (var cut in new[] { "ip=10.0.0.1oidhost", "ip=10.0.0.1&oidh=ost", "i=p10.0.0.1&oid=host", "ip10.0.0.1=oidhost" })
        {
            var answer = await _server.SendAsync("GET", "/v1/sdk/search_ip", "ip=10.0.0.1&oid=host", tamper: r => r.Query = cut);
            Assert.True(answer.Code is (int)ApiCode.WrongTypeOrRange or (int)ApiCode.SignatureWrong or (int)ApiCode.ParameterMissing,
                answer.Text);
        }
    }

    [Fact]
    public async Task List_WithFiltersAndPages_AnswersByIdOrder()
    {
        await _server.PutAsync(Items.Host("b", "10.0.0.2", "web", ""","mem_size":16,"owner":["ops"],"class":"物理机" """),
            Items.Host("a", "10.0.0.1", "web"), Items.Host("c", "2001:db8::1", "db"));
        Assert.Equal(["a", "b", "c"], (await _server.SendAsync("POST", "/v1/object/host", body: "")).Ids);
        Assert.Equal(["a", "b", "c"], (await _server.SendAsync("POST", "/v1/object/host", body: "{}")).Ids);
        var page = await _server.SendAsync("POST", "/v1/object/host", body: """{"page":2,"page_size":2}""");
        Assert.Equal(["c"], page.Ids);
        Assert.Equal(3, page.Data.GetProperty("total").GetInt32());
        foreach (var (filter, ids) in new (string, string[])[]
        {
            ("""{"id":"b"}""", ["b"]), ("""{"id":["a","c","x"]}""", ["a", "c"]), ("""{"hostname":"web"}""", ["a", "b"]),
                ("""{"mem_size":16}""", ["b"]),
            ("""{"mem_size":[16,32]}""", ["b"]), ("""{"disk_size":1}""", []), ("""{"class":"物理机"}""", ["b"]),
                ("""{"owner":"ops"}""", ["b"]),
            ("""{"ip":"10.0.0.0/8"}""", ["a", "b"]), ("""{"ip":["10.0.0.1","2001:DB8:0::1"]}""", ["a", "c"]),
                ("""{"ip":"10.0.0.0/8","hostname":"db"}""", []),
        })
        {
            Assert.Equal(ids, (await _server.SendAsync("POST", "/v1/object/host", body: filter)).Ids);
        }
        Assert.Empty((await _server.SendAsync("POST", "/v1/object/switch",
            body: """{"vip":"10.0.0.0/8","console_ip":"10.0.0.1","name":"x","manufacturers":"y"}""")).Ids);
    }

    [Theory]
    [InlineData("host", """{"page":"1"}""")]
    [InlineData("host", """{"page":0}""")]
    [InlineData("host", """{"page":1.5}""")]
    [InlineData("host", """{"page_size":1001}""")]
    [InlineData("host", """{"foo":1}""")]
    [InlineData("host", """{"vip":"10.0.0.1"}""")]
    [InlineData("host", """{"ip":"10.0"}""")]
    [InlineData("host", """{"ip":[]}""")]
    [InlineData("host", """{"ip":{}}""")]
    [InlineData("host", """{"mem_size":"16"}""")]
    [InlineData("host", """{"mem_size":-1}""")]
    [InlineData("host", """{"id":"/"}""")]
    [InlineData("host", """{"hostname":null}""")]
    [InlineData("host", """{"hostname":"\ud800"}""")]
    [InlineData("host", """{"id":["1","2","3","4","5","6","7","8","9","10","11"]}""")]
    [InlineData("router", "{}")]
    [InlineData("hosts", "{}")]
    [InlineData("host", """{"sort":"ip"}""")]
    [InlineData("host", """{"prefix":""}""")]
    [InlineData("host", """{"prefix":1}""")]
    [InlineData("host", """{"after":"/"}""")]
    [InlineData("host", """{"after":"a","sort":"name"}""")]
    [InlineData("host", """{"after":"a","page":1}""")]
    public async Task List_WrongFilter_Is4002(string oid, string body) =>
        (await _server.SendAsync("POST", $"/v1/object/{oid}", body: body)).Is(HttpStatusCode.OK, ApiCode.WrongTypeOrRange);

    [Fact]
    public async Task PutGetDelete_OneObject_RoundTrips()
    {
        var body = """{"class":"物理机","ip":"::ffff:10.1.162.18","mem_size":9007199254740991,"owner":["a","b"]}""";
        var put = await _server.SendAsync("PUT", "/v1/object/host/H001", body: body);
        put.Is(HttpStatusCode.OK, ApiCode.Success);
        var item = Assert.Single(put.Data.GetProperty("list").EnumerateArray());
        Assert.Equal(("10.1.162.18", "物理机", 9007199254740991),
            (item.GetProperty("ip").GetString(), item.GetProperty("class").GetString(), item.GetProperty("mem_size").GetInt64()));
        var get = await _server.SendAsync("GET", "/v1/object/host/H001");
        Assert.Equal(put.Text, get.Text);
        Assert.Equal($"\"{item.GetProperty("version").GetInt64()}\"", get.Headers.ETag?.Tag);
        // What was read can be written back.
        (await _server.SendAsync("PUT", "/v1/object/host/H001", body: item.GetRawText())).Is(HttpStatusCode.OK, ApiCode.Success);
        Assert.Equal(get.Headers.ETag?.Tag, (await _server.SendAsync("GET", "/v1/object/host/H001")).Headers.ETag?.Tag);
        (await _server.SendAsync("GET", "/v1/object/switch/H001")).Is(HttpStatusCode.OK, ApiCode.NotFound);
        (await _server.SendAsync("DELETE", "/v1/object/host/H001")).Is(HttpStatusCode.OK, ApiCode.Success);
        (await _server.SendAsync("DELETE", "/v1/object/host/H001")).Is(HttpStatusCode.OK, ApiCode.NotFound);
        (await _server.SendAsync("GET", "/v1/object/host/H001")).Is(HttpStatusCode.OK, ApiCode.NotFound);
    }

    [Fact]
    public async Task Put_WithIfMatch_WritesOnlyThatVersion()
    {
        var first = (await _server.SendAsync("PUT", "/v1/object/host/H1", body: """{"ip":"10.0.0.1"}""",
            tamper: r => r.Headers["If-None-Match"] = "*")).Headers.ETag!.Tag;
        (await _server.SendAsync("PUT", "/v1/object/host/H1", body: """{"ip":"10.0.0.2"}""", tamper: r => r.Headers["If-None-Match"] = "*"))
            .Is(HttpStatusCode.OK, ApiCode.Other);
        var second = await _server.SendAsync("PUT", "/v1/object/host/H1", body: """{"ip":"10.0.0.2"}""",
            tamper: r => r.Headers["If-Match"] = first);
        second.Is(HttpStatusCode.OK, ApiCode.Success);
        var stale = await _server.SendAsync("PUT", "/v1/object/host/H1", body: """{"ip":"10.0.0.3"}""",
            tamper: r => r.Headers["If-Match"] = first);
        stale.Is(HttpStatusCode.OK, ApiCode.Other);
        Assert.Equal(second.Headers.ETag, stale.Headers.ETag);
        (await _server.SendAsync("DELETE", "/v1/object/host/H1", tamper: r => r.Headers["If-Match"] = first))
            .Is(HttpStatusCode.OK, ApiCode.Other);
        (await _server.SendAsync("DELETE", "/v1/object/host/H2", tamper: r => r.Headers["If-Match"] = "*"))
            .Is(HttpStatusCode.OK, ApiCode.Other);
        foreach (var wrong in new[] { "1", "W/\"1\"", "\"x\"", "\"1\", \"x\"" })
            (await _server.SendAsync("PUT", "/v1/object/host/H1", body: """{"ip":"10.0.0.3"}""",
                tamper: r => r.Headers["If-Match"] = wrong)).Is(HttpStatusCode.OK, ApiCode.WrongTypeOrRange);
        (await _server.SendAsync("DELETE", "/v1/object/host/H1", tamper: r => r.Headers["If-Match"] = $"\"1\", {second.Headers.ETag!.Tag}"))
            .Is(HttpStatusCode.OK, ApiCode.Success);
    }

    [Theory]
    [InlineData("{}", (int)ApiCode.ParameterMissing)]
    [InlineData("""{"ip":""}""", (int)ApiCode.ParameterMissing)]
    [InlineData("""{"ip":null}""", (int)ApiCode.ParameterMissing)]
    [InlineData("""{"ip":1}""", (int)ApiCode.WrongTypeOrRange)]
    [InlineData("""{"ip":"10.0.0.1","ip":"10.0.0.2"}""", (int)ApiCode.WrongTypeOrRange)]
    [InlineData("""{"ip":"10.0.0.1","id":"other"}""", (int)ApiCode.WrongTypeOrRange)]
    [InlineData("""{"ip":"10.0.0.1","oid":"switch"}""", (int)ApiCode.WrongTypeOrRange)]
    [InlineData("""{"ip":"10.0.0.1","vip":[]}""", (int)ApiCode.WrongTypeOrRange)]
    [InlineData("""{"ip":"10.0.0.1","mem_size":1.5}""", (int)ApiCode.WrongTypeOrRange)]
    [InlineData("""{"ip":"10.0.0.1","mem_size":9007199254740992}""", (int)ApiCode.WrongTypeOrRange)]
    [InlineData("""{"ip":"10.0.0.1","mem_size":1e400}""", (int)ApiCode.WrongTypeOrRange)]
    [InlineData("""{"ip":"10.0.0.1","owner":"a"}""", (int)ApiCode.WrongTypeOrRange)]
    [InlineData("""{"ip":"10.0.0.1","owner":[""]}""", (int)ApiCode.WrongTypeOrRange)]
    [InlineData("""{"ip":"10.0.0.1","owner":[1]}""", (int)ApiCode.WrongTypeOrRange)]
    [InlineData("""{"ip":"10.0.0.1","owner":[{"a":[]}]}""", (int)ApiCode.WrongTypeOrRange)]
    [InlineData("""{"ip":"10.0.0.1","hostname":"a\u0000b"}""", (int)ApiCode.WrongTypeOrRange)]
    [InlineData("""{"ip":"10.0.0.1","hostname":"\ud800"}""", (int)ApiCode.WrongTypeOrRange)]
    [InlineData("""{"ip":"10.0.0.1","\ud800":"x"}""", (int)ApiCode.WrongTypeOrRange)]
    public async Task Put_WrongObject_IsRefusedWithItsCode(string body, int code)
    {
        (await _server.SendAsync("PUT", "/v1/object/host/H1", body: body)).Is(HttpStatusCode.OK, (ApiCode)code);
        (await _server.SendAsync("GET", "/v1/object/host/H1")).Is(HttpStatusCode.OK, ApiCode.NotFound);
    }

    [Theory]
    [InlineData("POST", "/v1/sdk/search_ip", "GET, HEAD")]
    [InlineData("GET", "/v1/object/host", "POST")]
    [InlineData("POST", "/v1/object/host/H1", "GET, HEAD, PUT, DELETE")]
    [InlineData("PATCH", "/v1/object/host/H1", "GET, HEAD, PUT, DELETE")]
    public async Task OtherMethod_Is4006AndSaysWhichAreAllowed(string method, string path, string allowed)
    {
        using var response = await _server.Client.SendAsync(Signed(method, path));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Contains("\"code\":4006", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(allowed, string.Join(", ", response.Content.Headers.Allow));
    }

    [Theory]
    [InlineData("/v1/nothing")]
    [InlineData("/v1")]
    [InlineData("/v1/object/host/a/b")]
    public async Task UnknownPath_Is4004(string path) => (await _server.SendAsync("GET", path)).Is(HttpStatusCode.OK, ApiCode.NotFound);

    [Fact]
    public async Task Id_WithOtherCharacters_Is4002() => (await _server.SendAsync("GET", "/v1/object/host/a b"))
        .Is(HttpStatusCode.OK, ApiCode.WrongTypeOrRange);

    [Theory]
    [InlineData("zh-CN,zh;q=0.9,en;q=0.8", "缺少参数 ip")]
    [InlineData("en;q=0.5, zh", "缺少参数 ip")]
    [InlineData("en, zh;q=0.5", "ip is missing")]
    [InlineData("zh;q=0", "ip is missing")]
    [InlineData("?!", "ip is missing")]
    public async Task Message_IsInTheLanguageThatIsWantedMost(string acceptLanguage, string message) =>
        Assert.Equal(message,
            (await _server.SendAsync("GET", "/v1/sdk/search_ip", tamper: r => r.Headers["Accept-Language"] = acceptLanguage)).Message);

    [Fact]
    public async Task Ping_IsNotSigned()
    {
        Assert.Equal("pong\n", await _server.Client.GetStringAsync(new Uri("/ping", UriKind.Relative)));
    }

    private static HttpRequestMessage Signed(string method, string path)
    {
        var request = new SignedRequest { Method = method, Path = path, AccessKey = ApiServer.ReadWriteKey };
        request.Sign();
        return request.ToMessage();
    }
}
