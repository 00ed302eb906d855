using Ips.Actors.Configuration;
using Microsoft.Extensions.Options;

namespace Ips.Actors.Tests.Configuration;

public sealed class ValidatorTests
{
    [Fact]
    public void Validate_Defaults_Succeed()
    {
        Assert.Empty(IpsKeys.Drain.Check(new()));
        Assert.Empty(IpsKeys.Reload.Check(new()));
        Assert.Empty(IpsKeys.Listener.Check(new()));
        Assert.True(new IpsOptionsValidator().Validate(null, new()).Succeeded);
    }

    [Fact]
    public void Validate_EverythingWrong_ListsEachWithItsKey()
    {
        var options = new IpsOptions
        {
            PidFile = "a/",
            Drain = new() { Timeout = System.Threading.Timeout.InfiniteTimeSpan, LameDuck = TimeSpan.FromHours(2) },
            Reload = new()
            {
                ReadyTimeout = TimeSpan.Zero, Probation = TimeSpan.FromSeconds(-1), HealthInterval = TimeSpan.FromHours(1),
                KillTimeout = TimeSpan.Zero
            },
            Listener = new() { Backlog = 0 },
        };
        var failures = new IpsOptionsValidator().Validate(null, options).Failures!;

        Assert.Equal(
        [
            "Ips:PidFile", "Ips:Drain:Timeout", "Ips:Drain:LameDuck", "Ips:Reload:ReadyTimeout", "Ips:Reload:Probation",
            "Ips:Reload:HealthInterval", "Ips:Reload:KillTimeout", "Ips:Listener:Backlog",
        ], failures.Select(failure => failure[..failure.IndexOf(' ', StringComparison.Ordinal)]));
        Assert.Contains("Ips:Drain:Timeout is -1ms; it must be a duration with a unit, from 1s to 1h.", failures);
    }

    [Theory]
    [InlineData(1_000, true)]
    [InlineData(999, false)]
    [InlineData(3_600_000, true)]
    [InlineData(3_600_001, false)]
    public void Validate_DrainTimeoutAtItsLimits_IsExact(double ms, bool allowed) =>
        Assert.Equal(allowed, IpsKeys.Drain.Check(new() { Timeout = TimeSpan.FromMilliseconds(ms) }).Count == 0);

    [Theory]
    [InlineData(29_999, true)]
    [InlineData(30_000, false)]
    public void Validate_LameDuckAgainstTheTimeout_MustBeLess(double ms, bool allowed) =>
        Assert.Equal(allowed, IpsKeys.Drain.Check(new() { LameDuck = TimeSpan.FromMilliseconds(ms) }).Count == 0);

    [Fact]
    public void Validate_Limits_AreThoseOfTheDocumentation()
    {
        Assert.Equal(
        [
            "ips.reload.ready-timeout from 1s to 1h", "ips.reload.probation from 0s to 1h",
            "ips.reload.probation-max from 0s to 1h", "ips.reload.health-interval from 100ms to 1m",
            "ips.reload.kill-timeout from 100ms to 10m", "ips.reload.room-timeout from 0s to 10m",
            "ips.reload.watch-interval from 1s to 24h", "ips.reload.every from 0s to 8784h",
        ], IpsKeys.Reload.Keys.Where(key => key.Expected.StartsWith("a duration", StringComparison.Ordinal))
            .Select(key => $"{key.Path} {key.Expected[key.Expected.IndexOf("from", StringComparison.Ordinal)..]}"));
    }
}
