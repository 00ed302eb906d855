using Ips.Host.Cli;
using Ips.Host.Inventory.Transfer;

namespace Ips.Host.Tests.Cli;

/// <summary>The inventory's verbs find the store that the daemon of the same configuration would.</summary>
public sealed class StoreVerbTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("ips-verbs-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Sample_EmptyFolder_MakesTheStoreThere()
    {
        Assert.Equal((CliExitCode.Ok, "26 objects: 26 new, 0 replaced, 0 as before.\n", ""), await RunAsync("sample"));
        Assert.True(File.Exists(Path.Combine(_folder, "ips.db")));
    }

    [Fact]
    public async Task Verbs_ConfigAndDirectory_NameTheStore()
    {
        Directory.CreateDirectory(Path.Combine(_folder, "data"));
        File.WriteAllText(Path.Combine(_folder, "a.conf"), "ips.store.path = data/a.db");
        Assert.Equal(CliExitCode.Ok, (await RunAsync("sample", "--config", "a.conf")).Code);
        Assert.Equal(CliExitCode.Ok, (await RunAsync("key", "add", "K1", "--config", "a.conf")).Code);
        Assert.Equal(CliExitCode.Ok, (await RunAsync("key", "--directory", "data", "add", "K2")).Code);

        Assert.True(File.Exists(Path.Combine(_folder, "data", "a.db")));
        Assert.Contains("K1 ", (await RunAsync("key", "list", "--config", "a.conf")).Output, StringComparison.Ordinal);
        var (_, other, _) = await RunAsync("key", "list", "--directory", "data"); // data/ips.db
        Assert.Contains("K2 ", other, StringComparison.Ordinal);
        Assert.DoesNotContain("K1 ", other, StringComparison.Ordinal);

        var file = Path.Combine(_folder, "all.jsonl");
        Assert.Equal(CliExitCode.Ok, (await RunAsync("export", file, "--config", "a.conf")).Code);
        Assert.Contains(SampleInventory.FirstAddress, await File.ReadAllTextAsync(file), StringComparison.Ordinal);
        Assert.Equal("26 objects: 26 new, 0 replaced, 0 as before.\n", (await RunAsync("import", file, "--directory", "data")).Output);
    }

    [Fact]
    public async Task Verbs_WrongConfiguration_IsExitCode2AndTouchesNothing()
    {
        File.WriteAllText(Path.Combine(_folder, "a.conf"), "ips.store.readers = 0\nips.auth.windw = 1s");
        foreach (var verb in (string[][])[["sample"], ["key", "add", "K"], ["export"], ["import", "x.csv"]])
        {
            var (code, output, error) = await RunAsync([.. verb, "--config", "a.conf"]);
            Assert.Equal((CliExitCode.Configuration, ""), (code, output));
            Assert.Contains("2 errors in the configuration", error, StringComparison.Ordinal);
            Assert.Contains("a.conf:1: ips.store.readers is 0; it must be a whole number of connections, from 1 to 256.", error,
                StringComparison.Ordinal);
            Assert.Contains("a.conf:2: ips.auth.windw is not a known key; did you mean ips.auth.window?", error, StringComparison.Ordinal);
        }
        Assert.Equal(["a.conf"], Directory.GetFiles(_folder).Select(Path.GetFileName));
    }

    [Theory]
    [InlineData("missing/a.db", "its directory does not exist")]
    [InlineData("folder", "it is a directory")]
    [InlineData("text.db", "file is not a database")]
    public async Task Verbs_StoreThatCannotBeOpened_IsOneLineWithPathReasonAndKey(string path, string reason)
    {
        Directory.CreateDirectory(Path.Combine(_folder, "folder"));
        await File.WriteAllTextAsync(Path.Combine(_folder, "text.db"), new string('x', 4096));
        await File.WriteAllTextAsync(Path.Combine(_folder, "a.conf"), $"ips.store.path = {path}");
        var (code, output, error) = await RunAsync("sample", "--config", "a.conf");
        Assert.Equal((CliExitCode.Failed, ""), (code, output));
        Assert.StartsWith($"ips: The store {_folder}/{path} cannot be opened: ", error, StringComparison.Ordinal);
        Assert.Contains(reason, error, StringComparison.Ordinal);
        Assert.EndsWith(" ips.store.path names it.\n", error, StringComparison.Ordinal);
        Assert.Equal(1, error.Count(c => c == '\n'));
    }

    [Fact]
    public async Task Usage_OfAnInnerVerb_PointsToItsHelp() =>
        Assert.Contains("Try 'ips key add --help'.", (await RunAsync("key", "add")).Error, StringComparison.Ordinal);

    private async Task<(int Code, string Output, string Error)> RunAsync(params string[] args)
    {
        using StringWriter output = new() { NewLine = "\n" }, error = new() { NewLine = "\n" };
        var root = new System.CommandLine.RootCommand();
        foreach (var verb in new StoreOptionSet(() => _folder, () => new MemoryStream(), () => new MemoryStream()).Verbs()) root.Add(verb);
        var code = await CliParser.InvokeAsync(root, args, output, error);
        return (code, output.ToString(), error.ToString());
    }
}
