using System.CommandLine;
using System.Data.Common;
using Ips.Host.Inventory;
using Ips.Host.Inventory.Storage;

namespace Ips.Host.Cli.Commands;

/// <summary>Opens the store for a command, and turns what can go wrong into one line and an exit code.</summary>
internal static class CommandRunner
{
    /// <summary>Runs <paramref name="run"/> on the open store, which is made if there is none. The options are valid.</summary>
    public static Task<int> RunAsync(
        ParseResult parsed, InventoryOptions options, string outcome, Func<IInventoryStore, Task<int>> run,
            CancellationToken cancellationToken) =>
        RunAsync(parsed, options, outcome, StoreOpening.OrCreate, run, cancellationToken);

    /// <summary>Runs <paramref name="run"/> on the open store. The options are valid.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="options">Where the store lies.</param>
    /// <param name="outcome">What came of an interrupted command, for the user.</param>
    /// <param name="opening">Whether it may be made.</param>
    /// <param name="run">The command.</param>
    /// <param name="cancellationToken">Interrupts it.</param>
    /// <exception cref="CliException">It failed.</exception>
    /// <exception cref="CliInterruptedException">It was interrupted.</exception>
    public static async Task<int> RunAsync(
        ParseResult parsed, InventoryOptions options, string outcome, StoreOpening opening, Func<IInventoryStore, Task<int>> run,
        CancellationToken cancellationToken)
    {
        try
        {
            await using var store = await InventoryStores.OpenAsync(options, TimeProvider.System, opening, cancellationToken);
            return await run(store);
        }
        catch (Exception e) when (e is StoreVersionException or StoreBusyException or StoreUnavailableException or StoreRefusedException
            or StoreAwayException or InvalidDataException)
        {
            throw new CliException(CliExitCode.Failed, e.Message);
        }
        catch (Exception e) when (e is DbException or IOException or UnauthorizedAccessException)
        {
            throw new CliException(CliExitCode.Failed, $"The store cannot be used: {e.Message.TrimEnd('.')}.");
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw new CliInterruptedException(outcome);
        }
    }
}
