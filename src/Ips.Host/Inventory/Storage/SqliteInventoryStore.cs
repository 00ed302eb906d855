using Ips.Actors.Files;
using Microsoft.Data.Sqlite;

namespace Ips.Host.Inventory.Storage;

/// <summary>The inventory in a SQLite file, beside it the nonces in <c>&lt;path&gt;-nonces</c>.</summary>
/// <remarks>WAL: readers never wait. <c>synchronous=FULL</c>: WAL alone keeps acknowledged writes when the process is killed, but not when
/// the machine loses power; an inventory is written seldom enough to pay one fsync for each write.</remarks>
internal sealed class SqliteInventoryStore : SqlInventoryStore
{
    private const string Nonces = "-nonces", Log = "-wal";
    private const long ProbeBytes = 64 * 1024; // more than one write takes

    private readonly SqliteDatabase _inventory;
    private readonly Func<SqliteDatabase> _openNonces;
    private readonly Lock _noncesGate = new();
    private SqliteDatabase? _nonces;
    private bool _released;
    private readonly NonceBook _nonceBook;
    private readonly string _path;

    /// <summary>Opens the store; makes and migrates it if needed.</summary>
    /// <param name="options">Where it lies.</param>
    /// <param name="time">The machine's clock, which is the store's: all who use a file are on one machine.</param>
    /// <param name="opening">Whether it may be made, and which one it must be; null to make it.</param>
    /// <exception cref="StoreVersionException">The store is newer than this build.</exception>
    /// <exception cref="StoreRefusedException">There is none, and it may not be made, or it is another one.</exception>
    public SqliteInventoryStore(InventoryOptions options, TimeProvider? time = null, StoreOpening? opening = null)
        : base(options.BusyTimeout)
    {
        time ??= TimeProvider.System;
        opening ??= StoreOpening.OrCreate;
        _nonceBook = new NonceBook(time, _ => ValueTask.FromResult(time.GetUtcNow().ToUnixTimeSeconds()));
        _path = FullPath(options);
        CheckPlace(opening);
        _inventory = new SqliteDatabase(
            _path, SqliteSchema.Inventory, survivesPowerLoss: true, options.BusyTimeout, options.Readers,
                found => CheckFound(found, opening), SqliteSchema.More, SqliteSchema.Identity);
        Identity = Identify(_inventory);
        _openNonces = () => new SqliteDatabase(
            _path + Nonces, SqliteSchema.Nonces, survivesPowerLoss: false, options.BusyTimeout, readers: 1, null, SqliteSchema.NonceMark);
        try
        {
            _nonces = _openNonces();
        }
        catch (SqliteException e) when (SqliteTrouble.Of(e) is StoreTrouble.Full or StoreTrouble.ReadOnly)
        {
            // Tried again by each request that has a nonce: reads do without.
        }
        catch
        {
            _inventory.Connection.Dispose();
            throw;
        }
    }

    public override string Description => _path;

    public override StoreIdentity Identity { get; }

    /// <summary>The absolute path of the file that the options name.</summary>
    public static string FullPath(InventoryOptions options) => Path.GetFullPath(options.Path ?? InventoryOptions.DefaultFile);

    /// <summary>Removes the files of a store that was just made, if it holds nothing and nobody else has it open.</summary>
    internal static void RemoveUnused(InventoryOptions options)
    {
        var path = FullPath(options);
        try
        {
            foreach (var (file, tables) in ((string, string[])[])[($"{path}-nonces", []), (path, ["ips_object", "ips_access_key"])])
            {
                if (!File.Exists(file) || !SqliteDatabase.IsUnused(file, tables)) continue;
                foreach (var suffix in (string[])["", "-wal", "-shm", "-journal"]) File.Delete(file + suffix);
            }
        }
        catch (Exception e) when (e is Microsoft.Data.Sqlite.SqliteException or IOException or UnauthorizedAccessException)
        {
            // It stays: somebody else uses it, or the disk fails, which is why the start has failed.
        }
    }

    /// <summary>A file that says that there was a store at a path; null if there is none.</summary>
    public static string? LeftOf(string path) => ((string[])[path + Nonces, path + Log]).FirstOrDefault(File.Exists);

    public override async ValueTask ReleaseAsync()
    {
        await _inventory.ReleaseAsync();
        SqliteDatabase? nonces;
        lock (_noncesGate) (nonces, _released) = (_nonces, true);
        if (nonces is not null) await nonces.ReleaseAsync();
    }

    protected override async Task<NonceOutcome> TakeAsync(
        StoreCall call, string accessKey, string nonce, long expires, TimeSpan window, int capacity)
    {
        await using var write = await OpenNonces().BeginWriteAsync(call);
        var outcome = await _nonceBook.TakeAsync(write.Session, accessKey, nonce, expires, window, capacity);
        await write.CommitAsync();
        return outcome;
    }

