using System.CommandLine;
using System.Globalization;
using Ips.Actors.Configuration;
using Ips.Actors.Diagnostics;
using Ips.Actors.Files;
using Ips.Host.Inventory;
using Ips.Host.Inventory.Storage;
using Ips.Host.Inventory.Transfer;

namespace Ips.Host.Cli.Commands;

/// <summary>The commands <c>import</c>, <c>export</c>, <c>sample</c> and <c>key</c>.</summary>
/// <param name="options">Where the inventory lies, from the parsed command line and the configuration.</param>
/// <param name="directory">What relative paths are relative to: the logical current directory.</param>
/// <param name="input">Opens standard input.</param>
/// <param name="output">Opens standard output for what is no text; a failure of it is a <see cref="CliException"/>.</param>
internal sealed class InventoryCommands(Func<ParseResult, InventoryOptions> options, Func<string> directory, Func<Stream> input,
    Func<Stream> output)
{
    private const string StandardStream = "-";
    private const int MostProblemsShown = 20;
    private const string NothingImported = "nothing was imported",
        NothingWritten = "a file is as it was, and what went elsewhere is not whole";

    /// <summary>Makes the commands.</summary>
    public IReadOnlyList<Command> Create() => [Import(), Export(), Sample(), KeyCommands.Create(options, input)];

    private Command Import()
    {
        var file = FileArgument(new("file") { Description = "JSON lines (.jsonl, .ndjson, .json) or CSV (.csv); - is standard input." });
        var (format, oid) = (FormatOption(), OidOption("The class of all lines, if the file does not name one."));
        var dryRun = new Option<bool>("--dry-run") { Description = "Show what would be imported, and import nothing." };
        var command = new Command("import", "Add or replace objects from a file, all or nothing.") { file, format, oid, dryRun };
        command.SetAction((parsed, cancellationToken) => CommandRunner.RunAsync(parsed, options(parsed), NothingImported,
            parsed.GetValue(dryRun) ? StoreOpening.Existing : StoreOpening.OrCreate, async store =>
        {
            var name = parsed.GetRequiredValue(file);
            await using var content = name == StandardStream ? input() : OpenToRead(name);
            var oclass = ObjectClass.Find(parsed.GetValue(oid));
            var rows = FormatOf(parsed.GetValue(format), name) == TransferFormat.Csv
                ? CsvObjectReader.ReadAsync(content, oclass, cancellationToken)
                : JsonLinesReader.ReadAsync(content, oclass, cancellationToken);
            return await ImportAsync(parsed, store, rows, name == StandardStream ? "standard input" : name, parsed.GetValue(dryRun),
                cancellationToken);
        }, cancellationToken));
        return command;
    }

    private Command Sample()
    {
        var command = new Command("sample", "Add a small sample inventory; its ids begin with 'sample-'.");
        command.SetAction((parsed, cancellationToken) => CommandRunner.RunAsync(parsed, options(parsed), NothingImported,
            store => ImportAsync(parsed, store, SampleInventory.ReadAsync(cancellationToken), "sample", false, cancellationToken),
                cancellationToken));
        return command;
    }

    private static async Task<int> ImportAsync(
        ParseResult parsed, IInventoryStore store, IAsyncEnumerable<ImportedRow> rows,
        string name, bool isDryRun, CancellationToken cancellationToken)
    {
        var (output, error) = (parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error);
        using var progress = new ProgressLine(Console.Error, !Console.IsErrorRedirected, "importing", TimeProvider.System);
        long problems = 0;
        var counts = await Importer.RunAsync(store, rows, (line, problem) =>
        {
            if (++problems > MostProblemsShown) return;
            progress.Clear();
            error.WriteLine($"{name}:{line}: {TerminalText.Line(problem.English)}");
        }, progress.Show, isDryRun, cancellationToken);
        progress.Clear();
        if (counts is not { } done)
        {
            if (problems > MostProblemsShown) await error
                .WriteLineAsync($"{name}: {Wording.Counted(problems - MostProblemsShown, "more problem")}");
            throw new CliException(CliExitCode.Failed, $"{Wording.Counted(problems, "problem")}; {NothingImported}.");
        }
        await output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture,
            $"{Wording.Counted(done.Created + done.Updated + done.Unchanged, "object")}: {done.Created} new, {done.Updated} replaced, "
                + $"{done.Unchanged} as before.")
            + (isDryRun ? " A dry run: nothing was imported." : ""));
        return CliExitCode.Ok;
    }

    private Command Export()
    {
        var file = FileArgument(new("file")
        {
            Description = "The output file; - is standard output. A regular file is replaced at the end, and keeps its mode and owner.",
            DefaultValueFactory = _ => StandardStream,
        });
        var (format, oid) = (FormatOption(), OidOption("Only this class."));
        var keep = new Option<bool>("--keep-formulas")
        {
            Description = "CSV: write text that a spreadsheet would run as a formula (it starts with = + - @) unchanged. Default: prefix "
                + "it with ', which import removes.",
        };
        var command = new Command("export", "Write a snapshot of all objects that import can read.") { file, format, oid, keep };
        command.SetAction((parsed, cancellationToken) => CommandRunner
            .RunAsync(parsed, options(parsed), NothingWritten, StoreOpening.Existing, async store =>
        {
            var name = parsed.GetRequiredValue(file);
            using var progress = new ProgressLine(Console.Error, !Console.IsErrorRedirected, "exporting", TimeProvider.System);
            long count = 0;
            if (name == StandardStream) await WriteAsync(output());
            else await IntoFileAsync(name, WriteAsync, cancellationToken);
            progress.Clear();
            await parsed.InvocationConfiguration.Error.WriteLineAsync($"{Wording.Counted(count, "object")}.");
            return CliExitCode.Ok;

            async Task WriteAsync(Stream stream) => count = await Exporter.RunAsync(store, ObjectClass.Find(parsed.GetValue(oid)),
                FormatOf(parsed.GetValue(format), name), parsed.GetValue(keep), stream, progress.Show, cancellationToken);
        }, cancellationToken));
        return command;
    }

    private async Task IntoFileAsync(string name, Func<Stream, Task> write, CancellationToken cancellationToken)
    {
        var path = FilePaths.Resolve(directory(), name);
        try
        {
            await ServiceFiles.WriteAsync(path, async stream =>
            {
                try
                {
                    await write(CliStream.Of(stream, name));
                }
                catch (IOException e) // from the store: CliStream has turned the stream's own into CliException
                {
                    throw new CliException(CliExitCode.Failed, $"The store cannot be read: {e.Message.TrimEnd('.')}.");
                }
            }, cancellationToken);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CliException(CliExitCode.Output, $"{CliOptions.Shown(name)} cannot be written: {Wording.FileFault(e, path)}.");
        }
    }

    private FileStream OpenToRead(string name)
    {
        var path = FilePaths.Resolve(directory(), name);
        try
        {
            return File.OpenRead(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CliException(CliExitCode.Failed, $"{CliOptions.Shown(name)} cannot be read: {Wording.FileFault(e, path)}.");
        }
    }

    private static Argument<string> FileArgument(Argument<string> argument) =>
        CliOptions.Checked(argument, path => path.Length > 0, "a path, or - for the standard stream");

    private static Option<string> FormatOption() =>
        CliOptions.Choice("--format", "The file format. Default: from the file name; jsonl for standard input and output.", "jsonl", "csv");

    private static Option<string> OidOption(string description) =>
        CliOptions.Choice("--oid", description, [.. ObjectClass.All.Select(oclass => oclass.Oid)]);

    private static TransferFormat FormatOf(string? given, string path) =>
        given == "csv" || (given is null && path.EndsWith(".csv", StringComparison.OrdinalIgnoreCase)) ? TransferFormat.Csv
            : TransferFormat.JsonLines;
}
