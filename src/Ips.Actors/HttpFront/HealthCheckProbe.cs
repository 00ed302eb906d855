using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Ips.Actors.HttpFront;

/// <summary>The health checks that the app registered with <c>AddHealthChecks()</c>; an app without them is healthy once it has started.</summary>
internal sealed class HealthCheckProbe(IServiceProvider services) : IHealthProbe
{
    private readonly HealthCheckService? _checks = services.GetService<HealthCheckService>();

    /// <inheritdoc/>
    public async Task<string?> CheckAsync(CancellationToken cancellationToken)
    {
        if (_checks is null)
        {
            return null;
        }

        var report = await _checks.CheckHealthAsync(cancellationToken).ConfigureAwait(false);
        return report.Status != HealthStatus.Unhealthy
            ? null
            : string.Join("; ", report.Entries.Where(e => e.Value.Status == HealthStatus.Unhealthy)
                .Select(e => $"health check '{e.Key}' is unhealthy: {e.Value.Description ?? e.Value.Exception?.Message ?? "no description"}"));
    }
}
