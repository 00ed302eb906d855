using Npgsql;
using NpgsqlTypes;

namespace Ips.Host.Inventory.Storage;

/// <summary>An import into PostgreSQL: COPY into temporary tables, then one statement for each table of the inventory.
/// Row by row it would be five round trips for each object.</summary>
internal sealed class PostgresImportSession : IImportSession
{
    // Bounds the memory of an import to a few MiB; larger batches are not faster.
    private const int BatchSize = 5_000;

    private const string Staging = """
        CREATE TEMPORARY TABLE import_object (seq bigint GENERATED ALWAYS AS IDENTITY, oid bigint, id text COLLATE "C", label text,
            kind text, mem_size bigint, disk_size bigint, body bytea, more bytea) ON COMMIT DROP;
        CREATE TEMPORARY TABLE import_address (oid bigint, id text COLLATE "C", address bytea, field bigint) ON COMMIT DROP;
        CREATE TEMPORARY TABLE import_owner (oid bigint, id text COLLATE "C", name text) ON COMMIT DROP;
        """;

    private readonly PostgresWrite _write;
    private readonly NpgsqlConnection _connection;
    private readonly long _version;
    private readonly List<InventoryObject> _batch = new(BatchSize);
    private long _added;

    private PostgresImportSession(PostgresWrite write, NpgsqlConnection connection, long version)
    {
        _write = write;
        _connection = connection;
        _version = version;
    }

