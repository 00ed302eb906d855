using Ips.Actors.Diagnostics;
using Ips.Host.ProcessTests.Harness;
using Ips.Host.Tests.Inventory;
using Ips.Testing.Processes;
using Npgsql;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests.Inventory;

/// <summary>The store is away under a load of signed reads and writes: each request is answered within its bound, by 503 and never by 500,
/// readiness tells it, a release can be deployed all the same, and with the store everything is back at once.</summary>
[Collection(Alone.Name)] // the bound of an answer is measured
[Trait("issue", "12")]
public sealed class StoreAwayTests(ITestOutputHelper output) : ProcessTest(output), IDisposable
{
    private const string Key = "A1";

    // What a busy machine may add to an answer. A quiet one adds 0.02 s; AbandonedCallTests has the cause of an addition that was ours.
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(2), Slack = TimeSpan.FromSeconds(3);

    private readonly PostgresServer _server = new() { Options = "-c max_connections=12 -c superuser_reserved_connections=3" };
    private string? _mounted;

    public override async Task DisposeAsync()
    {
        if (_mounted is not null) Tmpfs.Unmount(_mounted);
        await base.DisposeAsync();
        await _server.DisposeAsync();
    }

    public void Dispose() => _server.Dispose();

    [PostgresAwayFact]
    public Task PostgresStopped_UnderLoad_Is503AndBackWithIt() =>
        AwayAsync("stopped", () => _server.StopAsync("fast"), _server.StartAgainAsync);

    [PostgresAwayFact]
    public Task PostgresKilled_UnderLoad_Is503AndBackWithIt() => AwayAsync(
        "killed", KillAsync, _server.StartAgainAsync);

    [PostgresAwayFact]
    public Task PostgresPaused_UnderLoad_Is503WithinItsBoundAndBackWithIt() => AwayAsync(
        "paused (SIGSTOP)",
        () =>
        {
            _server.Signal(ProcessTable.SigStop);
            return Task.CompletedTask;
        },
        () =>
        {
            _server.Signal(ProcessTable.SigCont);
            return Task.CompletedTask;
        });

    [PostgresAwayFact]
    public async Task PostgresOutOfConnections_UnderLoad_Is503AndBackWithTheFirstFreeOne()
    {
        var connectionString = await _server.CreateDatabaseAsync();
        await using var hog = NpgsqlDataSource.Create(connectionString + ";Pooling=false");
        List<NpgsqlConnection> held = [];
        await AwayAsync("out of connections", TakeAllAsync, GiveBackAsync);

        // Those that the daemon has are taken away from it first; what it opens then is refused.
        async Task TakeAllAsync()
        {
            var refused = 0; // twice in a row while the daemon has none: a connection that was ended frees its place a moment later
            for (var stop = DateTime.UtcNow + Limits.Step; refused < 2;)
            {
                try
                {
                    held.Add(await hog.OpenConnectionAsync());
                    refused = 0;
                }
                catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.TooManyConnections)
                {
                    refused++;
                }

                await using var end = new NpgsqlCommand(
                    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'ips'", held[0]);
                if ((long)(await end.ExecuteScalarAsync())! > 0) refused = 0;
                Assert.True(DateTime.UtcNow < stop, "The daemon kept a connection.");
            }
        }

        async Task GiveBackAsync()
        {
            foreach (var connection in held) await connection.DisposeAsync();
        }
    }

    [PostgresAwayFact]
    public async Task PostgresRestarted_WhileIdle_TheFirstRequestsAreAnswered()
    {
        var (service, secret) = await StartAsync(await _server.CreateDatabaseAsync());
        await using (var warm = new StoreLoad(service.Port, Key, secret, readers: 8, writers: 2)) // several connections in the pool
            await warm.WaitForAsync(StoreLoad.Good, StoreLoad.Good, TimeSpan.FromMilliseconds(200));
        await _server.StopAsync("fast");
        await _server.StartAgainAsync();
        await using var client = new StoreLoad(service.Port, Key, secret, readers: 0, writers: 0);
        for (var i = 0; i < 5; i++)
        {
            Assert.Equal(StoreLoad.Good, await client.WriteAsync("H1", i));
            Assert.Equal(StoreLoad.Good, await client.ReadAsync());
        }
    }

    [TmpfsFact]
    public async Task SqliteDiskFull_UnderLoad_ReadsGoOnAndWritesAre503()
    {
        var disk = Directory.CreateDirectory(Path.Combine(Folder, "disk")).FullName;
        Tmpfs.Mount(disk, 16 * 1024);
        _mounted = disk;
        var (service, secret) = await StartAsync(null, $"ips.store.path = \"{Path.Combine(disk, "ips.db")}\"");
        await using var load = new StoreLoad(service.Port, Key, secret);
        await load.WaitForAsync(StoreLoad.Good, StoreLoad.Good, TimeSpan.Zero);
        var from = load.Now;
        var fill = Tmpfs.Fill(disk);
        await Eventually.TrueAsync(async () => (await ReadyAsync(service)).Status == 503, "failing readiness");
        Assert.Contains("the store's disk is full", (await ReadyAsync(service)).Body, StringComparison.Ordinal);
        await load.WaitForAsync(StoreLoad.Good, StoreLoad.Away, load.Now); // old content of SQLite's log has room for a while
        await DeployAsync(service, 2);
        Tell("SQLite, disk full", load, from);
        Assert.DoesNotContain(load.Answers, a => !a.IsWrite && a.Outcome != StoreLoad.Good);
        Assert.DoesNotContain(load.Faults(), fault => fault.Key != StoreLoad.Away);

        File.Delete(fill);
        await Eventually.TrueAsync(async () => (await ReadyAsync(service)).Status == 200, "readiness");
        await AssertBackAsync("SQLite, room again", load);
    }

