using System.Buffers;
using System.Globalization;

namespace Ips.Host.Auth;

/// <summary>Finds the credentials of a request: query parameters (v1) or the header
/// <c>Authorization: IPS-HMAC-SHA256 accesskey=A, expires=E, nonce=N, signature=S</c> (v2), with <c>version=2.1</c> among them
/// v2.1.</summary>
internal static class CredentialsParser
{
    /// <summary>The scheme's name in Authorization and WWW-Authenticate.</summary>
    public const string SchemeName = "IPS-HMAC-SHA256";

    /// <summary>The value of <c>version</c>, the only one; without it the scheme is v2.</summary>
    public const string Version21 = "2.1";

    /// <summary>Shortest and longest nonce, in characters of <c>A-Z a-z 0-9 _ -</c>.</summary>
    public const int MinNonceLength = 16, MaxNonceLength = 64;

    private const int MaxFieldLength = 256;
    private static readonly SearchValues<char> NonceCharacters = SearchValues
        .Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-");

    /// <summary>Reads the credentials.</summary>
    /// <param name="query">The request's query.</param>
    /// <param name="authorization">The header Authorization, or null.</param>
    /// <param name="problem">What is wrong with them, if the answer is null; null as well if there are none.</param>
    public static Credentials? Parse(RequestQuery query, string? authorization, out AuthRefusal? problem)
    {
        var (key, expires, signature) = (query["accesskey"], query["expires"], query["signature"]);
        var inQuery = key is not null || expires is not null || signature is not null;
        if (string.IsNullOrEmpty(authorization))
        {
            problem = null;
            return inQuery ? Check(SignatureScheme.V1, key, expires, "", signature, out problem) : null;
        }
        if (inQuery)
        {
            problem = AuthRefusals.TwoSchemes;
            return null;
        }
        Dictionary<string, string> fields = [];
        if (!authorization.StartsWith(SchemeName + " ", StringComparison.OrdinalIgnoreCase))
        {
            problem = AuthRefusals.MalformedAuthorization;
            return null;
        }
        foreach (var part in authorization[(SchemeName.Length + 1)..].Split(',', StringSplitOptions.TrimEntries))
        {
            var equals = part.IndexOf('=', StringComparison.Ordinal);
            if (equals > 0 && part[..equals] is "version" or "accesskey" or "expires" or "nonce" or "signature"
                && fields.TryAdd(part[..equals], part[(equals + 1)..])) continue;
            problem = AuthRefusals.MalformedAuthorization;
            return null;
        }
        var version = fields.GetValueOrDefault("version");
        if (version is not (null or Version21))
        {
            problem = AuthRefusals.CredentialWrong("version", $"{Version21}, or not given for v2", $" {Version21}（v2 则不写）");
            return null;
        }
        return Check(version is null ? SignatureScheme.V2 : SignatureScheme.V21, fields.GetValueOrDefault("accesskey"),
            fields.GetValueOrDefault("expires"),
            fields.GetValueOrDefault("nonce"), fields.GetValueOrDefault("signature"), out problem);
    }

    private static Credentials? Check(SignatureScheme scheme, string? key, string? expires, string? nonce, string? signature,
        out AuthRefusal? problem)
    {
        long seconds = 0;
        problem = string.IsNullOrEmpty(key) ? AuthRefusals.NoKeyInRequest
            : string.IsNullOrEmpty(expires) ? AuthRefusals.CredentialMissing("expires")
            : string.IsNullOrEmpty(signature) ? AuthRefusals.CredentialMissing("signature")
            : nonce is null ? AuthRefusals.CredentialMissing("nonce")
            : key.Length > MaxFieldLength || signature.Length > MaxFieldLength ? AuthRefusals.SignatureWrong
            : expires.Length > 12 || !long.TryParse(expires, NumberStyles.None, CultureInfo.InvariantCulture, out seconds)
                ? AuthRefusals.CredentialWrong("expires", "Unix seconds", " Unix 秒")
            : scheme != SignatureScheme.V1 && (nonce.Length is < MinNonceLength or > MaxNonceLength
                || nonce.AsSpan().ContainsAnyExcept(NonceCharacters))
                ? AuthRefusals.CredentialWrong("nonce", $"{MinNonceLength} to {MaxNonceLength} of A-Z a-z 0-9 _ -",
                    $" {MinNonceLength} 到 {MaxNonceLength} 个字符（A-Z a-z 0-9 _ -）")
            : null;
        return problem is null ? new Credentials(scheme, key!, expires!, seconds, nonce!, signature!) : null;
    }
}
