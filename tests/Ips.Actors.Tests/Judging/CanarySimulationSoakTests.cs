using Xunit.Abstractions;

namespace Ips.Actors.Tests.Judging;

/// <summary>The rule under simulated load, at length. What it prints is the tables of docs/judging.md.</summary>
public sealed class CanarySimulationSoakTests(ITestOutputHelper output)
{
    public static TheoryData<string> Noises => [.. SimulatedNoise.All.Keys];

    // The product promises one of 200 at most; the rule's own bound is 3/400, if requests were independent.
    [Theory]
    [MemberData(nameof(Noises))]
    public void IdenticalRelease_UnderNoise_IsHardlyEverRolledBack(string noise)
    {
        const int reloads = 2000;
        var rolledBack = Run($"identical, {noise}", SimulatedNoise.All[noise], reloads);
        Assert.InRange(rolledBack, 0, reloads / 200);
    }

    [Theory]
    [InlineData(100, 5, "2 %", .02)]
    [InlineData(100, 15, "2 %", .02)]
    [InlineData(100, 30, "2 %", .02)]
    [InlineData(1000, 5, "2 %", .02)]
    [InlineData(5000, 5, "2 %", .02)]
    [InlineData(10, 5, "10 %", .1)]
    [InlineData(10, 30, "10 %", .1)]
    [InlineData(100, 5, "10 %", .1)]
    [InlineData(100, 15, "10 %", .1)]
    [InlineData(1000, 5, "10 %", .1)]
    [InlineData(5000, 5, "10 %", .1)]
    [InlineData(10, 5, "all", 1)]
    [InlineData(10, 15, "all", 1)]
    [InlineData(100, 5, "all", 1)]
    [InlineData(1000, 5, "all", 1)]
    public void Errors(double rate, double seconds, string share, double errors) =>
        Run($"{share} fail, {rate}/s, {seconds} s", Load(rate) with { Seconds = seconds, NewErrors = errors }, 500);

    [Theory]
    [InlineData(100, 15)]
    [InlineData(1000, 5)]
    [InlineData(1000, 10)]
    [InlineData(5000, 5)]
    public void OneRouteOfAHundredthOfTheRequests(double rate, double seconds) =>
        Run($"route fails, {rate}/s, {seconds} s", Load(rate) with { Seconds = seconds, NewErrors = 1, FaultyRoute = 19 }, 500);

    [Theory]
    [InlineData(100, 5, 3)]
    [InlineData(100, 15, 3)]
    [InlineData(1000, 5, 3)]
    [InlineData(5000, 5, 3)]
    [InlineData(1000, 5, 1.3)]
    public void Slow(double rate, double seconds, double times) =>
        Run($"{times} times as slow, {rate}/s, {seconds} s", Load(rate) with { Seconds = seconds, Slower = times }, 300);

    [Theory]
    [InlineData(10, 15, 1)]
    [InlineData(100, 5, 1)]
    [InlineData(1000, 5, 1)]
    [InlineData(5000, 5, 1)]
    [InlineData(100, 5, .1)]
    [InlineData(1000, 5, .1)]
    public void Hangs(double rate, double seconds, double share) =>
        Run($"{share:0.#%} hang, {rate}/s, {seconds} s", Load(rate) with { Seconds = seconds, Hangs = share }, 300);

    private static Traffic Load(double rate) => new(rate, rate < 100 ? 20 : rate < 1000 ? 100 : 200);

    private int Run(string name, Traffic traffic, int reloads)
    {
        var results = CanarySimulation.Run(traffic, reloads, firstSeed: 1);
        var times = results.Select(result => result.RolledBackAt).OfType<double>().Order().ToList();
        var failed = results.Where(result => result.RolledBackAt is not null).Select(result => result.Failed).Order().ToList();
        output.WriteLine(FormattableString.Invariant($"{name}: {(double)times.Count / reloads:0.0#%} rolled back")
            + (times.Count == 0 ? "" : FormattableString.Invariant(
                $", half of them by {times[times.Count / 2]:0.0} s, after {failed[failed.Count / 2]} bad requests")));
        return times.Count;
    }
}
