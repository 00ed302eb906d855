using System.Globalization;
using System.Net;
using System.Text;
using Ips.Host.Api;
using Ips.Host.Tests.Inventory;

namespace Ips.Host.Tests.Api;

/// <summary>A recorded request cannot be sent on with another condition, to another host, or cut into other lines.</summary>
[Trait("issue", "11")]
public sealed class SignedConditionTests : IAsyncLifetime
{
    private ApiServer _server = null!;

    public async Task InitializeAsync() => _server = await ApiServer.StartAsync();

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Theory]
    [InlineData("If-Match", "\"1\"", "If-Match", null)]
    [InlineData("If-Match", "\"1\"", "If-Match", "")]
    [InlineData("If-Match", "\"1\"", "If-Match", "*")]
    [InlineData("If-Match", "\"1\"", "If-Match", "\"1\", \"2\"")]
    [InlineData("If-None-Match", "*", "If-None-Match", null)]
    [InlineData("If-None-Match", "*", "If-Match", "*")]
    [InlineData("X-Nothing", "x", "If-Match", "*")]
    [InlineData("X-Nothing", "x", "If-None-Match", "")]
    [InlineData("X-Nothing", "x", "Host", "other.example")]
    public async Task V21_ConditionOrHostChanged_IsRefused(string signedName, string signedValue, string name, string? value)
    {
        var request = Write("v2.1");
        request.Headers[signedName] = signedValue;
        request.Sign();
        if (signedName != name) request.Headers.Remove(signedName);
        if (value is null) request.Headers.Remove(name);
        else request.Headers[name] = value;
        (await _server.SendAsync(request)).Is(HttpStatusCode.Unauthorized, ApiCode.SignatureWrong);
        // As it was signed, it is taken for what it says.
        if (name != "Host") request.Headers.Remove(name);
        else request.Headers.Remove("Host");
        request.Headers[signedName] = signedValue;
        (await _server.SendAsync(request)).Is(HttpStatusCode.OK, signedName == "If-Match" ? ApiCode.Other : ApiCode.Success);
    }

    [Fact]
    public async Task V21_AsV2_OrV2AsV21_IsRefused()
    {
        foreach (var (signed, sent) in new[] { ("v2", "v2.1"), ("v2.1", "v2") })
        {
            var request = Write(signed);
            request.Sign();
            request.Scheme = sent;
            (await _server.SendAsync(request)).Is(HttpStatusCode.Unauthorized, ApiCode.SignatureWrong);
        }
    }

    [Theory]
    [InlineData("v1")]
    [InlineData("v2")]
    public async Task V1V2_LineBreakInPathOrQuery_IsRefused(string scheme)
    {
        // The two have one text: each line break of a path or parameter ends a line of it.
        await _server.PutAsync(Items.Host("H1"));
        foreach (var (path, target, query, rawQuery) in new[]
        {
            ("/v1/sdk/search_ip\nip10.0.0.1", "/v1/sdk/search_ip%0Aip10.0.0.1", "", ""),
            ("/v1/sdk/search_ip", "/v1/sdk/search_ip", "ip=10.0.0.1%0A", "ip=10.0.0.1%0A"),
        })
        {
            var request = new SignedRequest
            {
                Method = "GET", Path = path, Query = query, AccessKey = ApiServer.ReadWriteKey,
                Scheme = scheme
            };
            request.Sign();
            (request.Path, request.Query) = (target, rawQuery);
            (await _server.SendAsync(request)).Is(HttpStatusCode.BadRequest, ApiCode.WrongTypeOrRange);
        }
    }

    [Theory]
    [InlineData("POST", "/v1/object/host", "page=2", "{}")]
    [InlineData("PUT", "/v1/object/host/H1", "x=1", """{"ip":"10.0.0.1"}""")]
    public async Task V21_QueryOfAWrite_IsSigned(string method, string path, string query, string body) =>
        (await _server.SendAsync(method, path, "", body, scheme: "v2.1", tamper: r => r.Query = query))
            .Is(HttpStatusCode.Unauthorized, ApiCode.SignatureWrong);

    [Fact]
    public async Task V21_BodyOfADelete_IsSigned() =>
        (await _server.SendAsync("DELETE", "/v1/object/host/H1", scheme: "v2.1", tamper: r => r.Body = "{}"u8.ToArray()))
            .Is(HttpStatusCode.Unauthorized, ApiCode.SignatureWrong);

    [Fact]
    public async Task V21_TargetAsSent_IsSigned()
    {
        var expires = DateTimeOffset.UtcNow.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        foreach (var (signed, sent, status) in new[]
        {
            ("/v1/sdk/search_ip?ip=10.0.0.1&oid=host", "/v1/sdk/search_ip?ip=10.0.0.1&oid=host", "200"),
            ("/v1/sdk/search_ip?ip=10.0.0.1%2C10.0.0.2", "/v1/sdk/search_ip?ip=10.0.0.1%2C10.0.0.2", "200"),
            ("/v1/sdk/search_ip?ip=10.0.0.1", "/v1/sdk/search_ip?ip=10.0.0.1&", "401"),
            ("/v1/sdk/search_ip?ip=10.0.0.1", "/v1/sdk/search_ip?%69p=10.0.0.1", "401"),
            ("/v1/sdk/search_ip?ip=10.0.0.1", "/v1/sdk/search_ip?ip=10.0.0.1&ip=10.0.0.2", "401"),
            ("/v1/sdk/search_ip?ip=10.0.0.1", "/v1/sdk/./search_ip?ip=10.0.0.1", "401"),
        })
        {
            var nonce = Guid.NewGuid().ToString("N");
            var text = Auth.TestSigner.Text21("GET", signed, "ips.example", null, null, [], expires, ApiServer.ReadWriteKey, nonce);
            var signature = Auth.TestSigner.Sign("v2.1", ApiServer.SecretOf(ApiServer.ReadWriteKey), text);
            var answer = await _server
                .RawAsync($"GET {sent} HTTP/1.1\r\nHost: ips.example\r\nContent-Type: application/json\r\nConnection: close\r\n"
                + $"Authorization: IPS-HMAC-SHA256 version=2.1, accesskey={ApiServer.ReadWriteKey}, expires={expires}, nonce={nonce}, "
                    + $"signature={signature}\r\n\r\n");
            Assert.StartsWith($"HTTP/1.1 {status} ", answer, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("If-Match")]
    [InlineData("If-None-Match")]
    public async Task V21_ConditionSentTwice_IsRefused(string name)
    {
        var (expires, nonce) = (DateTimeOffset.UtcNow.ToUnixTimeSeconds(), Guid.NewGuid().ToString("N"));
        var answer = await _server
            .RawAsync($"DELETE /v1/object/host/H1 HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: close\r\n{name}: "
            + $"\"1\"\r\n{name}: \"2\"\r\n"
            + $"Authorization: IPS-HMAC-SHA256 version=2.1, accesskey={ApiServer.ReadWriteKey}, expires={expires}, nonce={nonce}, "
                + "signature=00\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 401 ", answer, StringComparison.Ordinal);
        Assert.Contains($"\"code\":4002,\"message\":\"{name} is given twice", answer, StringComparison.Ordinal);
    }

    private SignedRequest Write(string scheme) => new()
    {
        Method = "PUT", Path = "/v1/object/host/H1", Body = Encoding.UTF8.GetBytes("""{"ip":"10.0.0.9"}"""),
        AccessKey = ApiServer.ReadWriteKey, Scheme = scheme,
        Host = _server.Address.Authority,
    };
}
