using System.CommandLine;
using CsvHelper;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using Ips.Host.Cli;
using Ips.Host.Inventory;
using Ips.Host.Cli.Commands;
using Ips.Host.Inventory.Storage;
using Ips.Host.Inventory.Transfer;

namespace Ips.Host.Tests.Inventory;

/// <summary>A spreadsheet runs cells that begin with certain characters as formulas; an export must not carry any there.</summary>
[Trait("issue", "11")]
public sealed class CsvFormulaTests : IDisposable
{
    private const string Triggers = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20";
    private static readonly string[] Names = ["=1+1", "+1", "-1", "@SUM(A1)", "'=1", "''=1", "'quoted", "plain", "a;=1", "a;'=1",
        "\uff1d1"];
    private readonly string _folder = Directory.CreateTempSubdirectory("ips-formulas-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public Task Export_CellThatASpreadsheetWouldRun_IsEscaped_AndImportUndoesThat() => ExportsAsync("'=a;b;'=c\\;'=d",
        "'=1+1", "'+1", "'-1", "'@SUM(A1)", "''=1", "'''=1", "'quoted", "plain", "a;'=1", "a;''=1", "'\uff1d1");

    [Fact]
    public Task Export_ToldToKeepFormulas_WritesThem_AndImportReadsTheSame() => ExportsAsync("=a;b;=c\\;=d",
        "=1+1", "+1", "-1", "@SUM(A1)", "''=1", "'''=1", "'quoted", "plain", "a;=1", "a;''=1", "\uff1d1");

    [Property(MaxTest = 5000, Replay = "(11,11)")]
    public Property Escape_OfAnyText_IsUndone_AndLeavesNoFormula() => Prop.ForAll(Texts(), text =>
    {
        var (escaped, kept) = (CsvFormulas.Escape(text, keep: false), CsvFormulas.Escape(text, keep: true));
        return CsvFormulas.Unescape(escaped) == text && CsvFormulas.Unescape(kept) == text
            && !escaped.Split(';').Any(part => part.Length > 0 && Triggers.Contains(part[0]));
    });

    // Mostly of the characters that matter, so that each of them comes to stand at each place.
    private static Arbitrary<string> Texts() => Gen.OneOf(
        Gen.ArrayOf(Gen.Elements([.. Triggers, '\'', '\'', ';', 'a', '\\', '"', ' '])).Select(c => new string(c)),
        ArbMap.Default.GeneratorFor<NonNull<string>>().Select(s => s.Item)).ToArbitrary();

    private async Task ExportsAsync(string owners, params string[] cells)
    {
        var options = new InventoryOptions { Path = Path.Combine(_folder, "ips.db") };
        await using (var store = new SqliteInventoryStore(options))
        {
            foreach (var (name, i) in Names.Select((name, i) => (name, i)))
                await store.PutAsync(Items.Host($"H{i:00}", hostname: name, more: ""","owner":["=a","b","=c;=d"]"""), WriteCondition.None,
                    default);
        }
        var file = Path.Combine(_folder, "f.csv");
        string[] keep = owners[0] == '=' ? ["--keep-formulas"] : [];
        Assert.Equal(0, (await RunAsync(options, ["export", file, .. keep])).Code);
        using (var csv = CsvReader.FromFile(file, new CsvReaderOptions { Separator = ',' }))
        {
            foreach (var cell in cells)
            {
                Assert.True(await csv.ReadAsync());
                Assert.Equal((cell, owners), (csv.GetString("hostname"), csv.GetString("owner")));
            }
        }
        Assert.Equal((0, $"{Names.Length} objects: 0 new, 0 replaced, {Names.Length} as before.\n"),
            await RunAsync(options, "import", file));
    }

    private static async Task<(int Code, string Output)> RunAsync(InventoryOptions options, params string[] arguments)
    {
        var root = new RootCommand();
        foreach (var command in new InventoryCommands(_ => options, () => "/", () => Stream.Null, () =>
            Stream.Null).Create()) root.Subcommands.Add(command);
        using var output = new StringWriter { NewLine = "\n" };
        var code = await CliParser.InvokeAsync(root, arguments, output, TextWriter.Null);
        return (code, output.ToString());
    }
}
