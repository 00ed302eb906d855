namespace Ips.Actors.Output;

/// <summary>How much a process may write to the log: a burst, then a rate. Pure: the time is given.</summary>
internal sealed class OutputBudget
{
    /// <summary>What it may write at once.</summary>
    internal const long BurstBytes = 4 * 1024 * 1024;

    /// <summary>What it may write in each second after that.</summary>
    internal const long BytesPerSecond = 256 * 1024;

    private double _left = BurstBytes;
    private bool _usedUp;
    private TimeSpan _at;

    /// <summary>Takes what a line needs, if that is left.</summary>
    /// <param name="bytes">The line's length.</param>
    /// <param name="now">A time that does not go back.</param>
    internal bool TryTake(int bytes, TimeSpan now)
    {
        _left = Math.Min(BurstBytes, _left + ((now - _at).TotalSeconds * BytesPerSecond));
        _at = now;
        // Once it is used up it fills for a second: each gap is worth a line that says how long it is.
        _usedUp = _left < bytes || (_usedUp && _left < BytesPerSecond);
        if (_usedUp) return false;
        _left -= bytes;
        return true;
    }
}
