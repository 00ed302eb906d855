using System.Globalization;

namespace Ips.Host.Cli;

/// <summary>Numbers with what they count, in the right number. Pure.</summary>
internal static class Counted
{
    /// <summary><c>1 problem</c>, <c>2 problems</c>.</summary>
    /// <param name="count">How many.</param>
    /// <param name="what">One of them; its plural has an <c>s</c> more.</param>
    internal static string Of(long count, string what) =>
        string.Create(CultureInfo.InvariantCulture, $"{count} {what}{(count == 1 ? "" : "s")}");
}
