using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Ips.Fleet.Agents;

namespace Ips.Fleet.Wire;

/// <summary>Fleet messages to bytes and back. Pure.</summary>
/// <remarks>
/// A manifest is a name and a version. A reader ignores fields that it does not know, so that a new optional field needs no new version;
/// a field that must not be ignored does. What is read is checked by <see cref="FleetBounds"/> before anyone sees it. No text on the wire
/// chooses a type of .NET.
/// </remarks>
internal static class FleetCodec
{
    /// <summary>The largest message: Akka's frame, less room for the addresses of sender and receiver and for the manifest.</summary>
    public const int MostBytes = FrameBytes - (8 * 1024);

    /// <summary>The largest frame, <c>akka.remote.dot-netty.tcp.maximum-frame-size</c>.</summary>
    public const int FrameBytes = 128 * 1024;

    private static readonly (string Manifest, JsonTypeInfo Type)[] Forms =
    [
        ("recall.1", FleetJson.Default.Recall), ("promise.1", FleetJson.Default.Promise), ("order.1", FleetJson.Default.Order),
        ("close.1", FleetJson.Default.Close), ("recalled.1", FleetJson.Default.Recalled), ("promised.1", FleetJson.Default.Promised),
        ("report.1", FleetJson.Default.Report), ("refused.1", FleetJson.Default.Refused), ("closed.1", FleetJson.Default.Closed),
        ("begin.1", FleetJson.Default.Begin), ("steer.1", FleetJson.Default.Steer), ("look.1", FleetJson.Default.Look),
        ("forget.1", FleetJson.Default.Forget), ("answer.1", FleetJson.Default.Answer),
    ];

    /// <summary>Every manifest that is read.</summary>
    public static IEnumerable<string> Manifests => Forms.Select(form => form.Manifest);

    /// <summary>The manifest of a message.</summary>
    /// <exception cref="FleetWireException">It is not a message of this list.</exception>
    public static string ManifestOf(object message) => FormOf(message).Manifest;

    /// <summary>Writes a message. What is there for people only is shortened if the message would be too large: first the oldest receipts
    /// of past rollouts, then the reasons.</summary>
    /// <exception cref="FleetWireException">It is not a message of this list, out of bounds, or too large even so.</exception>
    public static byte[] Encode(object message)
    {
        var (manifest, type) = FormOf(message);
        var tidy = FleetShortening.Tidy((FleetMessage)message);
        if (FleetBounds.Fault(tidy) is { } fault) throw new FleetWireException($"{manifest} is not sent: {fault}.");
        var bytes = Write(tidy, type);
        for (var step = FleetShortening.Shorter(tidy); bytes.Length > MostBytes && step is not null; step = FleetShortening.Shorter(step))
            bytes = Write(step, type);
        return bytes.Length <= MostBytes ? bytes
            : throw new FleetWireException($"{manifest} has {bytes.Length} bytes; at most {MostBytes} can be sent.");
    }

    /// <summary>Reads a message.</summary>
    /// <exception cref="FleetWireException">It is none, or out of bounds.</exception>
    public static FleetMessage Decode(string manifest, ReadOnlySpan<byte> bytes)
    {
        var type = Array.Find(Forms, form => form.Manifest == manifest).Type
            ?? throw new FleetWireException($"unknown message {Shown(manifest)}; is the sender newer than this agent?");
        if (bytes.Length > MostBytes)
            throw new FleetWireException($"{manifest} has {bytes.Length} bytes; at most {MostBytes} are read.");
        FleetMessage message;
        try
        {
            message = (FleetMessage?)JsonSerializer.Deserialize(bytes, type) ?? throw new FleetWireException($"{manifest} is null.");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or NotSupportedException or FormatException
            or ArgumentException or OverflowException)
        {
            // Without the parser's text: it repeats what the sender wrote.
            throw new FleetWireException($"{manifest} of {bytes.Length} bytes cannot be read ({e.GetType().Name}).", e);
        }

        return FleetBounds.Fault(message) is { } fault ? throw new FleetWireException($"{manifest} is refused: {fault}.") : message;
    }

    private static byte[] Write(FleetMessage message, JsonTypeInfo type)
    {
        try
        {
            return JsonSerializer.SerializeToUtf8Bytes(message, type);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or ArgumentException)
        {
            throw new FleetWireException($"{message.GetType().Name} cannot be written: {e.Message}", e);
        }
    }

    private static (string Manifest, JsonTypeInfo Type) FormOf(object message)
    {
        var type = message.GetType();
        var form = Array.Find(Forms, form => form.Type.Type == type);
        return form.Type is null ? throw new FleetWireException($"{type.Name} is not a message of a fleet.") : form;
    }

    private static string Shown(string? manifest) =>
        manifest is { Length: > 0 and <= 32 } && manifest.All(c => char.IsAsciiLetterOrDigit(c) || c == '.') ? manifest
            : "(a strange name)";
}
