using System.Globalization;
using Ips.Host.Inventory;
using Ips.Host.Inventory.Storage;

namespace Ips.Host.Api;

/// <summary>Every refusal that the inventory and its API can answer with, in one place and both languages.</summary>
internal static class Problems
{
    /// <summary>Answered for an unknown key and for a wrong signature alike, so that keys cannot be guessed one by one.</summary>
    public static readonly Problem SignatureWrong = new(ApiCode.SignatureWrong,
        "the signature is wrong, or there is no such access key", "签名错误，或访问密钥不存在");

    public static readonly Problem NoKeyInRequest = new(ApiCode.ParameterMissing,
        "no access key in the request: sign it (docs/api.md), with a key from 'ips key add'",
        "请求中没有访问密钥：请用 'ips key add' 创建的密钥签名") { Status = 401 };

    public static readonly Problem NoKeyConfigured = new(ApiCode.KeyNotFound,
        "this inventory has no access key yet: make one with 'ips key add'", "尚未创建任何访问密钥：请运行 'ips key add'");

    public static readonly Problem NonceUsed = new(ApiCode.Expired, "this nonce was used before", "该 nonce 已被使用");

    public static readonly Problem NonceStoreFull = new(ApiCode.AccessDenied,
        "too many requests with nonces within the window, in all or of this key; ips.auth.nonce-capacity sets the limit, and one key may hold as many as are free",
        "时间窗口内带 nonce 的请求过多（总数或该密钥；ips.auth.nonce-capacity）");

    public static readonly Problem KeyDisabled = new(ApiCode.AccessDenied, "this access key is disabled", "访问密钥已停用");

    public static readonly Problem KeyReadOnly = new(ApiCode.AccessDenied, "this access key may only read", "访问密钥只有读权限");

    public static readonly Problem V1Off = new(ApiCode.AccessDenied,
        "signature scheme v1 is turned off (ips.auth.allow-v1); use v2.1", "签名方案 v1 已关闭，请使用 v2.1");

    public static readonly Problem V2Off = new(ApiCode.AccessDenied,
        "signature scheme v2 without version=2.1 is turned off (ips.auth.allow-v2); use v2.1", "签名方案 v2 已关闭，请使用 v2.1");

    public static readonly Problem ControlCharacters = new(ApiCode.WrongTypeOrRange,
        "the path and the query parameters must not have control characters", "路径和查询参数不能含控制字符") { Status = 400 };

    public static readonly Problem BodyMemoryFull = new(ApiCode.Internal,
        "too many bodies are being read at once; try again (ips.api.body-memory sets the limit)",
        "同时读取的请求体过多，请稍后重试（ips.api.body-memory）") { Status = 503 };

    public static readonly Problem NonceForgotten = new(ApiCode.Expired,
        "expires is so old, by the clock of the store, that its nonces are forgotten: sign again, and compare the clocks of client, daemon and store",
        "按存储的时钟，expires 过旧，nonce 记录已清除：请重新签名，并核对客户端、服务和存储的时钟");

    public static readonly Problem TwoSchemes = new(ApiCode.WrongTypeOrRange,
        "the request is signed twice: use either the query parameters (v1) or the Authorization header (v2, v2.1)",
        "请求含两种签名，请只用一种") { Status = 401 };

    public static readonly Problem MalformedAuthorization = new(ApiCode.WrongTypeOrRange,
        "the Authorization header must be: IPS-HMAC-SHA256 version=2.1, accesskey=…, expires=…, nonce=…, signature=…",
        "Authorization 请求头格式错误") { Status = 401 };

    public static readonly Problem NoSuchPath = new(ApiCode.NotFound, "there is no such path", "路径不存在");

    public static readonly Problem BodyNotUtf8 = new(ApiCode.WrongTypeOrRange, "the body is not valid UTF-8", "请求体不是有效的 UTF-8") { Status = 400 };

