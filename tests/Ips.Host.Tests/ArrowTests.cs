using System.Text.RegularExpressions;

namespace Ips.Host.Tests;

/// <summary>The daemon's folders are layers: each may use those below it, and none above it.</summary>
public sealed partial class ArrowTests
{
    // From the bottom up. What is not listed (Daemon, Program) ties them together, and may use all of them.
    private static readonly string[] Layers = ["Inventory", "Auth", "Api", "Configuration", "Cli"];

    public static TheoryData<string> Folders => [.. Layers];

    [Theory]
    [MemberData(nameof(Folders))]
    public void Folder_Source_UsesNoFolderAboveIt(string folder)
    {
        var files = Directory.GetFiles(Path.Combine(Root(), "src", "Ips.Host", folder), "*.cs", SearchOption.AllDirectories);
        Assert.NotEmpty(files);
        Assert.Empty(files.SelectMany(file => Upwards(folder, File.ReadAllText(file)).Select(line => $"{Path.GetFileName(file)}: {line}")));
    }

    [Theory]
    [InlineData("Inventory", "using Ips.Host.Api;")]
    [InlineData("Inventory", "using Ips.Host.Auth;")]
    [InlineData("Auth", "using static Ips.Host.Api.Problems;")]
    [InlineData("Auth", "using Problem = Ips.Host.Api.Problem;")]
    [InlineData("Inventory", "    List<Api.Problem> found = [];")]
    [InlineData("Api", "    return Cli.CliExitCode.Failed;")]
    public void Scan_OfAnArrowUpwards_FindsIt(string folder, string line) => Assert.Single(Upwards(folder, $"// {folder}\n{line}\n"));

    [Theory]
    [InlineData("Api", "using Ips.Host.Inventory.Storage;")]
    [InlineData("Inventory", "using Ips.Actors.Configuration;")]
    [InlineData("Api", "    builder.Configuration.AddInMemoryCollection();")]
    [InlineData("Auth", "    /// <summary>As <see cref=\"Api.Problem\"/>.</summary>")]
    public void Scan_OfAnArrowDownwards_FindsNothing(string folder, string line) => Assert.Empty(Upwards(folder, line));

    private static IEnumerable<string> Upwards(string folder, string source)
    {
        var above = Layers[(Array.IndexOf(Layers, folder) + 1)..];
        return source.Split('\n').Where(line => !line.TrimStart().StartsWith("//", StringComparison.Ordinal)
            && Named().Matches(line).Any(match => above.Contains(match.Groups[1].Value)));
    }

    private static string Root()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "ips.sln"))) folder = folder.Parent;
        return folder?.FullName ?? throw new InvalidOperationException("The tests run outside of their source tree.");
    }

    // By its whole name, or by the part that is enough within Ips.Host.
    [GeneratedRegex(@"(?:\bIps\.Host\.|(?<![\w.]))(Inventory|Auth|Api|Configuration|Cli)(?=[.;])")]
    private static partial Regex Named();
}
