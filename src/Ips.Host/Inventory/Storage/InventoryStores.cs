using System.Data.Common;
using System.Net.Sockets;

namespace Ips.Host.Inventory.Storage;

/// <summary>Opens the store that the options name.</summary>
internal static class InventoryStores
{
    /// <summary>Opens and migrates the store.</summary>
    /// <exception cref="StoreVersionException">The store is newer than this build.</exception>
    /// <exception cref="StoreBusyException">A migration or write of another process did not end in time.</exception>
    /// <exception cref="StoreUnavailableException">Anything else that an operator can mend; the message says which store, why, and the key.</exception>
    public static async ValueTask<IInventoryStore> OpenAsync(InventoryOptions options, CancellationToken cancellationToken)
    {
        // Two methods, so that only the database that is used is loaded: a reload waits for it.
        var isPostgres = !string.IsNullOrWhiteSpace(options.Postgres);
        try
        {
            return isPostgres ? await PostgresInventoryStore.OpenAsync(options, cancellationToken) : OpenSqlite(options);
        }
        catch (Exception e) when (e is DbException or IOException or UnauthorizedAccessException or SocketException or TimeoutException)
        {
            throw isPostgres
                ? new StoreUnavailableException(PostgresInventoryStore.Describe(options), "ips.store.postgres", e)
                : new StoreUnavailableException(SqliteInventoryStore.FullPath(options), "ips.store.path", e);
        }
    }

    private static SqliteInventoryStore OpenSqlite(InventoryOptions options)
    {
        var path = SqliteInventoryStore.FullPath(options);
        // SQLite itself says no more than "unable to open database file".
        if (Directory.Exists(path)) throw new IOException("it is a directory");
        if (!Directory.Exists(Path.GetDirectoryName(path))) throw new IOException("its directory does not exist");
        return new SqliteInventoryStore(options);
    }
}
