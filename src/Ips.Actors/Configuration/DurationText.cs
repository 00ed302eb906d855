using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Ips.Actors.Configuration;

/// <summary>Durations as the configuration and the command line write them: a number and a unit, such as <c>30s</c> or <c>1.5
/// minutes</c>.</summary>
/// <remarks>A bare number and <c>infinite</c> are refused: HOCON reads <c>30</c> as 30 ms and <c>infinite</c> as -1 ms, and hardly anybody
/// means that.</remarks>
internal static class DurationText
{
    private static readonly (string[] Names, long Ticks)[] Units =
    [
        (["ms", "milli", "millis", "millisecond", "milliseconds"], TimeSpan.TicksPerMillisecond),
        (["s", "second", "seconds"], TimeSpan.TicksPerSecond),
        (["m", "minute", "minutes"], TimeSpan.TicksPerMinute),
        (["h", "hour", "hours"], TimeSpan.TicksPerHour),
        (["d", "day", "days"], TimeSpan.TicksPerDay),
    ];

    /// <summary>Reads a duration.</summary>
    /// <param name="text">A number (it may be negative, or have a decimal point), then a unit: ms, s, m, h, d or their long names.</param>
    /// <param name="value">The duration.</param>
    /// <param name="reason">Why it is none, to be put in brackets behind the message; null if there is nothing to add.</param>
    /// <returns>Whether <paramref name="text"/> is a duration.</returns>
    public static bool TryParse(string text, out TimeSpan value, [NotNullWhen(false)] out string? reason)
    {
        ArgumentNullException.ThrowIfNull(text);
        value = default;
        text = text.Trim();
        var split = text.Length;
        while (split > 0 && char.IsAsciiLetter(text[split - 1])) split--;
        var (number, unit) = (text[..split].TrimEnd(), text[split..]);

        if (!decimal.TryParse(number, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture,
            out var amount))
        {
            reason = unit is "infinite" or "inf"
                ? "waiting without a limit is not offered: a limit is what keeps a hang from lasting for ever" : "for example 30s";
            return false;
        }
        if (unit.Length == 0)
        {
            reason = $"a bare number has no unit, HOCON would read it as {number} ms: write {number}s or {number}ms";
            return false;
        }
        foreach (var (names, ticks) in Units)
        {
            if (!names.Contains(unit, StringComparer.Ordinal)) continue;
            if (Math.Abs(amount) > (decimal)TimeSpan.MaxValue.Ticks / ticks)
            {
                reason = "it is beyond what a duration can hold";
                return false;
            }
            value = TimeSpan.FromTicks((long)(amount * ticks));
            reason = null;
            return true;
        }
        reason = $"'{unit}' is no unit; ms, s, m, h and d are";
        return false;
    }

    /// <summary>Writes a duration in the largest unit that gives a whole number: <c>90s</c>, <c>1h</c>, <c>100ms</c>.</summary>
    /// <param name="value">The duration.</param>
    public static string Format(TimeSpan value)
    {
        if (value == TimeSpan.Zero) return "0s";
        for (var i = Units.Length - 2; i >= 0; i--) // not in days: 24h reads better than 1d beside other hours
        {
            if (value.Ticks % Units[i].Ticks == 0)
                return (value.Ticks / Units[i].Ticks).ToString(CultureInfo.InvariantCulture) + Units[i].Names[0];
        }
        return value.TotalMilliseconds.ToString(CultureInfo.InvariantCulture) + "ms";
    }
}
