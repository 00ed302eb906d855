using Ips.Host.Auth;
using Ips.Host.Inventory;
using Ips.Host.Inventory.Storage;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace Ips.Host.Tests.Inventory;

/// <summary>What both stores promise.</summary>
[Collection(PostgresCollection.Name)]
public sealed class StoreContractTests(PostgresServer postgres) : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("ips-store-").FullName;
    private readonly List<IInventoryStore> _opened = [];
    private InventoryOptions? _options;

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        foreach (var store in _opened) await store.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Theory, OnSqlite, OnPostgres]
    public async Task Put_NewChangedSame_SaysWhatItDid(StoreKind kind)
    {
        var store = await OpenAsync(kind);
        var created = await store.PutAsync(Items.Host("H1"), WriteCondition.None, default);
        var updated = await store.PutAsync(Items.Host("H1", "10.0.0.2"), WriteCondition.None, default);
        var same = await store.PutAsync(Items.Host("H1", "::ffff:10.0.0.2"), WriteCondition.None, default);
        Assert.Equal((WriteKind.Created, WriteKind.Updated, WriteKind.Unchanged), (created.Kind, updated.Kind, same.Kind));
        Assert.True(updated.Version > created.Version);
        Assert.Equal(updated.Version, same.Version);
        var found = await store.GetAsync(ObjectClass.Host, "H1", default);
        Assert.Equal(updated.Version, found?.Version);
        Assert.Equal(ObjectCodec.Write(Items.Host("H1", "10.0.0.2")), found?.Body.ToArray());
        Assert.Null(await store.GetAsync(ObjectClass.Switch, "H1", default));
        Assert.Null(await store.GetAsync(ObjectClass.Host, "h1", default));
    }

    [Theory, OnSqlite, OnPostgres]
    public async Task Write_WithCondition_HappensOnlyIfItHolds(StoreKind kind)
    {
        var store = await OpenAsync(kind);
        var onlyNew = new WriteCondition([], false, true);
        Assert.Equal(new WriteOutcome(WriteKind.ConditionFailed, null),
            await store.PutAsync(Items.Host("H1"), new WriteCondition([], true, false), default));
        var first = await store.PutAsync(Items.Host("H1"), onlyNew, default);
        Assert.Equal(WriteKind.ConditionFailed, (await store.PutAsync(Items.Host("H1"), onlyNew, default)).Kind);
        var second = await store.PutAsync(Items.Host("H1", "10.0.0.2"), new WriteCondition([first.Version!.Value], true, false), default);
        Assert.Equal(WriteKind.Updated, second.Kind);
        var stale = new WriteCondition([first.Version.Value], true, false);
        Assert.Equal(new WriteOutcome(WriteKind.ConditionFailed, second.Version),
            await store.PutAsync(Items.Host("H1", "10.0.0.3"), stale, default));
        // The same PUT again, as after a lost answer: it is done, so that is what it says.
        Assert.Equal(new WriteOutcome(WriteKind.Unchanged, second.Version),
            await store.PutAsync(Items.Host("H1", "10.0.0.2"), stale, default));
        Assert.Equal(WriteKind.ConditionFailed, (await store.DeleteAsync(ObjectClass.Host, "H1", stale, default)).Kind);
        Assert.Equal(WriteKind.Deleted,
            (await store.DeleteAsync(ObjectClass.Host, "H1", new WriteCondition([second.Version!.Value], true, false), default)).Kind);
        Assert.Equal(WriteKind.NotFound, (await store.DeleteAsync(ObjectClass.Host, "H1", WriteCondition.None, default)).Kind);
        var again = await store.PutAsync(Items.Host("H1"), WriteCondition.None, default);
        Assert.True(again.Version > second.Version, "A version must never come back, or an If-Match from before the deletion would match.");
    }

    [Theory, OnSqlite, OnPostgres]
    public async Task Search_FindsEveryAddressOfAnObjectOnce(StoreKind kind)
    {
        var store = await OpenAsync(kind);
        await PutAsync(store, Items.Host("H1", "10.1.162.18"), Items.Host("H2", "10.1.162.19"), Items.Host("H6", "2001:db8::6"),
            Items.Switch("S1", "10.1.0.1", ""","vip":["10.1.162.18","10.1.0.254"],"console_ip":"192.168.0.1" """));
        Assert.Equal(["H1", "S1"], await SearchAsync(store, null, "10.1.162.18"));
        Assert.Equal(["S1"], await SearchAsync(store, ObjectClass.Switch, "10.1.162.18"));
        Assert.Equal(["H2", "S1"], await SearchAsync(store, null, "192.168.0.1", "10.1.162.19"));
        Assert.Equal(["S1"], await SearchAsync(store, null, "10.1.0.254"));
        Assert.Equal(["H1", "H2", "S1"], await SearchAsync(store, null, "10.1.0.0/16"));
        Assert.Equal(["H6"], await SearchAsync(store, null, "2001:db8::/32"));
        Assert.Equal(["H6"], await SearchAsync(store, null, "::/0"));
        Assert.Equal(["H1", "H2", "S1"], await SearchAsync(store, null, "0.0.0.0/0"));
        Assert.Equal(["H1", "H2", "H6", "S1"], await SearchAsync(store, null, "0.0.0.0/0", "::/0", "10.1.162.18"));
        Assert.Empty(await SearchAsync(store, null, "10.2.0.0/16", "10.1.162.20"));
        // one address in three fields
        await PutAsync(store, Items.Switch("S2", "10.3.0.1", ""","vip":["10.3.0.1"],"console_ip":"10.3.0.1" """));
        Assert.Equal(["S2"], await SearchAsync(store, null, "10.3.0.1"));
        Assert.Equal(["S2"], await SearchAsync(store, ObjectClass.Switch, "10.3.0.1"));
        Assert.Empty(await SearchAsync(store, ObjectClass.Host, "10.3.0.1"));
    }

    [Theory, OnSqlite, OnPostgres]
    public async Task Search_AfterReplaceAndDelete_ForgetsOldAddresses(StoreKind kind)
    {
        var store = await OpenAsync(kind);
        await PutAsync(store, Items.Switch("S1", "10.0.0.1", ""","vip":["10.0.0.2","10.0.0.2"],"owner":["a","a","b"]"""));
        await PutAsync(store, Items.Switch("S1", "10.0.0.3", ""","vip":["10.0.0.2"],"owner":["b"]"""));
        Assert.Empty(await SearchAsync(store, null, "10.0.0.1"));
        Assert.Equal(["S1"], await SearchAsync(store, null, "10.0.0.2"));
        Assert.Empty((await store.ListAsync(new ListQuery(ObjectClass.Switch, new Page(1, 10), [new ObjectFilter.ByOwner(["a"])]),
            default)).Items);
        await store.DeleteAsync(ObjectClass.Switch, "S1", WriteCondition.None, default);
        Assert.Empty(await SearchAsync(store, null, "10.0.0.0/8"));
        Assert.Equal(0, (await store.ListAsync(new ListQuery(ObjectClass.Switch, new Page(1, 10), []), default)).Total);
    }

    [Theory, OnSqlite, OnPostgres]
    public async Task Search_Paged_IsStableAndCountsAll(StoreKind kind)
    {
        var store = await OpenAsync(kind);
        for (var i = 0; i < 25; i++) await PutAsync(store, Items.Host($"H{i:00}", $"10.0.0.{i}"));
        List<string> seen = [];
        for (var page = 1; page <= 4; page++)
        {
            var result = await store.SearchAsync(new SearchQuery(Items.Ranges("10.0.0.0/24"), null, new Page(page, 10)), default);
            Assert.Equal(25, result.Total);
            seen.AddRange(result.Items.Select(Items.Id));
        }
        Assert.Equal(Enumerable.Range(0, 25).Select(i => $"H{i:00}"), seen);
    }

    [Theory, OnSqlite, OnPostgres]
    public async Task List_Filters_AllMustMatch(StoreKind kind)
    {
        var store = await OpenAsync(kind);
        await PutAsync(store,
            Items.Host("b", "10.0.0.2", "web", ""","mem_size":16,"disk_size":5,"class":"物理机","owner":["ops","web"]"""),
            Items.Host("a", "10.0.0.1", "web", ""","mem_size":16,"class":"vm","owner":["ops"]"""),
            Items.Host("C", "2001:db8::1", "db", ""","mem_size":32"""),
            Items.Switch("b", "10.0.0.9", ""","name":"web","console_ip":"10.9.9.9" """));
        Assert.Equal(["C", "a", "b"], await ListAsync(store, ObjectClass.Host)); // ordinal, whatever the database's locale
        Assert.Equal(["a", "b"], await ListAsync(store, ObjectClass.Host, new ObjectFilter.ByColumn("label", ["web"])));
        Assert.Equal(["b"], await ListAsync(store, ObjectClass.Host, new ObjectFilter.ByColumn("label", ["web"]),
            new ObjectFilter.ByColumn("kind", ["物理机"])));
        Assert.Equal(["C", "a", "b"], await ListAsync(store, ObjectClass.Host, new ObjectFilter.ByColumn("mem_size", [16L, 32L])));
        Assert.Equal(["b"], await ListAsync(store, ObjectClass.Host, new ObjectFilter.ByColumn("disk_size", [5L])));
        Assert.Equal(["b"], await ListAsync(store, ObjectClass.Host, new ObjectFilter.ByOwner(["web", "none"])));
        Assert.Equal(["C", "b"], await ListAsync(store, ObjectClass.Host, new ObjectFilter.ById(["b", "C"])));
        Assert.Equal(["a", "b"], await ListAsync(store, ObjectClass.Host, new ObjectFilter.ByAddress(0, Items.Ranges("10.0.0.0/30"))));
        Assert.Equal(["b"], await ListAsync(store, ObjectClass.Switch, new ObjectFilter.ByAddress(2, Items.Ranges("10.9.9.9"))));
        Assert.Empty(await ListAsync(store, ObjectClass.Switch, new ObjectFilter.ByAddress(1, Items.Ranges("10.9.9.9"))));
        var second = await store.ListAsync(new ListQuery(ObjectClass.Host, new Page(2, 2), []), default);
        Assert.Equal((3L, "b"), (second.Total, Items.Id(Assert.Single(second.Items))));
        var beyond = await store.ListAsync(new ListQuery(ObjectClass.Host, new Page(Page.MaxNumber, 1000), []), default);
        Assert.Equal((3L, 0), (beyond.Total, beyond.Items.Count));
    }

    [Theory, OnSqlite, OnPostgres]
    public async Task Import_Committed_IsThereAndCounts(StoreKind kind)
    {
        var store = await OpenAsync(kind);
        await PutAsync(store, Items.Host("same", "10.0.0.1", "", ""","owner":["x"]"""),
            Items.Host("old", "10.0.0.2", "", ""","owner":["x"]"""));
        await using (var session = await store.BeginImportAsync(default))
        {
            await session.AddAsync(Items.Host("same", "10.0.0.1", "", ""","owner":["x"]"""), default);
            await session.AddAsync(Items.Host("old", "10.0.0.3", "", ""","owner":["y"]"""), default);
            await session.AddAsync(Items.Host("new", "10.0.0.4", "", ""","mem_size":1,"class":"c","owner":["y","y"]"""), default);
            await session.AddAsync(Items.Switch("new", "10.0.0.5", ""","vip":["10.0.0.5","10.0.0.6"]"""), default);
            Assert.Equal(new ImportCounts(2, 1, 1), await session.CommitAsync(default));
        }
        Assert.Equal(["same", "old", "new", "new"], await SearchAsync(store, null, "10.0.0.0/24"));
        Assert.Empty(await SearchAsync(store, null, "10.0.0.2"));
        Assert.Equal(["new", "old"], await ListAsync(store, ObjectClass.Host, new ObjectFilter.ByOwner(["y"])));
        Assert.Equal(["new"], await ListAsync(store, ObjectClass.Host, new ObjectFilter.ByColumn("kind", ["c"])));
        Assert.Equal(3, (await store.ListAsync(new ListQuery(ObjectClass.Host, new Page(1, 1), []), default)).Total);
    }

    [Theory, OnSqlite, OnPostgres]
    public async Task Import_NotCommitted_ChangesNothing(StoreKind kind)
    {
        var store = await OpenAsync(kind);
        await PutAsync(store, Items.Host("H1", "10.0.0.1"));
        await using (var session = await store.BeginImportAsync(default))
        {
            for (var i = 0; i < 6000; i++) await session.AddAsync(Items.Host($"N{i}", "10.0.0.9"), default); // more than one batch
        }
        Assert.Equal(["H1"], await SearchAsync(store, null, "0.0.0.0/0"));
        await PutAsync(store, Items.Host("H2", "10.0.0.1")); // and its lock is gone
    }

    [Theory, OnSqlite, OnPostgres]
    public async Task Export_WhileWritten_IsOneMoment(StoreKind kind)
    {
        var store = await OpenAsync(kind);
        for (var i = 0; i < 50; i++) await PutAsync(store, Items.Host($"H{i:00}"));
        List<string> exported = [];
        await foreach (var stored in store.ExportAsync(null, default))
        {
            if (exported.Count == 1) await PutAsync(store, Items.Host("late"));
            exported.Add(Items.Id(stored));
        }
        Assert.Equal(Enumerable.Range(0, 50).Select(i => $"H{i:00}"), exported);
    }

    [Theory, OnSqlite, OnPostgres]
    public async Task Writers_OfTwoGenerations_LoseNothing(StoreKind kind)
    {
        var (one, other) = (await OpenAsync(kind), await OpenAsync(kind));
        await Task.WhenAll(Enumerable.Range(0, 8).Select(writer => Task.Run(async () =>
        {
            var store = writer % 2 == 0 ? one : other;
            for (var i = 0; i < 20; i++)
            {
                await PutAsync(store, Items.Host($"W{writer}-{i}"));
                // All fight over this one: each reads the version and writes only if it is still the same.
                while (true)
                {
                    var old = await store.GetAsync(ObjectClass.Host, "shared", default);
                    var count = old is { } found ? (long)Ips.Host.Inventory.Transfer.Exporter.Item(found).ColumnValue("mem_size")! : 0;
                    var condition = old is { } known ? new WriteCondition([known.Version], true, false)
                        : new WriteCondition([], false, true);
                    var outcome = await store.PutAsync(Items.Host("shared", more: $$""","mem_size":{{count + 1}}"""), condition, default);
                    if (outcome.Kind is WriteKind.Created or WriteKind.Updated) break;
                }
            }
        }))).WaitAsync(TimeSpan.FromMinutes(2));
        Assert.Equal(161, (await one.ListAsync(new ListQuery(ObjectClass.Host, new Page(1, 1), []), default)).Total);
        var last = await other.GetAsync(ObjectClass.Host, "shared", default);
        Assert.Equal(160L, Ips.Host.Inventory.Transfer.Exporter.Item(last!.Value).ColumnValue("mem_size"));
    }

    [Theory, OnSqlite, OnPostgres]
    public async Task Put_WhileAnImportRuns_IsBusyAfterTheTimeout(StoreKind kind)
    {
        var one = await OpenAsync(kind);
        _options!.BusyTimeout = TimeSpan.FromMilliseconds(300);
        var (other, same) = (await OpenAsync(kind), one);
        await using var session = await one.BeginImportAsync(default);
        await Assert.ThrowsAsync<StoreBusyException>(async () => await other.PutAsync(Items.Host("H1"), WriteCondition.None, default))
            .WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Empty(await SearchAsync(other, null, "0.0.0.0/0")); // reads go on
        await session.DisposeAsync();
        await PutAsync(other, Items.Host("H1"));
        await PutAsync(same, Items.Host("H2"));
    }

    [Theory, OnSqlite, OnPostgres]
    public async Task Open_ByManyAtOnce_MigratesOnce(StoreKind kind)
    {
        await OptionsAsync(kind);
        var stores = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Task.Run(() => OpenAsync(kind))))
            .WaitAsync(TimeSpan.FromMinutes(1));
        foreach (var (store, i) in stores.Select((store, i) => (store, i))) await PutAsync(store, Items.Host($"H{i}"));
        Assert.Equal(6, (await stores[0].ListAsync(new ListQuery(ObjectClass.Host, new Page(1, 1), []), default)).Total);
    }

    [Theory, OnSqlite, OnPostgres]
    public async Task Open_StoreOfTheFirstVersion_KeepsItsObjects(StoreKind kind)
    {
        var options = await OptionsAsync(kind);
        // As the first release made it: step 1 only.
        if (kind == StoreKind.Sqlite) await ExecuteAsync(kind, options, SqliteSchema.Inventory[0] + "; PRAGMA user_version = 1;");
        else await ExecuteAsync(kind, options, PostgresSchema.Inventory[0]
            + "; CREATE TABLE ips_schema (version bigint NOT NULL); INSERT INTO ips_schema VALUES (1);");
        await ExecuteAsync(kind, options, "UPDATE ips_counter SET value = 41 WHERE name = 'version'");
        var store = await OpenAsync(kind);
        Assert.Equal(42, (await store.PutAsync(Items.Host("H1"), WriteCondition.None, default)).Version);
        Assert.Empty(await store.GetKeysAsync(default));
    }

    [Theory, OnSqlite, OnPostgres]
    public async Task Open_NewerStore_IsRefusedWithBothVersions(StoreKind kind)
    {
        await PutAsync(await OpenAsync(kind), Items.Host("H1"));
        await ExecuteAsync(kind, _options!, kind == StoreKind.Sqlite ? "PRAGMA user_version = 99" : "UPDATE ips_schema SET version = 99");
        var refused = await Assert.ThrowsAsync<StoreVersionException>(() => OpenAsync(kind));
        Assert.Contains("version 99", refused.Message, StringComparison.Ordinal);
        Assert.Contains($"up to {SqliteSchema.Inventory.Count}", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("Password", refused.Message, StringComparison.OrdinalIgnoreCase);
        // The generation that is open already goes on: that is what additive steps are for.
        await PutAsync(_opened[0], Items.Host("H2"));
    }

    [Theory, OnSqlite, OnPostgres]
    public async Task Keys_AddReplace_AreSeenByTheOtherGeneration(StoreKind kind)
    {
        var (one, other) = (await OpenAsync(kind), await OpenAsync(kind));
        var key = new AccessKey("A1", "s1", null, DateTimeOffset.UnixEpoch, false, true, DateTimeOffset.FromUnixTimeSeconds(1_767_225_600),
            "笔记");
        var before = await other.GetKeysVersionAsync(default);
        Assert.True(await one.AddKeyAsync(key, default));
        Assert.False(await one.AddKeyAsync(key, default));
        Assert.True(await other.GetKeysVersionAsync(default) > before);
        Assert.Equal([key], await other.GetKeysAsync(default));
        var rotated = key with
        {
            Secret = "s2",
            PreviousSecret = "s1",
            PreviousUntil = DateTimeOffset.FromUnixTimeSeconds(1_767_225_700),
            IsEnabled = false,
            CanWrite = true
        };
        Assert.True(await other.ReplaceKeyAsync(rotated, default));
        Assert.Equal([rotated], await one.GetKeysAsync(default));
        Assert.False(await one.ReplaceKeyAsync(key with { Name = "A2" }, default));
        before = await other.GetKeysVersionAsync(default);
        Assert.False(await one.DeleteKeyAsync("A2", default));
        Assert.True(await one.DeleteKeyAsync("A1", default));
        Assert.True(await other.GetKeysVersionAsync(default) > before);
        Assert.Empty(await other.GetKeysAsync(default));
    }

    [Theory, OnSqlite, OnPostgres]
    public async Task Release_EndsUse_AndMayBeRepeated(StoreKind kind)
    {
        var store = await OpenAsync(kind);
        await PutAsync(store, Items.Host("H1"));
        await store.ReleaseAsync();
        await store.ReleaseAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await store.GetAsync(ObjectClass.Host, "H1", default));
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await store.PutAsync(Items.Host("H1"), WriteCondition.None, default));
        Assert.NotNull(await (await OpenAsync(kind)).GetAsync(ObjectClass.Host, "H1", default));
    }

    private async Task<InventoryOptions> OptionsAsync(StoreKind kind) => _options ??= kind == StoreKind.Sqlite
        ? new InventoryOptions { Path = Path.Combine(_folder, "ips.db") }
        : new InventoryOptions { Postgres = await postgres.CreateDatabaseAsync(), Readers = 4 };

    private async Task<IInventoryStore> OpenAsync(StoreKind kind)
    {
        var store = await InventoryStores.OpenAsync(await OptionsAsync(kind), default);
        lock (_opened) _opened.Add(store);
        return store;
    }

    private static async Task PutAsync(IInventoryStore store, params InventoryObject[] items)
    {
        foreach (var item in items) Assert.NotEqual(WriteKind.ConditionFailed,
            (await store.PutAsync(item, WriteCondition.None, default)).Kind);
    }

    private static async Task<IEnumerable<string>> SearchAsync(IInventoryStore store, ObjectClass? oclass, params string[] blocks)
    {
        var page = await store.SearchAsync(new SearchQuery(Items.Ranges(blocks), oclass, new Page(1, 100)), default);
        Assert.Equal(page.Items.Count, page.Total);
        return page.Items.Select(Items.Id).ToList();
    }

    private static async Task<IEnumerable<string>> ListAsync(IInventoryStore store, ObjectClass oclass, params ObjectFilter[] filters)
    {
        var page = await store.ListAsync(new ListQuery(oclass, new Page(1, 100), filters), default);
        Assert.Equal(page.Items.Count, page.Total);
        // The count on its own must agree with what was counted by reading.
        Assert.Equal(page.Total, (await store.ListAsync(new ListQuery(oclass, new Page(50, 100), filters), default)).Total);
        return page.Items.Select(Items.Id).ToList();
    }

    private static async Task ExecuteAsync(StoreKind kind, InventoryOptions options, string sql)
    {
        await using System.Data.Common.DbConnection connection = kind == StoreKind.Sqlite
            ? new SqliteConnection($"Data Source={options.Path};Pooling=False")
            : new NpgsqlConnection(options.Postgres);
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync();
    }
}
