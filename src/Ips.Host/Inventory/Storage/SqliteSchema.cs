using Ips.Actors.Files;

namespace Ips.Host.Inventory.Storage;

/// <summary>The steps of the SQLite schema. A released step never changes; new ones are appended, and only add (CREATE, ALTER TABLE … ADD,
/// INSERT), because the old generation goes on using the file while the new one starts. A test enforces that.</summary>
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

    /// <summary>The other addresses of objects: their JSON beside the body, which older builds read and which must not hold fields that
    /// they do not know. Their rows of the address index have slots from <see cref="Field.FirstOtherSlot"/> on.</summary>
    /// <remarks>Triggers, because an old generation goes on replacing and deleting objects: what it replaces has no other addresses any
    /// more, as after a PUT without them, and what it deletes leaves nothing behind that the next object with the same key would inherit.
    /// The index serves the triggers alone.</remarks>
    public static SchemaAddition More { get; } = new("ips_more",
        """
        CREATE TABLE ips_more (object_key INTEGER PRIMARY KEY, body BLOB NOT NULL);
        CREATE INDEX ips_address_more ON ips_address (object_key) WHERE field >= 3;
        CREATE TRIGGER ips_more_update AFTER UPDATE ON ips_object
        BEGIN
            DELETE FROM ips_more WHERE object_key = OLD.object_key;
            DELETE FROM ips_address WHERE object_key = OLD.object_key AND field >= 3;
        END;
        CREATE TRIGGER ips_more_delete AFTER DELETE ON ips_object
        BEGIN
            DELETE FROM ips_more WHERE object_key = OLD.object_key;
            DELETE FROM ips_address WHERE object_key = OLD.object_key AND field >= 3;
        END;
        """);

    /// <summary>The UUID by which a store is told from any other. A store of an older build gets its own when this one first opens
    /// it.</summary>
    public static SchemaAddition Identity { get; } = new("ips_store",
        """
        CREATE TABLE ips_store (id TEXT NOT NULL);
        INSERT INTO ips_store (id)
            SELECT substr(h, 1, 8) || '-' || substr(h, 9, 4) || '-4' || substr(h, 14, 3) || '-a' || substr(h, 18, 3) || '-' || substr(h, 21)
            FROM (SELECT lower(hex(randomblob(16))) AS h);
        """);

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

    /// <summary>The mark up to which nonces were forgotten: requests whose <c>expires</c> lies before it are refused.</summary>
    /// <remarks>Triggers, because an old generation keeps deleting and inserting. Deleting a nonce moves the mark past it in the same
    /// transaction; an INSERT before the mark adds no row, which means "used" to every build. The first mark: an older build has left the
    /// nonces from a certain <c>expires</c> on. If it has left none, or there was no file, everything until now may be
    /// forgotten.</remarks>
    public static SchemaAddition NonceMark { get; } = new("ips_nonce_mark",
        """
        CREATE TABLE ips_nonce_mark (forgotten_before INTEGER NOT NULL);
        INSERT INTO ips_nonce_mark (forgotten_before) SELECT coalesce(min(expires), unixepoch()) FROM ips_nonce;
        CREATE TRIGGER ips_nonce_forget AFTER DELETE ON ips_nonce WHEN OLD.expires >= (SELECT forgotten_before FROM ips_nonce_mark)
        BEGIN
            UPDATE ips_nonce_mark SET forgotten_before = OLD.expires + 1;
        END;
        CREATE TRIGGER ips_nonce_refuse BEFORE INSERT ON ips_nonce WHEN NEW.expires < (SELECT forgotten_before FROM ips_nonce_mark)
        BEGIN
            SELECT RAISE(IGNORE);
        END;
        """);
}
