using System.Text;

namespace Ips.Actors.Output;

/// <summary>The last lines that a process wrote, as text. Pure.</summary>
internal sealed class OutputTail
{
    /// <summary>Lines kept.</summary>
    internal const int MaxLines = 50;

    /// <summary>Characters kept of each; what was cut is marked by an ellipsis.</summary>
    internal const int MaxLineLength = 512;

    private readonly Queue<string> _lines = new();

    /// <summary>The lines, oldest first.</summary>
    internal IReadOnlyList<string> Lines => [.. _lines];

    /// <summary>Adds a line, dropping the oldest above the limit. Empty ones are left out.</summary>
    /// <param name="line">UTF-8, with or without its newline.</param>
    internal void Add(ReadOnlySpan<byte> line)
    {
        // A character has at most four bytes, so what is cut off here would be cut off below.
        var text = Encoding.UTF8.GetString(line[..Math.Min(line.Length, (MaxLineLength + 1) * 4)]).TrimEnd();
        if (text.Length == 0) return;
        if (text.Length > MaxLineLength) text = string.Concat(text.AsSpan(0, MaxLineLength - 1), "…");
        _lines.Enqueue(Clean(text));
        if (_lines.Count > MaxLines) _lines.Dequeue();
    }

    // The lines are shown on a terminal by `ips reload`: what a release wrote must not command it.
    private static string Clean(string text) =>
        string.Create(text.Length, text, static (clean, source) =>
        {
            for (var i = 0; i < source.Length; i++) clean[i] = char.IsControl(source[i]) && source[i] != '\t' ? '\uFFFD' : source[i];
        });
}
