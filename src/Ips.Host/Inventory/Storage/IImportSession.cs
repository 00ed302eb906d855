namespace Ips.Host.Inventory.Storage;

/// <summary>One import: everything or nothing. Disposed without <see cref="CommitAsync"/>, it leaves the store as it was.</summary>
internal interface IImportSession : IAsyncDisposable
{
    /// <summary>Makes or replaces one object. Objects of one session must not repeat a class and id.</summary>
    ValueTask AddAsync(InventoryObject item, CancellationToken cancellationToken);

    /// <summary>Answers what <see cref="CommitAsync"/> would, and leaves the store as it is. The session can only be disposed
    /// then.</summary>
    ValueTask<ImportCounts> TryAsync(CancellationToken cancellationToken);

    /// <summary>Makes the import durable and visible.</summary>
    /// <returns>How many objects were new, replaced, and already as imported.</returns>
    ValueTask<ImportCounts> CommitAsync(CancellationToken cancellationToken);
}

/// <summary>What an import did, in objects.</summary>
internal readonly record struct ImportCounts(long Created, long Updated, long Unchanged);
