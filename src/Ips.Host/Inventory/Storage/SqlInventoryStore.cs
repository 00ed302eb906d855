using System.Data.Common;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using Ips.Actors.Files;

namespace Ips.Host.Inventory.Storage;

/// <summary>What both stores have in common: everything but connections, migrations, and how bulk comes in.</summary>
/// <remarks>Writers are single file, in each process by the derived store, and between processes by the counter row <c>version</c>, whose
/// update is the first statement of each write transaction (SQLite: by BEGIN IMMEDIATE already). So versions grow in the order of the
/// commits.</remarks>
/// <param name="callLimit">How long one call may take in all.</param>
internal abstract class SqlInventoryStore(TimeSpan callLimit) : IInventoryStore
{
    private volatile bool _cannotWrite;
    private volatile bool _isCorrupt;

    /// <summary>Reads the UUID of the store.</summary>
    protected const string IdSql = "SELECT id FROM ips_store";

    private const string VersionCounter = "version";
    private const string KeysCounter = "keys";
    private const string KeyColumns = "access_key, secret, previous_secret, previous_until, can_write, is_enabled, created, note";

    public abstract string Description { get; }

    public abstract StoreIdentity Identity { get; }

    public TimeSpan CallLimit => callLimit;

    public abstract ValueTask ReleaseAsync();

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return ReleaseAsync();
    }

    /// <summary>A connection for reading.</summary>
    protected abstract ValueTask<SqlSession> RentReaderAsync(StoreCall call);

    /// <summary>Begins a write transaction.</summary>
    protected abstract ValueTask<SqlWrite> BeginWriteAsync(StoreCall call);

    /// <summary>Carries out a call within its limit.</summary>
    /// <exception cref="StoreAwayException">The store cannot be used.</exception>
    protected abstract Task<T> CarryOutAsync<T>(TimeSpan limit, Func<StoreCall, Task<T>> work, CancellationToken cancellationToken);

    /// <summary>What is wrong beyond what a read shows, such as a file that is gone; null if nothing is. <paramref name="id"/>: what the
    /// store says of itself now.</summary>
    protected abstract string? Fault(string? id);

    /// <summary>Takes a nonce within a write.</summary>
    protected abstract Task<NonceOutcome> TakeAsync(
        StoreCall call, string accessKey, string nonce, long expires, TimeSpan window, int capacity);

    /// <summary>A call within what is left of the time of its request.</summary>
    protected async ValueTask<T> RunAsync<T>(Func<StoreCall, Task<T>> work, CancellationToken cancellationToken)
    {
        var (began, writes) = (Stopwatch.GetTimestamp(), false);
        try
        {
            var result = await CarryOutAsync(StoreBudget.Left(callLimit), async call =>
            {
                var done = await work(call);
                writes = call.CommitSent;
                return done;
            }, cancellationToken);
            if (writes) _cannotWrite = false;
            return result;
        }
        catch (StoreAwayException e)
        {
            if (e.Trouble is StoreTrouble.Full or StoreTrouble.ReadOnly) _cannotWrite = true;
            if (e.Trouble is StoreTrouble.Corrupt) _isCorrupt = true; // no page of it is to be trusted, whichever the next request reads
            throw;
        }
        finally
        {
            StoreBudget.Spend(Stopwatch.GetElapsedTime(began));
        }
    }

    public async ValueTask<string?> CheckAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (_isCorrupt) return StoreTroubleText.Of(StoreTrouble.Corrupt);
            if (Fault(await RunAsync(ReadIdAsync, cancellationToken)) is { } fault) return fault;
            // Only behind a write that has failed: a healthy store is not written to for this.
            if (_cannotWrite) await RunAsync(ProbeWriteAsync, cancellationToken);
            return null;
        }
        catch (StoreAwayException e)
        {
            return StoreTroubleText.Of(e.Trouble);
        }
        catch (StoreBusyException)
        {
            return null; // an import: slow is not away
        }
    }

    public ValueTask<NonceOutcome> TakeAsync(
        string accessKey, string nonce, long expires, TimeSpan window, int capacity, CancellationToken cancellationToken) =>
        RunAsync(call => TakeAsync(call, accessKey, nonce, expires, window, capacity), cancellationToken);

    public abstract ValueTask<IImportSession> BeginImportAsync(CancellationToken cancellationToken);

    public ValueTask<StoredObject?> GetAsync(ObjectClass oclass, string id, CancellationToken cancellationToken) =>
        RunAsync<StoredObject?>(async call =>
    {
        await using var session = await RentReaderAsync(call);
        var command = session.Command($"SELECT {ObjectSql.Columns} FROM ips_object o WHERE o.oid = @p0 AND o.id = @p1", (long)oclass.Number,
            id);
        await using var reader = await command.ExecuteReaderAsync(call.Token);
        return await reader.ReadAsync(call.Token) ? Stored(reader) : null;
    }, cancellationToken);

    public ValueTask<ObjectPage> ListAsync(ListQuery query, CancellationToken cancellationToken) => RunAsync(async call =>
    {
        await using var session = await RentReaderAsync(call);
        await using var moment = await session.BeginReadAsync(call.Token);
        return await PageAsync(session, query.Page, query.Order, ObjectSql.List(query), () => ObjectSql.CountList(query), call.Token);
    }, cancellationToken);

    public ValueTask<ObjectPage> SearchAsync(SearchQuery query, CancellationToken cancellationToken) => RunAsync(async call =>
    {
        await using var session = await RentReaderAsync(call);
        // Single addresses have a handful of objects: one statement sees them all, so it needs no transaction around it.
        await using var moment = query.Ranges.All(range => range.IsSingle)
            ? null
            : await session.BeginReadAsync(call.Token);
        return await PageAsync(session, query.Page, query.Order, ObjectSql.Search(query), () => ObjectSql.CountSearch(query), call.Token);
    }, cancellationToken);

    public ValueTask<WriteOutcome> PutAsync(InventoryObject item, WriteCondition condition, CancellationToken cancellationToken) =>
        RunAsync(async call =>
    {
        await using var write = await BeginWriteAsync(call);
        var version = await NextVersionAsync(write.Session);
        var outcome = await PutAsync(write.Session, item, version, condition);
        if (outcome.Kind is WriteKind.Created or WriteKind.Updated) await write.CommitAsync();
        return outcome;
    }, cancellationToken);

    public ValueTask<WriteOutcome> DeleteAsync(ObjectClass oclass, string id, WriteCondition condition,
        CancellationToken cancellationToken) => RunAsync(async call =>
    {
        await using var write = await BeginWriteAsync(call);
        await NextVersionAsync(write.Session);
        var old = await FindAsync(write.Session, oclass, id);
        var kind = WriteRules.Delete(old?.Stored, condition);
        if (kind != WriteKind.Deleted || old is not { } found) return new WriteOutcome(kind, old?.Stored.Version);
        await UnindexAsync(write.Session, found.Key, ObjectCodec.ReadStored(oclass, id, found.Stored.Body.Span));
        await write.Session.ExecuteAsync("DELETE FROM ips_object WHERE object_key = @p0", found.Key);
        await AddToCounterAsync(write.Session, ObjectSql.CounterName(oclass), -1);
        await write.CommitAsync();
        return new WriteOutcome(WriteKind.Deleted, null);
    }, cancellationToken);

    public async IAsyncEnumerable<StoredObject> ExportAsync(ObjectClass? oclass,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // Takes as long as it takes: it is a command's, and no request's.
        await using var session = await RentReaderAsync(new StoreCall(callLimit, cancellationToken));
        var command = oclass is null
            ? session.Command($"SELECT {ObjectSql.Columns} FROM ips_object o ORDER BY o.object_key")
            : session.Command($"SELECT {ObjectSql.Columns} FROM ips_object o WHERE o.oid = @p0 ORDER BY o.object_key", (long)oclass.Number);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken)) yield return Stored(reader);
    }

    public ValueTask<long> GetKeysVersionAsync(CancellationToken cancellationToken) => RunAsync(async call =>
    {
        await using var session = await RentReaderAsync(call);
        return await session.ScalarAsync("SELECT value FROM ips_counter WHERE name = @p0", KeysCounter) ?? 0;
    }, cancellationToken);

    public ValueTask<IReadOnlyList<AccessKey>> GetKeysAsync(CancellationToken cancellationToken) =>
        RunAsync<IReadOnlyList<AccessKey>>(async call =>
    {
        await using var session = await RentReaderAsync(call);
        var command = session.Command($"SELECT {KeyColumns} FROM ips_access_key ORDER BY access_key");
        await using var reader = await command.ExecuteReaderAsync(call.Token);
        List<AccessKey> keys = [];
        while (await reader.ReadAsync(call.Token))
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
    }, cancellationToken);

    public ValueTask<bool> AddKeyAsync(AccessKey key, CancellationToken cancellationToken) => ChangeKeyAsync(
        $"INSERT INTO ips_access_key ({KeyColumns}) VALUES (@p0, @p1, @p2, @p3, @p4, @p5, @p6, @p7) ON CONFLICT (access_key) DO NOTHING",
            key, cancellationToken);

    public ValueTask<bool> ReplaceKeyAsync(AccessKey key, CancellationToken cancellationToken) => ChangeKeyAsync(
        "UPDATE ips_access_key SET secret = @p1, previous_secret = @p2, previous_until = @p3, can_write = @p4, is_enabled = @p5, created "
            + "= @p6, note = @p7 WHERE access_key = @p0",
        key, cancellationToken);

    public ValueTask<bool> DeleteKeyAsync(string name, CancellationToken cancellationToken) =>
        ChangeKeysAsync("DELETE FROM ips_access_key WHERE access_key = @p0", [name], cancellationToken);

    /// <summary>Makes or replaces an object within a write.</summary>
    protected static async ValueTask<WriteOutcome> PutAsync(SqlSession session, InventoryObject item, long version,
        WriteCondition condition)
    {
        var old = await FindAsync(session, item.Class, item.Id);
        var (body, others) = (ObjectCodec.WriteBody(item), ObjectCodec.WriteOthers(item));
        var kind = WriteRules.Put(old?.Stored, ObjectCodec.Join(body, others), condition);
        if (kind is not (WriteKind.Created or WriteKind.Updated)) return new WriteOutcome(kind, old?.Stored.Version);
        object?[] columns = [version, item.ColumnValue("label"), item.ColumnValue("kind"), item.ColumnValue("mem_size"),
            item.ColumnValue("disk_size"), body];
        long key;
        if (old is { } found)
        {
            key = found.Key;
            await UnindexAsync(session, key, ObjectCodec.ReadStored(item.Class, item.Id, found.Stored.Body.Span));
            await session.ExecuteAsync(
                "UPDATE ips_object SET version = @p0, label = @p1, kind = @p2, mem_size = @p3, disk_size = @p4, body = @p5 WHERE "
                    + "object_key = @p6", [.. columns, key]);
        }
        else
        {
            key = (await session.ScalarAsync(
                "INSERT INTO ips_object (version, label, kind, mem_size, disk_size, body, oid, id) VALUES (@p0, @p1, @p2, @p3, @p4, @p5, "
                    + "@p6, @p7) RETURNING object_key",
                [.. columns, (long)item.Class.Number, item.Id]))!.Value;
            await AddToCounterAsync(session, ObjectSql.CounterName(item.Class), 1);
        }
        foreach (var (address, slot) in item.Addresses)
        {
            await session.ExecuteAsync("INSERT INTO ips_address (address, object_key, field, oid) VALUES (@p0, @p1, @p2, @p3)",
                address.ToBytes(), key, (long)slot, (long)item.Class.Number);
        }
        foreach (var owner in item.Owners) await session.ExecuteAsync("INSERT INTO ips_owner (name, object_key) VALUES (@p0, @p1)", owner,
            key);
        if (others is not null) await session.ExecuteAsync("INSERT INTO ips_more (object_key, body) VALUES (@p0, @p1)", key, others);
        return new WriteOutcome(kind, version);
    }

    /// <summary>The version of this write. In PostgreSQL this also keeps all other writers waiting.</summary>
    protected static async ValueTask<long> NextVersionAsync(SqlSession session) =>
        await session.ScalarAsync("UPDATE ips_counter SET value = value + 1 WHERE name = @p0 RETURNING value", VersionCounter)
        ?? throw new InvalidDataException("The store's table ips_counter has lost its row 'version'.");

    /// <summary>Changes a counter.</summary>
    protected static Task<int> AddToCounterAsync(SqlSession session, string name, long change) =>
        session.ExecuteAsync("UPDATE ips_counter SET value = value + @p0 WHERE name = @p1", change, name);

    private static async ValueTask<ObjectPage> PageAsync(
        SqlSession session, Page page, ObjectOrder order, (string Sql, List<object> Values) rows,
        Func<(string Sql, List<object> Values)> count, CancellationToken cancellationToken)
    {
        List<StoredObject> items = [];
        await using (var reader = await session.Command(rows.Sql, rows.Values).ExecuteReaderAsync(cancellationToken))
            while (await reader.ReadAsync(cancellationToken)) items.Add(Stored(reader));
        // A page that is not full, but not empty, is the last one: no need to count.
        if (order.After is null && (items.Count > 0 || page.Number == 1) && items.Count < page.Size)
            return new ObjectPage(page, page.Offset + items.Count, items);
        var (sql, values) = count();
        return new ObjectPage(page, await session.ScalarAsync(sql, values) ?? 0, items);
    }

    /// <summary>The UUID of the store; null if it has none.</summary>
    protected async Task<string?> ReadIdAsync(StoreCall call)
    {
        await using var session = await RentReaderAsync(call);
        return (string?)await session.Command(IdSql).ExecuteScalarAsync(call.Token);
    }

    // As small as a write can be, and as durable as any.
    private async Task<bool> ProbeWriteAsync(StoreCall call)
    {
        await using var write = await BeginWriteAsync(call);
        await AddToCounterAsync(write.Session, VersionCounter, 0);
        await write.CommitAsync();
        return true;
    }

    private ValueTask<bool> ChangeKeyAsync(string sql, AccessKey key, CancellationToken cancellationToken) => ChangeKeysAsync(
        sql,
        [
            key.Name, key.Secret, key.PreviousSecret, key.PreviousUntil.ToUnixTimeSeconds(), key.CanWrite ? 1L : 0L, key.IsEnabled ? 1L
                : 0L,
            key.Created.ToUnixTimeSeconds(), key.Note,
        ],
        cancellationToken);

    private ValueTask<bool> ChangeKeysAsync(string sql, object?[] values, CancellationToken cancellationToken) => RunAsync(async call =>
    {
        await using var write = await BeginWriteAsync(call);
        var changed = await write.Session.ExecuteAsync(sql, values);
        if (changed == 0) return false;
        await AddToCounterAsync(write.Session, KeysCounter, 1);
        await write.CommitAsync();
        return true;
    }, cancellationToken);

    private static async ValueTask<(long Key, StoredObject Stored)?> FindAsync(SqlSession session, ObjectClass oclass, string id)
    {
        var command = session.Command($"SELECT {ObjectSql.Columns}, o.object_key FROM ips_object o WHERE o.oid = @p0 AND o.id = @p1",
            (long)oclass.Number, id);
        await using var reader = await command.ExecuteReaderAsync(CancellationToken.None);
        return await reader.ReadAsync(CancellationToken.None) ? (reader.GetInt64(3), Stored(reader)) : null;
    }

    // By the whole primary key of each row, which the old body tells: no second index, a third of the store's size, is needed.
    private static async ValueTask UnindexAsync(SqlSession session, long key, InventoryObject old)
    {
        foreach (var (address, slot) in old.Addresses)
            await session.ExecuteAsync("DELETE FROM ips_address WHERE address = @p0 AND object_key = @p1 AND field = @p2",
                address.ToBytes(), key, (long)slot);
        foreach (var owner in old.Owners) await session.ExecuteAsync("DELETE FROM ips_owner WHERE name = @p0 AND object_key = @p1", owner,
            key);
    }

    private static StoredObject Stored(DbDataReader reader) =>
        new(reader.GetInt64(0), ObjectCodec.Join(reader.GetFieldValue<byte[]>(1),
            reader.IsDBNull(2) ? null : reader.GetFieldValue<byte[]>(2)));
}
