using System.Buffers;
using Akka.Configuration.Hocon;

namespace Ips.Actors.Configuration;

/// <summary>Where the keys of a HOCON text stand.</summary>
/// <param name="Keys">Each key that is given a value or opens a block, in the order of the text; a key given twice is listed twice.</param>
/// <param name="Faults">What is wrong with the text, or not supported in it.</param>
internal sealed record HoconLayout(IReadOnlyList<HoconKey> Keys, IReadOnlyList<HoconFault> Faults)
{
    /// <summary>The line of the value that counts, which is the last one given to this path; that of the first key below for a block that
    /// was never
    /// opened by itself (<c>ips.drian.timeout = 1s</c>); null if there is none.</summary>
    internal int? LineOf(IReadOnlyList<string> path) => (Keys.LastOrDefault(key => key.Path.SequenceEqual(path, StringComparer.Ordinal))
        ?? Keys.FirstOrDefault(key => key.Path.Take(path.Count).SequenceEqual(path, StringComparer.Ordinal)))?.Line;
}

/// <summary>One key.</summary>
/// <param name="Path">Its whole path, without quotes.</param>
/// <param name="Line">The line that it stands on, from 1.</param>
/// <param name="IsBlock">Whether its value is a block in braces.</param>
internal sealed record HoconKey(IReadOnlyList<string> Path, int Line, bool IsBlock);

/// <summary>Something that is wrong with the text.</summary>
/// <param name="Line">The line that it stands on, from 1.</param>
/// <param name="Message">What it is, as one sentence.</param>
internal sealed record HoconFault(int Line, string Message);

/// <summary>Finds the line of each key in a HOCON text, and each place where the text is not well formed. It reads no values.
/// Pure.</summary>
/// <remarks>
/// Akka's parser, which reads the values, keeps no positions and forgives too much for an operator's file: it accepts a missing brace
/// or quote, <c>ips.drain timeout</c> without a value and <c>[1,2</c>; <c>include</c> fails with a null reference, and <c>${?x}</c> builds
/// a tree without an end. So a text goes to Akka only if this scanner understood every line of it. Includes and substitutions are refused,
/// and so is the little that Akka would take for something else than is written.
/// </remarks>
internal sealed class HoconKeyLocator
{
    private const int MaxDepth = 32;

    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdefABCDEF");

    private readonly string _text;
    private readonly List<HoconKey> _keys = [];
    private readonly List<HoconFault> _faults = [];
    private int _position;
    private int _line = 1;

    private HoconKeyLocator(string text) => _text = text;

    /// <summary>Scans a text. What follows the first fault of syntax is not looked at.</summary>
    internal static HoconLayout Locate(string text)
    {
        var scanner = new HoconKeyLocator(text);
        try
        {
            scanner.Document();
        }
        catch (SyntaxException fault)
        {
            scanner._faults.Add(new(fault.Line, fault.Message));
        }
        return new(scanner._keys, scanner._faults);
    }

    private char Current => _position < _text.Length ? _text[_position] : '\0';

    private bool AtEnd => _position >= _text.Length;

    private bool At(string token) => string.CompareOrdinal(_text, _position, token, 0, token.Length) == 0;

    private void Document()
    {
        SkipBlank();
        if (Current == '{')
        {
            Block([], depth: 0);
            SkipBlank();
            if (!AtEnd) throw Fault($"'{Current}' stands after the end of the document's block.");
            return;
        }
        Members([], depth: 0);
        if (!AtEnd) throw Fault("'}' closes no block.");
    }

    private void Block(IReadOnlyList<string> path, int depth)
    {
        var opened = _line;
        if (depth > MaxDepth) throw Fault($"blocks are nested deeper than {MaxDepth}.");
        Advance();
        Members(path, depth + 1);
        if (AtEnd) throw new SyntaxException(opened, "the block that is opened here is never closed; a '}' is missing.");
        Advance();
    }

    private void Members(IReadOnlyList<string> parent, int depth)
    {
        SkipBlank();
        while (!AtEnd && Current != '}')
        {
            if (At("include") && _position + 7 < _text.Length && (IsSpace(_text[_position + 7]) || _text[_position + 7] == '"'))
            {
                _faults.Add(new(_line, "include is not supported; write the keys into this file."));
                while (!AtEnd && Current != '\n') Advance();
            }
            else
            {
                Member(parent, depth);
            }
            EndOfMember();
        }
    }

    // After a value: a comma, a line's end, the block's end or the text's end.
    private void EndOfMember()
    {
        SkipSpaces();
        if (Current == ',') Advance();
        else if (!AtEnd && Current is not ('\n' or '}' or '#') && !At("//"))
            throw Fault($"'{Current}' is not expected here; the next key needs a line of its own.");
        SkipBlank();
        if (Current == ',') throw Fault("there is no key before this ','.");
    }

