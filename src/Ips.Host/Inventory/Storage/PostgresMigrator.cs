using Npgsql;

namespace Ips.Host.Inventory.Storage;

/// <summary>Brings a PostgreSQL database to this build's schema. The version is the one row of <c>ips_schema</c>: the number of steps
/// taken.</summary>
internal static class PostgresMigrator
{
    // Any number that no other program is likely to lock; "ips" in ASCII.
    private const long AdvisoryLock = 0x697073;

    /// <summary>Takes the steps and the additions that are missing, all in one transaction, one migrator at a time.</summary>
    /// <returns>Which store it is.</returns>
    /// <exception cref="StoreVersionException">The store is newer than this build.</exception>
    /// <exception cref="StoreRefusedException">There is none, and it may not be made, or it is another one.</exception>
    public static async ValueTask<StoreIdentity> MigrateAsync(
        NpgsqlDataSource source, IReadOnlyList<string> steps, IReadOnlyList<SchemaAddition> additions, string description,
        StoreOpening opening, TimeSpan connectLimit,
        CancellationToken cancellationToken)
    {
        await using var connection = await ConnectAsync(source, connectLimit, cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using var session = new PostgresSession(connection);
        await session.ExecuteAsync("SELECT pg_advisory_xact_lock(@p0)", AdvisoryLock);
        var identity = new StoreIdentity(await IsMissingAsync(PostgresSchema.Identity.Table) ? null : await IdAsync(), null, description);
        if (!opening.MayCreate && await IsMissingAsync("ips_schema"))
            throw new StoreRefusedException(StoreIdentity.Missing(description, opening.Running));
        if (opening.Running is { } running && identity.Refusal(running) is { } refusal) throw new StoreRefusedException(refusal);
        // Looked up first: CREATE TABLE IF NOT EXISTS needs the right to create even if there is nothing to do.
        if (await IsMissingAsync("ips_schema"))
            await session.ExecuteAsync("CREATE TABLE ips_schema (version bigint NOT NULL)");
        var version = await session.ScalarAsync("SELECT version FROM ips_schema");
        if (version > steps.Count) throw new StoreVersionException(description, version.Value, steps.Count);
        List<SchemaAddition> missing = [];
        foreach (var addition in additions)
            if (await IsMissingAsync(addition.Table)) missing.Add(addition);
        if (version == steps.Count && missing.Count == 0) return identity;
        for (var i = (int)(version ?? 0); i < steps.Count; i++) await session.ExecuteAsync(steps[i]);
        foreach (var addition in missing) await session.ExecuteAsync(addition.Sql);
        await session.ExecuteAsync(version is null ? "INSERT INTO ips_schema (version) VALUES (@p0)"
            : "UPDATE ips_schema SET version = @p0", (long)steps.Count);
        identity = identity with { Id = await IdAsync() };
        await transaction.CommitAsync(cancellationToken);
        return identity;

        async ValueTask<string?> IdAsync() =>
            (string?)await session.Command("SELECT id FROM ips_store").ExecuteScalarAsync(cancellationToken);

        async ValueTask<bool> IsMissingAsync(string table) =>
            await session.ScalarAsync("SELECT count(*) FROM pg_catalog.pg_class WHERE oid = to_regclass(@p0)", table) == 0;
    }

    // A server that hangs accepts, and says nothing.
    private static async ValueTask<NpgsqlConnection> ConnectAsync(NpgsqlDataSource source, TimeSpan limit,
        CancellationToken cancellationToken)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var opening = source.OpenConnectionAsync(deadline.Token).AsTask();
        try
        {
            return await opening.WaitAsync(limit, cancellationToken);
        }
        catch (TimeoutException e) when (!opening.IsCompleted)
        {
            await deadline.CancelAsync();
            _ = CloseLateAsync(opening);
            throw new TimeoutException($"no answer within {limit.TotalSeconds:0.###} s (ips.store.busy-timeout)", e);
        }
    }

    private static async Task CloseLateAsync(Task<NpgsqlConnection> opening)
    {
        try
        {
            await using var late = await opening;
        }
        catch (Exception e) when (e is NpgsqlException or OperationCanceledException)
        {
            // It was cancelled, or refused: who waited for it was told already.
        }
    }
}
