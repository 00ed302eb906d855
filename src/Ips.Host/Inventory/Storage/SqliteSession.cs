using System.Data.Common;
using Microsoft.Data.Sqlite;

namespace Ips.Host.Inventory.Storage;

/// <summary>A SQLite connection with its prepared statements. Not thread-safe; one caller at a time.</summary>
internal sealed class SqliteSession(SqliteConnection connection, Action<SqliteSession>? giveBack = null) : SqlSession
{
    // Searches and lists differ in the number of values, so the texts are many but not endless; beyond this all are prepared anew.
    private const int MaxPrepared = 128;

    private readonly Dictionary<string, SqliteCommand> _prepared = new(StringComparer.Ordinal);

    /// <summary>The connection.</summary>
    public SqliteConnection Connection { get; } = connection;

    public override DbCommand Command(string sql, params IReadOnlyList<object?> values)
    {
        if (!_prepared.TryGetValue(sql, out var command))
        {
            if (_prepared.Count == MaxPrepared) Forget();
            command = Connection.CreateCommand();
            command.CommandText = sql;
            for (var i = 0; i < values.Count; i++) command.Parameters.Add(new SqliteParameter($"@p{i}", null));
            _prepared.Add(sql, command);
        }
        for (var i = 0; i < values.Count; i++) command.Parameters[i].Value = values[i] ?? DBNull.Value;
        return command;
    }

    public override async ValueTask<IAsyncDisposable> BeginReadAsync(CancellationToken cancellationToken)
    {
        // Not BeginTransaction: it would take the write lock for any isolation level that is worth having.
        await ExecuteAsync("BEGIN");
        return new Moment(this);
    }

    /// <summary>Gives the connection back to its pool, or closes it.</summary>
    public override ValueTask DisposeAsync()
    {
        if (giveBack is null) Close();
        else giveBack(this);
        return ValueTask.CompletedTask;
    }

    /// <summary>Closes the connection.</summary>
    public void Close()
    {
        Forget();
        Connection.Dispose();
    }

    private void Forget()
    {
        foreach (var command in _prepared.Values) command.Dispose();
        _prepared.Clear();
    }

    private sealed class Moment(SqliteSession session) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync() => await session.ExecuteAsync("COMMIT");
    }
}
