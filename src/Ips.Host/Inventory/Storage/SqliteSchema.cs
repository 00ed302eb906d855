namespace Ips.Host.Inventory.Storage;

/// <summary>The steps of the SQLite schema. A released step never changes; new ones are appended, and only add (CREATE, ALTER TABLE … ADD, INSERT),
/// because the old generation goes on using the file while the new one starts. A test enforces that.</summary>
internal static class SqliteSchema
{
    /// <summary>The inventory: objects first, then the keys.</summary>
    public static IReadOnlyList<string> Inventory { get; } =
    [
        """
        CREATE TABLE ips_counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
        INSERT INTO ips_counter (name, value) VALUES ('version', 0), ('objects.host', 0), ('objects.switch', 0);
        CREATE TABLE ips_object (
            object_key INTEGER PRIMARY KEY,
            oid        INTEGER NOT NULL,
            id         TEXT NOT NULL,
            version    INTEGER NOT NULL,
            label      TEXT,
            kind       TEXT,
            mem_size   INTEGER,
            disk_size  INTEGER,
            body       BLOB NOT NULL
        );
        CREATE UNIQUE INDEX ips_object_by_id ON ips_object (oid, id);
        CREATE INDEX ips_object_by_label ON ips_object (oid, label, id);
        CREATE TABLE ips_address (
            address    BLOB NOT NULL,
            object_key INTEGER NOT NULL,
            field      INTEGER NOT NULL,
            oid        INTEGER NOT NULL,
            PRIMARY KEY (address, object_key, field)
        ) WITHOUT ROWID;
        CREATE TABLE ips_owner (name TEXT NOT NULL, object_key INTEGER NOT NULL, PRIMARY KEY (name, object_key)) WITHOUT ROWID;
        """,
        """
        CREATE TABLE ips_access_key (
            access_key      TEXT PRIMARY KEY,
            secret          TEXT NOT NULL,
            previous_secret TEXT,
            previous_until  INTEGER NOT NULL,
            can_write       INTEGER NOT NULL,
            is_enabled      INTEGER NOT NULL,
            created         INTEGER NOT NULL,
            note            TEXT NOT NULL
        ) WITHOUT ROWID;
        INSERT INTO ips_counter (name, value) VALUES ('keys', 0);
        """,
    ];

    /// <summary>The nonces, in a file of their own: they need not survive a power loss, so they need not wait for the disk.</summary>
    public static IReadOnlyList<string> Nonces { get; } =
    [
        """
        CREATE TABLE ips_nonce (
            access_key TEXT NOT NULL,
            nonce      TEXT NOT NULL,
            expires    INTEGER NOT NULL,
            PRIMARY KEY (access_key, nonce)
        ) WITHOUT ROWID;
        CREATE INDEX ips_nonce_by_expires ON ips_nonce (expires);
        """,
    ];
}
