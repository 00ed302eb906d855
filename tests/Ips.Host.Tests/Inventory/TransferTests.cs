using System.CommandLine;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using Ips.Host.Cli;
using Ips.Host.Inventory;
using Ips.Host.Cli.Commands;
using Ips.Host.Inventory.Storage;
using Ips.Host.Inventory.Transfer;

namespace Ips.Host.Tests.Inventory;

/// <summary>Import and export, and the commands around them.</summary>
public sealed class TransferTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("ips-transfer-").FullName;

    private readonly MemoryStream _exported = new();
    private string _input = "";

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Property(MaxTest = 200)]
    public Property Cell_OfAnyList_RoundTrips() => Prop.ForAll(Gen.ArrayOf(AnyInventory.Text()).ToArbitrary(), texts =>
    {
        if (texts.Length > ObjectLimits.ListCount) return true;
        List<Refusal> found = [];
        var field = ObjectClass.Host.Fields[ObjectClass.Host.OwnerIndex];
        return FieldText.ParseCell(field, FieldText.ToCell(texts), found) is string[] back && back.SequenceEqual(texts) && found.Count == 0;
    });

    [Property(MaxTest = 60)]
    public Property Csv_OfAnyObjects_RoundTrips() => Prop.ForAll(AnyInventory.Objects(),
        items => RoundTripsAsync(items, TransferFormat.Csv).GetAwaiter().GetResult()
        && RoundTripsAsync(items, TransferFormat.Csv, keepFormulas: true).GetAwaiter().GetResult());

    [Property(MaxTest = 60)]
    public Property JsonLines_OfAnyObjects_RoundTrip() => Prop.ForAll(AnyInventory.Objects(),
        items => items.Length == 0 // an empty file is refused
        || RoundTripsAsync(items, TransferFormat.JsonLines).GetAwaiter().GetResult());

    [Property(MaxTest = 200)]
    public Property Codec_OfAnyObject_RoundTrips() => Prop.ForAll(AnyInventory.Objects(), items => items.All(item =>
        ObjectCodec.Write(Items.Read(Encoding.UTF8.GetString(ObjectCodec.Write(item)))).AsSpan().SequenceEqual(ObjectCodec.Write(item))));

    [Fact]
    public async Task Import_WrongLines_ReportsAllWithTheirNumbers_AndChangesNothing()
    {
        await File.WriteAllTextAsync(File1("a.jsonl"), """
            {"oid":"host","id":"H1","ip":"10.0.0.1"}

            {"oid":"host","id":"H2"}
            not json
            {"oid":"host","id":"H1","ip":"10.0.0.2"}
            {"oid":"router","id":"R1","ip":"10.0.0.3"}
            {"oid":"host","id":"H3","ip":"10.0.0.3"}
            """);
        var (code, output, error) = await RunAsync("import", File1("a.jsonl"));
        Assert.Equal(1, code);
        Assert.Empty(output);
        var lines = error.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(
            [$"{File1("a.jsonl")}:3: ip is missing",
                $"{File1("a.jsonl")}:4: the body is not a JSON object: line 1, byte 2, nested 8 deep at most",
             $"{File1("a.jsonl")}:5: host 'H1' is on line 1 already", $"{File1("a.jsonl")}:6: oid must be one of host, switch",
                 "ips: 4 problems; nothing was imported."],
            lines);
        Assert.Equal(0, await CountAsync());
    }

    [Fact]
    public async Task Import_CsvWithWrongRows_ReportsAllWithTheirNumbers()
    {
        await File.WriteAllTextAsync(File1("a.csv"),
            "oid,id,ip,owner,vip\r\nhost,H1,10.0.0.1,a;b,\r\nhost,H2,10.0.0,,\r\n"
                + "switch,S1,10.0.0.2,,10.0.0.3;x\r\nhost,H3,10.0.0.1,,10.0.0.9\r\nhost,H4\r\n,H5,10.0.0.5,,\r\n");
        var (code, _, error) = await RunAsync("import", File1("a.csv"));
        Assert.Equal(1, code);
        Assert.Equal([3, 4, 5, 6, 7], error.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Where(l => l.Contains(".csv:", StringComparison.Ordinal)).Select(l => int.Parse(l.Split(':')[1], null)));
        Assert.Equal(0, await CountAsync());
        await File.WriteAllTextAsync(File1("b.csv"), "id,foo,id\r\nH1,1,2\r\n");
        (code, _, error) = await RunAsync("import", File1("b.csv"), "--oid", "host");
        Assert.Equal(1, code);
        Assert.Contains("b.csv:1: 'foo' is not known here", error, StringComparison.Ordinal);
        Assert.Contains("b.csv:1: id is given twice", error, StringComparison.Ordinal);
        await File.WriteAllBytesAsync(File1("c.csv"), [.. "id,ip\nH1,"u8, 0xff, .. "\n"u8]);
        (code, _, error) = await RunAsync("import", File1("c.csv"), "--oid", "host");
        Assert.Equal(1, code);
        Assert.Contains("not valid UTF-8", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\uFEFF\"oid\",\"id\",\"ip\"\r\nhost,H1,10.0.0.1\r\n", null)] // as spreadsheets write it
    [InlineData("oid,id,ip\nhost,H1,10.0.0.1", null)]
    [InlineData("oid,id,ip,hostname\r\n\r\nhost,H1,10.0.0.1,\"a \"\"b\"\", c\"\r\n", null)]
    [InlineData("oid,id,ip\r\nhost,H0,10.0.0.9\r\nhost,H1,\"10.0.0.1", "3: a quoted cell begins in this row and never ends")]
    [InlineData("oid,id,ip\r\nhost,H0,10.0.0.9\r\nhost,H1,\"", "3: a quoted cell begins in this row and never ends")]
    [InlineData("oid,id,ip,hostname\r\nhost,H1,10.0.0.1,\"a\"\"", "2: a quoted cell begins in this row and never ends")]
    [InlineData("oid,id,ip,hostname\r\n\r\nhost,H0,10.0.0.9,\r\nhost,H1,10.0.0.1,\"a\"b\r\n", "4: there is text after the closing quote")]
    [InlineData("oid,id,ip,hostname\r\nhost,H1,10.0.0.1,\"a\" \r\n", "2: there is text after the closing quote")]
    [InlineData("oid,id,ip,hostname\r\nhost,H1,10.0.0.1,b\"a\"\r\n", "2: there is a quote in a cell that does not begin with one")]
    [InlineData("oid,id,ip,hostname\r\nhost,H1,10.0.0.1, \"a\"\r\n", "2: there is a quote in a cell that does not begin with one")]
    [InlineData("", "1: the file is empty")]
    [InlineData("\uFEFF", "1: the file is empty")]
    public async Task Import_CsvAgainstRfc4180_IsRefusedWithItsLineAndChangesNothing(string csv, string? refused)
    {
        await File.WriteAllTextAsync(File1("a.csv"), csv);
        var (code, output, error) = await RunAsync("import", File1("a.csv"));
        if (refused is null)
        {
            Assert.Equal((0, "1 object: 1 new, 0 replaced, 0 as before.\n", ""), (code, output, error));
            return;
        }
        Assert.Equal((1, ""), (code, output));
        Assert.Contains($"a.csv:{refused}", error, StringComparison.Ordinal);
        Assert.EndsWith("ips: 1 problem; nothing was imported.\n", error, StringComparison.Ordinal);
        Assert.Equal(0, await CountAsync());
    }

    [Theory]
    [InlineData("")]
    [InlineData("\n\n")]
    public async Task Import_EmptyJsonLines_IsRefused(string content)
    {
        _input = content;
        Assert.Equal((1, "", "standard input:1: the file is empty\nips: 1 problem; nothing was imported.\n"),
            await RunAsync("import", "-"));
    }

    [Fact]
    public async Task Import_ManyWrongLines_ShowsTwentyAndCountsTheRest()
    {
        _input = string.Concat(Enumerable.Range(0, 1_000).Select(_ => "x\n"));
        var (code, _, error) = await RunAsync("import", "-");
        Assert.Equal(1, code);
        var lines = error.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(22, lines.Length);
        Assert.Equal(["standard input: 980 more problems", "ips: 1000 problems; nothing was imported."], lines[20..]);
    }

    [Fact]
    public async Task Import_OtherClassThanAskedFor_SaysThatTheyContradict()
    {
        _input = """{"oid":"switch","id":"S1","ip":"10.0.0.1"}""";
        Assert.Contains("oid is switch, but host was asked for", (await RunAsync("import", "-", "--oid", "host")).Error,
            StringComparison.Ordinal);
        await File.WriteAllTextAsync(File1("a.csv"), "oid,id,ip\nswitch,S1,10.0.0.1\n");
        Assert.Contains("a.csv:2: oid is switch, but host was asked for", (await RunAsync("import", "a.csv", "--oid", "host")).Error,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "has no secret on its first line")]
    [InlineData("abc", "The secret has 3 characters; it must have 12 to 256.")]
    [InlineData("12345678901", "The secret has 11 characters")]
    [InlineData("123456789012", null)]
    [InlineData("  123456789012\nmore", null)]
    public async Task Key_SecretFromInput_HasALength(string input, string? error)
    {
        _input = input;
        var run = await RunAsync("key", "add", "A1", "--secret-stdin");
        Assert.Equal(error is null ? 0 : 1, run.Code);
        Assert.Contains(error ?? "Key 'A1' was added.", run.Error, StringComparison.Ordinal);
        Assert.Equal(error is null, (await RunAsync("key", "list")).Output.Contains("A1", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Key_SecretOf257_IsRefused()
    {
        _input = new string('x', 257);
        Assert.Contains("The secret has 257 characters", (await RunAsync("key", "add", "A1", "--secret-stdin")).Error,
            StringComparison.Ordinal);
        _input = new string('x', 256);
        Assert.Equal(0, (await RunAsync("key", "add", "A1", "--secret-stdin")).Code);
    }

    [Fact]
    public async Task Key_Delete_RemovesIt()
    {
        Assert.Equal(0, (await RunAsync("key", "add", "A1")).Code);
        Assert.Equal((0, "", "Key 'A1' is deleted; daemons see it within ips.auth.key-cache.\n"), await RunAsync("key", "delete", "A1"));
        Assert.DoesNotContain("A1", (await RunAsync("key", "list")).Output, StringComparison.Ordinal);
        Assert.Equal((1, "", "ips: There is no key 'A1'; 'ips key list' shows them.\n"), await RunAsync("key", "delete", "A1"));
        Assert.Equal(0, (await RunAsync("key", "add", "A1")).Code);
    }

    [Theory]
    [InlineData("1h30")]
    [InlineData("abc")]
    [InlineData("1.5")]
    [InlineData("99999999999")]
    [InlineData("-1h")]
    [InlineData("169h")]
    public async Task KeyRotate_GraceThatIsNone_IsOneErrorAndRotatesNothing(string grace)
    {
        var secret = (await RunAsync("key", "add", "A1")).Output.Trim();
        var (code, output, error) = await RunAsync("key", "rotate", "A1", "--grace", grace);
        Assert.Equal((CliExitCode.Configuration, ""), (code, output));
        Assert.StartsWith($"ips: --grace is {grace}; it must be a duration with a unit, from 0s to 168h", error, StringComparison.Ordinal);
        await using var store = new SqliteInventoryStore(Options());
        Assert.Equal(secret, Assert.Single(await store.GetKeysAsync(default)).Secret);
    }

    [Theory]
    [InlineData("1h")]
    [InlineData("3600")]
    public async Task KeyRotate_GraceSeconds_SaysWhatToWriteNow(string value)
    {
        var (code, _, error) = await RunAsync("key", "rotate", "A1", "--grace-seconds", value);
        Assert.Equal(CliExitCode.Configuration, code);
        Assert.StartsWith("ips: --grace-seconds is gone: write --grace 1h, or another duration.\n", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Export_ToDash_IsTheOutput()
    {
        await RunAsync("sample");
        Assert.Equal((0, "", "26 objects.\n"), await RunAsync("export", "-"));
        Assert.Equal(26, Encoding.UTF8.GetString(_exported.ToArray()).Count(c => c == '\n'));
    }

    [Fact]
    public async Task Import_LineTooLong_IsReportedAndTheNextIsRead()
    {
        await File.WriteAllTextAsync(File1("a.jsonl"), new string(' ', JsonLinesReader.MaxLineBytes + 70_000)
            + "x\n{\"oid\":\"host\",\"id\":\"H2\"}\n");
        var (_, _, error) = await RunAsync("import", File1("a.jsonl"));
        Assert.Contains($":1: the line is longer than {JsonLinesReader.MaxLineBytes} bytes", error, StringComparison.Ordinal);
        Assert.Contains(":2: ip is missing", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Sample_ExportImport_KeepsEverything()
    {
        Assert.Equal((0, "26 objects: 26 new, 0 replaced, 0 as before.\n"), Short(await RunAsync("sample")));
        Assert.Equal((0, "26 objects: 0 new, 0 replaced, 26 as before.\n"), Short(await RunAsync("sample")));
        foreach (var file in new[] { "all.csv", "all.jsonl" })
        {
            Assert.Equal((0, "", "26 objects.\n"), await RunAsync("export", File1(file)));
            Assert.Equal((0, "26 objects: 0 new, 0 replaced, 26 as before.\n"), Short(await RunAsync("import", File1(file))));
        }
        Assert.StartsWith(
            "oid,id,ip,hostname,mem_size,disk_size,class,owner,name,vip,console_ip,manufacturers,ip2,eth,network,mgmt,vcenter_ip,"
                + "out_band_ip\r\nhost,sample-h001,10.1.162.18,",
            await File.ReadAllTextAsync(File1("all.csv")), StringComparison.Ordinal);
        Assert.Equal(0, (await RunAsync("export", File1("switches.csv"), "--oid", "switch")).Code);
        Assert.Equal(3, File.ReadLines(File1("switches.csv")).Count());
        Assert.DoesNotContain(Directory.GetFiles(_folder), f => f.EndsWith(".part", StringComparison.Ordinal)); // hidden ones as well
        await using var store = new SqliteInventoryStore(Options());
        Assert.Single((await store.SearchAsync(new SearchQuery(Items.Ranges(SampleInventory.FirstAddress), null, new Page(1, 10)),
            default)).Items);
    }

    [Fact]
    public async Task Key_AddListRotateDisable_ShowsTheSecretOnce()
    {
        var (code, secret, _) = await RunAsync("key", "add", "A1", "--read-only", "--note", "for tests");
        Assert.Equal(0, code);
        Assert.Matches("^[A-Za-z0-9_-]{43}\n$", secret);
        Assert.Equal(1, (await RunAsync("key", "add", "A1")).Code);
        Assert.NotEqual(0, (await RunAsync("key", "add", "no spaces")).Code);
        var list = (await RunAsync("key", "list")).Output;
        Assert.Contains("A1", list, StringComparison.Ordinal);
        Assert.Contains("read-only", list, StringComparison.Ordinal);
        Assert.DoesNotContain(secret.Trim(), list, StringComparison.Ordinal);
        var rotated = (await RunAsync("key", "rotate", "A1", "--grace", "1m")).Output;
        Assert.NotEqual(secret, rotated);
        await using (var store = new SqliteInventoryStore(Options()))
        {
            var key = Assert.Single(await store.GetKeysAsync(default));
            Assert.Equal((rotated.Trim(), secret.Trim(), false, true), (key.Secret, key.PreviousSecret, key.CanWrite, key.IsEnabled));
            Assert.InRange(key.PreviousUntil, DateTimeOffset.UtcNow.AddSeconds(1), DateTimeOffset.UtcNow.AddSeconds(61));
        }
        Assert.Equal(0, (await RunAsync("key", "disable", "A1")).Code);
        Assert.Contains("disabled", (await RunAsync("key", "list")).Output, StringComparison.Ordinal);
        Assert.Equal(0, (await RunAsync("key", "enable", "A1")).Code);
        var (missing, _, error) = await RunAsync("key", "disable", "A2");
        Assert.Equal(1, missing);
        Assert.Contains("no key 'A2'", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Command_OnANewerStore_SaysSoAndFails()
    {
        await RunAsync("sample");
        await using (var connection = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={Options().Path};Pooling=False"))
        {
            await connection.OpenAsync();
            await using var command = connection.CreateCommand();
            command.CommandText = "PRAGMA user_version = 99";
            await command.ExecuteNonQueryAsync();
        }
        var (code, _, error) = await RunAsync("export", File1("x.csv"));
        Assert.Equal(1, code);
        Assert.Contains("schema version 99", error, StringComparison.Ordinal);
        Assert.False(File.Exists(File1("x.csv")));
    }

    private static (int, string) Short((int Code, string Output, string Error) run) => (run.Code, run.Output);

    private string File1(string name) => Path.Combine(_folder, name);

    private InventoryOptions Options() => new() { Path = File1("ips.db") };

    private async Task<(int Code, string Output, string Error)> RunAsync(params string[] arguments)
    {
        var root = new RootCommand();
        var commands = new InventoryCommands(_ => Options(), () => _folder, () => new MemoryStream(Encoding.UTF8.GetBytes(_input)), () =>
            _exported);
        foreach (var command in commands.Create()) root.Subcommands.Add(command);
        using StringWriter output = new() { NewLine = "\n" }, error = new() { NewLine = "\n" };
        var code = await CliParser.InvokeAsync(root, arguments, output, error);
        return (code, output.ToString(), error.ToString());
    }

    private async Task<long> CountAsync()
    {
        await using var store = new SqliteInventoryStore(Options());
        return (await store.SearchAsync(new SearchQuery(Items.Ranges("0.0.0.0/0", "::/0"), null, new Page(1, 1)), default)).Total;
    }

    private async Task<bool> RoundTripsAsync(InventoryObject[] items, TransferFormat format, bool keepFormulas = false)
    {
        var (one, other) = (Path.Combine(_folder, Guid.NewGuid().ToString("N")), Path.Combine(_folder, Guid.NewGuid().ToString("N")));
        await using var from = new SqliteInventoryStore(new InventoryOptions { Path = one });
        await using var to = new SqliteInventoryStore(new InventoryOptions { Path = other });
        await using (var session = await from.BeginImportAsync(default))
        {
            foreach (var item in items) await session.AddAsync(item, default);
            await session.CommitAsync(default);
        }
        using var file = new MemoryStream();
        await Exporter.RunAsync(from, null, format, keepFormulas, file, _ => { }, default);
        file.Position = 0;
        var rows = format == TransferFormat.Csv ? CsvObjectReader.ReadAsync(file, null, default)
            : JsonLinesReader.ReadAsync(file, null, default);
        List<string> problems = [];
        var counts = await Importer.RunAsync(to, rows, (line, problem) => problems.Add($"{line}: {problem.English}"), _ => { }, false,
            default);
        Assert.Empty(problems);
        Assert.Equal(new ImportCounts(items.Length, 0, 0), counts);
        return (await BodiesAsync(from)).SequenceEqual(await BodiesAsync(to));
    }

    private static async Task<List<string>> BodiesAsync(SqliteInventoryStore store)
    {
        List<string> bodies = [];
        await foreach (var item in store.ExportAsync(null, default)) bodies.Add(Encoding.UTF8.GetString(item.Body.Span));
        return bodies;
    }
}
