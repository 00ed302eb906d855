namespace Ips.Host.Inventory;

/// <summary>Where the inventory lies. HOCON block <c>ips.store</c>.</summary>
internal sealed class InventoryOptions
{
    /// <summary>The SQLite file's name where no path is set: the daemon serves in an empty folder.</summary>
    internal const string DefaultFile = "ips.db";

    /// <summary>Path of the SQLite file; the first start of a service makes it, readable by its owner only, because it holds the keys'
    /// secrets. Relative to the working folder. Default none: <see cref="DefaultFile"/>, for the daemon in its
    /// <c>--directory</c>.</summary>
    public string? Path { get; set; }

    /// <summary>Npgsql connection string. If set, the inventory lies in PostgreSQL (13 or later) and <see cref="Path"/> is not used:
    /// for several daemons over one inventory. Default none.</summary>
    public string? Postgres { get; set; }

    /// <summary>How long one request may spend on the store: waiting for another generation's, daemon's or import's write, for a connection
    /// and for the server's answer. From 100 ms to 5 min. Default 10 s: longer than any single write, shorter than what an HTTP client
    /// waits.</summary>
    public TimeSpan BusyTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Connections that read at once in one generation. From 1 to 256. Default 16: SQLite reads take microseconds,
    /// and PostgreSQL's default limit of 100 connections has room for two generations of several daemons.</summary>
    public int Readers { get; set; } = 16;
}
