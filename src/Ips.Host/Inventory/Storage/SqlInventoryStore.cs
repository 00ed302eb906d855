using System.Data.Common;
using System.Runtime.CompilerServices;
using Ips.Host.Auth;

namespace Ips.Host.Inventory.Storage;

/// <summary>What both stores have in common: everything but connections, migrations, and how bulk comes in.</summary>
/// <remarks>Writers are single file, in each process by the derived store, and between processes by the counter row <c>version</c>, whose update
/// is the first statement of each write transaction (SQLite: by BEGIN IMMEDIATE already). So versions grow in the order of the commits.</remarks>
internal abstract class SqlInventoryStore : IInventoryStore
{
    private const string VersionCounter = "version";
    private const string KeysCounter = "keys";
    private const string KeyColumns = "access_key, secret, previous_secret, previous_until, can_write, is_enabled, created, note";

    /// <inheritdoc/>
    public abstract string Description { get; }

    /// <inheritdoc/>
    public abstract ValueTask ReleaseAsync();

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return ReleaseAsync();
    }

    /// <summary>A connection for reading.</summary>
    protected abstract ValueTask<SqlSession> RentReaderAsync(CancellationToken cancellationToken);

    /// <summary>Begins a write transaction; the token only ends the wait for it.</summary>
    protected abstract ValueTask<SqlWrite> BeginWriteAsync(CancellationToken cancellationToken);

    /// <inheritdoc/>
    public abstract ValueTask<NonceOutcome> TakeAsync(
        string accessKey, string nonce, long expires, long forgetBefore, int capacity, CancellationToken cancellationToken);

    /// <inheritdoc/>
    public abstract ValueTask<IImportSession> BeginImportAsync(CancellationToken cancellationToken);

    /// <inheritdoc/>
    public async ValueTask<StoredObject?> GetAsync(ObjectClass oclass, string id, CancellationToken cancellationToken)
    {
        await using var session = await RentReaderAsync(cancellationToken);
        var command = session.Command("SELECT version, body FROM ips_object WHERE oid = @p0 AND id = @p1", (long)oclass.Number, id);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? Stored(reader) : null;
    }

    /// <inheritdoc/>
    public async ValueTask<ObjectPage> ListAsync(ListQuery query, CancellationToken cancellationToken)
    {
        await using var session = await RentReaderAsync(cancellationToken);
        await using var moment = await session.BeginReadAsync(cancellationToken);
        return await PageAsync(session, query.Page, ObjectSql.List(query), () => ObjectSql.CountList(query), cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask<ObjectPage> SearchAsync(SearchQuery query, CancellationToken cancellationToken)
    {
        await using var session = await RentReaderAsync(cancellationToken);
        // Single addresses have a handful of objects: one statement sees them all, so it needs no transaction around it.
        await using var moment = query.Ranges.All(range => range.IsSingle)
            ? null
            : await session.BeginReadAsync(cancellationToken);
        return await PageAsync(session, query.Page, ObjectSql.Search(query), () => ObjectSql.CountSearch(query), cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask<WriteOutcome> PutAsync(InventoryObject item, WriteCondition condition, CancellationToken cancellationToken)
    {
        await using var write = await BeginWriteAsync(cancellationToken);
        var version = await NextVersionAsync(write.Session);
        var outcome = await PutAsync(write.Session, item, version, condition);
        if (outcome.Kind is WriteKind.Created or WriteKind.Updated) await write.CommitAsync();
        return outcome;
    }

    /// <inheritdoc/>
    public async ValueTask<WriteOutcome> DeleteAsync(ObjectClass oclass, string id, WriteCondition condition, CancellationToken cancellationToken)
    {
        await using var write = await BeginWriteAsync(cancellationToken);
        await NextVersionAsync(write.Session);
        var old = await FindAsync(write.Session, oclass, id);
        if (old is not { } found) return new WriteOutcome(condition.Holds(null) ? WriteKind.NotFound : WriteKind.ConditionFailed, null);
        if (!condition.Holds(found.Stored.Version)) return new WriteOutcome(WriteKind.ConditionFailed, found.Stored.Version);
        await UnindexAsync(write.Session, found.Key, ObjectCodec.ReadStored(oclass, id, found.Stored.Body.Span));
        await write.Session.ExecuteAsync("DELETE FROM ips_object WHERE object_key = @p0", found.Key);
        await AddToCounterAsync(write.Session, ObjectSql.CounterName(oclass), -1);
        await write.CommitAsync();
        return new WriteOutcome(WriteKind.Deleted, null);
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<StoredObject> ExportAsync(ObjectClass? oclass, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var session = await RentReaderAsync(cancellationToken);
        var command = oclass is null
            ? session.Command("SELECT version, body FROM ips_object ORDER BY object_key")
            : session.Command("SELECT version, body FROM ips_object WHERE oid = @p0 ORDER BY object_key", (long)oclass.Number);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken)) yield return Stored(reader);
    }

    /// <inheritdoc/>
    public async ValueTask<long> GetKeysVersionAsync(CancellationToken cancellationToken)
    {
        await using var session = await RentReaderAsync(cancellationToken);
        return await session.ScalarAsync("SELECT value FROM ips_counter WHERE name = @p0", KeysCounter) ?? 0;
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<AccessKey>> GetKeysAsync(CancellationToken cancellationToken)
    {
        await using var session = await RentReaderAsync(cancellationToken);
        await using var reader = await session.Command($"SELECT {KeyColumns} FROM ips_access_key ORDER BY access_key").ExecuteReaderAsync(cancellationToken);
        List<AccessKey> keys = [];
        while (await reader.ReadAsync(cancellationToken))
        {
            keys.Add(new AccessKey(
                reader.GetString(0),
                reader.GetString(1),
                reader.IsDBNull(2) ? null : reader.GetString(2),
                DateTimeOffset.FromUnixTimeSeconds(reader.GetInt64(3)),
                reader.GetInt64(4) != 0,
                reader.GetInt64(5) != 0,
                DateTimeOffset.FromUnixTimeSeconds(reader.GetInt64(6)),
                reader.GetString(7)));
        }
        return keys;
    }

    /// <inheritdoc/>
    public ValueTask<bool> AddKeyAsync(AccessKey key, CancellationToken cancellationToken) => ChangeKeyAsync(
        $"INSERT INTO ips_access_key ({KeyColumns}) VALUES (@p0, @p1, @p2, @p3, @p4, @p5, @p6, @p7) ON CONFLICT (access_key) DO NOTHING", key, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<bool> ReplaceKeyAsync(AccessKey key, CancellationToken cancellationToken) => ChangeKeyAsync(
        "UPDATE ips_access_key SET secret = @p1, previous_secret = @p2, previous_until = @p3, can_write = @p4, is_enabled = @p5, created = @p6, note = @p7 WHERE access_key = @p0",
        key, cancellationToken);

    /// <summary>Makes or replaces an object within a write.</summary>
    protected static async ValueTask<WriteOutcome> PutAsync(SqlSession session, InventoryObject item, long version, WriteCondition condition)
    {
        var old = await FindAsync(session, item.Class, item.Id);
        var body = ObjectCodec.Write(item);
        // Before the condition: a client that repeats a PUT whose answer was lost must hear that it is done (RFC 9110, 13.1.1).
        if (old is { } same && !condition.MustNotExist && same.Stored.Body.Span.SequenceEqual(body)) return new WriteOutcome(WriteKind.Unchanged, same.Stored.Version);
        if (!condition.Holds(old?.Stored.Version)) return new WriteOutcome(WriteKind.ConditionFailed, old?.Stored.Version);
        object?[] columns = [version, item.ColumnValue("label"), item.ColumnValue("kind"), item.ColumnValue("mem_size"), item.ColumnValue("disk_size"), body];
        long key;
        if (old is { } found)
        {
            key = found.Key;
            await UnindexAsync(session, key, ObjectCodec.ReadStored(item.Class, item.Id, found.Stored.Body.Span));
            await session.ExecuteAsync(
                "UPDATE ips_object SET version = @p0, label = @p1, kind = @p2, mem_size = @p3, disk_size = @p4, body = @p5 WHERE object_key = @p6", [.. columns, key]);
        }
        else
        {
            key = (await session.ScalarAsync(
                "INSERT INTO ips_object (version, label, kind, mem_size, disk_size, body, oid, id) VALUES (@p0, @p1, @p2, @p3, @p4, @p5, @p6, @p7) RETURNING object_key",
                [.. columns, (long)item.Class.Number, item.Id]))!.Value;
            await AddToCounterAsync(session, ObjectSql.CounterName(item.Class), 1);
        }
        foreach (var (address, slot) in item.Addresses)
        {
            await session.ExecuteAsync("INSERT INTO ips_address (address, object_key, field, oid) VALUES (@p0, @p1, @p2, @p3)",
                address.ToBytes(), key, (long)slot, (long)item.Class.Number);
        }
        foreach (var owner in item.Owners) await session.ExecuteAsync("INSERT INTO ips_owner (name, object_key) VALUES (@p0, @p1)", owner, key);
        return new WriteOutcome(old is null ? WriteKind.Created : WriteKind.Updated, version);
    }

    /// <summary>The version of this write. In PostgreSQL this also keeps all other writers waiting.</summary>
    protected static async ValueTask<long> NextVersionAsync(SqlSession session) =>
        await session.ScalarAsync("UPDATE ips_counter SET value = value + 1 WHERE name = @p0 RETURNING value", VersionCounter)
        ?? throw new InvalidDataException("The store's table ips_counter has lost its row 'version'.");

    /// <summary>Changes a counter.</summary>
    protected static Task<int> AddToCounterAsync(SqlSession session, string name, long change) =>
        session.ExecuteAsync("UPDATE ips_counter SET value = value + @p0 WHERE name = @p1", change, name);

    private static async ValueTask<ObjectPage> PageAsync(
        SqlSession session, Page page, (string Sql, List<object> Values) rows, Func<(string Sql, List<object> Values)> count, CancellationToken cancellationToken)
    {
        List<StoredObject> items = [];
        await using (var reader = await session.Command(rows.Sql, rows.Values).ExecuteReaderAsync(cancellationToken))
            while (await reader.ReadAsync(cancellationToken)) items.Add(Stored(reader));
        // A page that is not full, but not empty, is the last one: no need to count.
        if ((items.Count > 0 || page.Number == 1) && items.Count < page.Size) return new ObjectPage(page, page.Offset + items.Count, items);
        var (sql, values) = count();
        return new ObjectPage(page, await session.ScalarAsync(sql, values) ?? 0, items);
    }

    private async ValueTask<bool> ChangeKeyAsync(string sql, AccessKey key, CancellationToken cancellationToken)
    {
        await using var write = await BeginWriteAsync(cancellationToken);
        var changed = await write.Session.ExecuteAsync(sql, key.Name, key.Secret, key.PreviousSecret, key.PreviousUntil.ToUnixTimeSeconds(),
            key.CanWrite ? 1L : 0L, key.IsEnabled ? 1L : 0L, key.Created.ToUnixTimeSeconds(), key.Note);
        if (changed == 0) return false;
        await AddToCounterAsync(write.Session, KeysCounter, 1);
        await write.CommitAsync();
        return true;
    }

    private static async ValueTask<(long Key, StoredObject Stored)?> FindAsync(SqlSession session, ObjectClass oclass, string id)
    {
        var command = session.Command("SELECT version, body, object_key FROM ips_object WHERE oid = @p0 AND id = @p1", (long)oclass.Number, id);
        await using var reader = await command.ExecuteReaderAsync(CancellationToken.None);
        return await reader.ReadAsync(CancellationToken.None) ? (reader.GetInt64(2), Stored(reader)) : null;
    }

    // By the whole primary key of each row, which the old body tells: no second index, a third of the store's size, is needed.
    private static async ValueTask UnindexAsync(SqlSession session, long key, InventoryObject old)
    {
        foreach (var (address, slot) in old.Addresses)
            await session.ExecuteAsync("DELETE FROM ips_address WHERE address = @p0 AND object_key = @p1 AND field = @p2", address.ToBytes(), key, (long)slot);
        foreach (var owner in old.Owners) await session.ExecuteAsync("DELETE FROM ips_owner WHERE name = @p0 AND object_key = @p1", owner, key);
    }

    private static StoredObject Stored(DbDataReader reader) => new(reader.GetInt64(0), reader.GetFieldValue<byte[]>(1));
}
