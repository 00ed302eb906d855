namespace Ips.Host.Inventory.Storage;

/// <summary>Opens the store that the options name.</summary>
internal static class InventoryStores
{
    /// <summary>Opens and migrates the store.</summary>
    /// <exception cref="StoreVersionException">The store is newer than this build.</exception>
    /// <exception cref="StoreBusyException">A migration or write of another process did not end in time.</exception>
    public static async ValueTask<IInventoryStore> OpenAsync(InventoryOptions options, CancellationToken cancellationToken) =>
        string.IsNullOrWhiteSpace(options.Postgres)
            ? new SqliteInventoryStore(options)
            : await PostgresInventoryStore.OpenAsync(options, cancellationToken);
}
