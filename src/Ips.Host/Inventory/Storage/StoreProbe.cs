using System.Data.Common;
using System.Globalization;
using System.Net.Sockets;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace Ips.Host.Inventory.Storage;

/// <summary>Looks at a store without changing anything: for <c>ips doctor</c>.</summary>
internal static class StoreProbe
{
    private const long LeastRoomBytes = 1 << 20;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    /// <summary>What is wrong with the store that the options name; null if nothing is, or if the first start makes it.</summary>
    public static async Task<string?> FaultAsync(InventoryOptions options, CancellationToken cancellationToken)
    {
        var isPostgres = !string.IsNullOrWhiteSpace(options.Postgres);
        try
        {
            // On a thread of its own: a disk or a server that hangs must not hang the doctor.
            return await Task.Run(() => isPostgres ? OfPostgresAsync(options, cancellationToken)
                : Task.FromResult(OfSqlite(SqliteInventoryStore.FullPath(options))), cancellationToken)
                .WaitAsync(Limit, cancellationToken);
        }
        catch (TimeoutException)
        {
            return string.Create(CultureInfo.InvariantCulture, $"no answer within {Limit.TotalSeconds:0} s");
        }
        catch (Exception e) when (e is DbException or IOException or UnauthorizedAccessException or SocketException)
        {
            return e.Message;
        }
    }

    private static string? OfSqlite(string path)
    {
        if (!File.Exists(path))
            return SqliteInventoryStore.LeftOf(path) is { } left ? $"there is no store, but {left} is left of one" : null;
        using var connection = new SqliteConnection(ReadOnly(path));
        connection.Open();
        var version = SqliteMigrator.Version(connection);
        if (version > SqliteSchema.Inventory.Count) return new StoreVersionException(path, version, SqliteSchema.Inventory.Count).Message;
        using var command = connection.CreateCommand();
        command.CommandText = "PRAGMA quick_check(1)";
        if (command.ExecuteScalar() is string found and not "ok") return $"it is damaged: {found}";
        var room = new DriveInfo(Path.GetDirectoryName(path)!).AvailableFreeSpace;
        return room < LeastRoomBytes ? $"its disk is full: {room} bytes are free" : null;
    }

    // As long as nobody has it open there is no log beside it, and to read it by the log's rules would make one.
    private static string ReadOnly(string path) => File.Exists(path + "-wal")
        ? new SqliteConnectionStringBuilder { DataSource = path, Mode = SqliteOpenMode.ReadOnly, Pooling = false }.ToString()
        : new SqliteConnectionStringBuilder
        {
            DataSource = $"file:{string.Join('/', path.Split('/').Select(Uri.EscapeDataString))}?immutable=1",
            Mode = SqliteOpenMode.ReadOnly,
            Pooling = false,
        }.ToString();

    private static async Task<string?> OfPostgresAsync(InventoryOptions options, CancellationToken cancellationToken)
    {
        await using var source = NpgsqlDataSource.Create(
            new NpgsqlConnectionStringBuilder(options.Postgres) { Timeout = (int)Limit.TotalSeconds, Pooling = false });
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using var command = new NpgsqlCommand("SELECT to_regclass('ips_schema') IS NOT NULL, pg_is_in_recovery()", connection);
        bool isThere, isStandby;
        await using (var reader = await command.ExecuteReaderAsync(cancellationToken))
        {
            await reader.ReadAsync(cancellationToken);
            (isThere, isStandby) = (reader.GetBoolean(0), reader.GetBoolean(1));
        }

        if (isStandby) return "it is a standby, which takes no writes";
        if (!isThere) return null;
        command.CommandText = "SELECT version FROM ips_schema";
        var version = (long)(await command.ExecuteScalarAsync(cancellationToken) ?? 0L);
        return version > PostgresSchema.Inventory.Count
            ? new StoreVersionException(PostgresInventoryStore.Describe(options), version, PostgresSchema.Inventory.Count).Message : null;
    }
}
