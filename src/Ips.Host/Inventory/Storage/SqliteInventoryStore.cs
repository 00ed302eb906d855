namespace Ips.Host.Inventory.Storage;

/// <summary>The inventory in a SQLite file, beside it the nonces in <c>&lt;path&gt;-nonces</c>.</summary>
/// <remarks>WAL: readers never wait. <c>synchronous=FULL</c>: WAL alone keeps acknowledged writes when the process is killed, but not when the
/// machine loses power; an inventory is written seldom enough to pay one fsync for each write.</remarks>
internal sealed class SqliteInventoryStore : SqlInventoryStore
{
    private readonly SqliteDatabase _inventory;
    private readonly SqliteDatabase _nonces;
    private readonly NonceBook _nonceBook = new();
    private readonly string _path;

    /// <summary>Opens the store; makes and migrates it if needed.</summary>
    /// <exception cref="StoreVersionException">The store is newer than this build.</exception>
    public SqliteInventoryStore(InventoryOptions options)
    {
        _path = FullPath(options);
        _inventory = new SqliteDatabase(_path, SqliteSchema.Inventory, survivesPowerLoss: true, options.BusyTimeout, options.Readers);
        _nonces = new SqliteDatabase(_path + "-nonces", SqliteSchema.Nonces, survivesPowerLoss: false, options.BusyTimeout, readers: 1);
    }

    /// <inheritdoc/>
    public override string Description => _path;

    /// <summary>The absolute path of the file that the options name.</summary>
    public static string FullPath(InventoryOptions options) => Path.GetFullPath(options.Path ?? InventoryOptions.DefaultFile);

    /// <inheritdoc/>
    public override async ValueTask ReleaseAsync()
    {
        await _inventory.ReleaseAsync();
        await _nonces.ReleaseAsync();
    }

    /// <inheritdoc/>
    public override async ValueTask<NonceOutcome> TakeAsync(
        string accessKey, string nonce, long expires, long forgetBefore, int capacity, CancellationToken cancellationToken)
    {
        await using var write = await _nonces.BeginWriteAsync(cancellationToken);
        var outcome = await _nonceBook.TakeAsync(write.Session, accessKey, nonce, expires, forgetBefore, capacity);
        await write.CommitAsync();
        return outcome;
    }

    /// <inheritdoc/>
    public override async ValueTask<IImportSession> BeginImportAsync(CancellationToken cancellationToken)
    {
        var write = await _inventory.BeginWriteAsync(cancellationToken);
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

    /// <inheritdoc/>
    protected override async ValueTask<SqlSession> RentReaderAsync(CancellationToken cancellationToken) => await _inventory.RentReaderAsync(cancellationToken);

    /// <inheritdoc/>
    protected override ValueTask<SqlWrite> BeginWriteAsync(CancellationToken cancellationToken) => _inventory.BeginWriteAsync(cancellationToken);

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

        public async ValueTask<ImportCounts> CommitAsync(CancellationToken cancellationToken)
        {
            cancellationToken.ThrowIfCancellationRequested();
            await write.CommitAsync();
            return _counts;
        }

        public ValueTask DisposeAsync() => write.DisposeAsync();
    }
}
