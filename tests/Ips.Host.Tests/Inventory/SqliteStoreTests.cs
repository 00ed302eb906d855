using System.Runtime.Versioning;
using System.Text.RegularExpressions;
using Ips.Host.Inventory;
using Ips.Host.Inventory.Storage;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Ips.Host.Tests.Inventory;

/// <summary>What only SQLite promises.</summary>
public sealed class SqliteStoreTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("ips-sqlite-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Search_ByAddressAndByCidr_UsesTheIndex()
    {
        await using var store = Open();
        foreach (var blocks in new string[][] { ["10.1.2.3"], ["10.1.0.0/16"], ["2001:db8::/32", "10.0.0.1", "::/0"] })
        {
            foreach (var (sql, values) in new (string Sql, List<object> Values)[]
            {
                ObjectSql.Search(new SearchQuery(Items.Ranges(blocks), null, new Page(1, 20))),
                ObjectSql.Search(new SearchQuery(Items.Ranges(blocks), ObjectClass.Host, new Page(1, 20))),
                ObjectSql.CountSearch(new SearchQuery(Items.Ranges(blocks), null, new Page(1, 20))),
            })
            {
                var plan = await PlanAsync(sql, values);
                Assert.DoesNotMatch(new Regex("SCAN (ips_address|a)\\b"), plan);
                Assert.Matches(new Regex("SEARCH (ips_address|a) USING PRIMARY KEY \\(address"), plan);
                if (blocks is ["10.1.2.3"] && sql.Contains("o.body", StringComparison.Ordinal)) Assert
                    .DoesNotContain("TEMP B-TREE", plan, StringComparison.Ordinal);
                if (sql.Contains("o.body", StringComparison.Ordinal)) Assert
                    .Contains("SEARCH o USING INTEGER PRIMARY KEY", plan, StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public async Task Reader_KeepsItsPlans() // or each search would be compiled anew, for the value of its LIMIT
    {
        await using var database = new SqliteDatabase(Path.Combine(_folder, "plans.db"), SqliteSchema.Inventory, survivesPowerLoss: false,
            TimeSpan.FromSeconds(1), readers: 1);
        await using var session = (SqliteSession)await database.RentReaderAsync(new StoreCall(TimeSpan.FromSeconds(1), default));
        Assert.Equal(raw.SQLITE_OK, raw.sqlite3_db_config(session.Connection.Handle, raw.SQLITE_DBCONFIG_ENABLE_QPSG, -1, out var isOn));
        Assert.Equal(1, isOn);
    }

    [Fact]
    public async Task List_ByIdOrderLabelAndOwner_UsesTheIndexes()
    {
        await using var store = Open();
        var unfiltered = await PlanAsync(ObjectSql.List(new ListQuery(ObjectClass.Host, new Page(1, 20), [])));
        Assert.Contains("USING INDEX ips_object_by_id", unfiltered, StringComparison.Ordinal);
        Assert.DoesNotContain("TEMP B-TREE", unfiltered, StringComparison.Ordinal);
        Assert.Contains("ips_object_by_label",
            await PlanAsync(ObjectSql.List(new ListQuery(ObjectClass.Host, new Page(1, 20), [new ObjectFilter.ByColumn("label", ["x"])]))),
            StringComparison.Ordinal);
        Assert.Contains("SEARCH ips_owner USING PRIMARY KEY",
            await PlanAsync(ObjectSql.List(new ListQuery(ObjectClass.Host, new Page(1, 20), [new ObjectFilter.ByOwner(["x"])]))),
            StringComparison.Ordinal);
    }

    [Fact]
    [UnsupportedOSPlatform("windows")]
    public async Task Open_NewFile_IsReadableByItsOwnerOnly()
    {
        await using var store = Open();
        await store.PutAsync(Items.Host("H1"), WriteCondition.None, default);
        foreach (var file in Directory.GetFiles(_folder))
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
    }

    [Fact]
    public async Task Writer_IsDurable_AndReadersCannotWrite()
    {
        await using var store = Open();
        var database = new SqliteDatabase(Path.Combine(_folder, "ips.db"), SqliteSchema.Inventory, survivesPowerLoss: true,
            TimeSpan.FromSeconds(1), 1);
        await using (var write = await database.BeginWriteAsync(new StoreCall(TimeSpan.FromSeconds(1), default)))
        {
            Assert.Equal(2, await write.Session.ScalarAsync("PRAGMA synchronous")); // FULL
        }
        await using (var reader = await database.RentReaderAsync(new StoreCall(TimeSpan.FromSeconds(1), default)))
            await Assert.ThrowsAsync<SqliteException>(() => reader.ExecuteAsync("DELETE FROM ips_object"));
        await database.ReleaseAsync();
    }

    [Fact]
    public async Task Open_NotADatabase_Fails()
    {
        await File.WriteAllTextAsync(Path.Combine(_folder, "ips.db"), new string('x', 5000));
        Assert.Throws<SqliteException>(() => Open());
    }

    [Fact]
    public void Steps_OfBothSchemas_OnlyAdd()
    {
        string[] additions = [SqliteSchema.NonceMark.Sql, PostgresSchema.NonceMark.Sql, SqliteSchema.More.Sql, PostgresSchema.More.Sql];
        foreach (var step in SqliteSchema.Inventory.Concat(SqliteSchema.Nonces).Concat(PostgresSchema.Inventory).Concat(additions))
        {
            // What a trigger or function does later is inside of its statement.
            var statements = Regex.Replace(step, @"\$\$.*?\$\$|\bBEGIN\b.*?\bEND\b", "", RegexOptions.Singleline);
            foreach (var statement in statements.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
                Assert.Matches(new Regex(@"^(CREATE (TABLE|INDEX|UNIQUE INDEX|TRIGGER|FUNCTION)|ALTER TABLE \w+ ADD|INSERT INTO) "),
                    statement.ReplaceLineEndings(" "));
        }
        Assert.Equal(SqliteSchema.Inventory.Count, PostgresSchema.Inventory.Count);
    }

    private SqliteInventoryStore Open() => new(new InventoryOptions { Path = Path.Combine(_folder, "ips.db") });

    private Task<string> PlanAsync((string Sql, List<object> Values) query) => PlanAsync(query.Sql, query.Values);

    private async Task<string> PlanAsync(string sql, List<object> values)
    {
        await using var connection = new SqliteConnection($"Data Source={Path.Combine(_folder, "ips.db")};Pooling=False");
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = "EXPLAIN QUERY PLAN " + sql;
        for (var i = 0; i < values.Count; i++) command.Parameters.AddWithValue($"@p{i}", values[i]);
        await using var reader = await command.ExecuteReaderAsync();
        List<string> lines = [];
        while (await reader.ReadAsync()) lines.Add(reader.GetString(3));
        return string.Join('\n', lines);
    }
}
