using Ips.Actors.Control;
using Ips.Host.Dashboard;

namespace Ips.Host.Tests.Dashboard;

/// <summary>The time line is made of snapshots, by whichever process sent them.</summary>
[Trait("issue", "16")]
public sealed class DashboardTraceTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    private readonly DashboardTrace _trace = new();
    private int _second;

    [Fact]
    public void Observe_AReload_TellsEachChangeOnce()
    {
        Assert.Equal(["1/10 serving"], See(1, 0, (1, 10, "serving")));
        Assert.Equal([], See(1, 0, (1, 10, "serving")));
        Assert.Equal(["2/20 starting"], See(1, 0, (1, 10, "serving"), (2, 20, "starting")));
        Assert.Equal(["2/20 probation"], See(1, 0, (1, 10, "serving"), (2, 20, "probation")));
        // now by the successor
        Assert.Equal(["1/10 draining", "2/20 serving", "2/20 moved 7 from 1"], See(2, 7, (1, 10, "draining"), (2, 20, "serving")));
        Assert.Equal(["2/20 moved 1 from 1"], See(2, 8, (1, 10, "draining"), (2, 20, "serving")));
        Assert.Equal(["1/10 gone"], See(2, 8, (2, 20, "serving")));
        Assert.Equal(8, _trace.Items.Count);
    }

    [Fact]
    public void Observe_AServiceThatWasStartedAnew_TellsNoMove()
    {
        See(5, 40, (5, 50, "serving"));
        Assert.Equal(["1/60 serving", "5/50 gone"], See(1, 0, (1, 60, "serving")));
        Assert.Equal(["1/60 draining", "2/61 serving", "2/61 moved 3 from 1"], See(2, 3, (1, 60, "draining"), (2, 61, "serving")));
    }

    [Fact]
    public void Observe_ForYears_KeepsABoundedNumber()
    {
        for (var i = 1; i < 2000; i++) See(i, i, (i, i, "serving"));
        Assert.Equal(DashboardTrace.Most, _trace.Items.Count);
        Assert.Equal(1999, _trace.Items[^1].Number);
    }

    [Fact]
    public void Observe_APieceThatIsNull_IsPassedOver() =>
        Assert.Equal(["1/10 serving"], See(new WatchSnapshot(Start, 10, 1, "Serving", "1.0", Start, [null!, new(1, 10, "serving")])
        {
            Counts = null!,
        }));

    private IReadOnlyList<string> See(int main, long moved, params (int Number, int Pid, string State)[] alive) =>
        See(new WatchSnapshot(Start.AddSeconds(_second++), alive.Single(one => one.Number == main).Pid, main, "Serving", "1.0", Start,
            [.. alive.Select(one => new WatchedGeneration(one.Number, one.Pid, one.State))])
        {
            Counts = new Dictionary<string, long> { ["moved/reload"] = moved },
        });

    private IReadOnlyList<string> See(WatchSnapshot snapshot) => [.. _trace.Observe(snapshot).Select(item =>
        $"{item.Number}/{item.Pid} {item.State}{(item.Moved is { } moved ? $" {moved} from {item.From}" : "")}")];
}
