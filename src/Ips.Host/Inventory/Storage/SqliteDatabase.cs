using System.Collections.Concurrent;
using System.Diagnostics;
using Ips.Actors.Files;
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
    private readonly string? _file;
    private SqliteSession? _writing;
    private volatile bool _released;

    /// <summary>Opens a file, makes it if it is missing, and migrates it.</summary>
    /// <param name="path">Full path.</param>
    /// <param name="steps">The schema.</param>
    /// <param name="survivesPowerLoss">True waits for the disk at each commit (<c>synchronous=FULL</c>). False (<c>NORMAL</c>) loses the
    /// last commits, but nothing older, if the machine loses power; neither loses anything if only the process ends.</param>
    /// <param name="busyTimeout">How long a write waits for another one.</param>
    /// <param name="readers">Most readers at once.</param>
    /// <param name="beforeMigration">Sees the file as it is, and throws if it must stay so.</param>
    /// <param name="additions">What the schema has beside its steps.</param>
    public SqliteDatabase(
        string path, IReadOnlyList<string> steps, bool survivesPowerLoss, TimeSpan busyTimeout, int readers,
        Action<SqliteDatabase>? beforeMigration = null,
        params IReadOnlyList<SchemaAddition> additions)
    {
        _path = path;
        _survivesPowerLoss = survivesPowerLoss;
        _busyTimeout = busyTimeout;
        _readers = new SemaphoreSlim(readers, readers);
        // The file holds secrets; its WAL inherits the mode. An existing file keeps the mode that the operator gave it.
        ServiceFiles.Ready(path, "-wal", "-shm", "-journal");
        (_file, _writing) = OpenFirst();
        try
        {
            beforeMigration?.Invoke(this);
            SqliteMigrator.Migrate(_writing.Connection, steps, additions, path);
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

    /// <summary>Whether the tables of a file are empty and no other connection has it open: only then SQLite lets the write-ahead log be
    /// turned off.</summary>
    internal static bool IsUnused(string path, IReadOnlyList<string> tables)
    {
        using var connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = path, Mode = SqliteOpenMode.ReadWrite,
            Pooling = false
        }.ToString());
        connection.Open();
        return Text("PRAGMA journal_mode = DELETE") == "delete" && tables.All(table =>
            Text($"SELECT count(*) FROM sqlite_master WHERE name = '{table}'") == "0" || Text($"SELECT count(*) FROM {table}") == "0");

        string? Text(string sql)
        {
            using var command = connection.CreateCommand();
            command.CommandTimeout = 1;
            command.CommandText = sql;
            return Convert.ToString(command.ExecuteScalar(), System.Globalization.CultureInfo.InvariantCulture);
        }
    }

    /// <summary>Which file is open, as <see cref="ServiceFiles.TryIdentify"/> names it.</summary>
    public string? File => _file;

    /// <summary>The connection that has opened the file; only until the first write.</summary>
    public SqliteConnection Connection => _writing!.Connection;

    /// <summary>Whether the path still leads to the file that is open.</summary>
    public bool IsInPlace => ServiceFiles.TryIdentify(_path) == _file;

    /// <summary>A connection for reading; disposing it gives it back.</summary>
    public async ValueTask<SqliteSession> RentReaderAsync(StoreCall call)
    {
        if (!await _readers.WaitAsync(call.Limit, call.Token)) throw new StoreBusyException(call.Limit, null);
        try
        {
            ObjectDisposedException.ThrowIf(_released, this);
            if (_idle.TryPop(out var session)) return session;
            if (!IsInPlace) throw new StoreAwayException(_path, StoreTrouble.Replaced, "the path leads to another file, or to none");
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
    public async ValueTask<SqlWrite> BeginWriteAsync(StoreCall call)
    {
        ObjectDisposedException.ThrowIf(_released, this);
        var began = Stopwatch.GetTimestamp();
        if (!await _writer.WaitAsync(call.Limit, call.Token)) throw new StoreBusyException(_busyTimeout, null);
        try
        {
            ObjectDisposedException.ThrowIf(_released, this);
            // What need not survive a power loss need not survive its file either: the next one begins with a mark that refuses all from
            // before it.
            if (_survivesPowerLoss && !IsInPlace)
                throw new StoreAwayException(_path, StoreTrouble.Replaced, "the path leads to another file, or to none");
            _writing ??= Open(null);
            _ = raw.sqlite3_busy_timeout(_writing.Connection.Handle,
                (int)Math.Max(1, (call.Limit - Stopwatch.GetElapsedTime(began)).TotalMilliseconds));
            // IMMEDIATE takes the lock now: a deferred transaction that had read before it writes would fail with SQLITE_BUSY at once,
            // without any wait.
            await _writing.ExecuteAsync("BEGIN IMMEDIATE");
            return new Write(this, _writing, call);
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

    public ValueTask DisposeAsync() => ReleaseAsync();

    private void GiveBack(SqliteSession session)
    {
        _idle.Push(session);
        if (_released)
            while (_idle.TryPop(out var left)) left.Close();
        _readers.Release();
    }

    // By the path before and after, and never by a descriptor: closing one would give up the locks that SQLite holds on the file.
    private (string? File, SqliteSession Session) OpenFirst()
    {
        while (true)
        {
            var file = ServiceFiles.TryIdentify(_path);
            var session = Open(null);
            if (ServiceFiles.TryIdentify(_path) == file) return (file, session);
            session.Close();
        }
    }

    private SqliteSession Open(Action<SqliteSession>? giveBack)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = _path,
            Mode = SqliteOpenMode.ReadWrite, // ServiceFiles has made the file; one that is gone meanwhile must not be made anew
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

    // Without this a statement is compiled again at each execution whose LIMIT is a parameter, to plan for its value: more work than a
    // search itself.
    private static void KeepPlans(SqliteConnection connection)
    {
        var result = raw.sqlite3_db_config(connection.Handle, raw.SQLITE_DBCONFIG_ENABLE_QPSG, 1, out _);
        SqliteException.ThrowExceptionForRC(result, connection.Handle);
    }

    private sealed class Write(SqliteDatabase database, SqliteSession session, StoreCall call) : SqlWrite
    {
        private bool _ended;
        private bool _disposed;

        public override SqlSession Session => session;

        public override async ValueTask CommitAsync()
        {
            call.BeginCommit();
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
