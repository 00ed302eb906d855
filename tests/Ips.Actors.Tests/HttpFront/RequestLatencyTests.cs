using System.Diagnostics.Metrics;
using Ips.Actors.HttpFront;
using Microsoft.Extensions.DependencyInjection;

namespace Ips.Actors.Tests.HttpFront;

[Trait("issue", "16")]
public sealed class RequestLatencyTests : IDisposable
{
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly RequestLatency _latency;
    private readonly Histogram<double> _duration;

    public RequestLatencyTests()
    {
        var factory = _services.GetRequiredService<IMeterFactory>();
        _latency = new RequestLatency(factory);
        _duration = factory.Create("Microsoft.AspNetCore.Hosting").CreateHistogram<double>("http.server.request.duration");
    }

    [Fact]
    public void Take_BetweenTwoLooks_IsOfTheRequestsBetween()
    {
        using var watch = _latency.Begin();
        Record(98, .001);
        Record(2, .5);
        var (p50, p99) = watch.Take();
        Assert.InRange(p50!.Value, .95, 1.05);
        Assert.InRange(p99!.Value, 475, 525);
        Record(10, .01);
        Assert.InRange(watch.Take().P99Ms!.Value, 9.5, 10.5);
        Assert.Equal((null, null), watch.Take());
    }

    [Fact]
    public void Take_ValuesBeyondTheBuckets_AreTheLeastAndTheMost()
    {
        using var watch = _latency.Begin();
        foreach (var seconds in (double[])[0, -1, double.NaN, double.PositiveInfinity, 1e9]) Record(1, seconds);
        Assert.True(watch.Take().P99Ms > 30_000);
    }

    [Fact]
    public void Begin_AndEnd_ListensOnlyMeanwhile()
    {
        Assert.False(_duration.Enabled);
        var (first, second) = (_latency.Begin(), _latency.Begin());
        Assert.True(_duration.Enabled);
        first.Dispose();
        first.Dispose();
        Assert.True(_duration.Enabled);
        second.Dispose();
        Assert.False(_duration.Enabled); // requests cost nothing then
    }

    [Fact]
    public void Begin_AnotherHostOfTheProcess_IsNotMeasured()
    {
        using var other = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var foreign = other.GetRequiredService<IMeterFactory>().Create("Microsoft.AspNetCore.Hosting")
            .CreateHistogram<double>("http.server.request.duration");
        using var watch = _latency.Begin();
        foreign.Record(1);
        Assert.Equal((null, null), watch.Take());
    }

    public void Dispose()
    {
        _latency.Dispose();
        _services.Dispose();
    }

    private void Record(int count, double seconds)
    {
        for (var i = 0; i < count; i++) _duration.Record(seconds);
    }
}
