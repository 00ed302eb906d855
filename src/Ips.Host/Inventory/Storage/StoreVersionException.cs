namespace Ips.Host.Inventory.Storage;

/// <summary>The store was migrated by a newer build than this one.</summary>
internal sealed class StoreVersionException(string store, long found, int known)
    : Exception($"The store {store} has schema version {found}; this build knows versions up to {known}. Run the newer build, or point ips.store.path or ips.store.postgres to another store.");
