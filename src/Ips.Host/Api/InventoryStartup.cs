using Ips.Host.Auth;
using Ips.Host.Inventory.Storage;
using Microsoft.Extensions.Options;

namespace Ips.Host.Api;

/// <summary>Says at start where the inventory lies and, if there is no key, what that means.</summary>
internal sealed class InventoryStartup(IInventoryStore store, IOptions<AuthOptions> options, ILogger<InventoryStartup> log) : IHostedService
{
    /// <inheritdoc/>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        log.StoreOpened(store.Description);
        if ((await store.GetKeysAsync(cancellationToken)).Count > 0) return;
        if (options.Value.AllowAnonymousLoopback) log.AnonymousLoopback();
        else log.NoKey();
    }

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
