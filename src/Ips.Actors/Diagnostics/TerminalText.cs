using System.Buffers;
using System.Text;

namespace Ips.Actors.Diagnostics;

/// <summary>Makes text harmless that somebody else wrote, before a terminal or a log shows it. What would command a terminal, turn the
/// direction of text around or begin a line of its own is shown as an escape, such as <c>\u001b</c>, so that an operator sees that it was
/// there. Pure.</summary>
internal static class TerminalText
{
    private static readonly char[] Turns =
        ['\u061C', '\u200E', '\u200F', '\u202A', '\u202B', '\u202C', '\u202D', '\u202E', '\u2066', '\u2067', '\u2068', '\u2069'];

    // C0, DEL, C1, the line and paragraph separators, and what turns the direction of text around.
    private static readonly char[] Commands =
        [.. Enumerable.Range(0, 0x20).Concat(Enumerable.Range(0x7F, 0x21)).Select(c => (char)c), '\u2028', '\u2029', .. Turns];

    private static readonly IEnumerable<char> Surrogates = Enumerable.Range(0xD800, 0x800).Select(c => (char)c);

    /// <summary>What is written as an escape, but for a surrogate without its other half.</summary>
    internal static SearchValues<char> Unclean { get; } = SearchValues.Create(Commands);

    /// <summary>What turns the direction of text around.</summary>
    internal static SearchValues<char> Turning { get; } = SearchValues.Create(Turns);

    private static readonly SearchValues<char> UncleanLine = SearchValues.Create([.. Commands, .. Surrogates]);
    private static readonly SearchValues<char> UncleanLines = SearchValues.Create([.. Commands.Except(['\n', '\t']), .. Surrogates]);

    /// <summary>Text that is meant to be a part of one line: line ends and tabs are escaped too.</summary>
    /// <param name="text">What was received or read.</param>
    /// <returns>The same string if nothing is to be escaped.</returns>
    public static string Line(string text) => Clean(text, UncleanLine);

    /// <summary>Text that may have several lines: <c>\n</c> and <c>\t</c> stay.</summary>
    /// <param name="text">What was received or read.</param>
    /// <returns>The same string if nothing is to be escaped.</returns>
    public static string Lines(string text) => Clean(text, UncleanLines);

    /// <summary>A writer that escapes whatever is written to it as <see cref="Lines"/> does.</summary>
    /// <param name="inner">Where it goes; not owned.</param>
    public static TextWriter Writer(TextWriter inner) => inner is CleanWriter ? inner : new CleanWriter(inner);

    private static string Clean(string text, SearchValues<char> unclean)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.AsSpan().IndexOfAny(unclean) < 0) return text;
        var clean = new StringBuilder(text.Length + 16);
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (char.IsHighSurrogate(c) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1])) clean.Append(c).Append(text[++i]);
            else if (unclean.Contains(c)) clean.Append(Escape(c));
            else clean.Append(c);
        }
        return clean.ToString();
    }

    private static string Escape(char c) => c switch
    {
        '\n' => "\\n",
        '\r' => "\\r",
        '\t' => "\\t",
        _ => $"\\u{(int)c:x4}",
    };

    /// <summary>What the command line prints goes through here, so that no verb can forget it.</summary>
    private sealed class CleanWriter : TextWriter
    {
        private readonly TextWriter _inner;
        private char _half; // the first half of a surrogate pair that was written one character at a time

        public CleanWriter(TextWriter inner) : base(inner.FormatProvider) => (_inner, CoreNewLine) = (inner, inner.NewLine.ToCharArray());

        public override Encoding Encoding => _inner.Encoding;

        public override void Write(char value) => Write([value]);

        public override void Write(char[] buffer, int index, int count) => Write(buffer.AsSpan(index, count));

        public override void Write(string? value) => Write(value.AsSpan());

        public override void Write(ReadOnlySpan<char> buffer)
        {
            if (buffer.IsEmpty) return;
            var text = _half == default ? buffer.ToString() : string.Concat([_half], buffer);
            _half = char.IsHighSurrogate(text[^1]) ? text[^1] : default;
            _inner.Write(Lines(_half == default ? text : text[..^1]));
        }

        public override void WriteLine() => Write(CoreNewLine);

        public override void WriteLine(string? value) => Write(value + NewLine);

        public override void WriteLine(ReadOnlySpan<char> buffer) => Write(string.Concat(buffer, NewLine));

        public override Task WriteAsync(char value)
        {
            Write(value);
            return Task.CompletedTask;
        }

        public override Task WriteAsync(string? value)
        {
            Write(value);
            return Task.CompletedTask;
        }

        public override Task WriteAsync(char[] buffer, int index, int count)
        {
            Write(buffer, index, count);
            return Task.CompletedTask;
        }

        public override Task WriteAsync(ReadOnlyMemory<char> buffer, CancellationToken cancellationToken = default)
        {
            Write(buffer.Span);
            return Task.CompletedTask;
        }

        public override Task WriteLineAsync(string? value)
        {
            WriteLine(value);
            return Task.CompletedTask;
        }

        public override Task WriteLineAsync(ReadOnlyMemory<char> buffer, CancellationToken cancellationToken = default)
        {
            WriteLine(buffer.Span);
            return Task.CompletedTask;
        }

        public override void Flush() => _inner.Flush();

        public override Task FlushAsync() => _inner.FlushAsync();
    }
}
