using System.Net;
using System.Text;
using Ips.Host.Api;
using Ips.Host.Auth;
using Ips.Host.Inventory.Storage;
using Ips.Host.Tests.Inventory;
using Microsoft.Extensions.DependencyInjection;

namespace Ips.Host.Tests.Api;

/// <summary>Who may ask, over real HTTP.</summary>
public sealed class AuthApiTests : IAsyncLifetime
{
    private ApiServer _server = null!;

    public async Task InitializeAsync() => _server = await ApiServer.StartAsync();

    public async Task DisposeAsync() => await _server.DisposeAsync();

    public static TheoryData<string, string, string, string?> Routes => new()
    {
        { "GET", "/v1/sdk/search_ip", "ip=10.0.0.1", null },
        { "POST", "/v1/object/host", "", "{}" },
        { "GET", "/v1/object/host/H1", "", null },
        { "PUT", "/v1/object/host/H1", "", """{"ip":"10.0.0.1"}""" },
        { "DELETE", "/v1/object/host/H1", "", null },
        { "GET", "/v1/nothing", "", null },
    };

    [Theory]
    [MemberData(nameof(Routes))]
    public async Task EachRoute_NotSignedAsItMust_Is401(string method, string path, string query, string? body)
    {
        foreach (var scheme in new[] { "v1", "v2", "v2.1" })
        {
            async Task Refuses(ApiCode code, Action<SignedRequest>? tamper = null, string? key = ApiServer.ReadWriteKey)
            {
                var answer = await _server.SendAsync(method, path, query, body, key, scheme, tamper);
                answer.Is(HttpStatusCode.Unauthorized, code);
                Assert.Equal("IPS-HMAC-SHA256", Assert.Single(answer.Headers.WwwAuthenticate).Scheme);
            }

            await Refuses(ApiCode.ParameterMissing, key: null);
            await Refuses(ApiCode.SignatureWrong, key: "UNKNOWN");
            await Refuses(ApiCode.SignatureWrong, r => r.AccessKey = ApiServer.ReadOnlyKey);
            await Refuses(ApiCode.AccessDenied, key: ApiServer.DisabledKey);
            await Refuses(ApiCode.SignatureWrong, r => r.Signature = new string('0', r.Signature.Length));
            await Refuses(ApiCode.ParameterMissing, r => r.Signature = "");
            await Refuses(ApiCode.ParameterMissing, r => r.Expires = "");
            await Refuses(ApiCode.WrongTypeOrRange, r => r.Expires = "soon");
            await Refuses(ApiCode.SignatureWrong, r => r.Path = path + "2");
            await Refuses(ApiCode.SignatureWrong, r => r.Method = method == "GET" ? "DELETE" : "GET");
            if (query.Length > 0) await Refuses(ApiCode.SignatureWrong, r => r.Query += "&oid=host");
            if (body is not null) await Refuses(ApiCode.SignatureWrong, r => r.Body = Encoding.UTF8.GetBytes(body + " "));
            foreach (var seconds in new[] { -11, 60 })
            {
                await Refuses(ApiCode.Expired, r =>
                {
                    r.Expires = DateTimeOffset.UtcNow.AddSeconds(seconds).ToUnixTimeSeconds()
                        .ToString(System.Globalization.CultureInfo.InvariantCulture);
                    r.Sign();
                });
            }
            var accepted = await _server.SendAsync(method, path, query, body, scheme: scheme);
            Assert.Equal(HttpStatusCode.OK, accepted.Status);
        }
        Assert.Empty((await _server.SendAsync("GET", "/v1/sdk/search_ip", "ip=10.0.0.2")).Ids);
    }

