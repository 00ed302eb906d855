namespace Ips.Actors.Supervise;

/// <summary>How often something may happen that others cause: so many times at once, then once an interval. Pure.</summary>
/// <param name="burst">How many at once, after a rest.</param>
/// <param name="interval">The time in which one more is allowed.</param>
internal sealed class Pace(int burst, TimeSpan interval)
{
    private double _left = burst;
    private TimeSpan _at;

    /// <summary>Takes one if it is allowed now.</summary>
    /// <param name="now">By a clock that only runs forward.</param>
    public bool TryTake(TimeSpan now)
    {
        Refill(now);
        if (_left < 1) return false;
        _left--;
        return true;
    }

    /// <summary>How long until one is allowed; zero if it is now.</summary>
    public TimeSpan Wait(TimeSpan now)
    {
        Refill(now);
        return _left >= 1 ? TimeSpan.Zero : interval * (1 - _left);
    }

    private void Refill(TimeSpan now)
    {
        _left = Math.Min(burst, _left + Math.Max(0, (now - _at) / interval));
        _at = now;
    }
}
