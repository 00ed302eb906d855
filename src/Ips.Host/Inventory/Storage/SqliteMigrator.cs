using System.Globalization;
using Microsoft.Data.Sqlite;

namespace Ips.Host.Inventory.Storage;

/// <summary>Brings a SQLite file to this build's schema. The version is <c>PRAGMA user_version</c>: the number of steps taken.</summary>
internal static class SqliteMigrator
{
    /// <summary>Takes the steps that are missing, all in one transaction. Two generations that start at once take turns at the file's write lock,
    /// and the second finds nothing to do.</summary>
    /// <exception cref="StoreVersionException">The file is newer than this build.</exception>
    public static void Migrate(SqliteConnection connection, IReadOnlyList<string> steps, string path)
    {
        if (Version(connection) == steps.Count) return; // the usual case needs no lock
        Execute(connection, "BEGIN IMMEDIATE");
        try
        {
            var version = Version(connection); // again: another generation may have migrated while this one waited for the lock
            if (version > steps.Count) throw new StoreVersionException(path, version, steps.Count);
            for (var i = (int)version; i < steps.Count; i++) Execute(connection, steps[i]);
            Execute(connection, $"PRAGMA user_version = {steps.Count}");
            Execute(connection, "COMMIT");
        }
        catch
        {
            Execute(connection, "ROLLBACK");
            throw;
        }
    }

    private static long Version(SqliteConnection connection)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "PRAGMA user_version";
        return Convert.ToInt64(command.ExecuteScalar(), CultureInfo.InvariantCulture);
    }

    private static void Execute(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
