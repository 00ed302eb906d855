using System.Globalization;
using Ips.Host.Inventory;

namespace Ips.Host.Api;

/// <summary>Every refusal that the inventory and its API can answer with, in one place and both languages.</summary>
internal static class Problems
{
    /// <summary>Answered for an unknown key and for a wrong signature alike, so that keys cannot be guessed one by one.</summary>
    public static readonly Problem SignatureWrong = new(ApiCode.SignatureWrong,
        "the signature is wrong, or there is no such access key", "签名错误，或访问密钥不存在");

    public static readonly Problem NoKeyInRequest = new(ApiCode.KeyNotFound,
        "no access key in the request: sign it (docs/api.md), with a key from 'ips key add'", "请求中没有访问密钥：请用 'ips key add' 创建的密钥签名");

    public static readonly Problem NoKeyConfigured = new(ApiCode.KeyNotFound,
        "this inventory has no access key yet: make one with 'ips key add'", "尚未创建任何访问密钥：请运行 'ips key add'");

    public static readonly Problem NonceUsed = new(ApiCode.Expired, "this nonce was used before", "该 nonce 已被使用");

    public static readonly Problem NonceStoreFull = new(ApiCode.AccessDenied,
        "too many requests with nonces within the window; ips.auth.nonce-capacity sets the limit", "时间窗口内带 nonce 的请求过多（ips.auth.nonce-capacity）");

    public static readonly Problem KeyDisabled = new(ApiCode.AccessDenied, "this access key is disabled", "访问密钥已停用");

    public static readonly Problem KeyReadOnly = new(ApiCode.AccessDenied, "this access key may only read", "访问密钥只有读权限");

    public static readonly Problem SchemeOff = new(ApiCode.AccessDenied,
        "signature scheme v1 is turned off (ips.auth.allow-v1); use v2", "签名方案 v1 已关闭，请使用 v2");

    public static readonly Problem TwoSchemes = new(ApiCode.WrongTypeOrRange,
        "the request is signed twice: use either the query parameters (v1) or the Authorization header (v2)", "请求含两种签名，请只用一种") { Status = 401 };

    public static readonly Problem MalformedAuthorization = new(ApiCode.WrongTypeOrRange,
        "the Authorization header must be: IPS-HMAC-SHA256 accesskey=…, expires=…, nonce=…, signature=…", "Authorization 请求头格式错误") { Status = 401 };

    public static readonly Problem NoSuchPath = new(ApiCode.NotFound, "there is no such path", "路径不存在");

    public static readonly Problem BodyNotUtf8 = new(ApiCode.WrongTypeOrRange, "the body is not valid UTF-8", "请求体不是有效的 UTF-8") { Status = 400 };

    public static readonly Problem StoreBusy = new(ApiCode.Internal,
        "the store is busy with another write, such as an import; try again (ips.store.busy-timeout sets the wait)", "存储繁忙，请稍后重试") { Status = 503 };

    public static Problem Expired(TimeSpan window) => new(ApiCode.Expired,
        string.Create(CultureInfo.InvariantCulture, $"expires must be Unix seconds, not later than now and less than {window.TotalSeconds:0.###} s ago"),
        string.Create(CultureInfo.InvariantCulture, $"请求已过期：expires 必须在最近 {window.TotalSeconds:0.###} 秒内"));

    /// <summary>A credential that is missing: an authentication error, so 401 although the code is one of the business's.</summary>
    public static Problem CredentialMissing(string name) => Missing(name) with { Status = 401 };

    /// <summary>A credential that cannot be read.</summary>
    public static Problem CredentialWrong(string name, string must, string mustChinese) => Wrong(name, must, mustChinese) with { Status = 401 };

    public static Problem Missing(string name) => new(ApiCode.ParameterMissing, $"{name} is missing", $"缺少参数 {name}");

