using System.Security.Cryptography;
using System.Text;

namespace Ips.Host.Auth;

/// <summary>The text that is signed, and its signature. Pure.</summary>
internal static class SignatureText
{
    /// <summary>The first line of v2.1. No text of v1 or v2 has this one before its second line, which is a path there and a method
    /// here.</summary>
    private const string Version21 = CredentialsParser.SchemeName + " " + CredentialsParser.Version21;

    // Not part of PARAMS: two are lines of their own, and the signature cannot sign itself.
    private static readonly string[] Excluded = ["accesskey", "expires", "signature"];

    /// <summary><c>METHOD\nPATH\nPARAMS\nBODY\nEXPIRES\nACCESSKEY</c>, for v2 with <c>\nNONCE</c> after it.</summary>
    /// <param name="method">The method, upper case.</param>
    /// <param name="path">The path, decoded.</param>
    /// <param name="parameters">The first value of each query parameter, decoded.</param>
    /// <param name="body">The body as sent.</param>
    /// <param name="credentials">Whose and until when.</param>
    /// <param name="signsEmptyBody">Whether an empty body has a digest; if not, its line is empty.</param>
    public static byte[] Build(string method, string path, IReadOnlyList<(string Name, string Value)> parameters,
        ReadOnlySpan<byte> body, Credentials credentials,
        bool signsEmptyBody = true)
    {
        var hasBody = method is "POST" or "PUT";
        var text = new StringBuilder(256);
        text.Append(method).Append('\n').Append(path).Append('\n');
        if (!hasBody) AppendParameters(text, parameters);
        text.Append('\n');
        if (hasBody && (signsEmptyBody || !body.IsEmpty)) text.Append(BodyDigest(credentials.Scheme, body));
        text.Append('\n').Append(credentials.ExpiresText).Append('\n').Append(credentials.AccessKey);
        if (credentials.Scheme == SignatureScheme.V2) text.Append('\n').Append(credentials.Nonce);
        return Encoding.UTF8.GetBytes(text.ToString());
    }

    /// <summary>The text of v2.1: ten lines, of which none can hold a line break. Different requests have different texts.</summary>
    /// <param name="method">The method as sent.</param>
    /// <param name="target">Path and query as they stand in the request line, still encoded.</param>
    /// <param name="headers">Host and the conditions.</param>
    /// <param name="body">The body as sent, of every method.</param>
    /// <param name="credentials">Whose and until when.</param>
    /// <returns>Null if a part has a control character, which HTTP lets through nowhere and which could begin a line of its own here, or is
    /// no Unicode.</returns>
    public static byte[]? Build21(string method, string target, SignedHeaders headers, ReadOnlySpan<byte> body, Credentials credentials)
    {
        string[] lines =
        [
            Version21, method, target, Line("host", headers.Host), Line("if-match", headers.IfMatch),
                Line("if-none-match", headers.IfNoneMatch),
            Convert.ToHexStringLower(SHA256.HashData(body)), credentials.ExpiresText, credentials.AccessKey, credentials.Nonce,
        ];
        return Array.Exists(lines, line => line.EnumerateRunes().Any(IsNoText)) ? null : Encoding.UTF8.GetBytes(string.Join('\n', lines));
    }

    /// <summary>The signature, lower-case hex.</summary>
    // SHA-1 and MD5 are what v1's existing clients send; an HMAC does not rest on their resistance to collisions. v2 has neither.
#pragma warning disable CA5350, CA5351
    public static string Sign(SignatureScheme scheme, string secret, ReadOnlySpan<byte> text)
    {
        var key = Encoding.UTF8.GetBytes(secret);
        return Convert.ToHexStringLower(scheme == SignatureScheme.V1 ? HMACSHA1.HashData(key, text) : HMACSHA256.HashData(key, text));
    }

    private static string BodyDigest(SignatureScheme scheme, ReadOnlySpan<byte> body) =>
        Convert.ToHexStringLower(scheme == SignatureScheme.V1 ? MD5.HashData(body) : SHA256.HashData(body));
#pragma warning restore CA5350, CA5351

    // Half of a surrogate pair reads as the replacement character; all of them would be signed as the same bytes.
    private static bool IsNoText(Rune rune) => Rune.IsControl(rune) || rune == Rune.ReplacementChar;

    private static string Line(string name, string? value) => value is null ? name : $"{name}:{value}";

    private static void AppendParameters(StringBuilder text, IReadOnlyList<(string Name, string Value)> parameters)
    {
        List<(byte[] Name, int Index)> sorted = [];
        for (var i = 0; i < parameters.Count; i++)
            if (!Excluded.Contains(parameters[i].Name)) sorted.Add((Encoding.UTF8.GetBytes(parameters[i].Name), i));
        // By UTF-8 bytes, as clients in most languages sort; .NET's ordinal order differs beyond U+FFFF.
        sorted.Sort((a, b) => a.Name.AsSpan().SequenceCompareTo(b.Name));
        foreach (var (_, index) in sorted) text.Append(parameters[index].Name).Append(parameters[index].Value);
    }
}
