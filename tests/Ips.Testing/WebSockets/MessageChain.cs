using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Ips.Testing.WebSockets;

/// <summary>A count and a running hash of messages: two ends that have the same have seen the same messages, once each, in order.</summary>
internal sealed class MessageChain
{
    /// <summary>Bytes of its form as bytes.</summary>
    public const int Bytes = sizeof(long) + SHA256.HashSizeInBytes;

    private byte[] _hash = new byte[SHA256.HashSizeInBytes];

    /// <summary>How many.</summary>
    public long Count { get; private set; }

    /// <summary>It as text.</summary>
    public string Text => $"{Count} {Convert.ToHexString(_hash)}";

    /// <summary>A chain as it was.</summary>
    public static MessageChain From(ReadOnlySpan<byte> bytes) => new()
    {
        Count = BinaryPrimitives.ReadInt64LittleEndian(bytes),
        _hash = bytes[sizeof(long)..Bytes].ToArray(),
    };

    /// <summary>One more message.</summary>
    public void Add(ReadOnlySpan<byte> message)
    {
        Count++;
        _hash = SHA256.HashData([.. _hash, .. SHA256.HashData(message)]);
    }

    /// <summary>It as bytes.</summary>
    public byte[] ToBytes()
    {
        var bytes = new byte[Bytes];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, Count);
        _hash.CopyTo(bytes, sizeof(long));
        return bytes;
    }
}
