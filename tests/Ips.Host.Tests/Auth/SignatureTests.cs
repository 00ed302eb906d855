using System.Text;
using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using Ips.Host.Api;
using Ips.Host.Auth;
using Ips.Host.Inventory.Storage;

namespace Ips.Host.Tests.Auth;

public sealed class SignatureTests
{
    public static TheoryData<int> VectorNumbers => [.. Enumerable.Range(0, Vectors().Count)];

    [Theory]
    [MemberData(nameof(VectorNumbers))]
    public void Sign_KnownVector_IsItsSignature(int number)
    {
        var vector = Vectors()[number];
        var parameters = vector.TryGetProperty("params", out var given)
            ? given.EnumerateObject().Select(p => (p.Name, p.Value.GetString()!)).ToList() : [];
        var credentials = new Credentials(SignatureScheme.V1, vector.GetProperty("accessKey").GetString()!,
            vector.GetProperty("expires").GetString()!, 0, "", "");
        var text = SignatureText.Build(vector.GetProperty("method").GetString()!, vector.GetProperty("path").GetString()!, parameters,
            Encoding.UTF8.GetBytes(vector.GetProperty("body").GetString()!), credentials);
        Assert.Equal(vector.GetProperty("signature").GetString(),
            SignatureText.Sign(SignatureScheme.V1, vector.GetProperty("secretKey").GetString()!, text));
    }

    [Fact]
    public void Vectors_AreAllThere() => Assert.Equal(6, Vectors().Count);

    [Property(MaxTest = 300)]
    public Property Build_AnyRequest_IsTheTextOfTheIndependentImplementation() => Prop.ForAll(
        Gen.Elements("GET", "POST", "PUT", "DELETE").ToArbitrary(), Parameters(),
            ArbMap.Default.ArbFor<(NonNull<byte[]>, NonNull<string>, bool)>(), (method, parameters, rest) =>
        {
            var (body, secret, isV2) = (rest.Item1.Item, rest.Item2.Item, rest.Item3);
            var query = "?" + string.Join('&', parameters.Select(p => $"{Uri.EscapeDataString(p.Key)}={Uri.EscapeDataString(p.Value)}"));
            if (!RequestQuery.TryParse(query, out var parsed)) return parameters.Length > RequestQuery.MaxCount;
            var (scheme, name, nonce) = isV2 ? (SignatureScheme.V2, "v2", "nonce-of-16-chars") : (SignatureScheme.V1, "v1", "");
            var text = SignatureText.Build(method, "/v1/x", parsed.Parameters, body,
                new Credentials(scheme, "A1", "1767225600", 1767225600, nonce, ""));
            var expected = TestSigner.Text(name, method, "/v1/x", parameters, body, "1767225600", "A1", nonce);
            return Encoding.UTF8.GetString(text) == expected
                && SignatureText.Sign(scheme, secret, text) == TestSigner.Sign(name, secret, expected);
        });

    [Theory]
    [InlineData(0, true)]
    [InlineData(9, true)]
    [InlineData(10, false)]
    [InlineData(-1, false)]
    [InlineData(3600, false)]
    public void IsInWindow_Age_IsFromZeroToBelowTheWindow(int ageSeconds, bool expected)
    {
        var now = DateTimeOffset.FromUnixTimeMilliseconds(1_767_225_600_900);
        Assert.Equal(expected, SignatureVerifier.IsInWindow(1_767_225_600 - ageSeconds, now, TimeSpan.FromSeconds(10)));
    }

    [Fact]
    public void Verify_UnknownKey_SaysTheSameAsAWrongSignature()
    {
        var credentials = new Credentials(SignatureScheme.V1, "A1", "1", 1, "", new string('0', 40));
        var unknown = SignatureVerifier.Verify(credentials, null, "text"u8, DateTimeOffset.UnixEpoch);
        var wrong = SignatureVerifier.Verify(credentials, Key(), "text"u8, DateTimeOffset.UnixEpoch);
        Assert.NotNull(unknown);
        Assert.Same(unknown, wrong);
    }

    [Fact]
    public void Verify_DisabledKey_IsSaidOnlyToWhoKnowsTheSecret()
    {
        var key = Key() with { IsEnabled = false };
        var right = new Credentials(SignatureScheme.V2, "A1", "1", 1, "n", SignatureText.Sign(SignatureScheme.V2, key.Secret, "text"u8));
        Assert.Equal(AuthRefusalKind.Denied, SignatureVerifier.Verify(right, key, "text"u8, DateTimeOffset.UnixEpoch)?.Kind);
        Assert.Equal(AuthRefusalKind.SignatureWrong, SignatureVerifier
            .Verify(right with { Signature = "00" }, key, "text"u8, DateTimeOffset.UnixEpoch)?.Kind);
    }

    [Fact]
    public void Verify_PreviousSecret_IsAcceptedUntilItsTime()
    {
        var until = DateTimeOffset.UnixEpoch.AddHours(1);
        var key = Key() with { PreviousSecret = "old", PreviousUntil = until };
        var old = new Credentials(SignatureScheme.V2, "A1", "1", 1, "n", SignatureText.Sign(SignatureScheme.V2, "old", "text"u8));
        Assert.Null(SignatureVerifier.Verify(old, key, "text"u8, until.AddSeconds(-1)));
        Assert.Equal(AuthRefusalKind.SignatureWrong, SignatureVerifier.Verify(old, key, "text"u8, until)?.Kind);
    }

    [Fact]
    public void Verify_UpperCaseHexOrTruncated_IsWrong()
    {
        var signature = SignatureText.Sign(SignatureScheme.V1, Key().Secret, "text"u8);
        foreach (var given in new[] { signature.ToUpperInvariant(), signature[..^1], signature + "0", "" })
        {
            Assert.Equal(AuthRefusalKind.SignatureWrong,
                SignatureVerifier.Verify(new Credentials(SignatureScheme.V1, "A1", "1", 1, "", given), Key(), "text"u8,
                    DateTimeOffset.UnixEpoch)?.Kind);
        }
        Assert.Null(SignatureVerifier.Verify(new Credentials(SignatureScheme.V1, "A1", "1", 1, "", signature), Key(), "text"u8,
            DateTimeOffset.UnixEpoch));
    }

    private static AccessKey Key() => new("A1", "secret", null, DateTimeOffset.UnixEpoch, true, true, DateTimeOffset.UnixEpoch, "");

    private static List<JsonElement> Vectors()
    {
        using var file = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Auth", "signature-vectors.json")));
        return [.. file.RootElement.EnumerateArray().Select(vector => vector.Clone())];
    }

    // Names that repeat, differ in case, are excluded, and need two UTF-16 units.
    private static Arbitrary<KeyValuePair<string, string>[]> Parameters() => Gen.ArrayOf(
        from name in Gen.Elements("a", "b", "B", "ip", "oid", "accesskey", "signature", "秘", "\U0001F600", "\uFF5E", "a b", "a+b", "a&b=c")
        from value in Gen.Elements("", "0", "10.1.162.18,10.1.162.19", "2001:db8::/32", "a b+c", "密", "%41", "\U0001F600")
        select KeyValuePair.Create(name, value)).ToArbitrary();
}
