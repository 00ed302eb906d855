using System.Text.RegularExpressions;
using Ips.Testing;

namespace Ips.Host.Tests.Architecture;

/// <summary>What the command prints goes through writers that escape what would command a terminal; nothing goes past them.</summary>
public sealed partial class TerminalDoorTests
{
    // The door itself; a line of our own that counts, with a carriage return; a block that a library draws, from texts that were cleaned.
    private static readonly string[] Allowed = ["Cli/CliStream.cs", "Cli/Commands/InventoryCommands.cs", "Cli/Live/LiveBlock.cs"];

    [Fact, Trait("issue", "11")]
    public void Sources_NobodyElseWritesToTheConsole()
    {
        var host = Path.Combine(SourceTree.Root, "src", "Ips.Host");
        var writers = Directory.EnumerateFiles(Path.Combine(SourceTree.Root, "src"), "*.cs", SearchOption.AllDirectories)
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

    [GeneratedRegex(@"\bConsole\.(Out|Error|Write\w*|SetOut|SetError|OpenStandardOutput|OpenStandardError)\b"
        + @"|\bServiceFiles\.OpenStandardStream\b")]
    private static partial Regex WritesToConsole();
}
