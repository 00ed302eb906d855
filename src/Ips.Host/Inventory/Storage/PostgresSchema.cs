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
}
