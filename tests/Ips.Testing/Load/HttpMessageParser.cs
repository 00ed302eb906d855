using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace Ips.Testing.Load;

/// <summary>
/// Reads one HTTP/1.1 message from pieces of any size. No I/O. Stricter than RFC 9112 asks a client to be: lines end in CRLF, a response
/// says Content-Length or chunked but not both, chunks have no extensions and no trailers. A test oracle must not guess.
/// </summary>
/// <param name="kind">A request or a response.</param>
internal sealed class HttpMessageParser(HttpMessageKind kind)
{
    private const int LineLengthMax = 8192;
    private const int HeaderLinesMax = 100;

    private static readonly SearchValues<byte> TokenBytes =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"u8);

    private readonly byte[] _line = new byte[LineLengthMax];
    private int _lineLength;
    private int _headerLines;
    private Step _step;
    private IBodySink? _sink;
    private long? _contentLength;
    private bool _chunked;
    private long _left;

    private enum Step
    {
        StartLine,
        Header,
        FixedBody,
        ChunkSize,
        ChunkData,
        ChunkEnd,
        BodyEnd,
        Complete,
    }

    /// <summary>The message's last byte was read.</summary>
    public bool IsComplete => _step == Step.Complete;

    /// <summary>A response's status; 0 until its line was read.</summary>
    public int Status { get; private set; }

    /// <summary>A request's method; empty until its line was read.</summary>
    public string Method { get; private set; } = "";

    /// <summary>A request's target; empty until its line was read.</summary>
    public string Target { get; private set; } = "";

    /// <summary>The sender said <c>Connection: close</c>.</summary>
    public bool Close { get; private set; }

    /// <summary>The generation that answered; null without the header.</summary>
    public int? Generation { get; private set; }

    /// <summary>The head was read up to its empty line.</summary>
    public bool HeadIsComplete => _step > Step.Header;

    /// <summary>Begins a new message whose body goes to <paramref name="sink"/>.</summary>
    public void Begin(IBodySink sink)
    {
        (_sink, _step, _lineLength, _headerLines) = (sink, Step.StartLine, 0, 0);
        (_contentLength, _chunked, _left) = (null, false, 0);
        (Status, Method, Target, Close, Generation) = (0, "", "", false, null);
    }

    /// <summary>Takes the next bytes, up to the message's end.</summary>
    /// <returns>How many bytes belonged to this message.</returns>
    /// <exception cref="LoadFaultException">Malformed.</exception>
    public int Feed(ReadOnlySpan<byte> bytes)
    {
        var rest = bytes;
        while (_step != Step.Complete && !rest.IsEmpty)
        {
            if (_step is Step.FixedBody or Step.ChunkData)
            {
                var piece = rest[..(int)Math.Min(_left, rest.Length)];
                _sink!.Append(piece);
                rest = rest[piece.Length..];
                _left -= piece.Length;
                if (_left == 0) _step = _step == Step.FixedBody ? Step.Complete : Step.ChunkEnd;
            }
            else if (TakeLine(ref rest, out var line))
            {
                Apply(line);
            }
        }

        return bytes.Length - rest.Length;
    }

    private void Apply(ReadOnlySpan<byte> line)
    {
        switch (_step)
        {
            case Step.StartLine:
                if (kind == HttpMessageKind.Response) ReadStatusLine(line);
                else ReadRequestLine(line);
                _step = Step.Header;
                break;
            case Step.Header when line.IsEmpty:
                EndHead();
                break;
            case Step.Header:
                if (++_headerLines > HeaderLinesMax) throw Malformed($"more than {HeaderLinesMax} header lines");
                ReadHeader(line);
                break;
            case Step.ChunkSize:
                ReadChunkSize(line);
                break;
            case Step.ChunkEnd:
                if (!line.IsEmpty) throw Malformed($"'{Show(line)}' after a chunk's data instead of CRLF");
                _step = Step.ChunkSize;
                break;
            case Step.BodyEnd:
                if (!line.IsEmpty) throw Malformed($"the trailer '{Show(line)}'");
                _step = Step.Complete;
                break;
            default:
                throw new InvalidOperationException($"No line is read at {_step}.");
        }
    }

    private void ReadStatusLine(ReadOnlySpan<byte> line)
    {
        // "HTTP/1.1 200", then a space and a reason that may be empty.
        if (line.Length < 12 || !line.StartsWith("HTTP/1.1 "u8) || !Utf8Parser.TryParse(line[9..12], out int status, out var used)
            || used != 3
            || status < 100 || (line.Length > 12 && line[12] != ' '))
            throw Malformed($"the status line '{Show(line)}'");
        Status = status;
    }

