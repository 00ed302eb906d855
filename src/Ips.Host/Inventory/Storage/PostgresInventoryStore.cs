using System.Diagnostics;
using Ips.Actors.Files;
using Npgsql;

namespace Ips.Host.Inventory.Storage;

/// <summary>The inventory in PostgreSQL, for several daemons over one inventory.</summary>
/// <remarks>Addresses are <c>bytea</c> of 16 bytes and not <c>inet</c>, which orders by family and prefix: so one SQL text serves both
/// stores. Each commit waits for the server's disk as <c>synchronous_commit</c> says, which is on unless the server's operator turned it
/// off.</remarks>
internal sealed class PostgresInventoryStore : SqlInventoryStore
{
    private static readonly TimeSpan LockMargin = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ConnectionPause = TimeSpan.FromMilliseconds(20);

    private readonly NpgsqlDataSource _source;
    private readonly TimeSpan _busyTimeout;
    private readonly NonceBook _nonceBook;
    private readonly SemaphoreSlim _nonceTurn = new(1, 1);
    private readonly SemaphoreSlim _writer = new(1, 1);
    private volatile bool _released;
    private int _imports; // of this process
    private long _busyAt = long.MinValue; // when a lock of another daemon's, or an import's, was last in the way

    private PostgresInventoryStore(NpgsqlDataSource source, TimeSpan busyTimeout, StoreIdentity identity, TimeProvider time)
        : base(busyTimeout)
    {
        Identity = identity;
        // The server's clock: those of the daemons differ. Not now(), which is the time at which the transaction began.
        _nonceBook = new NonceBook(time,
            async session => (await session.ScalarAsync("SELECT floor(extract(epoch FROM clock_timestamp()))::bigint"))!.Value);
        _source = source;
        _busyTimeout = busyTimeout;
    }

    /// <summary>What the description of such a store begins with.</summary>
    public const string Scheme = "postgresql://";

    public override string Description => Identity.Place;

    public override StoreIdentity Identity { get; }

