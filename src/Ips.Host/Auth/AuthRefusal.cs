using System.Globalization;
using Ips.Host.Inventory;

namespace Ips.Host.Auth;

/// <summary>Why a request is not let in, in both languages.</summary>
internal sealed record AuthRefusal(AuthRefusalKind Kind, string English, string Chinese);

/// <summary>The kinds of refusals.</summary>
internal enum AuthRefusalKind
{
    /// <summary>There is no key yet.</summary>
    NoKey,

    /// <summary>A credential is missing.</summary>
    Incomplete,

    /// <summary>A credential cannot be read.</summary>
    Malformed,

    /// <summary>The signature is not that of this request with this key, or there is no such key.</summary>
    SignatureWrong,

    /// <summary>The request is too old or too new, or was sent before.</summary>
    Expired,

    /// <summary>The key is known, but may not do this.</summary>
    Denied,
}

/// <summary>Every refusal of a request's credentials.</summary>
internal static class AuthRefusals
{
    /// <summary>Answered for an unknown key and for a wrong signature alike, so that keys cannot be guessed one by one.</summary>
    public static readonly AuthRefusal SignatureWrong = new(AuthRefusalKind.SignatureWrong,
        "the signature is wrong, or there is no such access key", "签名错误，或访问密钥不存在");

    public static readonly AuthRefusal NoKeyInRequest = new(AuthRefusalKind.Incomplete,
        "no access key in the request: sign it (docs/api.md), with a key from 'ips key add'",
        "请求中没有访问密钥：请用 'ips key add' 创建的密钥签名");

    public static readonly AuthRefusal NoKeyConfigured = new(AuthRefusalKind.NoKey,
        "this inventory has no access key yet: make one with 'ips key add'", "尚未创建任何访问密钥：请运行 'ips key add'");

    public static readonly AuthRefusal NonceUsed = new(AuthRefusalKind.Expired, "this nonce was used before", "该 nonce 已被使用");

    public static readonly AuthRefusal NonceStoreFull = new(AuthRefusalKind.Denied,
        "too many requests with nonces within the window, in all or of this key; ips.auth.nonce-capacity sets the limit, and one key may "
            + "hold as many as are free",
        "时间窗口内带 nonce 的请求过多（总数或该密钥；ips.auth.nonce-capacity）");

    public static readonly AuthRefusal NonceForgotten = new(AuthRefusalKind.Expired,
        "expires is so old, by the clock of the store, that its nonces are forgotten: sign again, and compare the clocks of client, "
            + "daemon and store",
        "按存储的时钟，expires 过旧，nonce 记录已清除：请重新签名，并核对客户端、服务和存储的时钟");

    public static readonly AuthRefusal KeyDisabled = new(AuthRefusalKind.Denied, "this access key is disabled", "访问密钥已停用");

    public static readonly AuthRefusal KeyReadOnly = new(AuthRefusalKind.Denied, "this access key may only read", "访问密钥只有读权限");

    public static readonly AuthRefusal V1Off = new(AuthRefusalKind.Denied,
        "signature scheme v1 is turned off (ips.auth.allow-v1); use v2.1", "签名方案 v1 已关闭，请使用 v2.1");

    public static readonly AuthRefusal V2Off = new(AuthRefusalKind.Denied,
        "signature scheme v2 without version=2.1 is turned off (ips.auth.allow-v2); use v2.1", "签名方案 v2 已关闭，请使用 v2.1");

    public static readonly AuthRefusal TwoSchemes = new(AuthRefusalKind.Malformed,
        "the request is signed twice: use either the query parameters (v1) or the Authorization header (v2, v2.1)",
        "请求含两种签名，请只用一种");

    public static readonly AuthRefusal MalformedAuthorization = new(AuthRefusalKind.Malformed,
        "the Authorization header must be: IPS-HMAC-SHA256 version=2.1, accesskey=…, expires=…, nonce=…, signature=…",
        "Authorization 请求头格式错误");

    public static AuthRefusal Expired(TimeSpan window) => new(AuthRefusalKind.Expired,
        string.Create(CultureInfo.InvariantCulture,
            $"expires must be Unix seconds, not later than now and less than {window.TotalSeconds:0.###} s ago"),
        string.Create(CultureInfo.InvariantCulture, $"请求已过期：expires 必须在最近 {window.TotalSeconds:0.###} 秒内"));

    /// <summary>A credential that is missing.</summary>
    public static AuthRefusal CredentialMissing(string name) => Of(AuthRefusalKind.Incomplete, Refusals.Missing(name));

    /// <summary>A signed header that is there more than once.</summary>
    public static AuthRefusal HeaderTwice(string name) => Of(AuthRefusalKind.Malformed, Refusals.Twice(name));

    /// <summary>A credential that cannot be read.</summary>
    public static AuthRefusal CredentialWrong(string name, string must, string mustChinese) =>
        Of(AuthRefusalKind.Malformed, Refusals.Wrong(name, must, mustChinese));

    private static AuthRefusal Of(AuthRefusalKind kind, Refusal refusal) => new(kind, refusal.English, refusal.Chinese);
}
