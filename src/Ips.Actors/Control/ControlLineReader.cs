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
            if (read is { Kind: not null })
            {
                return Missing(read) is { } missing
                    ? throw new ControlException(ControlFailure.Garbled, $"The daemon sent a line that is no event: {missing} is missing.")
                    : read;
            }
        }
        catch (JsonException e)
        {
            throw new ControlException(ControlFailure.Garbled, $"The daemon sent a line that is no event: {e.Message}", e);
        }
        throw new ControlException(ControlFailure.Garbled, "The daemon sent a line that is no event: it has no kind.");
    }

    // The serializer fills in null for what is not there, and lets it through in a list.
    private static string? Missing(ControlEvent read) =>
        (read.Status is { } status ? MissingIn(status) : null)
        ?? (read.Receipt is { } receipt ? receipt.Missing() : null)
        ?? (read is { Pending.AskedBy: null } and { Pending: not null } ? "who asked for the pending reload" : null)
        ?? (read is { Ask.Verb: null } and { Ask: not null } ? "the verb to ask again" : null)
        ?? read.History?.Select(past => past is null ? "a receipt" : past.Missing()).FirstOrDefault(missing => missing is not null);

    private static string? MissingIn(DaemonStatus status) => status switch
    {
        { State: null } => "a status's state",
        { Release: null } => "a status's release",
        { Endpoints: null } => "a status's list of endpoints",
        { Pending: { AskedBy: null } } => "who asked for the pending reload",
        { LastGood: { Release: null } or { FileName: null } } => "a part of the last good release",
        { Deployment: { Folder: null } or { Program: null } } => "a part of where its releases are",
        _ when status.Endpoints.Contains(null!) => "an endpoint",
        _ => status.LastReload is { } last ? last.Missing() : null,
    };
}
