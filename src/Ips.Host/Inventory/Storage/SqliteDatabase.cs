using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Ips.Host.Inventory.Storage;

/// <summary>One SQLite file: a pool of readers and one writer. Owns the connections.</summary>
internal sealed class SqliteDatabase : IAsyncDisposable
{
    private const int BusyCode = 5;   // SQLITE_BUSY
    private const int LockedCode = 6; // SQLITE_LOCKED

    // Readers share the kernel's pages instead of copying them into a cache each: a large store stays as fast as a small one.
    private const long MappedBytes = 1L << 30;

    private readonly ConcurrentStack<SqliteSession> _idle = new();
    private readonly SemaphoreSlim _readers;
    private readonly SemaphoreSlim _writer = new(1, 1);
    private readonly string _path;
    private readonly bool _survivesPowerLoss;
    private readonly TimeSpan _busyTimeout;
    private SqliteSession? _writing;
    private volatile bool _released;

    /// <summary>Opens a file, makes it if it is missing, and migrates it.</summary>
    /// <param name="path">Full path.</param>
    /// <param name="steps">The schema.</param>
    /// <param name="survivesPowerLoss">True waits for the disk at each commit (<c>synchronous=FULL</c>). False (<c>NORMAL</c>) loses the last commits,
    /// but nothing older, if the machine loses power; neither loses anything if only the process ends.</param>
    /// <param name="busyTimeout">How long a write waits for another one.</param>
    /// <param name="readers">Most readers at once.</param>
    public SqliteDatabase(string path, IReadOnlyList<string> steps, bool survivesPowerLoss, TimeSpan busyTimeout, int readers)
    {
        _path = path;
        _survivesPowerLoss = survivesPowerLoss;
        _busyTimeout = busyTimeout;
        _readers = new SemaphoreSlim(readers, readers);
        CreatePrivately(path);
        _writing = Open(null);
        try
        {
            SqliteMigrator.Migrate(_writing.Connection, steps, path);
        }
        catch (SqliteException e) when (e.SqliteErrorCode is BusyCode or LockedCode)
        {
            _writing.Close();
            throw new StoreBusyException(busyTimeout, e);
        }
        catch
        {
            _writing.Close();
            throw;
        }
    }

    /// <summary>A connection for reading; disposing it gives it back.</summary>
    public async ValueTask<SqliteSession> RentReaderAsync(CancellationToken cancellationToken)
    {
        await _readers.WaitAsync(cancellationToken);
        try
        {
            ObjectDisposedException.ThrowIf(_released, this);
            if (_idle.TryPop(out var session)) return session;
            session = Open(GiveBack);
            await session.ExecuteAsync("PRAGMA query_only = 1"); // a mistake here must not write beside the single writer
            return session;
        }
        catch
        {
            _readers.Release();
            throw;
        }
    }

    /// <summary>Begins a write transaction.</summary>
    public async ValueTask<SqlWrite> BeginWriteAsync(CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_released, this);
        if (!await _writer.WaitAsync(_busyTimeout, cancellationToken)) throw new StoreBusyException(_busyTimeout, null);
        try
        {
            ObjectDisposedException.ThrowIf(_released, this);
            _writing ??= Open(null);
            // IMMEDIATE takes the lock now: a deferred transaction that had read before it writes would fail with SQLITE_BUSY at once, without any wait.
            await _writing.ExecuteAsync("BEGIN IMMEDIATE");
            return new Write(this, _writing);
        }
        catch (SqliteException e) when (e.SqliteErrorCode is BusyCode or LockedCode)
        {
            _writer.Release();
            throw new StoreBusyException(_busyTimeout, e);
        }
        catch
        {
            _writer.Release();
            throw;
        }
    }

    /// <summary>Closes all connections: the idle ones now, others as they are given back.</summary>
    public async ValueTask ReleaseAsync()
    {
        if (_released) return;
        _released = true;
        await _writer.WaitAsync(CancellationToken.None); // a write that is under way is finished first
        _writing?.Close();
        _writing = null;
        _writer.Release();
        while (_idle.TryPop(out var session)) session.Close();
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ReleaseAsync();

    private void GiveBack(SqliteSession session)
    {
        _idle.Push(session);
        if (_released)
            while (_idle.TryPop(out var left)) left.Close();
        _readers.Release();
    }

    private SqliteSession Open(Action<SqliteSession>? giveBack)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = _path,
            Pooling = false,    // the pool is this class: it keeps the statements prepared
            DefaultTimeout = 1, // s; the wait for locks is SQLite's own, below, whose steps begin at 1 ms and not at 150 ms
        }.ToString());
        try
        {
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = $"""
                PRAGMA busy_timeout = {(long)_busyTimeout.TotalMilliseconds};
                PRAGMA journal_mode = WAL;
                PRAGMA synchronous = {(_survivesPowerLoss ? "FULL" : "NORMAL")};
                PRAGMA cache_size = -8000;
                PRAGMA mmap_size = {MappedBytes};
                PRAGMA temp_store = MEMORY;
                """;
            command.ExecuteNonQuery();
            KeepPlans(connection);
            return new SqliteSession(connection, giveBack);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    // Without this a statement is compiled again at each execution whose LIMIT is a parameter, to plan for its value: more work than a search itself.
    private static void KeepPlans(SqliteConnection connection)
    {
        var result = raw.sqlite3_db_config(connection.Handle, raw.SQLITE_DBCONFIG_ENABLE_QPSG, 1, out _);
        SqliteException.ThrowExceptionForRC(result, connection.Handle);
    }

    // The file holds secrets; its WAL inherits the mode. An existing file keeps the mode that the operator gave it.
    private static void CreatePrivately(string path)
    {
        if (File.Exists(path) || OperatingSystem.IsWindows()) return;
        try
        {
            new FileStream(path, new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.Write,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            }).Dispose();
        }
        catch (IOException) when (File.Exists(path))
        {
            // Another generation made it in this moment, in the same way.
        }
    }

    private sealed class Write(SqliteDatabase database, SqliteSession session) : SqlWrite
    {
        private bool _ended;
        private bool _disposed;

        public override SqlSession Session => session;

        public override async ValueTask CommitAsync()
        {
            await session.ExecuteAsync("COMMIT");
            _ended = true;
        }

        public override async ValueTask DisposeAsync()
        {
            if (_disposed) return; // the turn must be given back once
            _disposed = true;
            try
            {
                if (!_ended) await session.ExecuteAsync("ROLLBACK");
            }
            catch (SqliteException)
            {
                // SQLite rolls back by itself after a full disk or an I/O error; the error itself is on its way to the caller.
                // Which state the connection is in is not worth guessing.
                session.Close();
                database._writing = null;
            }
            finally
            {
                database._writer.Release();
            }
        }
    }
}
