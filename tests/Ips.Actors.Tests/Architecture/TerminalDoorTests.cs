using System.Text.RegularExpressions;

namespace Ips.Actors.Tests.Architecture;

/// <summary>What the command prints goes through writers that escape what would command a terminal; nothing goes past them.</summary>
public sealed partial class TerminalDoorTests
{
    // The door itself; a line of our own that counts, with a carriage return.
    private static readonly string[] Allowed = ["Cli/CliStream.cs", "Cli/Commands/InventoryCommands.cs"];

    [Fact, Trait("issue", "11")]
    public void Sources_NobodyElseWritesToTheConsole()
    {
        var host = Path.Combine(Root(), "src", "Ips.Host");
        var writers = Directory.EnumerateFiles(Path.Combine(Root(), "src"), "*.cs", SearchOption.AllDirectories)
            .Where(file => File.ReadLines(file).Any(Writes)).Select(file => Path.GetRelativePath(host, file)).Order(StringComparer.Ordinal);
        Assert.Equal(Allowed, writers);
    }

    [Theory, Trait("issue", "11")]
    [InlineData("await Console.Error.WriteLineAsync(text);", true)]
    [InlineData("Console.WriteLine(text);", true)]
    [InlineData("using var output = Console.Out;", true)]
    [InlineData("var input = Console.OpenStandardInput();", false)]
    [InlineData("ServiceFiles.OpenStandardStream(error: true)", true)]
    [InlineData("    // as Console.Out does", false)]
    [InlineData("await console.Error.WriteLineAsync(text);", false)]
    public void Scan_Line_FindsTheConsole(string line, bool writes) => Assert.Equal(writes, Writes(line));

    private static bool Writes(string line) =>
        !line.TrimStart().StartsWith("//", StringComparison.Ordinal) && WritesToConsole().IsMatch(line);

    private static string Root()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "ips.sln"))) folder = folder.Parent;
        return folder?.FullName ?? throw new InvalidOperationException("The tests run outside of their source tree.");
    }

    [GeneratedRegex(@"\bConsole\.(Out|Error|Write\w*|SetOut|SetError|OpenStandardOutput|OpenStandardError)\b|\bServiceFiles\.OpenStandardStream\b")]
    private static partial Regex WritesToConsole();
}
