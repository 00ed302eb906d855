using System.Data.Common;
using System.Net.Sockets;

namespace Ips.Host.Inventory.Storage;

/// <summary>Opens the store that the options name.</summary>
internal static class InventoryStores
{
    /// <summary>Opens and migrates the store, and makes it if there is none.</summary>
    public static ValueTask<IInventoryStore> OpenAsync(InventoryOptions options, CancellationToken cancellationToken) =>
        OpenAsync(options, TimeProvider.System, StoreOpening.OrCreate, cancellationToken);

    /// <summary>Opens and migrates the store.</summary>
    /// <param name="options">Where it lies.</param>
    /// <param name="time">The clock of this machine.</param>
    /// <param name="opening">Whether it may be made, and which one it must be.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="StoreRefusedException">There is none, and it may not be made, or it is another one.</exception>
    /// <exception cref="StoreVersionException">The store is newer than this build.</exception>
    /// <exception cref="StoreBusyException">A migration or write of another process did not end in time.</exception>
    /// <exception cref="StoreUnavailableException">Anything else that an operator can mend; the message says which store, why, and the
    /// key.</exception>
    public static async ValueTask<IInventoryStore> OpenAsync(
        InventoryOptions options, TimeProvider time, StoreOpening opening, CancellationToken cancellationToken)
    {
        // Two methods, so that only the database that is used is loaded: a reload waits for it.
        var isPostgres = !string.IsNullOrWhiteSpace(options.Postgres);
        try
        {
            return isPostgres ? await PostgresInventoryStore.OpenAsync(options, time, opening, cancellationToken)
                : OpenSqlite(options, time, opening);
        }
        catch (Exception e) when (e is DbException or IOException or UnauthorizedAccessException or SocketException or TimeoutException)
        {
            throw isPostgres
                ? new StoreUnavailableException(PostgresInventoryStore.Describe(options), "ips.store.postgres", e)
                : new StoreUnavailableException(SqliteInventoryStore.FullPath(options), "ips.store.path", e);
        }
    }

    /// <summary>Opens the store for the daemon. A successor starts without it if it is away now: whether that counts, its predecessor
    /// judges by the health check <c>store</c>, which fails then.</summary>
    public static async ValueTask<IInventoryStore> OpenForServiceAsync(InventoryOptions options, StoreOpening opening,
        CancellationToken cancellationToken)
    {
        try
        {
            return await OpenAsync(options, TimeProvider.System, opening, cancellationToken);
        }
        catch (Exception e) when (e is StoreUnavailableException or StoreBusyException && opening.Running is not null)
        {
            return new LateInventoryStore(
                PlaceOf(options), opening.Running, () => OpenAsync(options, TimeProvider.System, opening,
                    CancellationToken.None).AsTask(), options.BusyTimeout, TimeProvider.System);
        }
    }

    /// <summary>The path, or host and database, that the options name; no password.</summary>
    public static string PlaceOf(InventoryOptions options) =>
        string.IsNullOrWhiteSpace(options.Postgres) ? SqliteInventoryStore.FullPath(options) : PostgresInventoryStore.Describe(options);

    /// <summary>The configuration key that names a store.</summary>
    /// <param name="place">As <see cref="PlaceOf"/> says it.</param>
    public static string KeyOf(string place) =>
        place.StartsWith(PostgresInventoryStore.Scheme, StringComparison.Ordinal) ? "ips.store.postgres" : "ips.store.path";

    private static SqliteInventoryStore OpenSqlite(InventoryOptions options, TimeProvider time, StoreOpening opening)
    {
        var path = SqliteInventoryStore.FullPath(options);
        // SQLite itself says no more than "unable to open database file".
        if (Directory.Exists(path)) throw new IOException("it is a directory");
        if (!Directory.Exists(Path.GetDirectoryName(path)))
            throw opening.MayCreate ? new IOException("its directory does not exist")
                : new StoreRefusedException(StoreIdentity.Missing(path, opening.Running));
        return new SqliteInventoryStore(options, time, opening);
    }
}

/// <summary>How a store may be opened.</summary>
/// <param name="MayCreate">It is made if there is none, on a place where none was.</param>
/// <param name="Running">The store that the running service has open, which it must be; null if there is none, or another is
/// accepted.</param>
internal sealed record StoreOpening(bool MayCreate, StoreIdentity? Running = null)
{
    /// <summary>Makes it if needed.</summary>
    public static StoreOpening OrCreate { get; } = new(MayCreate: true);

    /// <summary>Only one that is there.</summary>
    public static StoreOpening Existing { get; } = new(MayCreate: false);
}
