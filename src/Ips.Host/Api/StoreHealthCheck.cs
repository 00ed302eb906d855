using Ips.Host.Inventory.Storage;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Ips.Host.Api;

/// <summary>The health check <c>store</c>: whether the store can be read and written, within a time limit.</summary>
internal sealed class StoreHealthCheck(IInventoryStore store, TimeProvider time, ILogger<StoreHealthCheck> log) : IHealthCheck
{
    /// <summary>Longer than a healthy store takes under load, shorter than load balancers wait.</summary>
    internal static readonly TimeSpan Limit = TimeSpan.FromSeconds(2);

    private readonly Lock _gate = new();
    private Task<string?>? _running;
    private string? _reason;

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var reason = await ReasonAsync(cancellationToken);
        Tell(reason);
        return reason is null ? HealthCheckResult.Healthy()
            : HealthCheckResult.Unhealthy($"{reason} ({InventoryStores.KeyOf(store.Description)})");
    }

    // One that hangs, in a server or on a disk, is not joined by another.
    private async Task<string?> ReasonAsync(CancellationToken cancellationToken)
    {
        Task<string?> running;
        lock (_gate)
            running = _running is { IsCompleted: false } ? _running
                : _running = Task.Run(() => store.CheckAsync(CancellationToken.None).AsTask(), CancellationToken.None);
        try
        {
            return await running.WaitAsync(Limit, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            return StoreTroubleText.Of(StoreTrouble.Away);
        }
    }

    private void Tell(string? reason)
    {
        lock (_gate)
        {
            if (reason == _reason) return;
            _reason = reason;
        }

        if (reason is null) log.StoreHealthy(store.Description);
        else log.StoreUnhealthy(reason, store.Description);
    }
}
