using System.Globalization;
using System.Text;
using Ips.Host.Inventory;
using Ips.Host.Inventory.Storage;
using Ips.Host.Inventory.Transfer;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace Ips.Host.Tests.Inventory;

/// <summary>The other addresses of objects, in both stores, also beside a generation of a build that knows nothing of them.</summary>
[Collection(PostgresCollection.Name)]
[Trait("issue", "12")]
public sealed class OtherAddressTests(PostgresServer postgres) : IAsyncLifetime
{
    private const string Others =
        ""","ip2":"10.1.0.1","eth":[{"ip":"10.1.0.2"},{"ip":"2001:db8::2"}],"network":[{"ip":"10.1.0.3"}]"""
            + ""","mgmt":"10.1.0.4","vcenter_ip":"10.1.0.5","out_band_ip":"10.1.0.6" """;

    private static readonly string[] All = ["10.1.0.1", "10.1.0.2", "2001:db8::2", "10.1.0.3", "10.1.0.4", "10.1.0.5", "10.1.0.6"];

    private readonly string _folder = Directory.CreateTempSubdirectory("ips-others-").FullName;
    private readonly List<IInventoryStore> _opened = [];
    private InventoryOptions? _options;

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        foreach (var store in _opened) await store.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Theory, OnSqlite, OnPostgres]
    public async Task Put_OtherAddresses_AreAnsweredAndEachFound(StoreKind kind)
    {
        var store = await OpenAsync(kind);
        await store.PutAsync(Items.Host("H1", more: Others), WriteCondition.None, default);
        await store.PutAsync(Items.Switch("S1", "10.0.0.2", Others), WriteCondition.None, default);
        await store.PutAsync(Items.Host("H2", "10.0.0.3"), WriteCondition.None, default);
        foreach (var address in All) Assert.Equal(["H1", "S1"], await SearchAsync(store, address));
        Assert.Equal(["H1", "S1"], await SearchAsync(store, "10.1.0.0/16"));
        Assert.Equal(
            """{"oid":"host","id":"H1","ip":"10.0.0.1","hostname":"","mem_size":null,"disk_size":null,"class":"","owner":[]"""
                + ""","ip2":"10.1.0.1","eth":[{"ip":"10.1.0.2"},{"ip":"2001:db8::2"}],"network":[{"ip":"10.1.0.3"}]"""
                + ""","mgmt":"10.1.0.4","vcenter_ip":"10.1.0.5","out_band_ip":"10.1.0.6"}""",
            await BodyAsync(store, "H1"));
        Assert.DoesNotContain("ip2", await BodyAsync(store, "H2"), StringComparison.Ordinal);
        foreach (var (slot, address) in new[] { (3, "10.1.0.1"), (4, "10.1.0.2"), (5, "10.1.0.3"), (6, "10.1.0.4"), (7, "10.1.0.5"),
            (8, "10.1.0.6") })
        {
            var page = await store.ListAsync(new ListQuery(ObjectClass.Host, new Page(1, 10),
                [new ObjectFilter.ByAddress(slot, Items.Ranges(address))]), default);
            Assert.Equal(["H1"], page.Items.Select(Items.Id));
        }
    }

    [Theory, OnSqlite, OnPostgres]
    public async Task Put_AgainWithOtherOrWithout_ReplacesThem_AndTheSameChangesNothing(StoreKind kind)
    {
        var store = await OpenAsync(kind);
        var first = await store.PutAsync(Items.Host("H1", more: Others), WriteCondition.None, default);
        Assert.Equal(new WriteOutcome(WriteKind.Unchanged, first.Version),
            await store.PutAsync(Items.Host("H1", more: Others), WriteCondition.None, default));
        Assert.Equal(WriteKind.Updated,
            (await store.PutAsync(Items.Host("H1", more: ""","mgmt":"10.1.0.4","ip2":"10.1.0.9" """), WriteCondition.None, default)).Kind);
        Assert.Equal(["H1"], await SearchAsync(store, "10.1.0.4"));
        Assert.Equal(["H1"], await SearchAsync(store, "10.1.0.9"));
        foreach (var gone in All.Except(["10.1.0.4"])) Assert.Empty(await SearchAsync(store, gone));
        Assert.Equal(WriteKind.Updated, (await store.PutAsync(Items.Host("H1"), WriteCondition.None, default)).Kind);
        Assert.Empty(await SearchAsync(store, "10.1.0.0/16"));
        Assert.Equal((0L, 1L), await RowsAsync(kind));
    }

    [Theory, OnSqlite, OnPostgres]
    public async Task Delete_LeavesNothingBehind(StoreKind kind)
    {
        var store = await OpenAsync(kind);
        await store.PutAsync(Items.Host("H1", more: Others), WriteCondition.None, default);
        await store.DeleteAsync(ObjectClass.Host, "H1", WriteCondition.None, default);
        Assert.Equal((0L, 0L), await RowsAsync(kind));
        await store.PutAsync(Items.Host("H2"), WriteCondition.None, default); // SQLite gives it the same key
        Assert.DoesNotContain("ip2", await BodyAsync(store, "H2"), StringComparison.Ordinal);
    }

    [Theory, OnSqlite, OnPostgres]
    public async Task OldBuild_ReplacesAndDeletes_WithoutLeavingWhatItDoesNotKnow(StoreKind kind)
    {
        var store = await OpenAsync(kind);
        foreach (var id in new[] { "H1", "H2" }) await store.PutAsync(Items.Host(id, more: Others), WriteCondition.None, default);
        // It reads bodies with its own parser, which refuses fields that it does not know: they must not be there.
        Assert.Equal(2, await CountAsync(kind, "SELECT count(*) FROM ips_object WHERE body = "
            + (kind == StoreKind.Sqlite ? "CAST('{0}' AS BLOB)" : "convert_to('{0}', 'UTF8')"),
            """{"oid":"host","id":"H1","ip":"10.0.0.1","hostname":"","mem_size":null,"disk_size":null,"class":"","owner":[]}""",
            """{"oid":"host","id":"H2","ip":"10.0.0.1","hostname":"","mem_size":null,"disk_size":null,"class":"","owner":[]}"""));
        Assert.Equal(["H1", "H2"], await SearchAsync(store, "10.1.0.1"));

        // The statements of the build before, which goes on while the new generation has made the table, and may come back after a
        // rollback.
        await ExecuteAsync(kind,
            "UPDATE ips_object SET version = 7, label = 'web', kind = '', mem_size = NULL, disk_size = NULL, body = body WHERE id = 'H1'");
        await ExecuteAsync(kind,
            "DELETE FROM ips_address WHERE field = 0 AND object_key = (SELECT object_key FROM ips_object WHERE id = 'H2')");
        await ExecuteAsync(kind, "DELETE FROM ips_object WHERE id = 'H2'");
        await ExecuteAsync(kind, "UPDATE ips_counter SET value = value - 1 WHERE name = 'objects.host'");
        foreach (var address in All) Assert.Empty(await SearchAsync(store, address));
        Assert.Equal(["H1"], await SearchAsync(store, "10.0.0.1"));
        Assert.Equal((0L, 1L), await RowsAsync(kind));
        Assert.DoesNotContain("ip2", await BodyAsync(store, "H1"), StringComparison.Ordinal);
    }

    [Theory, OnSqlite, OnPostgres]
    public async Task Open_StoreOfTheBuildBefore_AddsTheTable_AndKeepsItsVersion(StoreKind kind)
    {
        await OptionsAsync(kind);
        const string row = "INSERT INTO ips_object (oid, id, version, label, kind, body) VALUES (1, 'H1', 1, '', '', {0})";
        const string body = """{"oid":"host","id":"H1","ip":"10.0.0.1","hostname":"","mem_size":null,"disk_size":null"""
            + ""","class":"","owner":[]}""";
        if (kind == StoreKind.Sqlite)
        {
            await ExecuteAsync(kind, $"{SqliteSchema.Inventory[0]}; {SqliteSchema.Inventory[1]}; PRAGMA user_version = 2");
            await ExecuteAsync(kind, string.Format(CultureInfo.InvariantCulture, row, $"CAST('{body}' AS BLOB)"));
        }
        else
        {
            await ExecuteAsync(kind,
                $"{PostgresSchema.Inventory[0]}; {PostgresSchema.Inventory[1]}; CREATE TABLE ips_schema (version bigint NOT NULL); "
                + "INSERT INTO ips_schema VALUES (2)");
            await ExecuteAsync(kind, string.Format(CultureInfo.InvariantCulture, row, $"convert_to('{body}', 'UTF8')"));
        }
        var (one, other) = (await OpenAsync(kind), await OpenAsync(kind)); // the second one finds it
        Assert.Equal(body, await BodyAsync(one, "H1"));
        Assert.Equal(WriteKind.Updated, (await other.PutAsync(Items.Host("H1", more: Others), WriteCondition.None, default)).Kind);
        Assert.Equal(["H1"], await SearchAsync(one, "10.1.0.6"));
        Assert.Equal(2L, await ScalarAsync(kind, kind == StoreKind.Sqlite ? "PRAGMA user_version" : "SELECT version FROM ips_schema"));
    }

    [Theory, OnSqlite, OnPostgres]
    public async Task ImportAndExport_CarryThem(StoreKind kind)
    {
        var store = await OpenAsync(kind);
        await store.PutAsync(Items.Host("same", more: Others), WriteCondition.None, default);
        await store.PutAsync(Items.Host("less", more: Others), WriteCondition.None, default);
        await store.PutAsync(Items.Host("more"), WriteCondition.None, default);
        var lines = string.Join('\n', new[] { Items.Host("same", more: Others), Items.Host("less"), Items.Host("more", more: Others),
            Items.Switch("new", "10.0.0.9", Others) }
            .Select(item => Encoding.UTF8.GetString(ObjectCodec.Write(item))));
        // A dry run first: it counts the same, and nothing is there afterwards.
        Assert.Equal(new ImportCounts(1, 2, 1), await ImportAsync(store, lines, TransferFormat.JsonLines, isDryRun: true));
        Assert.Equal(["same", "less"], await SearchAsync(store, "10.1.0.1"));
        Assert.Equal(new ImportCounts(1, 2, 1), await ImportAsync(store, lines, TransferFormat.JsonLines));
        foreach (var address in All) Assert.Equal(["same", "more", "new"], await SearchAsync(store, address));
        Assert.Equal((3L, 4L), await RowsAsync(kind));
        foreach (var format in new[] { TransferFormat.JsonLines, TransferFormat.Csv })
        {
            using var file = new MemoryStream();
            await Exporter.RunAsync(store, null, format, false, file, _ => { }, default);
            Assert.Equal(new ImportCounts(0, 0, 4), await ImportAsync(store, Encoding.UTF8.GetString(file.ToArray()), format));
        }
    }

    [Theory, OnSqlite, OnPostgres]
    public async Task Search_ByAddress_FindsTheSwitchOfThatName(StoreKind kind)
    {
        var store = await OpenAsync(kind);
        await store.PutAsync(Items.Switch("S1", "10.0.0.1", ""","name":"10.9.9.9" """), WriteCondition.None, default);
        await store.PutAsync(Items.Switch("S2", "10.9.9.9", ""","name":"10.9.9.9" """), WriteCondition.None, default);
        await store.PutAsync(Items.Host("H1", "10.0.0.3", "10.9.9.9"), WriteCondition.None, default);
        foreach (var (blocks, oclass, ids) in new (string[], ObjectClass?, string[])[]
        {
            (["10.9.9.9"], null, ["S1", "S2"]), (["10.9.9.9"], ObjectClass.Switch, ["S1", "S2"]), (["10.9.9.9"], ObjectClass.Host, []),
                (["10.9.9.9", "10.0.0.3"], null, ["S1", "S2", "H1"]),
        })
        {
            foreach (var order in new ObjectOrder[] { default, new(OrderField.Name) })
            {
                for (var page = 1; page <= 2; page++)
                {
                    var found = await store.SearchAsync(new SearchQuery(Items.Ranges(blocks), oclass, new Page(page, 1), blocks, order),
                        default);
                    Assert.Equal(ids.Length, found.Total);
                    if (order == default) Assert.Equal(ids.Skip(page - 1).Take(1), found.Items.Select(Items.Id));
                }
            }
        }
    }

    [Theory]
    [InlineData(""","eth":[{"ip":"10.0.0.1","name":"eth0"}]""", "'eth[0].name' is not known here")]
    [InlineData(""","eth":[{"ip":"10.0.0.1","ip":"10.0.0.2"}]""", "eth[0].ip is given twice")]
    [InlineData(""","eth":["10.0.0.1"]""", "eth[0].ip must be an IPv4 or IPv6 address")]
    [InlineData(""","eth":[{"ip":"10.0.0.1"},{}]""", "eth[1].ip must be an IPv4 or IPv6 address")]
    [InlineData(""","network":[{"ip":7}]""", "network[0].ip must be an IPv4 or IPv6 address")]
    [InlineData(""","network":{"ip":"10.0.0.1"}""", """network must be a list of at most 64 entries such as {"ip":"10.0.0.1"}""")]
    [InlineData(""","mgmt":["10.0.0.1"]""", "mgmt must be an IPv4 or IPv6 address")]
    public void Read_WrongOtherAddress_SaysWhich(string more, string message)
    {
        Assert.Null(ObjectCodec.Read(Encoding.UTF8.GetBytes($$"""{"oid":"host","id":"H1","ip":"10.0.0.1"{{more}}}"""), null, null,
            out var problems));
        Assert.Equal(message, Assert.Single(problems).English);
    }

    private static async Task<ImportCounts?> ImportAsync(IInventoryStore store, string text, TransferFormat format, bool isDryRun = false)
    {
        using var input = new MemoryStream(Encoding.UTF8.GetBytes(text));
        var rows = format == TransferFormat.Csv ? CsvObjectReader.ReadAsync(input, null, default)
            : JsonLinesReader.ReadAsync(input, null, default);
        return await Importer.RunAsync(store, rows, (line, problem) => Assert.Fail($"{line}: {problem.English}"), _ => { }, isDryRun,
            default);
    }

    private static async Task<IEnumerable<string>> SearchAsync(IInventoryStore store, params string[] blocks) =>
        (await store.SearchAsync(new SearchQuery(Items.Ranges(blocks), null, new Page(1, 100)), default)).Items.Select(Items.Id).ToList();

    private static async Task<string> BodyAsync(IInventoryStore store, string id) =>
        Encoding.UTF8.GetString((await store.GetAsync(ObjectClass.Host, id, default))!.Value.Body.Span);

    // Rows of the table, and of the address index.
    private async Task<(long Objects, long Addresses)> RowsAsync(StoreKind kind) =>
        (await ScalarAsync(kind, "SELECT count(*) FROM ips_more"),
            await ScalarAsync(kind, "SELECT count(DISTINCT object_key) FROM ips_address"));

    private async Task<long> CountAsync(StoreKind kind, string sql, params string[] bodies)
    {
        long count = 0;
        foreach (var body in bodies) count += await ScalarAsync(kind, sql.Replace("{0}", body, StringComparison.Ordinal));
        return count;
    }

    private async Task<InventoryOptions> OptionsAsync(StoreKind kind) => _options ??= kind == StoreKind.Sqlite
        ? new InventoryOptions { Path = Path.Combine(_folder, "ips.db") }
        : new InventoryOptions { Postgres = await postgres.CreateDatabaseAsync(), Readers = 4 };

    private async Task<IInventoryStore> OpenAsync(StoreKind kind)
    {
        var store = await InventoryStores.OpenAsync(await OptionsAsync(kind), default);
        _opened.Add(store);
        return store;
    }

    private Task<long> ScalarAsync(StoreKind kind, string sql) =>
        WithAsync(kind, sql, async command => Convert.ToInt64(await command.ExecuteScalarAsync(), CultureInfo.InvariantCulture));

    private Task<int> ExecuteAsync(StoreKind kind, string sql) => WithAsync(kind, sql, command => command.ExecuteNonQueryAsync());

    private async Task<T> WithAsync<T>(StoreKind kind, string sql, Func<System.Data.Common.DbCommand, Task<T>> run)
    {
        await using System.Data.Common.DbConnection connection = kind == StoreKind.Sqlite
            ? new SqliteConnection($"Data Source={_options!.Path};Pooling=False")
            : new NpgsqlConnection(_options!.Postgres);
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        return await run(command);
    }
}
