using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Ips.Actors.Configuration;

/// <summary>Sizes in bytes as the configuration writes them: a whole number and a unit, such as <c>64KiB</c>.</summary>
/// <remarks>A bare number is refused, as for durations. <c>K</c> and <c>M</c> alone are refused too: HOCON reads them as 1,024 and
/// 1,048,576, others as 1,000 and 1,000,000.</remarks>
internal static class SizeText
{
    private static readonly (string Name, long Bytes)[] Units = [("B", 1), ("KiB", 1L << 10), ("MiB", 1L << 20), ("GiB", 1L << 30)];

    /// <summary>Reads a size.</summary>
    /// <param name="text">A whole number, then a unit: B, KiB, MiB or GiB.</param>
    /// <param name="bytes">The size in bytes.</param>
    /// <param name="reason">Why it is none, to be put in brackets behind the message.</param>
    /// <returns>Whether <paramref name="text"/> is a size.</returns>
    public static bool TryParse(string text, out long bytes, [NotNullWhen(false)] out string? reason)
    {
        ArgumentNullException.ThrowIfNull(text);
        bytes = 0;
        text = text.Trim();
        var split = text.Length;
        while (split > 0 && char.IsAsciiLetter(text[split - 1])) split--;
        var (number, unit) = (text[..split].TrimEnd(), text[split..]);
        if (!long.TryParse(number, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var amount))
        {
            reason = "for example 64KiB";
            return false;
        }
        foreach (var (name, factor) in Units)
        {
            if (name != unit) continue;
            if (Math.Abs((decimal)amount) > long.MaxValue / factor)
            {
                reason = "it is beyond what a size can hold";
                return false;
            }
            bytes = amount * factor;
            reason = null;
            return true;
        }
        reason = unit.Length == 0 ? $"a bare number has no unit: write {number}B or {number}KiB"
            : $"'{unit}' is no unit; B, KiB, MiB and GiB are";
        return false;
    }

    /// <summary>Writes a size in the largest unit that gives a whole number: <c>64KiB</c>, <c>1500B</c>.</summary>
    /// <param name="bytes">The size in bytes.</param>
    public static string Format(long bytes)
    {
        var (name, factor) = bytes == 0 ? Units[0] : Units.Last(unit => bytes % unit.Bytes == 0);
        return (bytes / factor).ToString(CultureInfo.InvariantCulture) + name;
    }
}