    public static readonly Problem StoreBusy = new(ApiCode.Internal,
        "the store is busy with another write, such as an import; try again (ips.store.busy-timeout sets the wait)", "存储繁忙，请稍后重试") { Status = 503 };

    /// <summary>The store cannot be used now.</summary>
    public static Problem StoreAway(StoreTrouble trouble) => trouble == StoreTrouble.InDoubt
        ? new(ApiCode.StoreAway, $"{StoreTroubleText.Of(trouble)}: read whether it was done, or repeat it", "写入过程中存储中断：请读取确认，或重试")
        : new(ApiCode.StoreAway, $"{StoreTroubleText.Of(trouble)}; nothing was written: try again later", "存储不可用，未写入任何数据，请稍后重试");

    public static Problem Expired(TimeSpan window) => new(ApiCode.Expired,
        string.Create(CultureInfo.InvariantCulture, $"expires must be Unix seconds, not later than now and less than {window.TotalSeconds:0.###} s ago"),
        string.Create(CultureInfo.InvariantCulture, $"请求已过期：expires 必须在最近 {window.TotalSeconds:0.###} 秒内"));

    /// <summary>A credential that is missing: an authentication error, so 401 although the code is one of the business's.</summary>
    public static Problem CredentialMissing(string name) => Missing(name) with { Status = 401 };

    /// <summary>A signed header that is there more than once.</summary>
    public static Problem HeaderTwice(string name) => Twice(name) with { Status = 401 };

    /// <summary>A credential that cannot be read.</summary>
    public static Problem CredentialWrong(string name, string must, string mustChinese) => Wrong(name, must, mustChinese) with { Status = 401 };

    public static Problem Missing(string name) => new(ApiCode.ParameterMissing, $"{name} is missing", $"缺少参数 {name}");

    public static Problem Wrong(string name, string must, string mustChinese) =>
        new(ApiCode.WrongTypeOrRange, $"{name} must be {must}", $"参数 {name} 必须是{mustChinese}");

    public static Problem Unknown(string name) => new(ApiCode.WrongTypeOrRange, $"'{Shown(name)}' is not known here", $"未知参数 '{Shown(name)}'");

    public static Problem Twice(string name) => new(ApiCode.WrongTypeOrRange, $"{name} is given twice", $"参数 {name} 重复");

    /// <summary>A parameter that v1 and v2 leave to whoever passes the request on.</summary>
    public static Problem NeedsV21(string name) => new(ApiCode.WrongTypeOrRange,
        $"{name} needs signature scheme v2.1 here: v1 and v2 do not protect it", $"参数 {name} 在此需要 v2.1 签名：v1 和 v2 不保护它");

    public static Problem NotAFlag(string name) => Wrong(name, "1, true, 0 or false", " 1、true、0 或 false");

    public static Problem NotAnOrder(string name) => Wrong(name, "one of id, -id, name, -name", "以下之一：id、-id、name、-name");

    public static Problem AfterNeedsAnOrderById(string name) => new(ApiCode.WrongTypeOrRange,
        $"{name} needs an order by id: sort=id or sort=-id, in a search with an oid, and no page",
        $"参数 {name} 需要按 id 排序（sort=id 或 sort=-id；搜索还需 oid），且不能与 page 同用");

    public static Problem AddressRefused(string name, string value) =>
        new(ApiCode.WrongTypeOrRange, $"{name}: '{value}' cannot be searched for (ips.api.compatibility is gin-ips)",
            $"参数 {name}：不支持的IP '{value}'");

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

    /// <summary>An <c>oid</c> that is none, or contradicts the one that the path, or an option, has named.</summary>
    public static Problem OidFault(string name, string oid, ObjectClass? expected) => expected is null || ObjectClass.Find(oid) is null
        ? NotAnOid(name)
        : new(ApiCode.WrongTypeOrRange, $"{name} is {oid}, but {expected.Oid} was asked for",
            $"参数 {name} 为 {oid}，与所请求的 {expected.Oid} 不一致");

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
