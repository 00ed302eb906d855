using Npgsql;

namespace Ips.Host.Inventory.Storage;

/// <summary>Brings a PostgreSQL database to this build's schema. The version is the one row of <c>ips_schema</c>: the number of steps taken.</summary>
internal static class PostgresMigrator
{
    // Any number that no other program is likely to lock; "ips" in ASCII.
    private const long AdvisoryLock = 0x697073;

    /// <summary>Takes the steps that are missing, all in one transaction, one migrator at a time.</summary>
    /// <exception cref="StoreVersionException">The store is newer than this build.</exception>
    public static async ValueTask MigrateAsync(NpgsqlDataSource source, IReadOnlyList<string> steps, string description, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using var session = new PostgresSession(connection);
        await session.ExecuteAsync("SELECT pg_advisory_xact_lock(@p0)", AdvisoryLock);
        // Looked up first: CREATE TABLE IF NOT EXISTS needs the right to create even if there is nothing to do.
        if (await session.ScalarAsync("SELECT count(*) FROM pg_catalog.pg_class WHERE oid = to_regclass('ips_schema')") == 0)
            await session.ExecuteAsync("CREATE TABLE ips_schema (version bigint NOT NULL)");
        var version = await session.ScalarAsync("SELECT version FROM ips_schema");
        if (version > steps.Count) throw new StoreVersionException(description, version.Value, steps.Count);
        if (version == steps.Count) return;
        for (var i = (int)(version ?? 0); i < steps.Count; i++) await session.ExecuteAsync(steps[i]);
        await session.ExecuteAsync(version is null ? "INSERT INTO ips_schema (version) VALUES (@p0)" : "UPDATE ips_schema SET version = @p0", (long)steps.Count);
        await transaction.CommitAsync(cancellationToken);
    }
}
