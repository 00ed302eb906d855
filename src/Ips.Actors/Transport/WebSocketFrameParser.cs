using System.Buffers.Binary;

namespace Ips.Actors.Transport;

/// <summary>Follows the frames of one direction of a WebSocket, to know where one ends, and with it a message. See RFC 6455, section
/// 5.2.</summary>
internal sealed class WebSocketFrameParser
{
    private const int ShortHeaderBytes = 2, LongestHeaderBytes = 14, MaskBytes = 4;
    private const int Final = 0x80, OpcodeBits = 0x0F, FirstControl = 0x08, Close = 0x08;
    private const int Masked = 0x80, LengthBits = 0x7F, TwoByteLength = 126, EightByteLength = 127;

    /// <summary>Bytes of its form as bytes.</summary>
    public const int PositionBytes = LongestHeaderBytes + sizeof(byte) + sizeof(ulong) + sizeof(byte);

    private readonly byte[] _header = new byte[LongestHeaderBytes];
    private int _headerBytes;
    private ulong _payloadLeft;
    private bool _inMessage;

    /// <summary>Whether the bytes so far end with a whole frame that ends a message; true before the first.</summary>
    public bool AtMessageEnd => _headerBytes == 0 && _payloadLeft == 0 && !_inMessage;

    /// <summary>Whether the bytes so far end with a whole frame; true before the first.</summary>
    public bool AtFrameEnd => _headerBytes == 0 && _payloadLeft == 0;

    /// <summary>Whether a Close frame has begun: nothing may follow it.</summary>
    public bool ClosingSeen { get; private set; }

    /// <summary>Bytes of the current frame's payload that are still to come; 0 where a header begins, or has begun.</summary>
    public ulong PayloadLeft => _payloadLeft;

    /// <summary>Where it stands, for another process to follow from there.</summary>
    public byte[] ToBytes()
    {
        var bytes = new byte[PositionBytes];
        _header.AsSpan(0, _headerBytes).CopyTo(bytes);
        bytes[LongestHeaderBytes] = (byte)_headerBytes;
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(LongestHeaderBytes + 1), _payloadLeft);
        bytes[^1] = (byte)((_inMessage ? 1 : 0) | (ClosingSeen ? 2 : 0));
        return bytes;
    }

    /// <summary>One that stands where another stood; null if the bytes are not such a place.</summary>
    public static WebSocketFrameParser? From(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != PositionBytes || bytes[^1] > 3) return null;
        var parser = new WebSocketFrameParser
        {
            _headerBytes = bytes[LongestHeaderBytes],
            _payloadLeft = BinaryPrimitives.ReadUInt64LittleEndian(bytes[(LongestHeaderBytes + 1)..]),
            _inMessage = (bytes[^1] & 1) != 0,
            ClosingSeen = (bytes[^1] & 2) != 0,
        };
        bytes[..LongestHeaderBytes].CopyTo(parser._header);
        var whole = parser._headerBytes >= ShortHeaderBytes && parser._headerBytes >= HeaderLength(parser._header);
        return whole || (parser._headerBytes > 0 && parser._payloadLeft > 0) ? null : parser;
    }

    /// <summary>Takes the next bytes, cut wherever.</summary>
    public void Feed(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty) bytes = bytes[FeedFrame(bytes)..];
    }

    /// <summary>Takes the next bytes to the end of the current frame, or all of them.</summary>
    /// <returns>How many were taken; at least one.</returns>
    public int FeedFrame(ReadOnlySpan<byte> bytes)
    {
        var taken = 0;
        while (_payloadLeft == 0)
        {
            if (taken == bytes.Length) return taken;
            _header[_headerBytes++] = bytes[taken++];
            if (_headerBytes < ShortHeaderBytes || _headerBytes != HeaderLength(_header)) continue;
            EndHeader();
            if (_payloadLeft == 0) return taken;
        }

        var payload = (int)Math.Min(_payloadLeft, (ulong)(bytes.Length - taken));
        _payloadLeft -= (ulong)payload;
        return taken + payload;
    }

    /// <summary>Whether these bytes, which begin with a frame, have the whole header of it.</summary>
    public static bool HasHeader(ReadOnlySpan<byte> bytes) => bytes.Length >= ShortHeaderBytes && bytes.Length >= HeaderLength(bytes);

    private static int HeaderLength(ReadOnlySpan<byte> header) =>
        ShortHeaderBytes + ExtendedLengthBytes(header) + ((header[1] & Masked) != 0 ? MaskBytes : 0);

    private static int ExtendedLengthBytes(ReadOnlySpan<byte> header) => (header[1] & LengthBits) switch
    {
        TwoByteLength => 2,
        EightByteLength => 8,
        _ => 0,
    };

    private void EndHeader()
    {
        var opcode = _header[0] & OpcodeBits;
        ClosingSeen |= opcode == Close;
        // Control frames may stand between the frames of a message.
        if (opcode < FirstControl) _inMessage = (_header[0] & Final) == 0;
        _payloadLeft = ExtendedLengthBytes(_header) switch
        {
            2 => BinaryPrimitives.ReadUInt16BigEndian(_header.AsSpan(ShortHeaderBytes)),
            8 => BinaryPrimitives.ReadUInt64BigEndian(_header.AsSpan(ShortHeaderBytes)),
            _ => (ulong)(_header[1] & LengthBits),
        };
        _headerBytes = 0;
    }
}
