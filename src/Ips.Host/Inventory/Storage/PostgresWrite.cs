using Npgsql;

namespace Ips.Host.Inventory.Storage;

/// <summary>A write transaction in PostgreSQL; gives the connection and the turn back when it is disposed.</summary>
internal sealed class PostgresWrite(NpgsqlConnection connection, NpgsqlTransaction transaction, SemaphoreSlim turn) : SqlWrite
{
    /// <inheritdoc/>
    public override SqlSession Session { get; } = new PostgresSession(connection);

    /// <summary>The connection, for COPY.</summary>
    public NpgsqlConnection Connection => connection;

    /// <inheritdoc/>
    public override async ValueTask CommitAsync() => await transaction.CommitAsync(CancellationToken.None);

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        try
        {
            await transaction.DisposeAsync(); // rolls back what was not committed
            await Session.DisposeAsync();
        }
        finally
        {
            turn.Release();
        }
    }
}
