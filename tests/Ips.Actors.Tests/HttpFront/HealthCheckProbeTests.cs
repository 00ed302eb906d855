using Ips.Actors.Configuration;
using Ips.Actors.HttpFront;
using Ips.Actors.Lifecycle;
using Ips.Actors.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace Ips.Actors.Tests.HttpFront;

/// <summary>The app's own health checks: which of them count, and what is said of one that hangs.</summary>
[Trait("issue", "14")]
public sealed class HealthCheckProbeTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly FakeTimeProvider _time = new();
    private int _runs;

    [Theory]
    [InlineData("", "plain ready")]
    [InlineData("ready", "ready")]
    [InlineData("live", "live")]
    [InlineData("live ready", "live ready")]
    [InlineData("other", "")]
    public async Task Check_ByTags_CountsThose(string tags, string counted)
    {
        var probe = Probe(
            checks => checks.AddCheck("live", Fails, ["live"]).AddCheck("plain", Fails).AddCheck("ready", Fails, ["ready"]),
            tags.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        var result = await probe.CheckAsync(CancellationToken.None);
        Assert.Equal(counted, string.Join(' ', result.Failing.Keys.Order(StringComparer.Ordinal)));
        Assert.Equal(counted, string.Join(' ', probe.Names.Order(StringComparer.Ordinal)));
    }

    [Fact]
    public async Task Check_OneHangs_IsNamedBesideTheOthers()
    {
        var probe = Probe(checks => checks.AddAsyncCheck("hangs", () => new TaskCompletionSource<HealthCheckResult>().Task)
            .AddCheck("fails", Fails).AddCheck("passes", () => HealthCheckResult.Healthy())
            .AddCheck("throws", () => throw new InvalidOperationException("no store")));
        // The others end in their own time, which no clock of ours tells: as often as it takes until they have, before the deadline comes.
        ProbeResult result;
        using var giveUp = new CancellationTokenSource(Patience);
        do
        {
            giveUp.Token.ThrowIfCancellationRequested();
            using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(5), _time);
            var check = probe.CheckAsync(deadline.Token);
            await Task.Yield();
            _time.Advance(TimeSpan.FromSeconds(5));
            result = await check.WaitAsync(Patience);
        }
        while (result.Failing.Values.Count(fault => fault.StartsWith("it has not", StringComparison.Ordinal)) > 1);
        Assert.Equal(
            new Dictionary<string, string>
            {
                ["fails"] = "down", ["hangs"] = "it has not answered within 5 s", ["throws"] = "no store",
            }, result.Failing);
        Assert.Null(result.Fault);
    }

    [Fact]
    public async Task Check_OneHangs_IsNotJoinedByAnotherRunOfIt()
    {
        var first = new TaskCompletionSource<HealthCheckResult>();
        var probe = Probe(checks => checks.AddAsyncCheck("store", () => Interlocked.Increment(ref _runs) == 1 ? first.Task
            : Task.FromResult(HealthCheckResult.Healthy())));
        for (var i = 0; i < 3; i++)
        {
            using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(1), _time);
            var check = probe.CheckAsync(deadline.Token);
            _time.Advance(TimeSpan.FromSeconds(1));
            Assert.Single((await check.WaitAsync(Patience)).Failing);
        }

        first.SetResult(HealthCheckResult.Unhealthy("down"));
        ProbeResult last;
        do last = await probe.CheckAsync(CancellationToken.None).WaitAsync(Patience);
        while (last.Failing.Count > 0); // at most once more: the run that has just ended
        Assert.Equal(2, _runs);
    }

    [Fact]
    public async Task Recent_WithinASecond_IsNotCheckedAgain()
    {
        var probe = Probe(checks => checks.AddCheck("store", () =>
        {
            Interlocked.Increment(ref _runs);
            return HealthCheckResult.Unhealthy("down");
        }));
        for (var i = 0; i < 3; i++) Assert.Equal("health check 'store' is unhealthy: down", (await probe.RecentAsync()).Reason);
        Assert.Equal(1, _runs);
        _time.Advance(TimeSpan.FromSeconds(1));
        await probe.RecentAsync();
        Assert.Equal(2, _runs);
    }

    [Fact]
    public async Task Check_AppHasNone_IsHealthy()
    {
        await using var services = new ServiceCollection().AddOptions().AddSingleton(Options.Create(new IpsOptions()))
            .BuildServiceProvider();
        Assert.Null((await new HealthCheckProbe(services, _time).RecentAsync()).Reason);
    }

    [Fact]
    public async Task Check_ThatFails_LogsNothingAndHasTheAppsServices()
    {
        var log = new RecordingLog();
        var services = new ServiceCollection().AddLogging(logging => logging.AddProvider(new OneLog(log)));
        services.AddSingleton(Options.Create(new IpsOptions()));
        services.AddScoped<Dependency>();
        services.AddHealthChecks().AddCheck<Dependent>("store");
        await using var provider = services.BuildServiceProvider();
        var reason = (await new HealthCheckProbe(provider, _time).RecentAsync()).Reason;
        Assert.Equal("health check 'store' is unhealthy: a new dependency is down", reason);
        Assert.Empty(log.Entries);
    }

    private sealed class Dependency;

    private sealed class Dependent(Dependency dependency) : IHealthCheck
    {
        public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
            Task.FromResult(HealthCheckResult.Unhealthy(dependency is null ? "no dependency" : "a new dependency is down"));
    }

    private sealed class OneLog(ILogger log) : ILoggerProvider
    {
        public ILogger CreateLogger(string categoryName) => log;

        public void Dispose()
        {
        }
    }

    private static HealthCheckResult Fails() => HealthCheckResult.Unhealthy("down");

    private HealthCheckProbe Probe(Action<IHealthChecksBuilder> add, params string[] tags)
    {
        var services = new ServiceCollection().AddLogging();
        services.AddSingleton(Options.Create(new IpsOptions { Reload = { HealthTags = tags } }));
        add(services.AddHealthChecks());
        return new HealthCheckProbe(services.BuildServiceProvider(), _time);
    }
}
