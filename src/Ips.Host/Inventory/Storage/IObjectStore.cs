namespace Ips.Host.Inventory.Storage;

/// <summary>The objects. Every method throws <see cref="StoreBusyException"/> if another write kept it waiting beyond
/// <c>ips.store.busy-timeout</c>, and <see cref="StoreAwayException"/> if the store cannot be used, or does not answer within that
/// time.</summary>
internal interface IObjectStore
{
    /// <summary>One object, or null.</summary>
    ValueTask<StoredObject?> GetAsync(ObjectClass oclass, string id, CancellationToken cancellationToken);

    /// <summary>The objects of one class that match all filters, ordered by id (ordinal).</summary>
    ValueTask<ObjectPage> ListAsync(ListQuery query, CancellationToken cancellationToken);

    /// <summary>The objects that hold any of the addresses, each once, in the order in which they were first stored.</summary>
    ValueTask<ObjectPage> SearchAsync(SearchQuery query, CancellationToken cancellationToken);

    /// <summary>Makes or replaces an object. When it answers, the write survives a killed process and a power loss.</summary>
    ValueTask<WriteOutcome> PutAsync(InventoryObject item, WriteCondition condition, CancellationToken cancellationToken);

    /// <summary>Deletes an object, as durably as <see cref="PutAsync"/>.</summary>
    ValueTask<WriteOutcome> DeleteAsync(ObjectClass oclass, string id, WriteCondition condition, CancellationToken cancellationToken);

    /// <summary>Begins an import, which keeps all other writes waiting until it is disposed.</summary>
    ValueTask<IImportSession> BeginImportAsync(CancellationToken cancellationToken);

    /// <summary>All objects, or those of one class, as of one moment, in the order in which they were first stored.</summary>
    IAsyncEnumerable<StoredObject> ExportAsync(ObjectClass? oclass, CancellationToken cancellationToken);
}