    public override async ValueTask<IImportSession> BeginImportAsync(CancellationToken cancellationToken)
    {
        var write = await _inventory.BeginWriteAsync(new StoreCall(CallLimit, cancellationToken));
        try
        {
            return new SqliteImportSession(write, await NextVersionAsync(write.Session));
        }
        catch
        {
            await write.DisposeAsync();
            throw;
        }
    }

    protected override async ValueTask<SqlSession> RentReaderAsync(StoreCall call) => await _inventory.RentReaderAsync(call);

    protected override ValueTask<SqlWrite> BeginWriteAsync(StoreCall call) => _inventory.BeginWriteAsync(call);

    protected override async Task<T> CarryOutAsync<T>(TimeSpan limit, Func<StoreCall, Task<T>> work, CancellationToken cancellationToken)
    {
        var call = new StoreCall(limit, cancellationToken);
        try
        {
            return await work(call);
        }
        catch (SqliteException e) when (SqliteTrouble.IsBusy(e))
        {
            throw new StoreBusyException(limit, e);
        }
        catch (SqliteException e) when (SqliteTrouble.Of(e) is { } trouble)
        {
            throw new StoreAwayException(_path, trouble == StoreTrouble.Away && call.CommitSent ? StoreTrouble.InDoubt : trouble,
                e.Message, e);
        }
    }

    protected override string? Fault(string? id)
    {
        if (!_inventory.IsInPlace || id != Identity.Id) return StoreTroubleText.Of(StoreTrouble.Replaced);
        return HasRoom() ? null : StoreTroubleText.Of(StoreTrouble.Full);
    }

    private SqliteDatabase OpenNonces()
    {
        lock (_noncesGate)
        {
            ObjectDisposedException.ThrowIf(_released, this);
            return _nonces ??= _openNonces();
        }
    }

    // Room for a write, asked of the file system itself: what statvfs(2) calls free may be kept for root or used up by a quota, and a small
    // write into the log of SQLite needs none as long as it goes over old content.
    private bool HasRoom()
    {
        try
        {
            using var probe = File.OpenHandle(
                $"{_path}-probe-{Environment.ProcessId}", FileMode.Create, FileAccess.Write, FileShare.Read, FileOptions.DeleteOnClose,
                    ProbeBytes);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
        catch (UnauthorizedAccessException)
        {
            return true; // a folder in which SQLite itself can no longer make a file
        }
    }

    private void CheckPlace(StoreOpening opening)
    {
        if (File.Exists(_path)) return;
        if (!opening.MayCreate) throw new StoreRefusedException(StoreIdentity.Missing(_path, opening.Running));
        if (LeftOf(_path) is { } left)
        {
            throw new StoreRefusedException(
                $"There is no store at {_path}, but {left} is left of one. Restore it (ips.store.path names it); to begin with an empty "
                    + $"one, remove {_path}-*.");
        }
    }

    private void CheckFound(SqliteDatabase found, StoreOpening opening)
    {
        if (!opening.MayCreate && SqliteMigrator.Version(found.Connection) == 0)
            throw new StoreRefusedException(StoreIdentity.Missing(_path, opening.Running));
        if (opening.Running is { } running && Identify(found).Refusal(running) is { } refusal) throw new StoreRefusedException(refusal);
    }

    private StoreIdentity Identify(SqliteDatabase database)
    {
        using var command = database.Connection.CreateCommand();
        command.CommandText = IdSql;
        return new StoreIdentity(
            SqliteMigrator.IsMissing(database.Connection, SqliteSchema.Identity) ? null : (string?)command.ExecuteScalar(), database.File,
                _path);
    }

    private sealed class SqliteImportSession(SqlWrite write, long version) : IImportSession
    {
        private ImportCounts _counts;

        // All objects of an import share one version: it is one change.
        public async ValueTask AddAsync(InventoryObject item, CancellationToken cancellationToken)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var outcome = await PutAsync(write.Session, item, version, WriteCondition.None);
            _counts = outcome.Kind switch
            {
                WriteKind.Created => _counts with { Created = _counts.Created + 1 },
                WriteKind.Updated => _counts with { Updated = _counts.Updated + 1 },
                _ => _counts with { Unchanged = _counts.Unchanged + 1 },
            };
        }

        public ValueTask<ImportCounts> TryAsync(CancellationToken cancellationToken) => ValueTask.FromResult(_counts);

        public async ValueTask<ImportCounts> CommitAsync(CancellationToken cancellationToken)
        {
            cancellationToken.ThrowIfCancellationRequested();
            await write.CommitAsync();
            return _counts;
        }

        public ValueTask DisposeAsync() => write.DisposeAsync();
    }
}