    [Theory]
    [InlineData("v1")]
    [InlineData("v2")]
    public async Task ReadOnlyKey_ReadsButDoesNotWrite(string scheme)
    {
        await _server.PutAsync(Items.Host("H1"));
        (await _server.SendAsync("GET", "/v1/object/host/H1", key: ApiServer.ReadOnlyKey, scheme: scheme))
            .Is(HttpStatusCode.OK, ApiCode.Success);
        (await _server.SendAsync("POST", "/v1/object/host", body: "{}", key: ApiServer.ReadOnlyKey, scheme: scheme))
            .Is(HttpStatusCode.OK, ApiCode.Success);
        (await _server.SendAsync("PUT", "/v1/object/host/H1", body: """{"ip":"10.9.9.9"}""", key: ApiServer.ReadOnlyKey, scheme: scheme))
            .Is(HttpStatusCode.Unauthorized, ApiCode.AccessDenied);
        (await _server.SendAsync("DELETE", "/v1/object/host/H1", key: ApiServer.ReadOnlyKey, scheme: scheme))
            .Is(HttpStatusCode.Unauthorized, ApiCode.AccessDenied);
        Assert.Equal(["H1"], (await _server.SendAsync("GET", "/v1/sdk/search_ip", "ip=10.0.0.1")).Ids);
    }

    [Fact]
    public async Task UnknownKeyAndWrongSignature_SayTheSame()
    {
        var unknown = await _server.SendAsync("GET", "/v1/object/host/H1", key: "UNKNOWN");
        var wrong = await _server.SendAsync("GET", "/v1/object/host/H1", tamper: r => r.Signature = new string('0', 40));
        Assert.Equal(unknown.Text, wrong.Text);
    }

    [Fact]
    public async Task V2_ReplayedNonce_IsAcceptedOnce()
    {
        var request = new SignedRequest
        {
            Method = "GET", Path = "/v1/sdk/search_ip", Query = "ip=10.0.0.1",
            AccessKey = ApiServer.ReadWriteKey, Scheme = "v2"
        };
        request.Sign();
        (await _server.SendAsync(request)).Is(HttpStatusCode.OK, ApiCode.Success);
        (await _server.SendAsync(request)).Is(HttpStatusCode.Unauthorized, ApiCode.Expired);
        request.Nonce = Guid.NewGuid().ToString("N");
        (await _server.SendAsync(request)).Is(HttpStatusCode.Unauthorized, ApiCode.SignatureWrong);
    }

    [Fact]
    public async Task V2_WrongSignature_DoesNotUseUpTheNonce()
    {
        var request = new SignedRequest
        {
            Method = "GET", Path = "/v1/sdk/search_ip", Query = "ip=10.0.0.1",
            AccessKey = ApiServer.ReadWriteKey, Scheme = "v2"
        };
        request.Sign();
        var right = request.Signature;
        request.Signature = new string('0', 64);
        (await _server.SendAsync(request)).Is(HttpStatusCode.Unauthorized, ApiCode.SignatureWrong);
        request.Signature = right;
        (await _server.SendAsync(request)).Is(HttpStatusCode.OK, ApiCode.Success);
    }

    [Theory]
    [InlineData("Bearer x")]
    [InlineData("IPS-HMAC-SHA256")]
    [InlineData("IPS-HMAC-SHA256 accesskey=A, accesskey=B, expires=1, nonce=0123456789abcdef, signature=0")]
    [InlineData("IPS-HMAC-SHA256 accesskey=A, expires=1, nonce=short, signature=0")]
    [InlineData("IPS-HMAC-SHA256 accesskey=A, expires=1, nonce=0123456789abcde/, signature=0")]
    [InlineData("IPS-HMAC-SHA256 accesskey=A, expires=1, foo=1, nonce=0123456789abcdef, signature=0")]
    public async Task V2_MalformedHeader_Is4002(string authorization) =>
        (await _server.SendAsync("GET", "/v1/object/host/H1", key: null, tamper: r => r.Headers["Authorization"] = authorization))
            .Is(HttpStatusCode.Unauthorized, ApiCode.WrongTypeOrRange);

    [Fact]
    public async Task BothSchemes_Is4002() =>
        (await _server.SendAsync("GET", "/v1/object/host/H1",
            tamper: r => r.Headers["Authorization"] = "IPS-HMAC-SHA256 accesskey=A, expires=1, nonce=0123456789abcdef, signature=0"))
            .Is(HttpStatusCode.Unauthorized, ApiCode.WrongTypeOrRange);