    private void ReadRequestLine(ReadOnlySpan<byte> line)
    {
        var parts = Encoding.ASCII.GetString(line).Split(' ');
        if (parts is not [{ Length: > 0 } method, { Length: > 0 } target, "HTTP/1.1"]) throw Malformed($"the request line '{Show(line)}'");
        (Method, Target) = (method, target);
    }

    private void ReadHeader(ReadOnlySpan<byte> line)
    {
        var colon = line.IndexOf((byte)':');
        if (colon <= 0 || line[..colon].ContainsAnyExcept(TokenBytes)) throw Malformed($"the header line '{Show(line)}'");
        var name = line[..colon];
        var value = line[(colon + 1)..].Trim(" \t"u8);

        if (Ascii.EqualsIgnoreCase(name, "Content-Length"u8))
        {
            if (_contentLength is not null) throw Malformed("two Content-Length headers");
            if (value.ContainsAnyExceptInRange((byte)'0', (byte)'9') || !Utf8Parser.TryParse(value, out long length, out var used)
                || used != value.Length)
                throw Malformed($"the header line '{Show(line)}'");
            _contentLength = length;
        }
        else if (Ascii.EqualsIgnoreCase(name, "Transfer-Encoding"u8))
        {
            if (_chunked || !Ascii.EqualsIgnoreCase(value, "chunked"u8)) throw Malformed($"the header line '{Show(line)}'");
            _chunked = true;
        }
        else if (Ascii.EqualsIgnoreCase(name, "Connection"u8))
        {
            foreach (var option in value.Split((byte)','))
                Close |= Ascii.EqualsIgnoreCase(value[option].Trim(" \t"u8), "close"u8);
        }
        else if (Ascii.EqualsIgnoreCase(name, "X-Ips-Generation"u8))
        {
            if (Generation is not null || !int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var generation))
                throw Malformed($"the header line '{Show(line)}'");
            Generation = generation;
        }
    }

    private void EndHead()
    {
        if (_chunked && _contentLength is not null) throw Malformed("both Content-Length and chunked");
        var withoutBody = kind == HttpMessageKind.Request ? !_chunked && _contentLength is null : Status is < 200 or 204 or 304;
        if (withoutBody)
            _step = Step.Complete;
        else if (_chunked)
            _step = Step.ChunkSize;
        else if (_contentLength is { } length)
            (_left, _step) = (length, length == 0 ? Step.Complete : Step.FixedBody);
        else
            throw Malformed("neither Content-Length nor chunked: where the body ends cannot be told from where it was cut");
    }

    private void ReadChunkSize(ReadOnlySpan<byte> line)
    {
        if (line.Length is 0 or > 8 || !Utf8Parser.TryParse(line, out uint size, out var used, 'X') || used != line.Length)
            throw Malformed($"the chunk size '{Show(line)}'");
        (_left, _step) = (size, size == 0 ? Step.BodyEnd : Step.ChunkData);
    }

    /// <summary>Takes one line with its CRLF off the front of <paramref name="rest"/>, or all of it for later if the line has not ended
    /// yet.</summary>
    private bool TakeLine(ref ReadOnlySpan<byte> rest, out ReadOnlySpan<byte> line)
    {
        var end = rest.IndexOf((byte)'\n');
        var taken = end < 0 ? rest : rest[..(end + 1)];
        if (_lineLength + taken.Length > LineLengthMax) throw Malformed($"a line of more than {LineLengthMax} bytes");
        taken.CopyTo(_line.AsSpan(_lineLength));
        _lineLength += taken.Length;
        rest = rest[taken.Length..];
        line = _line.AsSpan(0, _lineLength);
        if (end < 0)
        {
            // Said now: such a sender may never end its line.
            if (_step == Step.StartLine && kind == HttpMessageKind.Response
                && line.CommonPrefixLength("HTTP/1.1 "u8) < Math.Min(9, line.Length))
                throw Malformed($"'{Show(line)}' where a status line begins");
            return false;
        }

        _lineLength = 0;
        if (!line.EndsWith("\r\n"u8)
            || line[..^2].Contains((byte)'\r')) throw Malformed($"'{Show(line)}', a line that does not end in CRLF");
        line = line[..^2];
        return true;
    }

    private static string Show(ReadOnlySpan<byte> bytes) => WireText.Show(bytes, 80);

    private static LoadFaultException Malformed(string what) => new(FailureKind.Malformed, $"malformed: {what}");
}
