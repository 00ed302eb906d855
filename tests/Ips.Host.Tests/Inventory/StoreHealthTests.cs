using Ips.Host.Api;
using Ips.Host.Auth;
using Ips.Host.Inventory;
using Ips.Host.Inventory.Storage;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Ips.Host.Tests.Inventory;

/// <summary>What a store says of itself, and which store it is.</summary>
[Trait("issue", "12")]
public sealed class StoreHealthTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("ips-health-").FullName;

    private string Path => System.IO.Path.Combine(_folder, "ips.db");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Check_HealthyFile_PassesAndLeavesNothingBehind()
    {
        await using var store = Open();
        var before = Directory.GetFiles(_folder).Order(StringComparer.Ordinal);
        Assert.Null(await store.CheckAsync(default));
        Assert.Equal(before, Directory.GetFiles(_folder).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task FileTakenAway_OrReplaced_FailsTheCheckAndWritesAndNotReads(bool replaced)
    {
        await using var store = Open();
        await store.PutAsync(Items.Host("H1"), WriteCondition.None, default);
        await store.GetAsync(ObjectClass.Host, "H1", default); // reads go on over the connections that are open
        File.Move(Path, Path + ".moved");
        if (replaced) File.Copy(Path + ".moved", Path);
        Assert.Equal(StoreTroubleText.Of(StoreTrouble.Replaced), await store.CheckAsync(default));
        var refused = await Assert.ThrowsAsync<StoreAwayException>(() =>
            store.PutAsync(Items.Host("H2"), WriteCondition.None, default).AsTask());
        Assert.Equal(StoreTrouble.Replaced, refused.Trouble);
        Assert.NotNull(await store.GetAsync(ObjectClass.Host, "H1", default));
        Assert.Equal(replaced, File.Exists(Path)); // nothing makes it anew

        File.Move(Path + ".moved", Path, overwrite: true);
        Assert.Null(await store.CheckAsync(default));
        await store.PutAsync(Items.Host("H2"), WriteCondition.None, default);
    }

    [Fact]
    public async Task FileIsDamaged_FailsTheCheckAndIsNoDefect()
    {
        await using (var store = Open()) await store.PutAsync(Items.Host("H1"), WriteCondition.None, default);
        await using var open = Open();
        await using (var file = new FileStream(Path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            var noise = new byte[file.Length];
            new Random(1).NextBytes(noise);
            await file.WriteAsync(noise);
        }

        Assert.Equal(StoreTroubleText.Of(StoreTrouble.Corrupt), await open.CheckAsync(default));
        Assert.Equal(StoreTrouble.Corrupt, (await Assert.ThrowsAsync<StoreAwayException>(() =>
            open.GetAsync(ObjectClass.Host, "H1", default).AsTask())).Trouble);
    }

    [Fact]
    public async Task Check_Hangs_IsUnhealthyWithinItsLimitAndRunsOnce()
    {
        var opening = new TaskCompletionSource<IInventoryStore>();
        var opened = 0;
        await using var store = new LateInventoryStore(Path, new StoreIdentity("1", null, Path), () =>
        {
            Interlocked.Increment(ref opened);
            return opening.Task;
        }, TimeSpan.FromMinutes(5), TimeProvider.System);
        var check = new StoreHealthCheck(store, TimeProvider.System, NullLogger<StoreHealthCheck>.Instance);
        for (var i = 0; i < 2; i++)
        {
            var result = await check.CheckHealthAsync(new HealthCheckContext()).WaitAsync(TimeSpan.FromSeconds(30));
            Assert.Equal($"{StoreTroubleText.Of(StoreTrouble.Away)} (ips.store.path)", result.Description);
        }

        Assert.Equal(1, opened);
        opening.SetResult(Open());
        Assert.Equal(HealthStatus.Healthy, (await check.CheckHealthAsync(new HealthCheckContext())).Status);
    }

    [Fact]
    public async Task Late_StoreIsAway_TriesAgainWithEachCall()
    {
        var isThere = false;
        await using var store = new LateInventoryStore(
            Path, new StoreIdentity("1", null, Path),
            () => isThere ? Task.FromResult<IInventoryStore>(Open())
                : Task.FromException<IInventoryStore>(new StoreUnavailableException(Path, "ips.store.path", new IOException("no"))),
            TimeSpan.FromSeconds(5), TimeProvider.System);
        Assert.Equal(StoreTroubleText.Of(StoreTrouble.Away), await store.CheckAsync(default));
        await Assert.ThrowsAsync<StoreAwayException>(() => store.GetKeysAsync(default).AsTask());
        isThere = true;
        Assert.Empty(await store.GetKeysAsync(default));
        Assert.Null(await store.CheckAsync(default));
    }

    [Fact]
    public async Task Identity_IsGivenOnceAndToldAsAFact()
    {
        string id;
        await using (var store = Open())
        {
            id = store.Identity.Id!;
            Assert.True(Guid.TryParse(id, out _), id);
            Assert.Equal(store.Identity, StoreIdentity.FromFact(store.Identity.ToFact()));
        }

        await using var again = Open();
        Assert.Equal(id, again.Identity.Id);
        Assert.Null(StoreIdentity.FromFact("what another build may say"[..4]));
        Assert.Null(StoreIdentity.FromFact(null));
    }

    [Fact]
    public async Task Identity_StoreOfAnOlderBuild_GetsOne()
    {
        await using (Open())
        {
        }

        await using (var connection = new SqliteConnection($"Data Source={Path};Pooling=false"))
        {
            await connection.OpenAsync();
            await using var drop = connection.CreateCommand();
            drop.CommandText = "DROP TABLE ips_store";
            await drop.ExecuteNonQueryAsync();
        }

        await using var store = Open(StoreOpening.Existing);
        Assert.NotNull(store.Identity.Id);
    }

    [Fact]
    public void Refusal_AnotherStoreOrAnotherFile_IsSaid()
    {
        var running = new StoreIdentity("a", "1:1:1", "/srv/ips.db");
        Assert.Null(running.Refusal(running));
        Assert.Null((running with { Place = "/srv/./ips.db" }).Refusal(running));
        Assert.Null((running with { File = null, Place = "postgresql://db:5432/ips" }).Refusal(running)); // moved, with its UUID
        Assert.Contains("another store", (running with { Id = "b" }).Refusal(running), StringComparison.Ordinal);
        Assert.Contains("no UUID", (running with { Id = null }).Refusal(running), StringComparison.Ordinal);
        Assert.Contains("is a copy", (running with { File = "1:2:1" }).Refusal(running), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(13, 13, StoreTrouble.Full)]
    [InlineData(10, 4874, StoreTrouble.Full)]
    [InlineData(10, 778, StoreTrouble.Away)]
    [InlineData(11, 11, StoreTrouble.Corrupt)]
    [InlineData(26, 26, StoreTrouble.Corrupt)]
    [InlineData(8, 1032, StoreTrouble.ReadOnly)]
    [InlineData(19, 2067, null)] // a constraint: a defect of ours
    public void SqliteTrouble_EachError_IsToldApart(int code, int extended, object? expected) =>
        Assert.Equal((StoreTrouble?)expected, SqliteTrouble.Of(new SqliteException("", code, extended)));

    [Theory]
    [InlineData("57P01", false, StoreTrouble.Away, true)]
    [InlineData("57P01", true, StoreTrouble.InDoubt, true)]
    [InlineData("57P03", false, StoreTrouble.Away, true)]
    [InlineData("08006", true, StoreTrouble.InDoubt, true)]
    [InlineData("53300", false, StoreTrouble.Away, false)]
    [InlineData("53100", true, StoreTrouble.Full, false)]
    [InlineData("25006", false, StoreTrouble.ReadOnly, false)]
    [InlineData("28P01", false, StoreTrouble.Away, false)]
    [InlineData("23505", false, null, false)]
    public void PostgresTrouble_EachState_IsToldApart(string state, bool commitSent, object? expected, bool isBroken)
    {
        var error = new PostgresException("", "ERROR", "ERROR", state);
        Assert.Equal((StoreTrouble?)expected, PostgresTrouble.Of(error, commitSent));
        Assert.Equal(isBroken, PostgresTrouble.IsBroken(error));
    }

    [Fact]
    public void PostgresTrouble_ConnectionLost_IsInDoubtOnlyBehindACommit()
    {
        var lost = new NpgsqlException("Exception while reading from stream", new IOException("reset"));
        Assert.Equal(StoreTrouble.Away, PostgresTrouble.Of(lost, commitSent: false));
        Assert.Equal(StoreTrouble.InDoubt, PostgresTrouble.Of(lost, commitSent: true));
        Assert.True(PostgresTrouble.IsBroken(lost));
        Assert.Null(PostgresTrouble.Of(new InvalidOperationException(), commitSent: false));
    }

    [Fact]
    public void PostgresSettings_WhatTheOperatorWrote_WinsOverTheDefaults()
    {
        var defaults = PostgresInventoryStore.SettingsOf(new InventoryOptions
        {
            Postgres = "Host=db", Readers = 5,
            BusyTimeout = TimeSpan.FromSeconds(3)
        });
        Assert.Equal((7, 64, "ips", 3, 0, true, "-c lock_timeout=2250"),
            (defaults.MaxPoolSize, defaults.MaxAutoPrepare, defaults.ApplicationName, defaults.Timeout,
            defaults.CommandTimeout, defaults.TcpKeepAlive, defaults.Options));
        var own = PostgresInventoryStore
            .SettingsOf(new InventoryOptions
            {
                Postgres =
            "Host=db;MaxPoolSize=3;Application Name=mine;Timeout=9;CommandTimeout=4;Options=-c a=b"
            });
        Assert.Equal((3, "mine", 9, 4), (own.MaxPoolSize, own.ApplicationName, own.Timeout, own.CommandTimeout));
        Assert.StartsWith("-c a=b -c lock_timeout=", own.Options, StringComparison.Ordinal);
    }

    [Fact]
    public void Call_GivenUpBeforeItsCommit_NeverCommits()
    {
        var early = new StoreCall(TimeSpan.FromSeconds(1), default);
        Assert.True(early.TryAbandon());
        Assert.Throws<OperationCanceledException>(early.BeginCommit);
        var late = new StoreCall(TimeSpan.FromSeconds(1), default);
        late.BeginCommit();
        Assert.False(late.TryAbandon());
        Assert.True(late.CommitSent);
    }

    [Fact]
    public async Task Budget_CallsOfOneRequest_ShareTheLimit()
    {
        var limit = TimeSpan.FromSeconds(10);
        await Task.Run(() =>
        {
            StoreBudget.Begin();
            StoreBudget.Spend(TimeSpan.FromSeconds(4));
            StoreBudget.Spend(TimeSpan.FromSeconds(3));
            Assert.Equal(TimeSpan.FromSeconds(3), StoreBudget.Left(limit));
            StoreBudget.Spend(limit);
            Assert.Equal(TimeSpan.FromMilliseconds(1), StoreBudget.Left(limit));
        });
        Assert.Equal(limit, StoreBudget.Left(limit)); // a command's own calls
    }

    [Fact]
    public void ReadNonces_AreTakenOnceWithinTheWindowAndTheCapacity()
    {
        var time = new Stopped();
        var nonces = new ReadNonces(time);
        var window = TimeSpan.FromSeconds(10);
        Assert.Equal(NonceOutcome.Taken, nonces.Take("A", "1", window, 2));
        Assert.Equal(NonceOutcome.Used, nonces.Take("A", "1", window, 2));
        Assert.Equal(NonceOutcome.Taken, nonces.Take("B", "1", window, 2));
        Assert.Equal(NonceOutcome.Full, nonces.Take("B", "2", window, 2));
        time.Elapsed += window + TimeSpan.FromSeconds(1);
        Assert.Equal(NonceOutcome.Taken, nonces.Take("B", "2", window, 2));
    }

    [Fact]
    public async Task Probe_ForTheDoctor_SaysWhatIsWrongAndChangesNothing()
    {
        var options = new InventoryOptions { Path = Path };
        Assert.Null(await StoreProbe.FaultAsync(options, default)); // the first start makes it
        await using (Open())
        {
            Assert.Null(await StoreProbe.FaultAsync(options, default));
        }

        var files = Directory.GetFiles(_folder).Order(StringComparer.Ordinal).ToList();
        Assert.Null(await StoreProbe.FaultAsync(options, default));
        Assert.Equal(files, Directory.GetFiles(_folder).Order(StringComparer.Ordinal));

        await using (var file = new FileStream(Path, FileMode.Open, FileAccess.Write)) await file.WriteAsync(new byte[200]);
        Assert.NotNull(await StoreProbe.FaultAsync(options, default));
        File.Delete(Path);
        Assert.Contains("is left of one", await StoreProbe.FaultAsync(options, default), StringComparison.Ordinal);
        Assert.NotNull(await StoreProbe.FaultAsync(new InventoryOptions { Postgres = "Host=127.0.0.1;Port=1;Username=ips" }, default));
    }

    private sealed class Stopped : TimeProvider
    {
        public TimeSpan Elapsed { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Elapsed.Ticks;
    }

    private SqliteInventoryStore Open(StoreOpening? opening = null) => new(new InventoryOptions { Path = Path }, opening: opening);
}
