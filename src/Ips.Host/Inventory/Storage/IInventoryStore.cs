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