    [Theory]
    [InlineData(null, (int)ApiCode.ParameterMissing)]
    [InlineData("text/plain", (int)ApiCode.WrongTypeOrRange)]
    [InlineData("application/json-patch+json", (int)ApiCode.WrongTypeOrRange)]
    [InlineData("application/json; charset=utf-8", (int)ApiCode.Success)]
    [InlineData("Application/JSON", (int)ApiCode.Success)]
    public async Task ContentType_MustBeJson(string? contentType, int code) =>
        (await _server.SendAsync("GET", "/v1/sdk/search_ip", "ip=10.0.0.1", tamper: r => r.ContentType = contentType))
            .Is(HttpStatusCode.OK, (ApiCode)code);

    [Fact]
    public async Task FirstValueOfAName_IsWhatIsSigned_AndTheSecondIsRefused()
    {
        var answer = await _server.SendAsync("GET", "/v1/sdk/search_ip", "ip=10.0.0.1", tamper: r => r.Query = "ip=10.0.0.1&ip=10.0.0.2");
        answer.Is(HttpStatusCode.OK, ApiCode.WrongTypeOrRange);
        Assert.Equal("ip is given twice", answer.Message);
    }

    [Fact]
    public async Task KeyChanges_AreSeenWithoutARestart()
    {
        await using var server = await ApiServer.StartAsync(services => services.Configure<AuthOptions>(o => o.KeyCache = TimeSpan.Zero));
        var key = (await server.Store.GetKeysAsync(default)).Single(k => k.Name == ApiServer.ReadWriteKey);
        await server.Store.ReplaceKeyAsync(key with { IsEnabled = false }, default);
        (await server.SendAsync("GET", "/v1/sdk/search_ip", "ip=10.0.0.1")).Is(HttpStatusCode.Unauthorized, ApiCode.AccessDenied);
        await server.Store.ReplaceKeyAsync(key with { Secret = "new" }, default);
        (await server.SendAsync("GET", "/v1/sdk/search_ip", "ip=10.0.0.1")).Is(HttpStatusCode.Unauthorized, ApiCode.SignatureWrong);
        await server.Store.ReplaceKeyAsync(key with
        {
            Secret = "new",
            PreviousSecret = key.Secret,
            PreviousUntil = DateTimeOffset.UtcNow.AddHours(1)
        }, default);
        (await server.SendAsync("GET", "/v1/sdk/search_ip", "ip=10.0.0.1")).Is(HttpStatusCode.OK, ApiCode.Success);
    }

    [Fact]
    public async Task V1TurnedOff_OnlyV2IsAccepted()
    {
        await using var server = await ApiServer.StartAsync(services => services.Configure<AuthOptions>(o => o.AllowV1 = false));
        (await server.SendAsync("GET", "/v1/sdk/search_ip", "ip=10.0.0.1")).Is(HttpStatusCode.Unauthorized, ApiCode.AccessDenied);
        (await server.SendAsync("GET", "/v1/sdk/search_ip", "ip=10.0.0.1", scheme: "v2")).Is(HttpStatusCode.OK, ApiCode.Success);
    }

    [Fact]
    [Trait("issue", "11")]
    public async Task V2TurnedOff_OnlyV21IsAccepted()
    {
        await using var server = await ApiServer.StartAsync(services =>
            services.Configure<AuthOptions>(o => (o.AllowV1, o.AllowV2) = (false, false)));
        (await server.SendAsync("GET", "/v1/sdk/search_ip", "ip=10.0.0.1", scheme: "v1"))
            .Is(HttpStatusCode.Unauthorized, ApiCode.AccessDenied);
        (await server.SendAsync("GET", "/v1/sdk/search_ip", "ip=10.0.0.1", scheme: "v2"))
            .Is(HttpStatusCode.Unauthorized, ApiCode.AccessDenied);
        (await server.SendAsync("GET", "/v1/sdk/search_ip", "ip=10.0.0.1", scheme: "v2.1")).Is(HttpStatusCode.OK, ApiCode.Success);
    }

