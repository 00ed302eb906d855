using Ips.Actors.Files;

namespace Ips.Host.Inventory.Storage;

/// <summary>The steps of the PostgreSQL schema; the rules are those of <see cref="SqliteSchema"/>.</summary>
internal static class PostgresSchema
{
    /// <summary>The whole schema: objects, keys, nonces.</summary>
    public static IReadOnlyList<string> Inventory { get; } =
    [
        """
        CREATE TABLE ips_counter (name text PRIMARY KEY, value bigint NOT NULL);
        INSERT INTO ips_counter (name, value) VALUES ('version', 0), ('objects.host', 0), ('objects.switch', 0);
        CREATE TABLE ips_object (
            object_key bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            oid        bigint NOT NULL,
            id         text COLLATE "C" NOT NULL,
            version    bigint NOT NULL,
            label      text COLLATE "C",
            kind       text COLLATE "C",
            mem_size   bigint,
            disk_size  bigint,
            body       bytea NOT NULL
        );
        CREATE UNIQUE INDEX ips_object_by_id ON ips_object (oid, id);
        CREATE INDEX ips_object_by_label ON ips_object (oid, label, id);
        CREATE TABLE ips_address (
            address    bytea NOT NULL,
            object_key bigint NOT NULL,
            field      bigint NOT NULL,
            oid        bigint NOT NULL,
            PRIMARY KEY (address, object_key, field) INCLUDE (oid)
        );
        CREATE INDEX ips_address_by_object ON ips_address (object_key);
        CREATE TABLE ips_owner (name text COLLATE "C" NOT NULL, object_key bigint NOT NULL, PRIMARY KEY (name, object_key));
        CREATE INDEX ips_owner_by_object ON ips_owner (object_key);
        """,
        """
        CREATE TABLE ips_access_key (
            access_key      text COLLATE "C" PRIMARY KEY,
            secret          text NOT NULL,
            previous_secret text,
            previous_until  bigint NOT NULL,
            can_write       bigint NOT NULL,
            is_enabled      bigint NOT NULL,
            created         bigint NOT NULL,
            note            text NOT NULL
        );
        INSERT INTO ips_counter (name, value) VALUES ('keys', 0);
        CREATE TABLE ips_nonce (
            access_key text COLLATE "C" NOT NULL,
            nonce      text COLLATE "C" NOT NULL,
            expires    bigint NOT NULL,
            PRIMARY KEY (access_key, nonce)
        );
        CREATE INDEX ips_nonce_by_expires ON ips_nonce (expires);
        """,
    ];

    /// <summary>See <see cref="SqliteSchema.More"/>.</summary>
    public static SchemaAddition More { get; } = new("ips_more",
        """
        CREATE TABLE ips_more (object_key bigint PRIMARY KEY, body bytea NOT NULL);
        CREATE FUNCTION ips_more_forget() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            DELETE FROM ips_more m USING forgotten f WHERE m.object_key = f.object_key;
            DELETE FROM ips_address a USING forgotten f WHERE a.object_key = f.object_key AND a.field >= 3;
            RETURN NULL;
        END $$;
        CREATE TRIGGER ips_more_update AFTER UPDATE ON ips_object REFERENCING OLD TABLE AS forgotten
            FOR EACH STATEMENT EXECUTE FUNCTION ips_more_forget();
        CREATE TRIGGER ips_more_delete AFTER DELETE ON ips_object REFERENCING OLD TABLE AS forgotten
            FOR EACH STATEMENT EXECUTE FUNCTION ips_more_forget();
        """);

    /// <summary>See <see cref="SqliteSchema.Identity"/>.</summary>
    public static SchemaAddition Identity { get; } = new("ips_store",
        """
        CREATE TABLE ips_store (id text NOT NULL);
        INSERT INTO ips_store (id) VALUES (gen_random_uuid()::text);
        """);

    /// <summary>See <see cref="SqliteSchema.NonceMark"/>.</summary>
    /// <remarks>Who deletes locks the mark first, and who inserts reads it under a shared lock: an INSERT that began while a nonce was
    /// being deleted would otherwise see neither the nonce nor the new mark. The mark's first value comes last, when the locks of CREATE
    /// TRIGGER keep everybody else out.</remarks>
    public static SchemaAddition NonceMark { get; } = new("ips_nonce_mark",
        """
        CREATE TABLE ips_nonce_mark (forgotten_before bigint NOT NULL);
        CREATE FUNCTION ips_nonce_lock() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            PERFORM 1 FROM ips_nonce_mark FOR UPDATE;
            RETURN NULL;
        END $$;
        CREATE FUNCTION ips_nonce_forget() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            UPDATE ips_nonce_mark SET forgotten_before = f.expires + 1 FROM (SELECT max(expires) AS expires FROM forgotten) f
                WHERE f.expires >= forgotten_before;
            RETURN NULL;
        END $$;
        CREATE FUNCTION ips_nonce_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE
            mark bigint;
        BEGIN
            SELECT forgotten_before INTO mark FROM ips_nonce_mark FOR SHARE;
            IF NEW.expires < mark THEN
                RETURN NULL;
            END IF;
            RETURN NEW;
        END $$;
        CREATE TRIGGER ips_nonce_lock BEFORE DELETE ON ips_nonce FOR EACH STATEMENT EXECUTE FUNCTION ips_nonce_lock();
        CREATE TRIGGER ips_nonce_forget AFTER DELETE ON ips_nonce REFERENCING OLD TABLE AS forgotten
            FOR EACH STATEMENT EXECUTE FUNCTION ips_nonce_forget();
        CREATE TRIGGER ips_nonce_refuse BEFORE INSERT ON ips_nonce FOR EACH ROW EXECUTE FUNCTION ips_nonce_refuse();
        INSERT INTO ips_nonce_mark (forgotten_before)
            SELECT coalesce(min(expires), floor(extract(epoch FROM clock_timestamp()))::bigint) FROM ips_nonce;
        """);
}
