using Microsoft.Data.Sqlite;

namespace Ips.Host.Inventory.Storage;

/// <summary>What an error of SQLite says of the store. Pure. See https://www.sqlite.org/rescode.html.</summary>
internal static class SqliteTrouble
{
    private const int Busy = 5, Locked = 6, NoMemory = 7, ReadOnly = 8, IoError = 10, Corrupt = 11, Full = 13, CannotOpen = 14,
        NotADatabase = 26;
    private const int SharedMemorySize = IoError | (19 << 8), SharedMemoryMap = IoError | (21 << 8); // the index of the WAL could not grow

    /// <summary>What is wrong; null if the error is no word on the store itself.</summary>
    public static StoreTrouble? Of(SqliteException error) => (error.SqliteErrorCode, error.SqliteExtendedErrorCode) switch
    {
        (Full, _) or (_, SharedMemorySize or SharedMemoryMap) => StoreTrouble.Full,
        (ReadOnly, _) => StoreTrouble.ReadOnly,
        (Corrupt or NotADatabase, _) => StoreTrouble.Corrupt,
        (IoError or CannotOpen or NoMemory, _) => StoreTrouble.Away,
        _ => null,
    };

    /// <summary>Whether another connection's lock was in the way.</summary>
    public static bool IsBusy(SqliteException error) => error.SqliteErrorCode is Busy or Locked;
}