    /// <summary>Makes the temporary tables.</summary>
    public static async ValueTask<PostgresImportSession> BeginAsync(PostgresWrite write, NpgsqlConnection connection, long version,
        CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(Staging, connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
        return new PostgresImportSession(write, connection, version);
    }

    public async ValueTask AddAsync(InventoryObject item, CancellationToken cancellationToken)
    {
        _batch.Add(item);
        _added++;
        if (_batch.Count == BatchSize) await FlushAsync(cancellationToken);
    }

    public async ValueTask<ImportCounts> CommitAsync(CancellationToken cancellationToken)
    {
        var counts = await TryAsync(cancellationToken);
        await _write.CommitAsync();
        return counts;
    }

    public async ValueTask<ImportCounts> TryAsync(CancellationToken cancellationToken)
    {
        await FlushAsync(cancellationToken);
        await RunAsync("ANALYZE import_object; ANALYZE import_address; ANALYZE import_owner", cancellationToken);
        // What is already as imported drops out, so that its version stays.
        await RunAsync("""
            DELETE FROM import_object i USING ips_object o LEFT JOIN ips_more m ON m.object_key = o.object_key
            WHERE o.oid = i.oid AND o.id = i.id AND o.body = i.body AND m.body IS NOT DISTINCT FROM i.more
            """, cancellationToken);
        await RunAsync("DELETE FROM ips_address a USING ips_object o, import_object i WHERE o.oid = i.oid AND o.id = i.id AND "
            + "a.object_key = o.object_key", cancellationToken);
        await RunAsync("DELETE FROM ips_owner w USING ips_object o, import_object i WHERE o.oid = i.oid AND o.id = i.id AND w.object_key "
            + "= o.object_key", cancellationToken);
        var updated = await RunAsync("""
            UPDATE ips_object o SET version = @version, label = i.label, kind = i.kind, mem_size = i.mem_size, disk_size = i.disk_size,
                body = i.body
            FROM import_object i WHERE o.oid = i.oid AND o.id = i.id
            """, cancellationToken);
        long created = 0;
        foreach (var oclass in ObjectClass.All)
        {
            var added = await RunAsync($"""
                INSERT INTO ips_object (oid, id, version, label, kind, mem_size, disk_size, body)
                SELECT i.oid, i.id, @version, i.label, i.kind, i.mem_size, i.disk_size, i.body FROM import_object i
                WHERE i.oid = {oclass.Number} AND NOT EXISTS (SELECT 1 FROM ips_object o WHERE o.oid = i.oid AND o.id = i.id) ORDER BY i.seq
                """, cancellationToken);
            await RunAsync($"UPDATE ips_counter SET value = value + {added} WHERE name = '{ObjectSql.CounterName(oclass)}'",
                cancellationToken);
            created += added;
        }
        await RunAsync("""
            INSERT INTO ips_address (address, object_key, field, oid) SELECT a.address, o.object_key, a.field, a.oid FROM import_address a
            JOIN import_object i ON i.oid = a.oid AND i.id = a.id JOIN ips_object o ON o.oid = a.oid AND o.id = a.id
            """, cancellationToken);
        await RunAsync("""
            INSERT INTO ips_more (object_key, body) SELECT o.object_key, i.more FROM import_object i
            JOIN ips_object o ON o.oid = i.oid AND o.id = i.id WHERE i.more IS NOT NULL
            """, cancellationToken);
        await RunAsync("""
            INSERT INTO ips_owner (name, object_key) SELECT w.name, o.object_key FROM import_owner w
            JOIN import_object i ON i.oid = w.oid AND i.id = w.id JOIN ips_object o ON o.oid = w.oid AND o.id = w.id
            """, cancellationToken);
        return new ImportCounts(created, updated, _added - created - updated);
    }

    public ValueTask DisposeAsync() => _write.DisposeAsync();

    private async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        await CopyAsync("import_object (oid, id, label, kind, mem_size, disk_size, body, more)", _batch, async (copy, item) =>
        {
            await copy.WriteAsync((long)item.Class.Number, NpgsqlDbType.Bigint, cancellationToken);
            await copy.WriteAsync(item.Id, NpgsqlDbType.Text, cancellationToken);
            await WriteColumnAsync(copy, item.ColumnValue("label"), NpgsqlDbType.Text, cancellationToken);
            await WriteColumnAsync(copy, item.ColumnValue("kind"), NpgsqlDbType.Text, cancellationToken);
            await WriteColumnAsync(copy, item.ColumnValue("mem_size"), NpgsqlDbType.Bigint, cancellationToken);
            await WriteColumnAsync(copy, item.ColumnValue("disk_size"), NpgsqlDbType.Bigint, cancellationToken);
            await copy.WriteAsync(ObjectCodec.WriteBody(item), NpgsqlDbType.Bytea, cancellationToken);
            if (ObjectCodec.WriteOthers(item) is { } others) await copy.WriteAsync(others, NpgsqlDbType.Bytea, cancellationToken);
            else await copy.WriteNullAsync(cancellationToken);
        }, cancellationToken);
        await CopyAsync("import_address (oid, id, address, field)", _batch.SelectMany(item => item.Addresses, (item, a) => (item, a)),
            async (copy, row) =>
        {
            await copy.WriteAsync((long)row.item.Class.Number, NpgsqlDbType.Bigint, cancellationToken);
            await copy.WriteAsync(row.item.Id, NpgsqlDbType.Text, cancellationToken);
            await copy.WriteAsync(row.a.Address.ToBytes(), NpgsqlDbType.Bytea, cancellationToken);
            await copy.WriteAsync((long)row.a.Slot, NpgsqlDbType.Bigint, cancellationToken);
        }, cancellationToken);
        await CopyAsync("import_owner (oid, id, name)", _batch.SelectMany(item => item.Owners, (item, owner) => (item, owner)),
            async (copy, row) =>
        {
            await copy.WriteAsync((long)row.item.Class.Number, NpgsqlDbType.Bigint, cancellationToken);
            await copy.WriteAsync(row.item.Id, NpgsqlDbType.Text, cancellationToken);
            await copy.WriteAsync(row.owner, NpgsqlDbType.Text, cancellationToken);
        }, cancellationToken);
        _batch.Clear();
    }

    private async ValueTask CopyAsync<T>(string target, IEnumerable<T> rows, Func<NpgsqlBinaryImporter, T, Task> writeRow,
        CancellationToken cancellationToken)
    {
        await using var copy = await _connection.BeginBinaryImportAsync($"COPY {target} FROM STDIN (FORMAT BINARY)", cancellationToken);
        foreach (var row in rows)
        {
            await copy.StartRowAsync(cancellationToken);
            await writeRow(copy, row);
        }
        await copy.CompleteAsync(cancellationToken);
    }

    private static async Task WriteColumnAsync(NpgsqlBinaryImporter copy, object? value, NpgsqlDbType type,
        CancellationToken cancellationToken)
    {
        if (value is null) await copy.WriteNullAsync(cancellationToken);
        else if (value is long number) await copy.WriteAsync(number, type, cancellationToken);
        else await copy.WriteAsync((string)value, type, cancellationToken);
    }

    private async ValueTask<long> RunAsync(string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, _connection) { CommandTimeout = 0 }; // a large import may take minutes
        if (sql.Contains("@version", StringComparison.Ordinal)) command.Parameters.Add(new NpgsqlParameter("version", _version));
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
