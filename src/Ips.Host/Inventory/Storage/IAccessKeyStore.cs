
namespace Ips.Host.Inventory.Storage;

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
