using System.Buffers.Binary;
using System.Text;

namespace Ips.Actors.Handover;

/// <summary>A parcel to bytes and back: a byte for the form, one that says whether there is a state, the state's version, then each part
/// after its length; numbers are little-endian. docs/handover.md describes it.</summary>
internal static class UpgradeParcelCodec
{
    private const byte Form = 1;
    private const int LeastBytes = 2 + sizeof(int);

    /// <summary>The bytes of a parcel.</summary>
    /// <exception cref="InvalidDataException">A part is too large.</exception>
    public static byte[] Encode(UpgradeParcel parcel)
    {
        var (accept, protocol, extensions) = (Bytes(parcel.Answer.Accept), Bytes(parcel.Answer.Protocol), Bytes(parcel.Answer.Extensions));
        ReadOnlyMemory<byte>[] parts =
            [parcel.RequestHead, accept, protocol, extensions, parcel.Identity, parcel.Received, parcel.Unsent, parcel.State?.Bytes];
        var size = LeastBytes;
        for (var i = 0; i < parts.Length; i++)
        {
            if (parts[i].Length > s_limits[i]) throw TooLarge(i, parts[i].Length);
            size += sizeof(int) + parts[i].Length;
        }

        var bytes = new byte[size];
        bytes[0] = Form;
        bytes[1] = parcel.State is null ? (byte)0 : (byte)1;
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(2), parcel.State?.Version ?? 0);
        var rest = bytes.AsSpan(LeastBytes);
        foreach (var part in parts)
        {
            BinaryPrimitives.WriteInt32LittleEndian(rest, part.Length);
            part.Span.CopyTo(rest[sizeof(int)..]);
            rest = rest[(sizeof(int) + part.Length)..];
        }

        return bytes;
    }

    /// <summary>The parcel of bytes that a peer has sent.</summary>
    /// <exception cref="InvalidDataException">They are none.</exception>
    public static UpgradeParcel Decode(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < LeastBytes || bytes[0] != Form || bytes[1] > 1) throw new InvalidDataException("It is no upgrade parcel.");
        var hasState = bytes[1] == 1;
        var version = BinaryPrimitives.ReadInt32LittleEndian(bytes[2..]);
        var parts = new byte[s_limits.Length][];
        var rest = bytes[LeastBytes..];
        for (var i = 0; i < parts.Length; i++)
        {
            var length = rest.Length < sizeof(int) ? -1 : BinaryPrimitives.ReadInt32LittleEndian(rest);
            if (length < 0 || length > rest.Length - sizeof(int)) throw new InvalidDataException("The upgrade parcel is cut off.");
            if (length > s_limits[i]) throw TooLarge(i, length);
            parts[i] = rest.Slice(sizeof(int), length).ToArray();
            rest = rest[(sizeof(int) + length)..];
        }

        if (!rest.IsEmpty || (!hasState && parts[7].Length > 0)) throw new InvalidDataException("The upgrade parcel is too long.");
        return new UpgradeParcel(
            parts[0], new UpgradeAnswer(Text(parts[1]), Text(parts[2]), Text(parts[3])), parts[4], parts[5], parts[6],
            hasState ? new UpgradeState(version, parts[7]) : null);
    }

    private static readonly int[] s_limits =
    [
        UpgradeParcel.MaxHeadBytes, UpgradeParcel.MaxAnswerBytes, UpgradeParcel.MaxAnswerBytes, UpgradeParcel.MaxAnswerBytes,
        UpgradeParcel.MaxIdentityBytes, UpgradeParcel.MaxReceivedBytes, UpgradeParcel.MaxUnsentBytes, UpgradeParcel.MaxStateBytes,
    ];

    private static InvalidDataException TooLarge(int part, int length) =>
        new($"Part {part} of the upgrade parcel has {length} bytes; it must have at most {s_limits[part]}.");

    private static byte[] Bytes(string text) => Encoding.Latin1.GetBytes(text);

    private static string Text(byte[] bytes) => Encoding.Latin1.GetString(bytes);
}