    [Fact]
    public async Task NonceCapacity_IsKept()
    {
        await using var server = await ApiServer.StartAsync(services => services.Configure<AuthOptions>(o =>
        {
            o.NonceCapacity = 1000;
            o.Window = TimeSpan.FromMinutes(5);
        }));
        var (now, window) = (DateTimeOffset.UtcNow.ToUnixTimeSeconds(), TimeSpan.FromMinutes(5));
        for (var i = 0; i < 1000; i++) Assert.Equal(Ips.Host.Inventory.Storage.NonceOutcome.Taken,
            await server.Store.TakeAsync($"X{i % 8}", $"n{i}", now, window, 2000, default));
        (await server.SendAsync("GET", "/v1/sdk/search_ip", "ip=10.0.0.1", scheme: "v2"))
            .Is(HttpStatusCode.Unauthorized, ApiCode.AccessDenied);
    }

    [Fact]
    public async Task NoKey_AnonymousOnlyFromLoopbackIfAllowed()
    {
        await using (var closed = await ApiServer.StartAsync(withKeys: false))
        {
            (await closed.SendAsync("GET", "/v1/sdk/search_ip", "ip=10.0.0.1", key: null))
                .Is(HttpStatusCode.Unauthorized, ApiCode.KeyNotFound);
            Assert.Contains(closed.Log.Events, e => e.Id == ApiEventIds.NoKey);
        }
        await using var open = await ApiServer.StartAsync(services => services.Configure<AuthOptions>(o =>
        {
            o.AllowAnonymousLoopback = true;
            o.KeyCache = TimeSpan.Zero;
        }), withKeys: false);
        Assert.Contains(open.Log.Events, e => e.Id == ApiEventIds.AnonymousLoopback);
        (await open.SendAsync("PUT", "/v1/object/host/H1", body: """{"ip":"10.0.0.1"}""", key: null))
            .Is(HttpStatusCode.OK, ApiCode.Success);
        Assert.Equal(["H1"], (await open.SendAsync("GET", "/v1/sdk/search_ip", "ip=10.0.0.1", key: null)).Ids);
        // A page whose name points to 127.0.0.1 (DNS rebinding).
        (await open.SendAsync("GET", "/v1/sdk/search_ip", "ip=10.0.0.1", key: null, tamper: r => r.Headers["Host"] = "evil.example"))
            .Is(HttpStatusCode.Unauthorized, ApiCode.KeyNotFound);
        // With the first key it ends.
        await open.Store.AddKeyAsync(new AccessKey("A1", "s", null, DateTimeOffset.UnixEpoch, true, true, DateTimeOffset.UnixEpoch, ""),
            default);
        (await open.SendAsync("GET", "/v1/sdk/search_ip", "ip=10.0.0.1", key: null))
            .Is(HttpStatusCode.Unauthorized, ApiCode.ParameterMissing);
    }

    [Fact]
    public async Task NoKey_FromAnotherAddressOfThisMachine_IsRefused()
    {
        await using var server = await ApiServer.StartAsync(
            services =>
            {
                services.Configure<AuthOptions>(o => o.AllowAnonymousLoopback = true);
                services.AddSingleton<Microsoft.AspNetCore.Hosting.IStartupFilter>(new RemoteAddress(IPAddress.Parse("192.0.2.1")));
            }, withKeys: false);
        (await server.SendAsync("GET", "/v1/sdk/search_ip", "ip=10.0.0.1", key: null)).Is(HttpStatusCode.Unauthorized, ApiCode.KeyNotFound);
    }

    // Stands in for a client elsewhere: tests only use loopback.
    private sealed class RemoteAddress(IPAddress address) : Microsoft.AspNetCore.Hosting.IStartupFilter
    {
        public Action<Microsoft.AspNetCore.Builder.IApplicationBuilder> Configure(
            Action<Microsoft.AspNetCore.Builder.IApplicationBuilder> next) => app =>
        {
            Microsoft.AspNetCore.Builder.UseExtensions.Use(app,
                (Microsoft.AspNetCore.Http.HttpContext context, Microsoft.AspNetCore.Http.RequestDelegate go) =>
            {
                context.Connection.RemoteIpAddress = address;
                return go(context);
            });
            next(app);
        };
    }
}