    /// <summary>Opens and migrates the store.</summary>
    /// <param name="options">Where it lies.</param>
    /// <param name="time">Measures how long something takes; what time it is, the server says.</param>
    /// <param name="opening">Whether it may be made, and which one it must be.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="StoreVersionException">The store is newer than this build.</exception>
    /// <exception cref="StoreRefusedException">There is none, and it may not be made, or it is another one.</exception>
    public static async ValueTask<PostgresInventoryStore> OpenAsync(
        InventoryOptions options, TimeProvider time, StoreOpening opening, CancellationToken cancellationToken)
    {
        var settings = SettingsOf(options);
        var source = NpgsqlDataSource.Create(settings);
        try
        {
            var identity = await PostgresMigrator.MigrateAsync(
                source, PostgresSchema.Inventory, [PostgresSchema.NonceMark, PostgresSchema.More, PostgresSchema.Identity],
                    Describe(settings), opening,
                options.BusyTimeout, cancellationToken);
            return new PostgresInventoryStore(source, options.BusyTimeout, identity, time);
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

    /// <summary>The operator's connection string, with defaults for what it does not say.</summary>
    public static NpgsqlConnectionStringBuilder SettingsOf(InventoryOptions options)
    {
        var settings = new NpgsqlConnectionStringBuilder(options.Postgres);
        // What the operator wrote wins over these defaults. Not ContainsKey, which is true for every keyword that there is.
        // And one writer for objects, one for nonces.
        if (!settings.ShouldSerialize("Maximum Pool Size")) settings.MaxPoolSize = options.Readers + 2;
        if (!settings.ShouldSerialize("Max Auto Prepare")) settings.MaxAutoPrepare = 64;
        if (!settings.ShouldSerialize("Application Name")) settings.ApplicationName = "ips";
        // A new connection within a call's limit; commands have that of the call, which Npgsql's own would cut short or, with a server that
        // hangs, not keep.
        if (!settings.ShouldSerialize("Timeout")) settings.Timeout = Math.Max(1, (int)Math.Ceiling(options.BusyTimeout.TotalSeconds));
        if (!settings.ShouldSerialize("Command Timeout")) settings.CommandTimeout = 0;
        if (!settings.ShouldSerialize("Tcp Keepalive"))
            (settings.TcpKeepAlive, settings.TcpKeepAliveTime, settings.TcpKeepAliveInterval) = (true, 10, 2);
        // Less than the limit of a call, so that a lock in the way is told from a server that does not answer.
        settings.Options = string.Join(' ', [settings.Options ?? "",
            $"-c lock_timeout={(long)LockTimeout(options.BusyTimeout).TotalMilliseconds}"]).Trim();
        return settings;
    }

    /// <summary>The server and database that the options name, for messages; no password.</summary>
    public static string Describe(InventoryOptions options) => Describe(new NpgsqlConnectionStringBuilder(options.Postgres));

    public override async ValueTask ReleaseAsync()
    {
        if (_released) return;
        _released = true;
        await _writer.WaitAsync(CancellationToken.None); // a write that is under way is finished first
        _writer.Release();
        await _source.DisposeAsync();
    }

    protected override async Task<NonceOutcome> TakeAsync(
        StoreCall call, string accessKey, string nonce, long expires, TimeSpan window, int capacity)
    {
        await using var write = await BeginAsync(_nonceTurn, call);
        // Not worth a wait for the disk: a crash of the server loses those of its last moment (docs/api.md says what follows).
        await write.Session.ExecuteAsync("SET LOCAL synchronous_commit = off");
        var outcome = await _nonceBook.TakeAsync(write.Session, accessKey, nonce, expires, window, capacity);
        await write.CommitAsync();
        return outcome;
    }

    public override async ValueTask<IImportSession> BeginImportAsync(CancellationToken cancellationToken)
    {
        using var wait = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        wait.CancelAfter(LockTimeout(CallLimit));
        var write = await BeginImportWriteAsync(wait, cancellationToken);
        Interlocked.Increment(ref _imports);
        write.Ended = () => Interlocked.Decrement(ref _imports);
        try
        {
            return await PostgresImportSession.BeginAsync(write, write.Connection, await TakeVersionAsync(write), cancellationToken);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.LockNotAvailable)
        {
            await write.DisposeAsync();
            throw new StoreBusyException(LockTimeout(_busyTimeout), e);
        }
        catch
        {
            await write.DisposeAsync();
            throw;
        }
    }

    private async ValueTask<PostgresWrite> BeginImportWriteAsync(CancellationTokenSource wait, CancellationToken cancellationToken)
    {
        try
        {
            await _writer.WaitAsync(wait.Token);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new StoreBusyException(LockTimeout(CallLimit), e);
        }

        return await BeginInTurnAsync(_writer, new StoreCall(CallLimit, cancellationToken) { CommitToken = CancellationToken.None });
    }

    protected override async ValueTask<SqlSession> RentReaderAsync(StoreCall call)
    {
        ObjectDisposedException.ThrowIf(_released, this);
        return new PostgresSession(await ConnectAsync(call), call.Token);
    }

    protected override async ValueTask<SqlWrite> BeginWriteAsync(StoreCall call)
    {
        var write = await BeginAsync(_writer, call);
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

    protected override string? Fault(string? id) => id == Identity.Id ? null : StoreTroubleText.Of(StoreTrouble.Replaced);

    /// <remarks>A call whose time is over is left to itself: Npgsql's way to cancel a command waits for the server too. It gives its
    /// connection back when the server answers, or is gone; until then the pool has one connection less, and who finds none free waits for
    /// the same limit.</remarks>
    protected override async Task<T> CarryOutAsync<T>(TimeSpan limit, Func<StoreCall, Task<T>> work, CancellationToken cancellationToken)
    {
        var began = Stopwatch.GetTimestamp();
        for (var isRetry = false; ; isRetry = true)
        {
            var left = limit - Stopwatch.GetElapsedTime(began);
            var abandoned = new CancellationTokenSource();
            var call = new StoreCall(left > TimeSpan.Zero ? left : TimeSpan.FromMilliseconds(1), abandoned.Token);
            var task = Task.Run(() => work(call), CancellationToken.None);
            try
            {
                return await task.WaitAsync(call.Limit, cancellationToken);
            }
            catch (Exception e) when (!task.IsCompleted)
            {
                var isInDoubt = !call.TryAbandon();
                Abandon(task, abandoned);
                if (e is OperationCanceledException) throw;
                // Behind one that waits for a lock, the next ones have no time left to see that lock themselves.
                if (!isInDoubt && IsBusy(limit)) throw new StoreBusyException(limit, e);
                throw new StoreAwayException(
                    Description, isInDoubt ? StoreTrouble.InDoubt : StoreTrouble.Away,
                        $"no answer within {limit.TotalSeconds:0.###} s (ips.store.busy-timeout)", e);
            }
            catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.LockNotAvailable)
            {
                Volatile.Write(ref _busyAt, Stopwatch.GetTimestamp());
                throw new StoreBusyException(LockTimeout(_busyTimeout), e);
            }
            catch (Exception e) when (!isRetry && !call.CommitSent && PostgresTrouble.IsBroken(e))
            {
                _source.Clear(); // what the server has closed is closed for all: the others would fail one by one
            }
            catch (Exception e) when (PostgresTrouble.Of(e, call.CommitSent) is { } trouble)
            {
                throw new StoreAwayException(Description, trouble, e.GetBaseException().Message, e);
            }
        }
    }

    private bool IsBusy(TimeSpan limit) =>
        Volatile.Read(ref _imports) > 0 || (Volatile.Read(ref _busyAt) is > long.MinValue and var at
            && Stopwatch.GetElapsedTime(at) < limit);

    /// <summary>Cancels a call that nobody waits for, on a thread of its own: Npgsql sends the cancel request, and waits for the answer, on
    /// the thread that cancels. A thread of the pool that waits there would keep other requests beyond their bound, since the pool adds one
    /// only every 500 ms.</summary>
    internal static void Abandon(Task task, CancellationTokenSource abandoned)
    {
        var cancelling = Task.Factory.StartNew(
            abandoned.Cancel, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        _ = Task.WhenAll(task, cancelling).ContinueWith(
            ended =>
            {
                _ = ended.Exception; // it ended somehow; who waited for it was told
                abandoned.Dispose();
            },
            CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    private static TimeSpan LockTimeout(TimeSpan limit) => limit - (limit > LockMargin * 4 ? LockMargin : limit / 4);

    private static string Describe(NpgsqlConnectionStringBuilder settings) =>
        $"{Scheme}{settings.Host}:{settings.Port}/{settings.Database ?? settings.Username}";

    // A server that has no connection left may soon have one: most of its connections are our own, and are used for milliseconds.
    private async ValueTask<NpgsqlConnection> ConnectAsync(StoreCall call)
    {
        var began = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                return await _source.OpenConnectionAsync(call.Token);
            }
            catch (PostgresException e) when (PostgresTrouble.IsFull(e) && Stopwatch.GetElapsedTime(began) < LockTimeout(call.Limit))
            {
                await Task.Delay(ConnectionPause, call.Token);
            }
        }
    }

    private async ValueTask<PostgresWrite> BeginAsync(SemaphoreSlim turn, StoreCall call)
    {
        ObjectDisposedException.ThrowIf(_released, this);
        await turn.WaitAsync(call.Token); // the limit of the call ends it
        return await BeginInTurnAsync(turn, call);
    }

    private async ValueTask<PostgresWrite> BeginInTurnAsync(SemaphoreSlim turn, StoreCall call)
    {
        try
        {
            ObjectDisposedException.ThrowIf(_released, this);
            var connection = await ConnectAsync(call);
            try
            {
                return new PostgresWrite(connection, await connection.BeginTransactionAsync(call.Token), turn, call);
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
    private static Task<int> LockVersionAsync(PostgresWrite write) =>
        write.Session.ExecuteAsync("SELECT value FROM ips_counter WHERE name = 'version' FOR UPDATE");

    private static async ValueTask<long> TakeVersionAsync(PostgresWrite write)
    {
        await LockVersionAsync(write);
        return await NextVersionAsync(write.Session);
    }
}
