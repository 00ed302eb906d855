using System.Buffers.Binary;

namespace Ips.Actors.HttpFront;

/// <summary>Follows the frames that a WebSocket server sends, to know where a frame of one's own may stand. See RFC 6455, section
/// 5.2.</summary>
internal sealed class WebSocketFrameParser
{
    private const int ShortHeaderBytes = 2, LongestHeaderBytes = 14, MaskBytes = 4;
    private const int Final = 0x80, OpcodeBits = 0x0F, FirstControl = 0x08, Close = 0x08;
    private const int Masked = 0x80, LengthBits = 0x7F, TwoByteLength = 126, EightByteLength = 127;

    private readonly byte[] _header = new byte[LongestHeaderBytes];
    private int _headerBytes;
    private ulong _payloadLeft;
    private bool _inMessage;

    /// <summary>Whether the bytes so far end with a whole frame that ends a message; true before the first.</summary>
    public bool AtMessageEnd => _headerBytes == 0 && _payloadLeft == 0 && !_inMessage;

    /// <summary>Whether a Close frame has begun: nothing may follow it.</summary>
    public bool ClosingSeen { get; private set; }

    /// <summary>Takes the next bytes, cut wherever.</summary>
    public void Feed(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            if (_payloadLeft > 0)
            {
                var skip = (int)Math.Min(_payloadLeft, (ulong)bytes.Length);
                _payloadLeft -= (ulong)skip;
                bytes = bytes[skip..];
                continue;
            }

            _header[_headerBytes++] = bytes[0];
            bytes = bytes[1..];
            if (_headerBytes >= ShortHeaderBytes && _headerBytes == HeaderLength()) EndHeader();
        }
    }

    private int HeaderLength() => ShortHeaderBytes + ExtendedLengthBytes() + ((_header[1] & Masked) != 0 ? MaskBytes : 0);

    private int ExtendedLengthBytes() => (_header[1] & LengthBits) switch
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
        _payloadLeft = ExtendedLengthBytes() switch
        {
            2 => BinaryPrimitives.ReadUInt16BigEndian(_header.AsSpan(ShortHeaderBytes)),
            8 => BinaryPrimitives.ReadUInt64BigEndian(_header.AsSpan(ShortHeaderBytes)),
            _ => (ulong)(_header[1] & LengthBits),
        };
        _headerBytes = 0;
    }
}
