using System.Globalization;
using System.Text;

namespace Ips.Actors.Configuration;

/// <summary>Finds the line of each key in a HOCON text, and each place where the text is not well formed. Pure.</summary>
/// <remarks>
/// Akka's parser, which reads the values, keeps no positions and forgives too much for an operator's file: it accepts a missing brace
/// or quote, <c>ips.drain timeout</c> without a value and <c>[1,2</c>; <c>include</c> fails with a null reference, and <c>${?x}</c> builds
/// a tree without an end. So a text goes to Akka only if this scanner understood every line of it. Includes and substitutions are refused.
/// </remarks>
internal sealed class HoconKeyLocator
{
    private const int MaxDepth = 32;

    private readonly string _text;
    private readonly List<HoconKey> _keys = [];
    private readonly List<HoconFault> _faults = [];
    private int _position;
    private int _line = 1;

    private HoconKeyLocator(string text) => _text = text;

    /// <summary>Scans a text. What follows the first fault of syntax is not looked at.</summary>
    internal static HoconLayout Locate(string text)
    {
        var scanner = new HoconKeyLocator(text.Replace("\r\n", "\n", StringComparison.Ordinal).TrimStart('\uFEFF'));
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
        else if (!AtEnd && Current is not ('\n' or '}' or '#') && !At("//")) throw Fault($"'{Current}' is not expected here; the next key needs a line of its own.");
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
            _keys.Add(new(path, line, HoconKind.Block, null));
            Block(path, depth);
            return;
        }
        if (At("+=")) throw Fault("'+=' is not supported; write the whole value with '='.");
        if (Current is not ('=' or ':')) throw Fault($"'=', ':' or '{{' is expected after the key {name}.");
        Advance();
        SkipSpaces();
        switch (Current)
        {
            case '{':
                _keys.Add(new(path, line, HoconKind.Block, null));
                Block(path, depth);
                break;
            case '[':
                _keys.Add(new(path, line, HoconKind.List, null));
                List(name, depth);
                break;
            default:
                _keys.Add(new(path, line, HoconKind.Scalar, Scalar(name)));
                break;
        }
    }

    private List<string> KeyPath()
    {
        List<string> path = [];
        while (true)
        {
            SkipSpaces();
            path.Add(Current == '"' ? Quoted() : KeyWord());
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
            else if (!AtEnd && Current is not (']' or '\n' or '#') && !At("//")) throw Fault($"',' or ']' is expected here, not '{Shown(Current)}'.");
            SkipBlank();
        }
        Advance();
    }

    private string Scalar(string name)
    {
        if (At("\"\"\"")) return TripleQuoted();
        if (Current == '"') return Quoted();
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
        var value = _text[start.._position].Trim();
        if (value.Length == 0) throw Fault($"{name} has no value.");
        return value;
    }

    private string Quoted()
    {
        var opened = _line;
        var value = new StringBuilder();
        Advance();
        while (Current != '"')
        {
            if (AtEnd || Current == '\n') throw new SyntaxException(opened, "the string that begins here is never closed; a '\"' is missing.");
            value.Append(Current == '\\' ? Escape() : Current);
            Advance();
        }
        Advance();
        return value.ToString();
    }

    private char Escape()
    {
        Advance();
        switch (Current)
        {
            case '"' or '\\' or '/': return Current;
            case 'n': return '\n';
            case 'r': return '\r';
            case 't': return '\t';
            case 'u' when _position + 4 < _text.Length
                && ushort.TryParse(_text.AsSpan(_position + 1, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code):
                _position += 4;
                return (char)code;
            default: throw Fault($"'\\{Shown(Current)}' is no escape; \\\", \\\\, \\/, \\n, \\r, \\t and \\u0041 are.");
        }
    }

    private string TripleQuoted()
    {
        var opened = _line;
        var start = _position += 3;
        while (!At("\"\"\""))
        {
            if (AtEnd) throw new SyntaxException(opened, "the string that begins here is never closed; a '\"\"\"' is missing.");
            Advance();
        }
        _position += 3;
        return _text[start..(_position - 3)];
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
