using Microsoft.Extensions.Options;
using Npgsql;

namespace Ips.Host.Inventory;

/// <summary>Reports everything that is wrong with <see cref="InventoryOptions"/> at once.</summary>
internal sealed class InventoryOptionsValidator : IValidateOptions<InventoryOptions>
{
    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, InventoryOptions options)
    {
        List<string> errors = [];
        if (string.IsNullOrWhiteSpace(options.Postgres))
        {
            if (string.IsNullOrWhiteSpace(options.Path)) errors.Add("ips.store.path is empty; it must be the path of a file.");
            else if (Directory.Exists(options.Path)) errors.Add($"ips.store.path is {options.Path}, a folder; it must be the path of a file.");
        }
        else if (!IsConnectionString(options.Postgres))
        {
            // The string itself is not repeated: it may hold a password.
            errors.Add("ips.store.postgres is no Npgsql connection string; it must be like Host=db;Database=ips;Username=ips;Password=….");
        }
        if (options.BusyTimeout < TimeSpan.FromMilliseconds(100) || options.BusyTimeout > TimeSpan.FromMinutes(5))
            errors.Add($"ips.store.busy-timeout is {options.BusyTimeout}; it must be from 100ms to 5m.");
        if (options.Readers is < 1 or > 256)
            errors.Add($"ips.store.readers is {options.Readers}; it must be from 1 to 256.");
        return errors.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(errors);
    }

    private static bool IsConnectionString(string text)
    {
        try
        {
            return !string.IsNullOrEmpty(new NpgsqlConnectionStringBuilder(text).Host);
        }
        catch (Exception e) when (e is ArgumentException or FormatException or KeyNotFoundException)
        {
            return false;
        }
    }
}