    public static Problem Wrong(string name, string must, string mustChinese) =>
        new(ApiCode.WrongTypeOrRange, $"{name} must be {must}", $"参数 {name} 必须是{mustChinese}");

    public static Problem Unknown(string name) => new(ApiCode.WrongTypeOrRange, $"'{Shown(name)}' is not known here", $"未知参数 '{Shown(name)}'");

    public static Problem Twice(string name) => new(ApiCode.WrongTypeOrRange, $"{name} is given twice", $"参数 {name} 重复");

    public static Problem NotAnAddress(string name) => Wrong(name, "an IPv4 or IPv6 address", " IPv4 或 IPv6 地址");

    public static Problem NotABlock(string name, string value) =>
        new(ApiCode.WrongTypeOrRange, $"{name}: '{Shown(value)}' is neither an IPv4 or IPv6 address nor a CIDR block", $"参数 {name}：'{Shown(value)}' 不是 IPv4/IPv6 地址或 CIDR 网段");

    public static Problem NotText(string name) => Wrong(name,
        $"a text of at most {ObjectLimits.TextLength} characters without control characters", $"不超过 {ObjectLimits.TextLength} 个字符且不含控制字符的文本");

    public static Problem NotAWholeNumber(string name, long min, long max) => Wrong(name, $"a whole number from {min} to {max}", $" {min} 到 {max} 之间的整数");

    public static Problem NotAList(string name, string of, string ofChinese) => Wrong(name,
        $"a list of at most {ObjectLimits.ListCount} {of}", $"不超过 {ObjectLimits.ListCount} 个{ofChinese}的列表");

    public static Problem NotAnId(string name) => Wrong(name,
        $"1 to {ObjectLimits.IdLength} of A-Z a-z 0-9 . _ : -, the first a letter or digit", $" 1 到 {ObjectLimits.IdLength} 个字符（A-Z a-z 0-9 . _ : -），以字母或数字开头");

    public static Problem NotAnOid(string name) => Wrong(name, $"one of {ObjectClass.Names}", $"以下之一：{ObjectClass.Names}");

    /// <summary>JSON that cannot be read at all: not a business error, so HTTP 400.</summary>
    public static Problem NotJson(string reason) => new(ApiCode.WrongTypeOrRange, $"the body is not a JSON object: {reason}", "请求体不是有效的 JSON 对象") { Status = 400 };

    public static Problem BodyTooLarge(int limitBytes) => new(ApiCode.WrongTypeOrRange,
        $"the body is larger than {limitBytes} bytes; ips.api.max-body sets the limit", $"请求体超过 {limitBytes} 字节") { Status = 413 };

    public static Problem TooManyParameters(int limit) => new(ApiCode.WrongTypeOrRange, $"more than {limit} query parameters", $"查询参数超过 {limit} 个") { Status = 400 };

    public static Problem BadRequest(int status, string reason) => new(ApiCode.WrongTypeOrRange, reason, "请求格式错误") { Status = status };

    public static Problem NoSuchObject(string oid, string id) => new(ApiCode.NotFound, $"there is no {oid} '{id}'", $"{oid} '{id}' 不存在");

    public static Problem MethodNotAllowed(string method, string allowed) =>
        new(ApiCode.MethodNotAllowed, $"{method} is not allowed here; allowed: {allowed}", $"不支持 {method} 方法，允许：{allowed}");

    public static Problem VersionMismatch(long? current) => new(ApiCode.Other,
        current is { } version ? $"the object has version {version} now, so the condition of the request is not met" : "the object does not exist, so the condition of the request is not met",
        current is { } now ? $"对象当前版本为 {now}，不满足请求条件" : "对象不存在，不满足请求条件");

    public static Problem Internal(string traceId) => new(ApiCode.Internal, $"internal error; trace id {traceId}", $"内部错误，跟踪号 {traceId}");

    private static string Shown(string value) => value.Length <= 64 ? value : value[..64] + "…";
}
