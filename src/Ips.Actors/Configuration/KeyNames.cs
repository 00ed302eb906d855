using System.Text.RegularExpressions;

namespace Ips.Actors.Configuration;

/// <summary>Keys in messages, by the name that the reader has: <c>Ips:PidFile</c> in an app, <c>ips.pid-file</c> in the daemon.</summary>
internal static partial class KeyNames
{
    /// <summary>A message as its reader knows the keys.</summary>
    /// <param name="options">Whose message it is.</param>
    /// <param name="text">The message, with keys as in HOCON.</param>
    public static string In(IpsOptions options, string text) =>
        options.HasHoconKeys ? text : Key().Replace(text, key => string.Join(':', key.Value.Split('.').Select(ToPascalCase)));

    private static string ToPascalCase(string words) =>
        string.Concat(words.Split('-').Select(word => $"{char.ToUpperInvariant(word[0])}{word.AsSpan(1)}"));

    // Of the blocks and keys of IpsOptions only, as a file may have a name such as ips.pid.
    [GeneratedRegex(
        @"(?<![\w./-])ips\.(?:(?:drain|reload|warmup|listener|websockets|takeover)(?:\.[a-z0-9]+(?:-[a-z0-9]+)*)?"
            + @"|pid-file|log-file|generation-header)(?![\w/-])")]
    private static partial Regex Key();
}
