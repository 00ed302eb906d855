using Microsoft.Extensions.Time.Testing;

namespace Ips.Actors.Tests.Support;

/// <summary>Virtual time whose wall clock can be set, as an operator or NTP does, while the monotonic one goes on.</summary>
internal sealed class SteppedTime : FakeTimeProvider
{
    private TimeSpan _step;

    /// <summary>Sets the wall clock back, or forward by a negative time.</summary>
    public void SetBack(TimeSpan by) => _step -= by;

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + _step;

    /// <inheritdoc/>
    public override long GetTimestamp() => base.GetUtcNow().Ticks; // the base's own asks for the wall clock
}
