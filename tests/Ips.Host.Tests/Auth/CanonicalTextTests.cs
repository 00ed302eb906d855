using System.Globalization;
using System.Text;
using System.Text.Json;
using Ips.Host.Api;
using Ips.Host.Auth;
using Ips.Host.Inventory;

namespace Ips.Host.Tests.Auth;

/// <summary>Two different requests never have one signed text.</summary>
[Trait("issue", "11")]
public sealed class CanonicalTextTests
{
    private const int Cases = 200_000;

    // What could end a line, look like another line or header, or be lost in the encoding; a few of each, so that parts of two requests
    // often meet.
    private static readonly string?[] Headers =
        [null, "", "*", "\"1\"", "\"1\", \"2\"", "if-none-match", ":", "\u2028", "\"1\"\n", "a\nif-match:b", "\ud800", "\udc00", "\ufffd",
            "x\r"];
    private static readonly string[] Methods = ["GET", "PUT", "POST", "DELETE", "get", "IPS-HMAC-SHA256 2.1", "", "GET\n/v1/x"];
    private static readonly string[] Targets =
    [
        "/v1/x", "/v1/x?", "/v1/x?a=1", "/v1/x?a=1&b=2", "/v1/x?b=2&a=1", "/v1/x?a=1&a=1", "/v1/%78", "/v1/x%3Fa=1",
        "/v1/x%0A", "/v1/x%2f", "/v1/x%2F", "/v1/x%252F", "/v1//x", "", "/v1/x\nhost:h",
    ];
    private static readonly string[] Bodies = ["", "{}", "{} ", "\n", "\ud800", "1767225600"];
    private static readonly string[] Times = ["1", "01", "12", "2", "1\n"];
    private static readonly string[] Keys = ["A", "B", "", "A\nB", "A\nnonce-of-16-chars"];
    private static readonly string[] Nonces = ["nonce-of-16-chars", "Nonce-of-16-chars", "nonce-of-16-chars2"];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void V21_OfDifferentRequests_Differs(int seed)
    {
        var random = new Random(seed);
        Dictionary<string, Request> seen = new(StringComparer.Ordinal);
        var request = Any(random);
        var refused = 0;
        for (var i = 0; i < Cases; i++)
        {
            // A neighbour of the last one as often as a new one: most mistakes would be about one part or two.
            request = random.Next(2) == 0 ? Any(random) : Changed(request, random);
            if (Text(request) is not { } text)
            {
                refused++;
                continue;
            }
            Assert.True(seen.TryAdd(text, request) || seen[text] == request, $"{request} and {seen[text]} have one text:\n{text}");
        }
        Assert.InRange(refused, Cases / 10, Cases * 9 / 10); // both kinds were there
        Assert.True(seen.Count > 1000);
    }

    [Fact]
    public void V21_TextOfAnotherScheme_IsNeverOne()
    {
        var random = new Random(4);
        for (var i = 0; i < Cases / 10; i++)
        {
            var other = Any(random);
            var credentials = new Credentials(i % 2 == 0 ? SignatureScheme.V1 : SignatureScheme.V2, other.Key, other.Expires, 0,
                other.Nonce, "");
            var text = SignatureText.Build(other.Method, other.Target, [("a", other.IfMatch ?? "")], Bytes(other.Body), credentials);
            var lines = Encoding.UTF8.GetString(text).Split('\n');
            // The second line of v2.1 is a method, here it is a path: no HTTP method begins with a slash, and each path here does.
            Assert.True(lines[0] != "IPS-HMAC-SHA256 2.1" || !other.Target.StartsWith('/') || lines[1].StartsWith('/'));
        }
    }

    [Fact]
    public void V1V2_SearchCutInAnotherWay_IsTheSameSearchOrNone()
    {
        var random = new Random(5);
        string[] addresses = ["10.0.0.1", "10.0.0.0/8", "::1", "2001:db8::/32", "1.2.3.4,5.6.7.8"];
        var options = new ApiOptions();
        var cuts = 0;
        for (var i = 0; i < 5_000; i++)
        {
            List<(string Name, string Value)> query = [("ip", addresses[random.Next(addresses.Length)])];
            if (random.Next(2) == 0) query.Add(("oid", random.Next(2) == 0 ? "host" : "switch"));
            if (random.Next(2) == 0) query.Add(("page", Number(random)));
            if (random.Next(2) == 0) query.Add(("page_size", Number(random)));
            if (Parse(query, options) is not { } meant) continue;
            var text = string.Concat(query.Select(p => p.Name + p.Value));
            foreach (var cut in Cuts(text, ""))
            {
                cuts++;
                if (Parse(cut, options) is { } other) Assert.Equal(Show(meant), Show(other));
            }
        }
        Assert.True(cuts > 10_000, $"Only {cuts} cuts were tried.");
    }

