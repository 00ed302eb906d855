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
    private const string LiveTag = "live"; // by convention: whether the process is alive, which is no question of readiness

    /// <summary>How long readiness uses a result: probes of load balancers, however many, cost one run of the checks a second.</summary>
    public static readonly TimeSpan MaxAge = TimeSpan.FromSeconds(1);

    /// <summary>Longest run of the checks for readiness: a load balancer does not wait longer.</summary>
    public static readonly TimeSpan ReadinessLimit = TimeSpan.FromSeconds(5);

    private readonly HealthCheckService? _checks = services.GetService<HealthCheckService>();
    private readonly IReadOnlyList<string> _tags = services.GetRequiredService<IOptions<IpsOptions>>().Value.Reload.HealthTags;
    private readonly Lock _gate = new();
    private Task<ProbeResult>? _running;
    private (ProbeResult Result, long At)? _last;

    /// <summary>The names of the checks that count.</summary>
    public IReadOnlyCollection<string> Names =>
        [.. services.GetService<IOptions<HealthCheckServiceOptions>>()?.Value.Registrations.Where(Counts).Select(check => check.Name) ?? []];

    public async Task<ProbeResult> CheckAsync(CancellationToken cancellationToken)
    {
        if (_checks is null)
        {
            return ProbeResult.Healthy;
        }

        var report = await _checks.CheckHealthAsync(Counts, cancellationToken).ConfigureAwait(false);
        var result = new ProbeResult(null, report.Entries.Where(check => check.Value.Status == HealthStatus.Unhealthy).ToDictionary(
            check => check.Key, check => check.Value.Description ?? check.Value.Exception?.Message ?? "no description"));
        lock (_gate)
        {
            _last = (result, time.GetTimestamp());
        }

        return result;
    }

    /// <summary>The result of at most a second ago, or of the run that is under way, or of a new one.</summary>
    public async Task<ProbeResult> RecentAsync()
    {
        if (_checks is null)
        {
            return ProbeResult.Healthy;
        }

        Task<ProbeResult> running;
        lock (_gate)
        {
            if (_last is var (result, at) && time.GetElapsedTime(at) < MaxAge)
            {
                return result;
            }

            // A run that hangs is waited for, and not joined by another.
            running = _running is { IsCompleted: false } ? _running : _running = Task.Run(RunAsync);
        }

        try
        {
            return await running.WaitAsync(ReadinessLimit, time).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            // The app's own code.
            return ProbeResult.Of(e is TimeoutException or OperationCanceledException
                ? $"the health checks have not answered within {ReadinessLimit.TotalSeconds:0} s"
                : $"the health checks failed: {e.GetBaseException().Message}");
        }
    }

    private bool Counts(HealthCheckRegistration check) =>
        _tags.Count == 0 ? !check.Tags.Contains(LiveTag) : _tags.Any(check.Tags.Contains);

    private async Task<ProbeResult> RunAsync()
    {
        using var deadline = new CancellationTokenSource(ReadinessLimit, time);
        return await CheckAsync(deadline.Token).ConfigureAwait(false);
    }
}
