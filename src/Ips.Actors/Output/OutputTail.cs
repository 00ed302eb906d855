using System.Text;
using System.Text.RegularExpressions;
using Ips.Actors.Diagnostics;

namespace Ips.Actors.Output;

/// <summary>The last lines that a process wrote, as text. Pure.</summary>
internal sealed partial class OutputTail
{
    /// <summary>Lines kept.</summary>
    internal const int MaxLines = 50;

    /// <summary>Characters kept of each; what was cut is marked by an ellipsis.</summary>
    internal const int MaxLineLength = 512;

    private readonly Queue<string> _lines = new();

    /// <summary>The lines, oldest first.</summary>
    internal IReadOnlyList<string> Lines => [.. _lines];

    /// <summary>The line that most likely says why a process ended: the last one that is not indented, as a stack trace is, or what .NET
    /// writes above that.</summary>
    /// <param name="lines">Its last lines, oldest first.</param>
    /// <returns>Null if there is none.</returns>
    internal static string? LastWords(IReadOnlyList<string> lines) =>
        lines.LastOrDefault(line => line.StartsWith("Unhandled exception", StringComparison.Ordinal))
        ?? lines.LastOrDefault(line => !char.IsWhiteSpace(line[0]));

    /// <summary>Adds a line, dropping the oldest above the limit. Empty ones are left out.</summary>
    /// <param name="line">UTF-8, with or without its newline.</param>
    internal void Add(ReadOnlySpan<byte> line)
    {
        // A character has at most four bytes, so what is cut off here would be cut off below.
        var text = Color().Replace(Encoding.UTF8.GetString(line[..Math.Min(line.Length, (MaxLineLength + 1) * 4)]), "").TrimEnd();
        if (text.Length == 0) return;
        if (text.Length > MaxLineLength) text = string.Concat(text.AsSpan(0, MaxLineLength - 1), "…");
        _lines.Enqueue(Clean(text));
        if (_lines.Count > MaxLines) _lines.Dequeue();
    }

    // A log that leads to a terminal may have colours, see console_codes(4).
    [GeneratedRegex(@"\u001b\[[0-9;]*m")]
    private static partial Regex Color();

    // The lines are shown on a terminal by `ips reload`: what a release wrote must not command it. One character for each, so that a
    // receipt keeps its size.
    private static string Clean(string text) =>
        string.Create(text.Length, text, static (clean, source) =>
        {
            for (var i = 0; i < source.Length; i++) clean[i] = TerminalText.Unclean.Contains(source[i])
                && source[i] != '\t' ? '\uFFFD' : source[i];
        });
}
