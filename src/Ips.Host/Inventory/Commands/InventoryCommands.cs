using System.CommandLine;
using System.Globalization;
using Ips.Host.Inventory.Storage;
using Ips.Host.Inventory.Transfer;

namespace Ips.Host.Inventory.Commands;

/// <summary>The commands <c>import</c>, <c>export</c>, <c>sample</c> and <c>key</c>.</summary>
internal static class InventoryCommands
{
    private const string StandardStream = "-";

    /// <summary>Makes the commands.</summary>
    /// <param name="options">Where the inventory lies, from the parsed command line and the configuration.</param>
    public static IReadOnlyList<Command> Create(Func<ParseResult, InventoryOptions> options) =>
        [Import(options), Export(options), Sample(options), KeyCommands.Create(options)];

    private static Command Import(Func<ParseResult, InventoryOptions> options)
    {
        var file = new Argument<string>("file") { Description = "JSON lines (.jsonl, .ndjson, .json) or CSV (.csv); - is standard input." };
        var (format, oid) = (FormatOption(), OidOption("The class of all lines, if the file does not say."));
        var command = new Command("import", "Adds and replaces objects from a file: all of its lines, or none if one is wrong.") { file, format, oid };
        command.SetAction((parsed, cancellationToken) => CommandRunner.RunAsync(parsed, options(parsed), async store =>
        {
            var path = parsed.GetRequiredValue(file);
            await using var input = path == StandardStream ? Console.OpenStandardInput() : File.OpenRead(path);
            var oclass = ObjectClass.Find(parsed.GetValue(oid));
            var rows = FormatOf(parsed.GetValue(format), path) == TransferFormat.Csv
                ? CsvObjectReader.ReadAsync(input, oclass, cancellationToken)
                : JsonLinesReader.ReadAsync(input, oclass, cancellationToken);
            return await ImportAsync(parsed, store, rows, path == StandardStream ? "standard input" : path, cancellationToken);
        }, cancellationToken));
        return command;
    }

    private static Command Sample(Func<ParseResult, InventoryOptions> options)
    {
        var command = new Command("sample", "Adds a small inventory for a first try; its ids begin with 'sample-'.");
        command.SetAction((parsed, cancellationToken) => CommandRunner.RunAsync(parsed, options(parsed),
            store => ImportAsync(parsed, store, SampleInventory.ReadAsync(cancellationToken), "sample", cancellationToken), cancellationToken));
        return command;
    }

    private static async Task<int> ImportAsync(ParseResult parsed, IInventoryStore store, IAsyncEnumerable<ImportedRow> rows, string name, CancellationToken cancellationToken)
    {
        var (output, error) = (parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error);
        var progress = new ProgressLine(error, !Console.IsErrorRedirected, "importing", TimeProvider.System);
        long problems = 0;
        var counts = await Importer.RunAsync(store, rows, (line, problem) =>
        {
            problems++;
            progress.Clear();
            error.WriteLine($"{name}:{line}: {problem.English}");
        }, progress.Show, cancellationToken);
        progress.Clear();
        if (counts is not { } done)
        {
            await error.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"ips: {problems} problems; nothing was imported."));
            return CommandRunner.Failed;
        }
        await output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture,
            $"{done.Created + done.Updated + done.Unchanged} objects: {done.Created} new, {done.Updated} replaced, {done.Unchanged} as before."));
        return CommandRunner.Done;
    }

    private static Command Export(Func<ParseResult, InventoryOptions> options)
    {
        var file = new Argument<string>("file") { Description = "Where to; - is standard output.", DefaultValueFactory = _ => StandardStream };
        var (format, oid) = (FormatOption(), OidOption("Only this class."));
        var command = new Command("export", "Writes all objects, as of one moment, in a form that import reads.") { file, format, oid };
        command.SetAction((parsed, cancellationToken) => CommandRunner.RunAsync(parsed, options(parsed), async store =>
        {
            var path = parsed.GetRequiredValue(file);
            var error = parsed.InvocationConfiguration.Error;
            var progress = new ProgressLine(error, !Console.IsErrorRedirected, "exporting", TimeProvider.System);
            // Beside the target and renamed at the end: a file of that name is either whole or as it was before.
            var partial = path == StandardStream ? null : $"{path}.{Environment.ProcessId}.part";
            try
            {
                long count;
                await using (var output = partial is null ? Console.OpenStandardOutput() : new FileStream(partial, FileMode.CreateNew, FileAccess.Write))
                {
                    count = await Exporter.RunAsync(store, ObjectClass.Find(parsed.GetValue(oid)), FormatOf(parsed.GetValue(format), path), output, progress.Show, cancellationToken);
                    if (output is FileStream written) written.Flush(flushToDisk: true);
                }
                if (partial is not null) File.Move(partial, path, overwrite: true);
                progress.Clear();
                await error.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"{count} objects."));
                return CommandRunner.Done;
            }
            finally
            {
                if (partial is not null) File.Delete(partial);
            }
        }, cancellationToken));
        return command;
    }

    private static Option<string?> FormatOption()
    {
        var option = new Option<string?>("--format") { Description = "jsonl or csv. Default: by the file's name, jsonl for standard input and output." };
        option.AcceptOnlyFromAmong("jsonl", "csv");
        return option;
    }

    private static Option<string?> OidOption(string description)
    {
        var option = new Option<string?>("--oid") { Description = description };
        option.AcceptOnlyFromAmong([.. ObjectClass.All.Select(oclass => oclass.Oid)]);
        return option;
    }

    private static TransferFormat FormatOf(string? given, string path) =>
        given == "csv" || (given is null && path.EndsWith(".csv", StringComparison.OrdinalIgnoreCase)) ? TransferFormat.Csv : TransferFormat.JsonLines;
}