    private void Member(IReadOnlyList<string> parent, int depth)
    {
        var line = _line;
        List<string> path = [.. parent, .. KeyPath()];
        var name = path[^1];
        SkipSpaces();
        if (Current == '{')
        {
            _keys.Add(new(path, line, IsBlock: true));
            Block(path, depth);
            return;
        }
        if (At("+=")) throw Fault("'+=' is not supported; write the whole value with '='.");
        if (Current is not ('=' or ':')) throw Fault($"'=', ':' or '{{' is expected after the key {name}.");
        Advance();
        SkipSpaces();
        _keys.Add(new(path, line, IsBlock: Current == '{'));
        if (Current == '{') Block(path, depth);
        else if (Current == '[') List(name, depth);
        else Scalar(name);
    }

    private List<string> KeyPath()
    {
        List<string> path = [];
        while (true)
        {
            SkipSpaces();
            path.Add(Current == '"' ? QuotedKey() : KeyWord());
            SkipSpaces();
            if (Current != '.') return path;
            Advance();
        }
    }

    private string KeyWord()
    {
        var start = _position;
        while (char.IsLetterOrDigit(Current) || Current is '-' or '_') Advance();
        if (_position > start) return _text[start.._position];
        throw Fault(AtEnd ? "a key is expected before the end of the file." : $"a key is expected here, not '{Shown(Current)}'.");
    }

    private void List(string name, int depth)
    {
        var opened = _line;
        if (depth > MaxDepth) throw Fault($"lists are nested deeper than {MaxDepth}.");
        Advance();
        SkipBlank();
        while (Current != ']')
        {
            if (AtEnd) throw new SyntaxException(opened, $"the list of {name} is never closed; a ']' is missing.");
            if (Current is '{' or '[') throw Fault($"a list of blocks or of lists is not supported, and {name} takes none.");
            Scalar(name);
            SkipSpaces();
            if (Current == ',') Advance();
            else if (!AtEnd && Current is not (']' or '\n' or '#') && !At("//"))
                throw Fault($"',' or ']' is expected here, not '{Shown(Current)}'.");
            SkipBlank();
        }
        Advance();
    }

    private void Scalar(string name)
    {
        if (Current == '"')
        {
            if (At("\"\"\"")) TripleQuoted();
            else Quoted();
            return;
        }
        var start = _position;
        while (!AtEnd && Current is not ('\n' or ',' or '}' or ']' or '#') && !At("//"))
        {
            if (At("${"))
            {
                _faults.Add(new(_line, $"a substitution (${{...}}) is not supported; write the value of {name} itself."));
                while (!AtEnd && Current is not ('}' or '\n')) Advance();
                if (Current == '}') Advance();
                continue;
            }
            if (Current is '=' or ':' or '"' or '{' or '[' or '$' or '`' or '^' or '?' or '!' or '@' or '*' or '&' or '\\' or '+')
                throw Fault($"the value of {name} contains '{Current}'; put it in double quotes.");
            Advance();
        }
        var value = _text.AsSpan(start, _position - start).Trim();
        if (value.IsEmpty) throw Fault($"{name} has no value.");
        // Akka ends a value at a blank that is neither a space nor a tab.
        foreach (var c in value)
        {
            if (char.IsWhiteSpace(c) && c is not (' ' or '\t'))
                throw Fault($"the value of {name} contains '{c}'; put it in double quotes.");
        }
    }

    // What the quotes mean is Akka's to say, for a key as for a value.
    private string QuotedKey()
    {
        var start = _position;
        Quoted();
        return new HoconTokenizer(_text[start.._position]).PullQuotedKey().Value;
    }

    private void Quoted()
    {
        var opened = _line;
        for (Advance(); Current != '"'; Advance())
        {
            if (AtEnd || Current == '\n')
                throw new SyntaxException(opened, "the string that begins here is never closed; a '\"' is missing.");
            if (Current == '\\') Escape();
        }
        Advance();
    }

    private void Escape()
    {
        Advance();
        if (Current is '"' or '\\' or '/' or 'n' or 'r' or 't') return;
        if (Current != 'u' || _position + 4 >= _text.Length || _text.AsSpan(_position + 1, 4).ContainsAnyExcept(HexDigits))
            throw Fault($"'\\{Shown(Current)}' is no escape; \\\", \\\\, \\/, \\n, \\r, \\t and \\u0041 are.");
        _position += 4;
    }

    private void TripleQuoted()
    {
        var opened = _line;
        for (_position += 3; !At("\"\"\""); Advance())
        {
            if (AtEnd) throw new SyntaxException(opened, "the string that begins here is never closed; a '\"\"\"' is missing.");
        }
        _position += 3;
    }

    private void Advance()
    {
        if (Current == '\n') _line++;
        _position++;
    }

    private static bool IsSpace(char c) => c is ' ' or '\t' or '\u00A0';

    private void SkipSpaces()
    {
        while (IsSpace(Current)) Advance();
    }

    // Spaces, line ends and comments.
    private void SkipBlank()
    {
        while (!AtEnd)
        {
            if (IsSpace(Current) || Current is '\n' or '\r') Advance();
            else if (Current == '#' || At("//")) while (!AtEnd && Current != '\n') Advance();
            else return;
        }
    }

    private static string Shown(char c) => c switch { '\n' => "the end of the line", '\0' => "the end of the file", _ => c.ToString() };

    private SyntaxException Fault(string message) => new(_line, message);

    private sealed class SyntaxException(int line, string message) : Exception(message)
    {
        internal int Line { get; } = line;
    }
}
