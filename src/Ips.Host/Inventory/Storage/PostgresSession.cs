using System.Data;
using System.Data.Common;
using Npgsql;

namespace Ips.Host.Inventory.Storage;

/// <summary>A PostgreSQL connection from Npgsql's pool, which prepares by itself what is used often.</summary>
internal sealed class PostgresSession(NpgsqlConnection connection, CancellationToken abandoned = default) : SqlSession
{
    protected override CancellationToken Abandoned => abandoned;

    public override DbCommand Command(string sql, params IReadOnlyList<object?> values)
    {
        var command = new NpgsqlCommand(sql, connection);
        for (var i = 0; i < values.Count; i++) command.Parameters.Add(new NpgsqlParameter($"p{i}", values[i] ?? DBNull.Value));
        return command;
    }

    public override async ValueTask<IAsyncDisposable> BeginReadAsync(CancellationToken cancellationToken) =>
        await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken);

    public override ValueTask DisposeAsync() => connection.DisposeAsync();
}
