using Ips.Actors.Files;

namespace Ips.Host.Inventory.Storage;

/// <summary>Where the inventory lies. Two generations, and with PostgreSQL several daemons, use one store at the same time.</summary>
/// <remarks>Order: open (which migrates) before the first request; <see cref="IAsyncDisposable.DisposeAsync"/> after the last.</remarks>
internal interface IInventoryStore : IObjectStore, IAccessKeyStore, INonceStore, IAsyncDisposable
{
    /// <summary>What the store is, for the log: a path, or host and database; never a password.</summary>
    string Description { get; }

    /// <summary>Which store it is.</summary>
    StoreIdentity Identity { get; }

    /// <summary>Finds out whether it can be read and written.</summary>
    /// <returns>What is wrong, without a path or a server's name; null if nothing is.</returns>
    ValueTask<string?> CheckAsync(CancellationToken cancellationToken);

    /// <summary>Closes every pooled connection. To be called at the end of the drain, never before the last request:
    /// what comes later fails with <see cref="ObjectDisposedException"/>. May be called again.</summary>
    ValueTask ReleaseAsync();
}

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

/// <summary>The access keys.</summary>
internal interface IAccessKeyStore
{
    /// <summary>How long one call may take in all: <c>ips.store.busy-timeout</c>.</summary>
    TimeSpan CallLimit { get; }

    /// <summary>A number that grows with every change of the keys: cheap to ask, so that a cache need not read them all.</summary>
    ValueTask<long> GetKeysVersionAsync(CancellationToken cancellationToken);

    /// <summary>All keys, by name.</summary>
    ValueTask<IReadOnlyList<AccessKey>> GetKeysAsync(CancellationToken cancellationToken);

    /// <summary>Stores a new key.</summary>
    /// <returns>False if there is one of this name.</returns>
    ValueTask<bool> AddKeyAsync(AccessKey key, CancellationToken cancellationToken);

    /// <summary>Replaces the key of this name.</summary>
    /// <returns>False if there is none.</returns>
    ValueTask<bool> ReplaceKeyAsync(AccessKey key, CancellationToken cancellationToken);

    /// <summary>Removes the key of a name.</summary>
    /// <returns>False if there is none.</returns>
    ValueTask<bool> DeleteKeyAsync(string name, CancellationToken cancellationToken);
}

/// <summary>One access key.</summary>
/// <param name="Name">The public part: what requests carry as <c>accesskey</c>.</param>
/// <param name="Secret">The secret part. Kept as it is: an HMAC cannot be checked with a digest of its key.</param>
/// <param name="PreviousSecret">The secret before the last rotation, or null.</param>
/// <param name="PreviousUntil">Until when <paramref name="PreviousSecret"/> is still accepted.</param>
/// <param name="CanWrite">False: a read-only key.</param>
/// <param name="IsEnabled">False: disabled.</param>
/// <param name="Created">When the key was made.</param>
/// <param name="Note">The operator's own words.</param>
internal sealed record AccessKey(
    string Name, string Secret, string? PreviousSecret, DateTimeOffset PreviousUntil, bool CanWrite, bool IsEnabled, DateTimeOffset Created,
        string Note)
{
    /// <summary>Never shows the secrets, wherever a log or a message might print a key.</summary>
    public override string ToString() => $"AccessKey {Name}";
}

/// <summary>The nonces that were accepted. They lie beside the objects, so that a request cannot be replayed to the other generation
/// during a reload, or to another daemon.</summary>
/// <remarks>Old nonces are forgotten, by the store's clock. The store remembers in a mark, which never goes back, up to which
/// <c>expires</c> it has forgotten any, and takes no request from before it. So a request is accepted once, however the clocks and windows
/// of its users differ or change.</remarks>
internal interface INonceStore
{
    /// <summary>Takes a nonce once.</summary>
    /// <param name="accessKey">Whose nonce.</param>
    /// <param name="nonce">The nonce.</param>
    /// <param name="expires">The request's <c>expires</c>, Unix seconds.</param>
    /// <param name="window">How long requests are valid: older nonces are forgotten.</param>
    /// <param name="capacity">Most nonces kept, of which one key may hold as many as are free.</param>
    /// <param name="cancellationToken">Ends the wait for other writes.</param>
    ValueTask<NonceOutcome> TakeAsync(string accessKey, string nonce, long expires, TimeSpan window, int capacity,
        CancellationToken cancellationToken);
}

/// <summary>What <see cref="INonceStore.TakeAsync"/> answers.</summary>
internal enum NonceOutcome
{
    /// <summary>The nonce is new.</summary>
    Taken,

    /// <summary>The nonce was taken before.</summary>
    Used,

    /// <summary>Nonces of this age are forgotten: nobody can tell whether it was taken before.</summary>
    Forgotten,

    /// <summary>There are as many as may be kept, in all or of this key.</summary>
    Full,
}
