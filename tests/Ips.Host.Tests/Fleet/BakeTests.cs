using Ips.Actors.Configuration;
using Ips.Actors.Control;
using Ips.Actors.Lifecycle;
using Ips.Fleet.Agents;
using Ips.Fleet.Rollouts;
using Ips.Host.Fleet;

namespace Ips.Host.Tests.Fleet;

/// <summary>What counts as sick while a promoted release bakes.</summary>
[Trait("issue", "19")]
public sealed class BakeTests
{
    private static readonly ReloadOptions Options = new() { MinRequests = 20, MaxErrorRatio = 0.05 };

    private readonly BakeJudge _judge = new((11, 2), Options);

    [Fact]
    public void Healthy_IsEverythingAnOperatorMayDoMeanwhile()
    {
        foreach (var snapshot in new[]
        {
            Snapshot(), Snapshot() with { Paused = true }, Snapshot() with { State = "Checking" }, Snapshot() with { State = "Reloading" },
            Snapshot() with { State = "RollingBack" }, Snapshot(), Snapshot() with { LastReceipt = Receipt("refused", 12) },
        }) Assert.Null(_judge.Next(snapshot));
        Assert.Null(_judge.AtEnd());
    }

    [Theory]
    [InlineData("refused", "it crashed, or the service was restarted")]
    [InlineData("promoted", "another reload was asked for (control)")]
    public void AnotherProcess_IsSick(string outcome, string why)
    {
        Assert.Null(_judge.Next(Snapshot()));
        Assert.Equal($"generation 2 (PID 11), which was promoted, was replaced by generation 3 (PID 12): {why}", _judge.Next(Snapshot() with
        {
            Pid = 12,
            Generation = 3,
            LastReceipt = Receipt(outcome, 12),
        }));
    }

    [Fact]
    public void AgentThatWasStartedAgain_GoesByTheNewestReceipt()
    {
        Assert.StartsWith("generation 2 (PID 12), which was promoted, was replaced by generation 2 (PID 11): it crashed",
            new BakeJudge(null, Options).Next(Snapshot() with { LastReceipt = Receipt("promoted", 12) }), StringComparison.Ordinal);
        Assert.Null(new BakeJudge(null, Options).Next(Snapshot() with { LastReceipt = Receipt("promoted", 11) }));
        var judge = new BakeJudge(null, Options);
        Assert.Null(judge.Next(Snapshot() with { LastReceipt = Receipt("refused", 12) }));
        Assert.NotNull(judge.Next(Snapshot() with { Pid = 12 }));
    }

    [Theory]
    [InlineData("LameDuck")]
    [InlineData("Draining")]
    public void NoLongerServing_IsSick(string state) =>
        Assert.Equal($"the service no longer serves: its state is {state}", _judge.Next(Snapshot() with { State = state }));

    [Fact]
    public void HealthChecks_AreSickThreeTimesInARow_OrAtTheEnd()
    {
        var sick = Snapshot() with { Unhealthy = "db: it is away" };
        foreach (var snapshot in new[] { sick, sick, Snapshot(), sick, sick }) Assert.Null(_judge.Next(snapshot));
        Assert.Equal("health checks fail: db: it is away", _judge.AtEnd());
        Assert.Equal("health checks fail: db: it is away", _judge.Next(sick));
    }

    [Fact]
    public void Errors_CountSinceTheBakeBegan_ByTheLimitsOfTheProbation()
    {
        Assert.Null(_judge.Next(Snapshot(1000, 900))); // before it
        Assert.Null(_judge.Next(Snapshot(1019, 919))); // too few
        Assert.Null(_judge.Next(Snapshot(1400, 920)));
        Assert.Contains("ips.reload.max-error-ratio", _judge.Next(Snapshot(1420, 930)), StringComparison.Ordinal);
    }

    [Fact]
    public void Errors_OfTheLastSeconds_AreNotHiddenByALongBake()
    {
        for (var i = 0; i < 20; i++) Assert.Null(_judge.Next(Snapshot(10_000 * i, 0)));
        for (var i = 0; i < 12; i++) Assert.Null(_judge.Next(Snapshot(190_000, 0)));
        Assert.Contains("30 of 100 requests", _judge.Next(Snapshot(190_100, 30)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Bake_OverARealSocket_EndsHealthyAtItsTime()
    {
        using var service = new FakeService();
        service.Watches.Enqueue([Snapshot(), Snapshot()]);
        Assert.Null(await service.Driver.BakeAsync(DateTimeOffset.UtcNow, default));
        Assert.Equal(["""{"verb":"watch","intervalMs":1000,"health":true}"""], service.Asked);
    }

    // It is the process of the receipt that is watched.
    [Fact]
    public async Task Bake_AfterAReload_KnowsWhoWasPromoted()
    {
        using var service = new FakeService();
        service.OnReload = service.Promote;
        await service.Driver.ReloadAsync(new ServiceOrder("a", StepKind.Reload, "2", null), default);
        service.Watches.Enqueue([]);
        service.Watches.Enqueue([Snapshot()]);
        service.Watches.Enqueue([Snapshot() with { Pid = 12, Generation = 1 }]);
        Assert.Contains("(PID 12): it crashed", await service.Driver.BakeAsync(DateTimeOffset.MaxValue, default), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Bake_Cancelled_Ends()
    {
        using var service = new FakeService();
        service.Watches.Enqueue([Snapshot()]);
        using var cancellation = new CancellationTokenSource();
        cancellation.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => service.Driver.BakeAsync(DateTimeOffset.MaxValue, cancellation.Token));
    }

    private static ReloadReceipt Receipt(string outcome, int pid) =>
        new(outcome, 10, 1, pid, 2, null, DateTimeOffset.UnixEpoch, 5) { Trigger = "control" };

    private static WatchSnapshot Snapshot(long requests = 0, long errors = 0) =>
        new(DateTimeOffset.UnixEpoch, 11, 2, "Serving", "1.2.3", DateTimeOffset.UnixEpoch,
            [new WatchedGeneration(2, 11, "serving") { Requests = new WatchedRequests(requests, errors, 0, 0) }]);
}
