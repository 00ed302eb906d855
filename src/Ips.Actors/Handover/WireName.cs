using System.Text.Json;

namespace Ips.Actors.Handover;

/// <summary>The names that values of an enum have in packets, receipts and requests: <c>RolledBack</c> is <c>rolled-back</c>. Other builds
/// may have more of them, so a record keeps the text, and asks here what it means. Pure.</summary>
internal static class WireName
{
    /// <summary>The text of a value.</summary>
    public static string Of<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.KebabCaseLower.ConvertName(value.ToString());

    /// <summary>All texts, in the order of the enum.</summary>
    public static IEnumerable<string> All<T>()
        where T : struct, Enum => Enum.GetValues<T>().Select(Of);

    /// <summary>The value of a text; null if this build has none of that name.</summary>
    public static T? Parse<T>(string? text)
        where T : struct, Enum => Enum.GetValues<T>().Where(value => Of(value) == text).Select(value => (T?)value).FirstOrDefault();
}
