using Ips.Actors.Configuration;
using Npgsql;

namespace Ips.Host.Inventory;

/// <summary>The configuration keys of <see cref="InventoryOptions"/>.</summary>
internal static class InventoryKeys
{
    /// <summary>The block <c>ips.store</c>.</summary>
    internal static ConfigTable<InventoryOptions> Table { get; } = new(
        [
            ConfigKey.FilePath<InventoryOptions>("ips.store.path", o => o.Path, (o, v) => o.Path = v),
            ConfigKey.Text<InventoryOptions>("ips.store.postgres", o => o.Postgres, (o, v) => o.Postgres = v,
                "an Npgsql connection string such as \"Host=db;Database=ips;Username=ips;Password=...\"", ConnectionStringFault,
                    isSecret: true),
            ConfigKey.Duration<InventoryOptions>("ips.store.busy-timeout", o => o.BusyTimeout, (o, v) => o.BusyTimeout = v,
                TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(5)),
            ConfigKey.Count<InventoryOptions>("ips.store.readers", o => o.Readers, (o, v) => o.Readers = v, 1, 256, "connections"),
        ], []);

    // Npgsql's own words may repeat a part of the string, and with it a password. Called, and so Npgsql loaded, only if there is a string.
    private static string? ConnectionStringFault(string text)
    {
        try
        {
            return string.IsNullOrEmpty(new NpgsqlConnectionStringBuilder(text).Host) ? "it names no Host" : null;
        }
        catch (Exception e) when (e is ArgumentException or FormatException or KeyNotFoundException)
        {
            return "";
        }
    }
}