    private async Task AwayAsync(string what, Func<Task> takeAway, Func<Task> bringBack)
    {
        var (service, secret) = await StartAsync(await _server.CreateDatabaseAsync());
        await using var load = new StoreLoad(service.Port, Key, secret);
        await load.WaitForAsync(StoreLoad.Good, StoreLoad.Good, TimeSpan.Zero);
        var from = load.Now;
        await takeAway();
        try
        {
            await load.WaitForAsync(StoreLoad.Away, StoreLoad.Away, from);
            await Eventually.TrueAsync(async () => (await ReadyAsync(service)).Status == 503, "failing readiness");
            Assert.Contains("health check 'store' is unhealthy: the store", (await ReadyAsync(service)).Body, StringComparison.Ordinal);
            await DeployAsync(service, 2);
            await load.WaitForAsync(StoreLoad.Away, StoreLoad.Away, load.Now);
        }
        finally
        {
            await bringBack();
        }

        Tell($"PostgreSQL {what}", load, from);
        await Eventually.TrueAsync(async () => (await ReadyAsync(service)).Status == 200, "readiness");
        await AssertBackAsync($"PostgreSQL {what}, and back", load);
        var outcomes = load.Faults();
        Assert.True(outcomes.Keys.All(outcome => outcome == StoreLoad.Away),
            $"{string.Join(", ", outcomes)}{Environment.NewLine}{service.Log.Tail(20)}");
        var longest = load.Answers.Max(a => a.Took);
        Assert.True(longest <= Bound + Slack,
            $"A request waited {longest.TotalSeconds:0.00} s; ips.store.busy-timeout is {Bound.TotalSeconds} s.");
        Assert.Equal(2, await service.AnsweringGenerationAsync());
    }

    // Requests that were sent before the store was back may be answered after.
    private async Task AssertBackAsync(string what, StoreLoad load)
    {
        await Eventually.TrueAsync(async () => await load.WriteAsync("BACK", 1) == StoreLoad.Good
            && await load.ReadAsync() == StoreLoad.Good, "answers");
        var from = load.Now;
        await load.WaitForAsync(StoreLoad.Good, StoreLoad.Good, from + TimeSpan.FromMilliseconds(500));
        Tell(what, load, from);
        Assert.Empty(load.Faults(from));
    }

    // A fix must be deployed while its predecessor's store is away as well.
    private static async Task DeployAsync(Service service, int generation)
    {
        var mark = service.Log.Mark;
        var reload = await IpsCommand.RunAsync(service.Processes, service.Folder, ["reload", "--pid-file", service.PidFile]);
        Assert.True(reload.ExitCode == 0, $"{reload}{Environment.NewLine}{service.Log.Tail(20)}");
        Assert.Equal(generation, await service.AnsweringGenerationAsync());
        Assert.NotEmpty(service.Log.Of(EventIds.ChecksExcused, mark));
    }

    private void Tell(string what, StoreLoad load, TimeSpan from) => Output.WriteLine($"| {what} {load.Table(from)}");

    private async Task KillAsync()
    {
        var processes = _server.Processes;
        foreach (var pid in processes) ProcessTable.Signal(pid, ProcessTable.SigKill);
        await Eventually.TrueAsync(() => !processes.Any(ProcessTable.IsAlive));
    }

    private async Task<(Service Service, string Secret)> StartAsync(string? database, params IReadOnlyList<string> more)
    {
        var service = Prepare(new ServiceSettings(ServiceKind.Daemon)
        {
            Probation = TimeSpan.FromSeconds(1),
            HealthInterval = TimeSpan.FromSeconds(1),
            More =
            [
                "ips.auth.window = 1m", "ips.auth.nonce-capacity = 1000000", $"ips.store.busy-timeout = {Bound.TotalSeconds}s",
                .. database is null ? Array.Empty<string>() : [$"ips.store.postgres = \"{database}\""], .. more,
            ],
        });
        service.WriteConfigFile();
        var result = await IpsCommand.RunAsync(service.Processes, service.Folder, ["key", "add", Key, "--config", service.ConfigFile]);
        Assert.True(result.ExitCode == 0, result.ToString());
        await service.StartAsync();
        return (service, Assert.Single(result.Output));
    }

    private static Task<ProbeAnswer> ReadyAsync(Service service) => HttpProbe.GetAsync($"http://127.0.0.1:{service.Port}/readyz");

    /// <summary>Skipped visibly where PostgreSQL's package is not installed.</summary>
    [AttributeUsage(AttributeTargets.Method)]
    private sealed class PostgresAwayFactAttribute : FactAttribute
    {
        public PostgresAwayFactAttribute()
        {
            if (PostgresServer.Binaries is null) Skip = "PostgreSQL is not installed (apt-get install postgresql).";
        }
    }
}
