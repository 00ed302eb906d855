using Ips.Actors.HttpFront;
using Ips.Actors.Lifecycle;
using Ips.Actors.Tests.Receipts;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;

namespace Ips.Actors.Tests.HttpFront;

[Trait("issue", "16")]
public sealed class IpsHealthCheckTests
{
    private readonly FrontState _state = new();

    [Fact]
    public async Task Check_ThroughALife_FollowsTheGeneration()
    {
        Assert.Equal((HealthStatus.Unhealthy, "the app is starting"), await CheckAsync());
        _state.HostStarted = true;
        _state.BecomeReady();
        Assert.Equal((HealthStatus.Healthy, null), await CheckAsync());
        _state.Paused = true;
        Assert.Equal((HealthStatus.Unhealthy, "an operator has paused the service"), await CheckAsync());
        _state.Paused = false;
        _state.Ready = false;
        Assert.Equal((HealthStatus.Unhealthy, "this generation is leaving"), await CheckAsync());
    }

    [Theory]
    [InlineData("rolled-back", HealthStatus.Degraded)]
    [InlineData("refused", HealthStatus.Healthy)]
    [InlineData("promoted", HealthStatus.Healthy)]
    public async Task Check_AfterAReload_IsDegradedByARollback(string outcome, HealthStatus status)
    {
        _state.HostStarted = true;
        _state.BecomeReady();
        _state.LastReload = () => ReloadHistoryTests.Receipt(1) with { Outcome = outcome, Reason = "it answered 500" };
        var (found, reason) = await CheckAsync();
        Assert.Equal(status, found);
        if (status is HealthStatus.Degraded) Assert.Equal("the last reload was rolled back: it answered 500", reason);
    }

    [Fact]
    public async Task Probe_ThatJudgesASuccessor_DoesNotAskIt()
    {
        var services = Services();
        Assert.Empty(new HealthCheckProbe(services, TimeProvider.System).Names); // else no successor would ever be ready
        Assert.Null((await new HealthCheckProbe(services, TimeProvider.System).RecentAsync()).Reason);
        Assert.Equal(["ready"], services.GetRequiredService<IOptions<HealthCheckServiceOptions>>().Value.Registrations.Single().Tags);
    }

    private async Task<(HealthStatus, string?)> CheckAsync()
    {
        var report = await Services().GetRequiredService<HealthCheckService>().CheckHealthAsync();
        return (report.Entries["ips"].Status, report.Entries["ips"].Description);
    }

    private ServiceProvider Services()
    {
        var services = new ServiceCollection().AddLogging().AddSingleton(_state);
        services.AddHealthChecks().AddIps();
        return services.BuildServiceProvider();
    }
}
