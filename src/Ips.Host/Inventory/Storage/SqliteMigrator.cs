using System.Globalization;
using Microsoft.Data.Sqlite;

namespace Ips.Host.Inventory.Storage;

/// <summary>Brings a SQLite file to this build's schema. The version is <c>PRAGMA user_version</c>: the number of steps taken.</summary>
internal static class SqliteMigrator
{
    /// <summary>Takes the steps and the additions that are missing, all in one transaction. Two generations that start at once take turns
    /// at the file's write lock, and the second finds nothing to do.</summary>
    /// <exception cref="StoreVersionException">The file is newer than this build.</exception>
    public static void Migrate(
        SqliteConnection connection, IReadOnlyList<string> steps, IReadOnlyList<SchemaAddition> additions, string path)
    {
        if (Version(connection) == steps.Count && !additions.Any(addition => IsMissing(connection, addition)))
            return; // the usual case needs no lock
        Execute(connection, "BEGIN IMMEDIATE");
        try
        {
            var version = Version(connection); // again: another generation may have migrated while this one waited for the lock
            if (version > steps.Count) throw new StoreVersionException(path, version, steps.Count);
            for (var i = (int)version; i < steps.Count; i++) Execute(connection, steps[i]);
            foreach (var addition in additions)
                if (IsMissing(connection, addition)) Execute(connection, addition.Sql);
            Execute(connection, $"PRAGMA user_version = {steps.Count}");
            Execute(connection, "COMMIT");
        }
        catch
        {
            // A full disk or a failed read has rolled it back already, and a second time would hide why.
            if (SQLitePCL.raw.sqlite3_get_autocommit(connection.Handle) == 0) Execute(connection, "ROLLBACK");
            throw;
        }
    }

    /// <summary>Whether the file has none of what an addition makes.</summary>
    public static bool IsMissing(SqliteConnection connection, SchemaAddition addition) =>
        Scalar(connection, $"SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = '{addition.Table}'") == 0;

    /// <summary>How many steps were taken; 0 in a file that holds no store.</summary>
    public static long Version(SqliteConnection connection) => Scalar(connection, "PRAGMA user_version");

    private static long Scalar(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return Convert.ToInt64(command.ExecuteScalar(), CultureInfo.InvariantCulture);
    }

    private static void Execute(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