    [Fact]
    public void Vectors_OfV2AndV21_AreTheirSignatures()
    {
        using var file = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Auth", "signature-vectors-v2.json")));
        foreach (var vector in file.RootElement.EnumerateArray())
        {
            string Part(string name) => vector.GetProperty(name).GetString()!;
            var body = Encoding.UTF8.GetBytes(Part("body"));
            var scheme = Part("scheme") == "v2" ? SignatureScheme.V2 : SignatureScheme.V21;
            var credentials = new Credentials(scheme, Part("accessKey"), Part("expires"), 0, Part("nonce"), "");
            byte[]? text;
            if (scheme == SignatureScheme.V2)
            {
                var query = "?" + string.Join('&', vector.GetProperty("params").EnumerateArray()
                    .Select(p => $"{Uri.EscapeDataString(p[0].GetString()!)}={Uri.EscapeDataString(p[1].GetString()!)}"));
                Assert.True(RequestQuery.TryParse(query, out var parsed));
                text = SignatureText.Build(Part("method"), Part("path"), parsed.Parameters, body, credentials);
            }
            else
            {
                string? Header(string name) => vector.GetProperty("headers").TryGetProperty(name, out var value) ? value.GetString() : null;
                text = SignatureText.Build21(Part("method"), Part("target"),
                    new SignedHeaders(Header("host"), Header("if-match"), Header("if-none-match")), body, credentials);
            }
            Assert.Equal(Part("signature"), SignatureText.Sign(scheme, Part("secretKey"), text));
        }
        Assert.Equal(10, file.RootElement.GetArrayLength());
    }

    // What is refused stands last, and is taken less often.
    private static T One<T>(Random random, T[] of) => of[Math.Min(random.Next(of.Length), random.Next(of.Length))];

    private static Request Any(Random random) => new(One(random, Methods), One(random, Targets), One(random, Headers), One(random, Headers),
        One(random, Headers),
        One(random, Bodies), One(random, Times), One(random, Keys), One(random, Nonces));

    private static Request Changed(Request request, Random random)
    {
        var other = Any(random);
        for (var changes = random.Next(1, 4); changes > 0; changes--)
        {
            request = random.Next(9) switch
            {
                0 => request with { Method = other.Method },
                1 => request with { Target = other.Target },
                2 => request with { Host = other.Host },
                3 => request with { IfMatch = other.IfMatch },
                4 => request with { IfNoneMatch = other.IfNoneMatch },
                5 => request with { Body = other.Body },
                6 => request with { Expires = other.Expires },
                7 => request with { Key = other.Key },
                _ => request with { Nonce = other.Nonce },
            };
        }
        return request;
    }

    private static string? Text(Request r) =>
        SignatureText.Build21(r.Method, r.Target, new SignedHeaders(r.Host, r.IfMatch, r.IfNoneMatch), Bytes(r.Body),
            new Credentials(SignatureScheme.V21, r.Key, r.Expires, 0, r.Nonce, "")) is { } text
            ? Encoding.UTF8.GetString(text) : null;

    // A body is bytes, and any will do: not only what is UTF-8.
    private static byte[] Bytes(string body) => Encoding.BigEndianUnicode.GetBytes(body);

    private static string Number(Random random) => random.Next(1, 2000).ToString(CultureInfo.InvariantCulture);

    private static IEnumerable<List<(string Name, string Value)>> Cuts(string text, string after)
    {
        foreach (var name in (string[])["ip", "oid", "page", "page_size"])
        {
            if (string.CompareOrdinal(name, after) <= 0 || !text.StartsWith(name, StringComparison.Ordinal)) continue;
            for (var end = name.Length; end <= text.Length; end++)
            {
                if (end == text.Length) yield return [(name, text[name.Length..])];
                foreach (var rest in Cuts(text[end..], name)) yield return [(name, text[name.Length..end]), .. rest];
            }
        }
    }

    private static SearchQuery? Parse(List<(string Name, string Value)> query, ApiOptions options) =>
        RequestQuery.TryParse("?" + string.Join('&', query.Select(p => $"{p.Name}={Uri.EscapeDataString(p.Value)}")), out var parsed)
            ? SearchQueryParser.Parse(parsed, options, out _) : null;

    private static string Show(SearchQuery query) => $"{string.Join(',', query.Ranges)} {query.Class?.Oid} {query.Page}";

    private sealed record Request(string Method, string Target, string? Host, string? IfMatch, string? IfNoneMatch, string Body,
        string Expires, string Key, string Nonce);
}
