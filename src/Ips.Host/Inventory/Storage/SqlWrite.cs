namespace Ips.Host.Inventory.Storage;

/// <summary>One write transaction. Disposed without <see cref="CommitAsync"/>, it is rolled back.</summary>
internal abstract class SqlWrite : IAsyncDisposable
{
    /// <summary>The connection that the transaction runs on.</summary>
    public abstract SqlSession Session { get; }

    /// <summary>Makes the write durable. Not to be cancelled: nobody could tell afterwards whether it happened.</summary>
    public abstract ValueTask CommitAsync();

    /// <inheritdoc/>
    public abstract ValueTask DisposeAsync();
}
