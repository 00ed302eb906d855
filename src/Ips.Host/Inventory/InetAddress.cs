using System.Buffers.Binary;
using System.Net;

namespace Ips.Host.Inventory;

/// <summary>An IPv4 or IPv6 address as a number of 128 bits. An IPv4 address has its IPv4-mapped value (<c>::ffff:a.b.c.d</c>),
/// so that both families live in one order and one index, and two spellings of one address are equal.</summary>
/// <param name="Value">The address in host order.</param>
internal readonly record struct InetAddress(UInt128 Value) : IComparable<InetAddress>
{
    /// <summary>Length of <see cref="ToBytes"/>.</summary>
    public const int SizeBytes = 16;

    /// <summary>The number of <c>::ffff:0.0.0.0</c>.</summary>
    public static readonly UInt128 FirstIPv4 = new(0, 0xffff_0000_0000);

    /// <summary>The number of <c>::ffff:255.255.255.255</c>.</summary>
    public static readonly UInt128 LastIPv4 = new(0, 0xffff_ffff_ffff);

    /// <summary>Whether this is an IPv4 address.</summary>
    public bool IsIPv4 => Value >= FirstIPv4 && Value <= LastIPv4;

    /// <summary>The address whose 16 bytes, most significant first, are <paramref name="bytes"/>.</summary>
    public static InetAddress FromBytes(ReadOnlySpan<byte> bytes) => new(BinaryPrimitives.ReadUInt128BigEndian(bytes));

    /// <summary>16 bytes, most significant first: they sort as the addresses do, which is what the stores' indexes rely on.</summary>
    public byte[] ToBytes()
    {
        var bytes = new byte[SizeBytes];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, Value);
        return bytes;
    }

    public int CompareTo(InetAddress other) => Value.CompareTo(other.Value);

    /// <summary>The canonical text: dotted decimal for IPv4, RFC 5952 for IPv6.</summary>
    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[SizeBytes];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, Value);
        return new IPAddress(IsIPv4 ? bytes[12..] : bytes).ToString();
    }
}
