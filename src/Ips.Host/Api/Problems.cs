using System.Globalization;
using Ips.Host.Inventory;
using Ips.Host.Inventory.Storage;

namespace Ips.Host.Api;

/// <summary>What the API itself refuses, in both languages; the inventory and the authentication have refusals of their own.</summary>
internal static class Problems
{
    public static readonly Problem ControlCharacters = new(ApiCode.WrongTypeOrRange,
        "the path and the query parameters must not have control characters", "路径和查询参数不能含控制字符")
    { Status = 400 };

    public static readonly Problem BodyMemoryFull = new(ApiCode.Internal,
        "too many bodies are being read at once; try again (ips.api.body-memory sets the limit)",
        "同时读取的请求体过多，请稍后重试（ips.api.body-memory）")
    { Status = 503 };

    public static readonly Problem NoSuchPath = new(ApiCode.NotFound, "there is no such path", "路径不存在");

    public static readonly Problem StoreBusy = new(ApiCode.Internal,
        "the store is busy with another write, such as an import; try again (ips.store.busy-timeout sets the wait)",
            "存储繁忙，请稍后重试")
    { Status = 503 };

    /// <summary>The store cannot be used now.</summary>
    public static Problem StoreAway(StoreTrouble trouble) => trouble == StoreTrouble.InDoubt
        ? new(ApiCode.StoreAway, $"{StoreTroubleText.Of(trouble)}: read whether it was done, or repeat it", "写入过程中存储中断：请读取确认，或重试")
        : new(ApiCode.StoreAway, $"{StoreTroubleText.Of(trouble)}; nothing was written: try again later", "存储不可用，未写入任何数据，请稍后重试");

    public static Problem BodyTooLarge(int limitBytes) => new(ApiCode.WrongTypeOrRange,
        $"the body is larger than {limitBytes} bytes; ips.api.max-body sets the limit", $"请求体超过 {limitBytes} 字节")
    { Status = 413 };

    public static Problem TooManyParameters(int limit) => new(ApiCode.WrongTypeOrRange, $"more than {limit} query parameters",
        $"查询参数超过 {limit} 个")
    { Status = 400 };

    public static Problem NoSuchObject(string oid, string id) => new(ApiCode.NotFound, $"there is no {oid} '{id}'", $"{oid} '{id}' 不存在");

    public static Problem MethodNotAllowed(string method, string allowed) =>
        new(ApiCode.MethodNotAllowed, $"{method} is not allowed here; allowed: {allowed}", $"不支持 {method} 方法，允许：{allowed}");

    public static Problem VersionMismatch(long? current) => new(ApiCode.Other,
        current is { } version ? $"the object has version {version} now, so the condition of the request is not met"
            : "the object does not exist, so the condition of the request is not met",
        current is { } now ? $"对象当前版本为 {now}，不满足请求条件" : "对象不存在，不满足请求条件");

    public static Problem Internal(string traceId) => new(ApiCode.Internal, $"internal error; trace id {traceId}", $"内部错误，跟踪号 {traceId}");

    public static Problem BadRequest(int status, string reason) => new(ApiCode.WrongTypeOrRange, reason, "请求格式错误") { Status = status };

    /// <summary>A parameter that v1 and v2 leave open to change by a proxy that passes the request on.</summary>
    public static Refusal NeedsV21(string name) => new(RefusalKind.Wrong,
        $"{name} needs signature scheme v2.1 here: v1 and v2 do not protect it", $"参数 {name} 在此需要 v2.1 签名：v1 和 v2 不保护它");

    public static Refusal NotAFlag(string name) => Refusals.Wrong(name, "1, true, 0 or false", " 1、true、0 或 false");

    public static Refusal NotAnOrder(string name) => Refusals.Wrong(name, "one of id, -id, name, -name", "以下之一：id、-id、name、-name");

    public static Refusal AfterNeedsAnOrderById(string name) => new(RefusalKind.Wrong,
        $"{name} needs an order by id: sort=id or sort=-id, in a search with an oid, and no page",
        $"参数 {name} 需要按 id 排序（sort=id 或 sort=-id；搜索还需 oid），且不能与 page 同用");

    public static Refusal AddressRefused(string name, string value) =>
        new(RefusalKind.Wrong, $"{name}: '{value}' cannot be searched for (ips.api.compatibility is gin-ips)",
            $"参数 {name}：不支持的IP '{value}'");

    public static Refusal NotABlock(string name, string value) =>
        new(RefusalKind.Wrong, $"{name}: '{Refusals.Shown(value)}' is neither an IPv4 or IPv6 address nor a CIDR block",
            $"参数 {name}：'{Refusals.Shown(value)}' 不是 IPv4/IPv6 地址或 CIDR 网段");
}
