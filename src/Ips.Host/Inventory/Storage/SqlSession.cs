using System.Data.Common;

namespace Ips.Host.Inventory.Storage;

/// <summary>One connection for one caller at a time, with what the two databases do differently about commands.</summary>
internal abstract class SqlSession : IAsyncDisposable
{
    /// <summary>A command, prepared where that pays. Valid until the next call with the same text.</summary>
    /// <param name="sql">Text with parameters <c>@p0</c>, <c>@p1</c>, …</param>
    /// <param name="values">Their values; null is NULL.</param>
    public abstract DbCommand Command(string sql, params IReadOnlyList<object?> values);

    /// <summary>Lets all reads until the result is disposed see the store as of one moment.</summary>
    public abstract ValueTask<IAsyncDisposable> BeginReadAsync(CancellationToken cancellationToken);

    /// <summary>Cancelled when no caller waits for the call.</summary>
    protected virtual CancellationToken Abandoned => CancellationToken.None;

    /// <summary>Runs a statement.</summary>
    /// <returns>Number of rows it changed.</returns>
    public Task<int> ExecuteAsync(string sql, params IReadOnlyList<object?> values) => Command(sql, values).ExecuteNonQueryAsync(Abandoned);

    /// <summary>The first column of the first row as a number; null without a row.</summary>
    public async ValueTask<long?> ScalarAsync(string sql, params IReadOnlyList<object?> values) =>
        await Command(sql, values).ExecuteScalarAsync(Abandoned) is { } value and not DBNull
            ? Convert.ToInt64(value, System.Globalization.CultureInfo.InvariantCulture) : null;

    public abstract ValueTask DisposeAsync();
}

/// <summary>One write transaction. Disposed without <see cref="CommitAsync"/>, it is rolled back.</summary>
internal abstract class SqlWrite : IAsyncDisposable
{
    /// <summary>The connection that the transaction runs on.</summary>
    public abstract SqlSession Session { get; }

    /// <summary>Makes the write durable. Not to be cancelled: nobody could tell afterwards whether it happened.</summary>
    public abstract ValueTask CommitAsync();

    public abstract ValueTask DisposeAsync();
}

/// <summary>A change of the schema with which every older build works on, and may start too: unlike a step it does not count in the
/// version.</summary>
/// <param name="Table">A table that it makes: where this one is, the addition is.</param>
/// <param name="Sql">Its statements.</param>
internal sealed record SchemaAddition(string Table, string Sql);
