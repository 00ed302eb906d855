using System.Text.Json;

namespace Ips.Actors.Control;

/// <summary>Cuts what comes over the control socket into lines and reads each as an event. Pure.</summary>
internal sealed class ControlLineReader
{
    /// <summary>The longest line taken, in bytes: far above a history of 100 receipts with 50 lines of output each.</summary>
    internal const int MaxLineBytes = 4 * 1024 * 1024;

    private readonly List<byte> _partial = [];

    /// <summary>Bytes of a line that has not ended yet.</summary>
    internal int PartialBytes => _partial.Count;

    /// <summary>Takes the next bytes and answers the events that they complete.</summary>
    /// <exception cref="ControlException">A line is no event, or longer than <see cref="MaxLineBytes"/>.</exception>
    internal IReadOnlyList<ControlEvent> Feed(ReadOnlySpan<byte> bytes)
    {
        List<ControlEvent> events = [];
        while (bytes.IndexOf((byte)'\n') is >= 0 and var end)
        {
            _partial.AddRange(bytes[..end]);
            bytes = bytes[(end + 1)..];
            events.Add(Parse([.. _partial]));
            _partial.Clear();
        }
        _partial.AddRange(bytes);
        if (_partial.Count > MaxLineBytes)
            throw new ControlException(ControlFailure.Garbled, $"The daemon sent a line of more than {MaxLineBytes} bytes.");
        return events;
    }

    private static ControlEvent Parse(byte[] line)
    {
        try
        {
            var read = JsonSerializer.Deserialize(line, ControlJson.Default.ControlEvent);
            if (read is { Kind: not null }) return read;
        }
        catch (JsonException e)
        {
            throw new ControlException(ControlFailure.Garbled, $"The daemon sent a line that is no event: {e.Message}", e);
        }
        throw new ControlException(ControlFailure.Garbled, "The daemon sent a line that is no event: it has no kind.");
    }
}
