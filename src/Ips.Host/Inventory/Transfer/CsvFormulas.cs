using System.Text.RegularExpressions;

namespace Ips.Host.Inventory.Transfer;

/// <summary>Keeps spreadsheets from running a cell as a formula: a <c>'</c> before a character that begins one makes it a text. Pure;
/// what <see cref="Unescape"/> reads is what was escaped.</summary>
/// <remarks>The characters are those that OWASP names ("CSV Injection"). They count at the beginning of a cell, and after each <c>;</c>,
/// where a spreadsheet of many languages begins the next cell.</remarks>
internal static partial class CsvFormulas
{
    /// <summary>The cell to write for a text.</summary>
    /// <param name="text">Any text.</param>
    /// <param name="keep">Write formulas as they are. One that has a <c>'</c> before it already gets another also then, so that the text comes back.</param>
    public static string Escape(string text, bool keep) => (keep ? Escaped() : Formula()).Replace(text, "'$0");

    /// <summary>The text that a cell was written for.</summary>
    public static string Unescape(string cell) => Escaped().Replace(cell, match => match.Value[1..]);

    [GeneratedRegex(@"(?<=\A|;)'*[=+\-@\t\r\n\uFF1D\uFF0B\uFF0D\uFF20]", RegexOptions.CultureInvariant)]
    private static partial Regex Formula();

    [GeneratedRegex(@"(?<=\A|;)'+[=+\-@\t\r\n\uFF1D\uFF0B\uFF0D\uFF20]", RegexOptions.CultureInvariant)]
    private static partial Regex Escaped();
}
