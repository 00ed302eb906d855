using Ips.Actors.Configuration;
using Ips.Actors.Lifecycle;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;

namespace Ips.Actors.HttpFront;

/// <summary>The health checks that the app registered with <c>AddHealthChecks()</c>, as far as <see cref="ReloadOptions.HealthTags"/> lets
/// them count; an app without them is healthy once it has started.</summary>
internal sealed class HealthCheckProbe(IServiceProvider services, TimeProvider time) : IHealthProbe
{
    private const string LiveTag = "live"; // by convention: whether the process is alive, not whether it is ready

    /// <summary>How long readiness uses a result: probes of load balancers, however many, cost one run of the checks a second.</summary>
    public static readonly TimeSpan MaxAge = TimeSpan.FromSeconds(1);

    /// <summary>Longest run of the checks for readiness: a load balancer does not wait longer.</summary>
    public static readonly TimeSpan ReadinessLimit = TimeSpan.FromSeconds(5);

    // No caller waits longer.
    private static readonly TimeSpan RunLimit = TimeSpan.FromSeconds(30);

    private readonly HealthCheckService? _checks = QuietHealthChecks.Of(services);
    private readonly IReadOnlyList<string> _tags = services.GetRequiredService<IOptions<IpsOptions>>().Value.Reload.HealthTags;
    private readonly Dictionary<string, Task<HealthReport>> _runs = [];
    private readonly Lock _gate = new();
    private Task<ProbeResult>? _recent;
    private (ProbeResult Result, long At)? _last;

    /// <summary>The names of the checks that count.</summary>
    public IReadOnlyCollection<string> Names =>
    [
        .. services.GetService<IOptions<HealthCheckServiceOptions>>()?.Value.Registrations.Where(Counts).Select(check => check.Name) ?? [],
    ];

    /// <summary>Runs each check, and by the time that <paramref name="cancellationToken"/> is cancelled says of which there is no answer: a
    /// check that hangs is told from one that passes, here and in another generation.</summary>
    public async Task<ProbeResult> CheckAsync(CancellationToken cancellationToken)
    {
        if (_checks is null) return ProbeResult.Healthy;
        var checks = await Task.WhenAll(Names.Select(name => CheckAsync(_checks, name, cancellationToken))).ConfigureAwait(false);
        var result = new ProbeResult(null,
            checks.Where(check => check.Fault is not null).ToDictionary(check => check.Name, check => check.Fault!));
        lock (_gate)
        {
            _last = (result, time.GetTimestamp());
        }

        return result;
    }

    /// <summary>The result of at most a second ago, or of the run that is under way, or of a new one.</summary>
    public Task<ProbeResult> RecentAsync()
    {
        lock (_gate)
        {
            if (_last is var (result, at) && time.GetElapsedTime(at) < MaxAge) return Task.FromResult(result);
            return _recent = _recent is { IsCompleted: false } ? _recent : Task.Run(RunAsync);
        }
    }

    private bool Counts(HealthCheckRegistration check) => check.Factory != IpsHealthCheck.Factory && HasTag(check);

    private bool HasTag(HealthCheckRegistration check) =>
        _tags.Count == 0 ? !check.Tags.Contains(LiveTag) : _tags.Any(check.Tags.Contains);

    private async Task<ProbeResult> RunAsync()
    {
        using var deadline = new CancellationTokenSource(ReadinessLimit, time);
        return await CheckAsync(deadline.Token).ConfigureAwait(false);
    }

    private async Task<(string Name, string? Fault)> CheckAsync(HealthCheckService checks, string name, CancellationToken cancellationToken)
    {
        var began = time.GetTimestamp();
        try
        {
            var report = await Begin(checks, name).WaitAsync(cancellationToken).ConfigureAwait(false);
            return (name, report.Entries.TryGetValue(name, out var entry) && entry.Status == HealthStatus.Unhealthy
                ? entry.Description ?? entry.Exception?.Message ?? "no description" : null);
        }
        catch (OperationCanceledException)
        {
            return (name, FormattableString.Invariant($"it has not answered within {time.GetElapsedTime(began).TotalSeconds:0.#} s"));
        }
        catch (Exception e)
        {
            return (name, e.GetBaseException().Message); // the app's own code
        }
    }

    // A run that hangs is waited for, and not joined by another.
    private Task<HealthReport> Begin(HealthCheckService checks, string name)
    {
        lock (_gate)
        {
            return _runs[name] = _runs.GetValueOrDefault(name) is { IsCompleted: false } run ? run : Task.Run(async () =>
            {
                using var limit = new CancellationTokenSource(RunLimit, time);
                return await checks.CheckHealthAsync(check => check.Name == name, limit.Token).ConfigureAwait(false);
            });
        }
    }
}
