namespace Ips.Actors.Transport;

/// <summary>
/// Decides which stream of an HTTP/2 connection is kept running while its client learns that the connection closes. Kestrel sends the final
/// GOAWAY when no stream is left, and drops what comes after it: without a stream to wait for, a request on its way would be lost.
/// </summary>
/// <remarks>The close is announced only while a stream runs, and the first stream that ends after that is the one that is held. All members
/// may be called from any thread.</remarks>
internal sealed class StreamHold
{
    private readonly Lock _gate = new();
    private int _running;
    private long? _announcedAt;
    private bool _held;

    /// <summary>A stream begins.</summary>
    /// <param name="leaving">Whether the connection is to close.</param>
    /// <param name="now">A timestamp.</param>
    /// <returns>Whether the caller must announce the close now.</returns>
    public bool Begin(bool leaving, long now)
    {
        lock (_gate)
        {
            _running++;
            return leaving && Announce(now);
        }
    }

    /// <summary>The connection is to close.</summary>
    /// <returns>Whether the caller must announce it now; false if no stream runs (the next one does it) or it was announced.</returns>
    public bool TryAnnounce(long now)
    {
        lock (_gate) return _running > 0 && Announce(now);
    }

    /// <summary>A stream is about to end.</summary>
    /// <returns>The timestamp of the announcement if this stream must outlast it by the pause, and then call this again; null if it may
    /// end.</returns>
    public long? End()
    {
        lock (_gate)
        {
            if (_announcedAt is { } at && !_held)
            {
                _held = true;
                return at;
            }

            _running--;
            return null;
        }
    }

    private bool Announce(long now)
    {
        if (_announcedAt is not null) return false;
        _announcedAt = now;
        return true;
    }
}
