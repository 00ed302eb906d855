using Npgsql;

namespace Ips.Host.Inventory.Storage;

/// <summary>A write transaction in PostgreSQL; gives the connection and the turn back when it is disposed.</summary>
internal sealed class PostgresWrite(NpgsqlConnection connection, NpgsqlTransaction transaction, SemaphoreSlim turn, StoreCall call)
    : SqlWrite
{
    private bool _disposed;

    public override SqlSession Session { get; } = new PostgresSession(connection, call.Token);

    /// <summary>Called when it has ended.</summary>
    public Action? Ended { get; set; }

    /// <summary>The connection, for COPY.</summary>
    public NpgsqlConnection Connection => connection;

    public override async ValueTask CommitAsync()
    {
        call.BeginCommit();
        await transaction.CommitAsync(call.CommitToken);
    }

    public override async ValueTask DisposeAsync()
    {
        if (_disposed) return; // the turn must be given back once
        _disposed = true;
        try
        {
            await transaction.DisposeAsync(); // rolls back what was not committed
            await Session.DisposeAsync();
        }
        finally
        {
            turn.Release();
            Ended?.Invoke();
        }
    }
}
