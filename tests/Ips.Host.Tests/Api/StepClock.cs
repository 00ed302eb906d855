namespace Ips.Host.Tests.Api;

/// <summary>A clock that a test sets, forward and backward as an operator or NTP does; time spans go on however it is set.</summary>
internal sealed class StepClock(DateTimeOffset start) : TimeProvider
{
    private readonly Lock _lock = new();
    private DateTimeOffset _now = start;
    private long _elapsed;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public long Seconds => GetUtcNow().ToUnixTimeSeconds();

    public override DateTimeOffset GetUtcNow()
    {
        lock (_lock) return _now;
    }

    public override long GetTimestamp()
    {
        lock (_lock) return _elapsed;
    }

    public void Step(TimeSpan by)
    {
        lock (_lock)
        {
            _now += by;
            _elapsed += Math.Abs(by.Ticks);
        }
    }
}
