using System.Data.Common;
using Ips.Host.Inventory;
using Ips.Host.Inventory.Storage;
using Ips.Host.Tests.Api;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace Ips.Host.Tests.Inventory;

/// <summary>What both stores promise about nonces, also to a generation of a build that knows nothing of the mark.</summary>
[Collection(PostgresCollection.Name)]
public sealed class NonceStoreTests(PostgresServer postgres) : IAsyncLifetime
{
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(60);

    private readonly string _folder = Directory.CreateTempSubdirectory("ips-nonces-").FullName;
    private readonly List<IInventoryStore> _opened = [];
    private readonly StepClock _time = new(DateTimeOffset.UtcNow);
    private InventoryOptions? _options;

    private long? _now;

    // A second ahead of the store's making: what was signed before it is refused. Read when it is first needed, after the store was made,
    // which may take long.
    private long Now => _now ??= DateTimeOffset.UtcNow.ToUnixTimeSeconds() + 1;

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        foreach (var store in _opened) await store.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Theory, OnSqlite, OnPostgres]
    public async Task Nonce_TakenInOneGeneration_IsUsedInTheOther(StoreKind kind)
    {
        var (one, other) = (await OpenAsync(kind), await OpenAsync(kind));
        Assert.Equal(NonceOutcome.Taken, await TakeAsync(one, "A1", "n1", Now));
        Assert.Equal(NonceOutcome.Used, await TakeAsync(other, "A1", "n1", Now));
        Assert.Equal(NonceOutcome.Used, await TakeAsync(one, "A1", "n1", Now));
        Assert.Equal(NonceOutcome.Taken, await TakeAsync(other, "A2", "n1", Now));
    }

    [Theory, OnSqlite, OnPostgres]
    public async Task Nonce_TakenByManyAtOnce_IsTakenOnce(StoreKind kind)
    {
        var (one, other) = (await OpenAsync(kind), await OpenAsync(kind));
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 16)
            .Select(i => Task.Run(async () => await TakeAsync(i % 2 == 0 ? one : other, "A1", "n1", Now))))
            .WaitAsync(TimeSpan.FromMinutes(1));
        Assert.Single(outcomes, NonceOutcome.Taken);
    }

    [Theory, OnSqlite, OnPostgres]
    public async Task Nonces_AtTheCapacity_AreRefusedUntilOldOnesAreForgotten(StoreKind kind)
    {
        var store = await OpenAsync(kind);
        // Each key may hold as many as are free: all of them together never have everything.
        for (var key = 0; key < 5; key++) Assert.Equal(NonceOutcome.Taken, await TakeAsync(store, $"A{key}", "n", Now, 5));
        Assert.Equal(NonceOutcome.Full, await TakeAsync(store, "A9", "n", Now, 5));
        await ForgetAsync(kind, Now + 1);
        _time.Step(TimeSpan.FromSeconds(1));
        Assert.Equal(NonceOutcome.Taken, await TakeAsync(store, "A9", "n", Now + 1, 5));
    }

    [Theory, OnSqlite, OnPostgres]
    [Trait("issue", "11")]
    public async Task Nonces_OfOneKey_AreAsManyAsAreFree(StoreKind kind)
    {
        var store = await OpenAsync(kind);
        var taken = 0;
        while (await TakeAsync(store, "greedy", $"n{taken}", Now, 1000) == NonceOutcome.Taken) taken++;
        Assert.Equal(500, taken);
        for (var i = 0; i < 250; i++) Assert.Equal(NonceOutcome.Taken, await TakeAsync(store, "other", $"n{i}", Now, 1000));
        Assert.Equal(NonceOutcome.Full, await TakeAsync(store, "other", "n250", Now, 1000));
        Assert.Equal(NonceOutcome.Taken, await TakeAsync(store, "third", "n", Now, 1000));
        // Another generation counts what lies in the store.
        Assert.Equal(NonceOutcome.Full, await TakeAsync(await OpenAsync(kind), "greedy", "new", Now, 1000));
    }

    [Theory, OnSqlite, OnPostgres]
    [Trait("issue", "11")]
    public async Task OldBuild_OnTheNewSchema_ForgetsAndRefusesAsTheNewOneDoes(StoreKind kind)
    {
        var store = await OpenAsync(kind);
        // The statements of the build before the mark, which goes on while the new generation has migrated.
        const string insert =
            "INSERT INTO ips_nonce (access_key, nonce, expires) VALUES ('A1', '{0}', {1}) ON CONFLICT (access_key, nonce) DO NOTHING";
        Task<int> OldTakesAsync(string nonce, long expires) =>
            ExecuteAsync(kind, string.Format(System.Globalization.CultureInfo.InvariantCulture, insert, nonce, expires));
        Assert.Equal(1, await OldTakesAsync("by-old", Now));
        Assert.Equal(NonceOutcome.Used, await TakeAsync(store, "A1", "by-old", Now));
        Assert.Equal(NonceOutcome.Taken, await TakeAsync(store, "A1", "by-new", Now));
        Assert.Equal(0, await OldTakesAsync("by-new", Now));

        Assert.Equal(2, await ForgetAsync(kind, Now + 1));
        foreach (var nonce in new[] { "by-old", "by-new" })
        {
            Assert.Equal(NonceOutcome.Forgotten, await TakeAsync(store, "A1", nonce, Now));
            Assert.Equal(0, await OldTakesAsync(nonce, Now));
        }
        Assert.Equal(1, await OldTakesAsync("later", Now + 1));
        Assert.Equal(NonceOutcome.Taken, await TakeAsync(store, "A1", "later still", Now + 1));
        // The mark does not go back when a younger generation deletes what is older.
        Assert.Equal(0, await ForgetAsync(kind, Now - 100));
        Assert.Equal(NonceOutcome.Forgotten, await TakeAsync(store, "A1", "by-old", Now));
    }

    [Theory, OnSqlite, OnPostgres]
    [Trait("issue", "11")]
    public async Task Open_StoreOfABuildWithoutMark_KeepsItsNonces_AndRefusesWhatMayBeForgotten(StoreKind kind)
    {
        await OptionsAsync(kind);
        // the inventory; without one its nonces are a leftover
        if (kind == StoreKind.Sqlite) await File.WriteAllTextAsync(_options!.Path!, "");
        if (kind == StoreKind.Sqlite) await ExecuteAsync(kind, SqliteSchema.Nonces[0] + "; PRAGMA user_version = 1");
        else await ExecuteAsync(kind,
            $"{PostgresSchema.Inventory[0]}; {PostgresSchema.Inventory[1]}; CREATE TABLE ips_schema (version bigint NOT NULL); INSERT "
            + "INTO ips_schema VALUES (2)");
        await ExecuteAsync(kind,
            $"INSERT INTO ips_nonce (access_key, nonce, expires) VALUES ('A1', 'n1', {Now - 5}), ('A1', 'n2', {Now - 3})");
        var store = await OpenAsync(kind);
        Assert.Equal(NonceOutcome.Used, await TakeAsync(store, "A1", "n1", Now - 5));
        Assert.Equal(NonceOutcome.Forgotten, await TakeAsync(store, "A1", "n0", Now - 6));
        Assert.Equal(NonceOutcome.Taken, await TakeAsync(store, "A1", "n3", Now - 4)); // on its way during the reload
        // After a reload that failed the older build may have to start again: it knows this version, and works with what is there.
        Assert.Equal(kind == StoreKind.Sqlite ? 1L : 2L, await ScalarAsync(kind,
            kind == StoreKind.Sqlite ? "PRAGMA user_version" : "SELECT version FROM ips_schema"));
    }

    [Theory, OnSqlite, OnPostgres]
    [Trait("issue", "11")]
    public async Task NewStore_TakesNothingThatWasSignedBeforeItWasMade(StoreKind kind) =>
        Assert.Equal(NonceOutcome.Forgotten, await TakeAsync(await OpenAsync(kind), "A1", "n1", Now - 5));

    [Theory, OnPostgres]
    [Trait("issue", "11")]
    public async Task Insert_WhileAnotherDaemonForgets_WaitsAndIsRefused(StoreKind kind)
    {
        var store = await OpenAsync(kind);
        Assert.Equal(NonceOutcome.Taken, await TakeAsync(store, "A1", "n1", Now));
        await using var source = NpgsqlDataSource.Create(_options!.Postgres!);
        await using var connection = await source.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using (var delete = new NpgsqlCommand($"DELETE FROM ips_nonce WHERE expires <= {Now}", connection)) await delete
            .ExecuteNonQueryAsync();

        // Neither the nonce nor the mark of an open transaction can be seen: the second one must wait, not be taken.
        var replay = Task.Run(async () => await TakeAsync(store, "A1", "n1", Now));
        await using (var waiting = source.CreateCommand("SELECT count(*) FROM pg_locks WHERE NOT granted"))
        {
            using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
            while ((long)(await waiting.ExecuteScalarAsync())! == 0)
            {
                Assert.False(replay.IsCompleted, "The replay did not wait.");
                Assert.False(deadline.IsCancellationRequested, "The replay neither waits nor ends.");
                await Task.Delay(5);
            }
        }
        await transaction.CommitAsync();
        Assert.Equal(NonceOutcome.Forgotten, await replay.WaitAsync(TimeSpan.FromSeconds(20)));
    }

    private static ValueTask<NonceOutcome> TakeAsync(IInventoryStore store, string key, string nonce, long expires, int capacity = 1000) =>
        store.TakeAsync(key, nonce, expires, Window, capacity, default);

    /// <summary>What any build does with old nonces.</summary>
    private Task<int> ForgetAsync(StoreKind kind, long before) => ExecuteAsync(kind, $"DELETE FROM ips_nonce WHERE expires < {before}");

    private async Task<InventoryOptions> OptionsAsync(StoreKind kind) => _options ??= kind == StoreKind.Sqlite
        ? new InventoryOptions { Path = Path.Combine(_folder, "ips.db") }
        : new InventoryOptions { Postgres = await postgres.CreateDatabaseAsync(), Readers = 4 };

    private async Task<IInventoryStore> OpenAsync(StoreKind kind)
    {
        var store = await InventoryStores.OpenAsync(await OptionsAsync(kind), _time, StoreOpening.OrCreate, default);
        _opened.Add(store);
        return store;
    }

    private Task<int> ExecuteAsync(StoreKind kind, string sql) => RunAsync(kind, sql, command => command.ExecuteNonQueryAsync());

    private async Task<long> ScalarAsync(StoreKind kind, string sql) =>
        (long)(await RunAsync(kind, sql, command => command.ExecuteScalarAsync()))!;

    private async Task<T> RunAsync<T>(StoreKind kind, string sql, Func<DbCommand, Task<T>> run)
    {
        await using DbConnection connection = kind == StoreKind.Sqlite
            ? new SqliteConnection($"Data Source={_options!.Path}-nonces;Pooling=False")
            : new NpgsqlConnection(_options!.Postgres);
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        return await run(command);
    }
}
