using System.CommandLine;
using System.Data.Common;
using Ips.Host.Inventory.Storage;

namespace Ips.Host.Inventory.Commands;

/// <summary>Opens the store for a command, and turns what can go wrong into one line and an exit code.</summary>
internal static class CommandRunner
{
    /// <summary>Exit code of a command that did what it was asked.</summary>
    public const int Done = 0;

    /// <summary>Exit code of a command that did not; the reason is on standard error.</summary>
    public const int Failed = 1;

    /// <summary>Runs <paramref name="run"/> on the open store. The options are valid.</summary>
    public static async Task<int> RunAsync(ParseResult parsed, InventoryOptions options, Func<IInventoryStore, Task<int>> run, CancellationToken cancellationToken)
    {
        var error = parsed.InvocationConfiguration.Error;
        try
        {
            await using var store = await InventoryStores.OpenAsync(options, cancellationToken);
            return await run(store);
        }
        catch (Exception e) when (e is StoreVersionException or StoreBusyException or StoreUnavailableException or DbException or IOException or UnauthorizedAccessException or InvalidDataException)
        {
            await error.WriteLineAsync($"ips: {e.Message}");
            return Failed;
        }
        catch (OperationCanceledException)
        {
            await error.WriteLineAsync("ips: cancelled; nothing was changed.");
            return Failed;
        }
    }
}
