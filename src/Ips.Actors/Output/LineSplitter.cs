namespace Ips.Actors.Output;

/// <summary>Puts bytes together to lines, so that those of two processes never tear each other. Pure.</summary>
internal sealed class LineSplitter
{
    /// <summary>A line longer than this, in bytes, is passed on in pieces: nobody keeps more of it in memory, and it travels in one
    /// packet.</summary>
    internal const int MaxPendingBytes = 16 * 1024;

    private readonly List<byte> _pending = [];

    /// <param name="pending">The beginning of a line that was kept elsewhere.</param>
    internal LineSplitter(ReadOnlySpan<byte> pending = default) => _pending.AddRange(pending);

    /// <summary>Takes a line; its newline is included, unless it is a piece of a long one.</summary>
    internal delegate void LineHandler(ReadOnlySpan<byte> line);

    /// <summary>Takes the next bytes and passes on each line that they complete.</summary>
    internal void Feed(ReadOnlySpan<byte> bytes, LineHandler line)
    {
        while (bytes.IndexOf((byte)'\n') is >= 0 and var end)
        {
            Complete(bytes[..(end + 1)], line);
            bytes = bytes[(end + 1)..];
        }

        _pending.AddRange(bytes);
        if (_pending.Count > MaxPendingBytes) PassOn(line);
    }

    /// <summary>The end has come: passes on what is left as a line.</summary>
    internal void End(LineHandler line)
    {
        if (_pending.Count == 0) return;
        _pending.Add((byte)'\n'); // or the next line of another process would be glued to it
        PassOn(line);
    }

    /// <summary>Gives away the beginning of the line that has not ended.</summary>
    internal byte[] TakePending()
    {
        byte[] pending = [.. _pending];
        _pending.Clear();
        return pending;
    }

    private void Complete(ReadOnlySpan<byte> rest, LineHandler line)
    {
        if (_pending.Count == 0)
        {
            line(rest);
            return;
        }

        _pending.AddRange(rest);
        PassOn(line);
    }

    private void PassOn(LineHandler line)
    {
        line(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_pending));
        _pending.Clear();
    }
}
