using System.Globalization;
using System.Net;
using Ips.Host.Auth;
using Ips.Host.Inventory;
using Ips.Host.Tests.Inventory;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Ips.Host.Tests.Api;

/// <summary>Daemons and generations on one store, whose clocks a test sets: that of each daemon, and that of the store.</summary>
internal sealed class ReplayWorld : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("ips-replay-").FullName;
    private readonly List<ApiServer> _servers = [];
    private InventoryOptions _store = new();
    private NpgsqlDataSource? _serverClock;

    // Not earlier than now: what was signed before a store was made is refused.
    private ReplayWorld() => Clock = new StepClock(DateTimeOffset.UtcNow.AddHours(1));

    /// <summary>The clock of the machine of SQLite; with PostgreSQL that of the database's server, see <see cref="StepAsync"/>.</summary>
    public StepClock Clock { get; }

    public static async Task<ReplayWorld> CreateAsync(StoreKind kind, PostgresServer postgres)
    {
        var world = new ReplayWorld();
        if (kind == StoreKind.Sqlite)
        {
            world._store = new InventoryOptions { Path = Path.Combine(world._folder, "ips.db") };
            return world;
        }
        var database = await postgres.CreateDatabaseAsync();
        var name = new NpgsqlConnectionStringBuilder(database).Database;
        await using (var source = NpgsqlDataSource.Create(database))
        {
            // A schema that comes before the system's own has a clock_timestamp() that can be set.
            await ExecuteAsync(source, $"""
                CREATE SCHEMA fake;
                CREATE TABLE fake.clock (now timestamptz NOT NULL);
                INSERT INTO fake.clock VALUES ('{Text(world.Clock)}');
                CREATE FUNCTION fake.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS 'SELECT now FROM fake.clock';
                ALTER DATABASE {name} SET search_path = fake, pg_catalog, public;
                """);
        }
        world._store = new InventoryOptions { Postgres = database + ";Application Name=ips-replay", Readers = 4 };
        world._serverClock = NpgsqlDataSource.Create(world._store.Postgres);
        return world;
    }

    /// <summary>A daemon, or a generation of one. Without a clock of its own it is on the machine of the store.</summary>
    public async Task<ApiServer> StartAsync(TimeSpan window, StepClock? clock = null)
    {
        var server = await ApiServer.StartAsync(services => services.Configure<AuthOptions>(o => o.Window = window), time: clock ?? Clock,
            shared: _store);
        _servers.Add(server);
        return server;
    }

    /// <summary>Sets the store's clock.</summary>
    public async Task StepAsync(int seconds)
    {
        Clock.Step(TimeSpan.FromSeconds(seconds));
        if (_serverClock is not null) await ExecuteAsync(_serverClock, $"UPDATE fake.clock SET now = '{Text(Clock)}'");
    }

    /// <summary>A signed read with a nonce of its own.</summary>
    public static SignedRequest Get(long expires, string scheme = "v2")
    {
        var request = new SignedRequest
        {
            Method = "GET", Path = "/v1/sdk/search_ip", Query = "ip=10.0.0.1", AccessKey = ApiServer.ReadWriteKey, Scheme = scheme,
            Expires = expires.ToString(CultureInfo.InvariantCulture),
        };
        request.Sign();
        return request;
    }

    /// <summary>Whether the server takes a request; if not, it says that it is too old or was used.</summary>
    public static async Task<bool> IsTakenAsync(ApiServer server, SignedRequest request)
    {
        var answer = await server.SendAsync(request);
        if (answer.Status == HttpStatusCode.OK) return true;
        answer.Is(HttpStatusCode.Unauthorized, Ips.Host.Api.ApiCode.Expired);
        return false;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var server in _servers) await server.DisposeAsync();
        if (_serverClock is not null) await _serverClock.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private static string Text(StepClock clock) => clock.GetUtcNow()
        .ToString("yyyy-MM-dd HH:mm:ss.ffffffzzz", CultureInfo.InvariantCulture);

    private static async Task ExecuteAsync(NpgsqlDataSource source, string sql)
    {
        await using var command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }
}
