using Ips.Actors.Lifecycle;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Ips.Actors.HttpFront;

/// <summary>Where the generation stands, as one of the app's health checks: unhealthy while it wants no new clients, degraded after a
/// reload that was rolled back.</summary>
internal sealed class IpsHealthCheck(FrontState state) : IHealthCheck
{
    /// <summary>Why this generation wants no new clients; null if it does.</summary>
    public static string? NotReady(FrontState state) => state switch
    {
        { Ready: true } => null,
        { Paused: true } => "an operator has paused the service",
        { HostStarted: false } => "the app is starting",
        _ => "this generation is leaving",
    };

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var result = NotReady(state) is { } reason ? new HealthCheckResult(context.Registration.FailureStatus, reason)
            : state.LastReload() is { Ended: ReloadOutcome.RolledBack, Reason: var why }
                ? HealthCheckResult.Degraded($"the last reload was rolled back: {why}") : HealthCheckResult.Healthy();
        return Task.FromResult(result);
    }

    /// <summary>Makes it. Ips itself does not ask a check that is made by this: a successor waits for its checks before it is
    /// ready.</summary>
    internal static Func<IServiceProvider, IHealthCheck> Factory { get; } =
        services => new IpsHealthCheck(services.GetRequiredService<FrontState>());
}
