using Npgsql;

namespace Ips.Host.Inventory.Storage;

/// <summary>The inventory in PostgreSQL, for several daemons over one inventory.</summary>
/// <remarks>Addresses are <c>bytea</c> of 16 bytes and not <c>inet</c>, which orders by family and prefix: so one SQL text serves both stores.
/// Each commit waits for the server's disk as <c>synchronous_commit</c> says, which is on unless the server's operator turned it off.</remarks>
internal sealed class PostgresInventoryStore : SqlInventoryStore
{
    private readonly NpgsqlDataSource _source;
    private readonly TimeSpan _busyTimeout;
    private readonly NonceBook _nonceBook = new();
    private readonly SemaphoreSlim _nonceTurn = new(1, 1);
    private readonly SemaphoreSlim _writer = new(1, 1);
    private volatile bool _released;

    private PostgresInventoryStore(NpgsqlDataSource source, TimeSpan busyTimeout, string description)
    {
        _source = source;
        _busyTimeout = busyTimeout;
        Description = description;
    }

    /// <inheritdoc/>
    public override string Description { get; }

    /// <summary>Opens and migrates the store.</summary>
    /// <exception cref="StoreVersionException">The store is newer than this build.</exception>
    public static async ValueTask<PostgresInventoryStore> OpenAsync(InventoryOptions options, CancellationToken cancellationToken)
    {
        var settings = new NpgsqlConnectionStringBuilder(options.Postgres);
        // What the operator wrote wins over these defaults.
        if (!settings.ContainsKey("Maximum Pool Size")) settings.MaxPoolSize = options.Readers + 2; // and one writer for objects, one for nonces
        if (!settings.ContainsKey("Max Auto Prepare")) settings.MaxAutoPrepare = 64;
        if (!settings.ContainsKey("Application Name")) settings.ApplicationName = "ips";
        settings.Options = string.Join(' ', [settings.Options ?? "", $"-c lock_timeout={(long)options.BusyTimeout.TotalMilliseconds}"]).Trim();
        var source = NpgsqlDataSource.Create(settings);
        try
        {
            var description = Describe(settings);
            await PostgresMigrator.MigrateAsync(source, PostgresSchema.Inventory, description, cancellationToken);
            return new PostgresInventoryStore(source, options.BusyTimeout, description);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.LockNotAvailable)
        {
            await source.DisposeAsync();
            throw new StoreBusyException(options.BusyTimeout, e);
        }
        catch
        {
            await source.DisposeAsync();
            throw;
        }
    }

    /// <summary>The server and database that the options name, for messages; no password.</summary>
    public static string Describe(InventoryOptions options) => Describe(new NpgsqlConnectionStringBuilder(options.Postgres));

    /// <inheritdoc/>
    public override async ValueTask ReleaseAsync()
    {
        if (_released) return;
        _released = true;
        await _writer.WaitAsync(CancellationToken.None); // a write that is under way is finished first
        _writer.Release();
        await _source.DisposeAsync();
    }

    /// <inheritdoc/>
    public override async ValueTask<NonceOutcome> TakeAsync(
        string accessKey, string nonce, long expires, long forgetBefore, int capacity, CancellationToken cancellationToken)
    {
        await using var write = await BeginAsync(_nonceTurn, cancellationToken);
        // A nonce that a crash of the server forgets was shorter alive than the server takes to start.
        await write.Session.ExecuteAsync("SET LOCAL synchronous_commit = off");
        var outcome = await _nonceBook.TakeAsync(write.Session, accessKey, nonce, expires, forgetBefore, capacity);
        await write.CommitAsync();
        return outcome;
    }

    /// <inheritdoc/>
    public override async ValueTask<IImportSession> BeginImportAsync(CancellationToken cancellationToken)
    {
        var write = await BeginAsync(_writer, cancellationToken);
        try
        {
            return await PostgresImportSession.BeginAsync(write, write.Connection, await TakeVersionAsync(write), cancellationToken);
        }
        catch
        {
            await write.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc/>
    protected override async ValueTask<SqlSession> RentReaderAsync(CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_released, this);
        return new PostgresSession(await _source.OpenConnectionAsync(cancellationToken));
    }

    /// <inheritdoc/>
    protected override async ValueTask<SqlWrite> BeginWriteAsync(CancellationToken cancellationToken)
    {
        var write = await BeginAsync(_writer, cancellationToken);
        try
        {
            await LockVersionAsync(write);
            return write;
        }
        catch
        {
            await write.DisposeAsync();
            throw;
        }
    }

    private static string Describe(NpgsqlConnectionStringBuilder settings) => $"postgresql://{settings.Host}:{settings.Port}/{settings.Database ?? settings.Username}";

    private async ValueTask<PostgresWrite> BeginAsync(SemaphoreSlim turn, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_released, this);
        if (!await turn.WaitAsync(_busyTimeout, cancellationToken)) throw new StoreBusyException(_busyTimeout, null);
        try
        {
            ObjectDisposedException.ThrowIf(_released, this);
            var connection = await _source.OpenConnectionAsync(cancellationToken);
            try
            {
                return new PostgresWrite(connection, await connection.BeginTransactionAsync(cancellationToken), turn);
            }
            catch
            {
                await connection.DisposeAsync();
                throw;
            }
        }
        catch
        {
            turn.Release();
            throw;
        }
    }

    // The row's lock is the single file of writers across daemons.
    private async ValueTask LockVersionAsync(PostgresWrite write)
    {
        try
        {
            await write.Session.ExecuteAsync("SELECT value FROM ips_counter WHERE name = 'version' FOR UPDATE");
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.LockNotAvailable)
        {
            throw new StoreBusyException(_busyTimeout, e);
        }
    }

    private async ValueTask<long> TakeVersionAsync(PostgresWrite write)
    {
        await LockVersionAsync(write);
        return await NextVersionAsync(write.Session);
    }
}
