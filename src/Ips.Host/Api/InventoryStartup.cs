using Ips.Host.Auth;
using Ips.Host.Inventory.Storage;
using Microsoft.Extensions.Options;

namespace Ips.Host.Api;

/// <summary>Says at start where the inventory lies, once in the daemon's life, and, if there is no key, what that means.</summary>
internal sealed class InventoryStartup(IInventoryStore store, IOptions<AuthOptions> options, IGenerationNumber generation,
    ILogger<InventoryStartup> log) : IHostedService
{
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (generation.Current <= 1) log.StoreOpened(store.Description);
        if (await HasKeyAsync(cancellationToken)) return;
        if (options.Value.AllowAnonymousLoopback) log.AnonymousLoopback();
        else log.NoKey();
    }

    private async Task<bool> HasKeyAsync(CancellationToken cancellationToken)
    {
        try
        {
            return (await store.GetKeysAsync(cancellationToken)).Count > 0;
        }
        catch (StoreAwayException)
        {
            return true; // the health check 'store' speaks for it
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
