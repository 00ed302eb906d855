namespace Ips.Host.Inventory.Storage;

/// <summary>The store cannot be used now. Unless the trouble is <see cref="StoreTrouble.InDoubt"/>, nothing was written.</summary>
internal sealed class StoreAwayException(string store, StoreTrouble trouble, string reason, Exception? inner = null)
    : Exception($"{store}: {StoreTroubleText.Of(trouble)}: {reason}", inner)
{
    /// <summary>What is wrong.</summary>
    public StoreTrouble Trouble => trouble;

    /// <summary>Only writes fail.</summary>
    public bool ReadsGoOn => trouble is StoreTrouble.Full or StoreTrouble.ReadOnly or StoreTrouble.Replaced;
}

/// <summary>There is no store where one must be, or it is another one than must be opened. The message says what to do.</summary>
internal sealed class StoreRefusedException(string message) : Exception(message);

/// <summary>Another write kept this one waiting beyond <c>ips.store.busy-timeout</c>. Nothing was written; trying again is safe.</summary>
internal sealed class StoreBusyException(TimeSpan waited, Exception? inner)
    : Exception($"Another write kept the store busy for more than {waited.TotalSeconds:0.#} s; ips.store.busy-timeout sets this limit.",
        inner);

/// <summary>The store cannot be opened: a missing right, a folder that is not there, a file that is no store, a server that does not
/// answer.</summary>
internal sealed class StoreUnavailableException(string store, string key, Exception inner)
    : Exception($"The store {store} cannot be opened: {inner.Message.TrimEnd('.')}. {key} names it.", inner);

/// <summary>The store was migrated by a newer build than this one.</summary>
internal sealed class StoreVersionException(string store, long found, int known)
    : Exception($"The store {store} has schema version {found}; this build knows versions up to {known}. Run the newer build, or point "
        + "ips.store.path or ips.store.postgres to another store.");
