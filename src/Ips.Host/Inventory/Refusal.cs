namespace Ips.Host.Inventory;

/// <summary>Why the inventory does not take a value, in both languages that its users read. What a client is answered is the API's
/// affair.</summary>
internal sealed record Refusal(RefusalKind Kind, string English, string Chinese)
{
    /// <summary>Several of one request as one: the first one's kind, and the texts of the first ten.</summary>
    public static Refusal Join(IReadOnlyList<Refusal> refusals)
    {
        if (refusals.Count == 1) return refusals[0];
        var more = refusals.Count > MaxJoined;
        return refusals[0] with
        {
            English = string.Join("; ", refusals.Take(MaxJoined).Select(p => p.English))
                + (more ? $"; and {refusals.Count - MaxJoined} more" : ""),
            Chinese = string.Join("；", refusals.Take(MaxJoined).Select(p => p.Chinese)) + (more ? $"；等 {refusals.Count} 处" : ""),
        };
    }

    // An answer must stay small when a body of 64 KiB has a mistake every few bytes.
    private const int MaxJoined = 10;
}

/// <summary>The kinds of refusals.</summary>
internal enum RefusalKind
{
    /// <summary>Something that is needed is not there.</summary>
    Missing,

    /// <summary>It has the wrong type or name, or is out of range.</summary>
    Wrong,

    /// <summary>The text as a whole cannot be read.</summary>
    Unreadable,
}

/// <summary>Every refusal of the inventory.</summary>
internal static class Refusals
{
    public static Refusal Missing(string name) => new(RefusalKind.Missing, $"{name} is missing", $"缺少参数 {name}");

    public static Refusal Wrong(string name, string must, string mustChinese) =>
        new(RefusalKind.Wrong, $"{name} must be {must}", $"参数 {name} 必须是{mustChinese}");

    public static Refusal Unknown(string name) => new(RefusalKind.Wrong, $"'{Shown(name)}' is not known here", $"未知参数 '{Shown(name)}'");

    public static Refusal Twice(string name) => new(RefusalKind.Wrong, $"{name} is given twice", $"参数 {name} 重复");

    public static Refusal NotAnAddress(string name) => Wrong(name, "an IPv4 or IPv6 address", " IPv4 或 IPv6 地址");

    public static Refusal NotText(string name) => Wrong(name,
        $"a text of at most {ObjectLimits.TextLength} characters without control characters",
            $"不超过 {ObjectLimits.TextLength} 个字符且不含控制字符的文本");

    public static Refusal NotAWholeNumber(string name, long min, long max) =>
        Wrong(name, $"a whole number from {min} to {max}", $" {min} 到 {max} 之间的整数");

    public static Refusal NotAList(string name, string of, string ofChinese) => Wrong(name,
        $"a list of at most {ObjectLimits.ListCount} {of}", $"不超过 {ObjectLimits.ListCount} 个{ofChinese}的列表");

    public static Refusal NotAnId(string name) => Wrong(name,
        $"1 to {ObjectLimits.IdLength} of A-Z a-z 0-9 . _ : -, the first a letter or digit",
            $" 1 到 {ObjectLimits.IdLength} 个字符（A-Z a-z 0-9 . _ : -），以字母或数字开头");

    public static Refusal NotAnOid(string name) => Wrong(name, $"one of {ObjectClass.Names}", $"以下之一：{ObjectClass.Names}");

    /// <summary>An <c>oid</c> that is none, or contradicts the one that the path, or an option, has named.</summary>
    public static Refusal OidFault(string name, string oid, ObjectClass? expected) => expected is null || ObjectClass.Find(oid) is null
        ? NotAnOid(name)
        : new(RefusalKind.Wrong, $"{name} is {oid}, but {expected.Oid} was asked for",
            $"参数 {name} 为 {oid}，与所请求的 {expected.Oid} 不一致");

    public static Refusal NotJson(string reason) => new(RefusalKind.Unreadable, $"the body is not a JSON object: {reason}",
        "请求体不是有效的 JSON 对象");

    public static readonly Refusal BodyNotUtf8 = new(RefusalKind.Unreadable, "the body is not valid UTF-8", "请求体不是有效的 UTF-8");

    /// <summary>A line of a file that is not of its format, or breaks a rule of the whole file.</summary>
    public static Refusal Malformed(string reason) => new(RefusalKind.Unreadable, reason, "请求格式错误");

    /// <summary>What a client sent, as a message repeats it.</summary>
    public static string Shown(string value) => value.Length <= 64 ? value : value[..64] + "…";
}
