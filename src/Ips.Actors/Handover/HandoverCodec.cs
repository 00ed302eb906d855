using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Ips.Actors.Handover;

/// <summary>Frames to packets and back: one JSON object a packet, its <c>type</c> first. Unknown fields are ignored.</summary>
internal static class HandoverCodec
{
    /// <summary>Largest packet in bytes; the kernel's own limit for SOCK_SEQPACKET was measured at 212,960.</summary>
    public const int MaxPacketBytes = 128 * 1024;

    /// <summary>The packet of a frame.</summary>
    /// <exception cref="InvalidDataException">The frame does not fit a packet.</exception>
    public static byte[] Encode(HandoverFrame frame)
    {
        var packet = JsonSerializer.SerializeToUtf8Bytes(frame, HandoverJson.Default.HandoverFrame);
        return packet.Length <= MaxPacketBytes
            ? packet
            : throw new InvalidDataException(
                $"A {frame.GetType().Name} of {packet.Length} bytes does not fit a handover packet of {MaxPacketBytes} bytes.");
    }

    /// <summary>The frame of a packet.</summary>
    /// <exception cref="InvalidDataException">The packet is no frame: too large, not JSON, of an unknown type, a field is missing, or
    /// against
    /// <see cref="FrameRules"/>.</exception>
    public static HandoverFrame Decode(ReadOnlySpan<byte> packet)
    {
        if (packet.Length > MaxPacketBytes)
        {
            throw new InvalidDataException(
                $"A packet of {packet.Length} bytes is larger than the {MaxPacketBytes} bytes of the handover protocol.");
        }

        try
        {
            var frame = JsonSerializer.Deserialize(packet, HandoverJson.Default.HandoverFrame)
                ?? throw new InvalidDataException("The packet is JSON null.");
            return FrameRules.Fault(frame) is { } fault
                ? throw new InvalidDataException($"The packet is no handover frame: {fault}: {Excerpt(packet)}") : frame;
        }
        catch (Exception e) when (e is JsonException or NotSupportedException or InvalidOperationException)
        {
            throw new InvalidDataException($"The packet is no handover frame: {Excerpt(packet)}", e);
        }
    }

    private static string Excerpt(ReadOnlySpan<byte> packet)
    {
        var text = new StringBuilder();
        foreach (var b in packet[..Math.Min(packet.Length, 48)])
        {
            text.Append(b is >= 0x20 and < 0x7f ? (char)b : '.');
        }

        return packet.Length > 48 ? $"'{text}...' ({packet.Length} bytes)" : $"'{text}'";
    }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    AllowOutOfOrderMetadataProperties = true,
    RespectRequiredConstructorParameters = true,
    RespectNullableAnnotations = true)]
[JsonSerializable(typeof(HandoverFrame))]
internal sealed partial class HandoverJson : JsonSerializerContext;
