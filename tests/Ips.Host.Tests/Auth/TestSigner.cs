#pragma warning disable CA5350, CA5351 // scheme v1 is defined with SHA-1 and MD5
using System.Security.Cryptography;
using System.Text;

namespace Ips.Host.Tests.Auth;

/// <summary>A second implementation of all schemes, written from the words and RFC 2104 and not from the server's code.</summary>
internal static class TestSigner
{
    public static string Text(string scheme, string method, string path, IEnumerable<KeyValuePair<string, string>> parameters, byte[] body,
        string expires, string accessKey, string nonce)
    {
        var withBody = method == "POST" || method == "PUT";
        var seen = new SortedDictionary<string, string>(Comparer<string>.Create((a, b) => string.CompareOrdinal(
            Convert.ToHexString(Encoding.UTF8.GetBytes(a)), Convert.ToHexString(Encoding.UTF8.GetBytes(b)))));
        foreach (var (name, value) in parameters)
            if (name is not ("accesskey" or "expires" or "signature") && !seen.ContainsKey(name)) seen.Add(name, value);
        var parameterText = withBody ? "" : string.Concat(seen.Select(p => p.Key + p.Value));
        var bodyText = !withBody ? "" : scheme == "v1" ? Hex(MD5.Create(), body) : Hex(SHA256.Create(), body);
        var lines = new List<string> { method, path, parameterText, bodyText, expires, accessKey };
        if (scheme == "v2") lines.Add(nonce);
        return string.Join("\n", lines);
    }

    /// <summary>The text of v2.1: the target as in the request line, and Host, If-Match and If-None-Match; null is a header that is not
    /// sent.</summary>
    public static string Text21(
        string method, string target, string host, string? ifMatch, string? ifNoneMatch, byte[] body, string expires, string accessKey,
            string nonce) => string.Join("\n",
        "IPS-HMAC-SHA256 2.1", method, target, $"host:{host}", ifMatch is null ? "if-match" : $"if-match:{ifMatch}",
        ifNoneMatch is null ? "if-none-match" : $"if-none-match:{ifNoneMatch}", Hex(SHA256.Create(), body), expires, accessKey, nonce);

    public static string Sign(string scheme, string secret, string text)
    {
        HashAlgorithm Hash() => scheme == "v1" ? SHA1.Create() : SHA256.Create();
        var key = Encoding.UTF8.GetBytes(secret);
        using var keyHash = Hash();
        if (key.Length > 64) key = keyHash.ComputeHash(key);
        Array.Resize(ref key, 64);
        using var innerHash = Hash();
        var inner = innerHash.ComputeHash([.. key.Select(b => (byte)(b ^ 0x36)), .. Encoding.UTF8.GetBytes(text)]);
        return Hex(Hash(), [.. key.Select(b => (byte)(b ^ 0x5c)), .. inner]);
    }

    private static string Hex(HashAlgorithm algorithm, byte[] bytes)
    {
        using (algorithm) return string.Concat(algorithm.ComputeHash(bytes)
            .Select(b => b.ToString("x2", System.Globalization.CultureInfo.InvariantCulture)));
    }
}
