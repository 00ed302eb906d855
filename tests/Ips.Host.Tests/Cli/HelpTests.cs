using System.CommandLine;
using Ips.Host.Cli;

namespace Ips.Host.Tests.Cli;

/// <summary>Help, manual and completion are made from the grammar.</summary>
public sealed class HelpTests
{
    private static readonly RootCommand Root = CliGrammars.Whole();

    public static TheoryData<string> Paths => [.. CliOptions.Commands(Root).Select(entry => entry.Path)];

    [Theory]
    [MemberData(nameof(Paths))]
    public void Help_At80Columns_BreaksBetweenWordsAndNamesEverything(string path)
    {
        var command = CliOptions.Commands(Root).Single(entry => entry.Path == path).Command;
        var help = HelpWriter.Write(command, 80);
        Assert.All(help.Split('\n'), line => Assert.True(line.Length <= 80, line));
        var words = help.Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries);
        foreach (var word in (command.Description ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries)) Assert.Contains(word, words);
        foreach (var option in CliOptions.VisibleOf(command))
        {
            Assert.Contains(option.Name, help, StringComparison.Ordinal);
            Assert.False(string.IsNullOrEmpty(option.Description), option.Name);
            foreach (var word in option.Description.Split(' ', StringSplitOptions.RemoveEmptyEntries)) Assert.Contains(word, words);
        }
        foreach (var argument in command.Arguments) Assert.False(string.IsNullOrEmpty(argument.Description), argument.Name);
        foreach (var inner in command.Subcommands) Assert.Contains($"\n  {inner.Name} ", help, StringComparison.Ordinal);
    }

    [Fact]
    public void Help_OfTheRoot_ListsEveryExitCode()
    {
        var help = HelpWriter.Write(Root, 80);
        foreach (var code in typeof(CliExitCode).GetFields(System.Reflection.BindingFlags.NonPublic | System.Reflection.BindingFlags.Static)
            .Select(field => (int)field.GetRawConstantValue()!))
        {
            Assert.Single(HelpText.ExitCodes, exit => exit.Code == code); // 5 has two meanings, and one line
            Assert.Contains($"\n  {code} ", help, StringComparison.Ordinal);
        }
        foreach (var code in Enum.GetValues<Ips.Actors.Lifecycle.ExitCode>()) Assert.Contains(HelpText.ExitCodes, exit =>
            exit.Code == (int)code);
    }

    [Fact]
    public void Wrap_AnyWidth_KeepsEachWordWhole()
    {
        Assert.Equal(["one two", "three", "abcdefghijkl", "x"], HelpWriter.Wrap("one two three abcdefghijkl x", 8));
        Assert.Equal([""], HelpWriter.Wrap("", 8));
    }

    [Fact]
    public void Manual_NamesEveryCommandAndOption_AndNoHiddenOne()
    {
        var page = ManPage.Write(Root, "1.2.3");
        foreach (var (path, command) in CliOptions.Commands(Root).Skip(1))
        {
            Assert.Contains($".SS ips {path}".Replace("-", "\\-", StringComparison.Ordinal), page, StringComparison.Ordinal);
            foreach (var option in command.Options.Where(option => !option.Hidden))
                Assert.Contains($"\\fB{option.Name.Replace("-", "\\-", StringComparison.Ordinal)}\\fR", page, StringComparison.Ordinal);
        }
        Assert.DoesNotContain("grace\\-seconds", page, StringComparison.Ordinal);
        Assert.Equal([], page.Split('\n').Where(line => line.StartsWith('\'')));
    }

    [Theory]
    [InlineData("bash")]
    [InlineData("zsh")]
    [InlineData("fish")]
    public void Completion_NamesEveryCommandAndOption_AndNoHiddenOne(string shell)
    {
        var script = CompletionScript.Write(Root, shell);
        foreach (var (_, command) in CliOptions.Commands(Root).Skip(1))
        {
            Assert.Contains(command.Name, script, StringComparison.Ordinal);
            foreach (var option in command.Options.Where(option => !option.Hidden
                && option.Name.StartsWith("--", StringComparison.Ordinal)))
                Assert.Contains(option.Name[2..], script, StringComparison.Ordinal);
        }
        Assert.DoesNotContain("grace-seconds", script, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ips st", "start stop status")]
    [InlineData("ips key ro", "rotate")]
    [InlineData("ips key rotate --gr", "--grace")]
    [InlineData("ips run --log-format ", "json line")]
    [InlineData("ips completion ", "bash fish zsh --help")]
    [InlineData("ips fleet p", "plan pause")]
    [InlineData("ips fleet abort --r", "--rollback")]
    [InlineData("ips reload --on-failure ", "halt rollback")]
    [InlineData("ips agent a", "add")]
    public async Task Completion_InBash_OffersWhatFits(string typed, string offered)
    {
        var words = typed.Split(' ');
        var script = $"{CompletionScript.Write(Root, "bash")}\nCOMP_WORDS=({string.Join(' ', words.Select(word => $"'{word}'"))}); "
            + $"COMP_CWORD={words.Length - 1}; _ips; echo \"${{COMPREPLY[*]}}\"";
        Assert.Equal(offered, (await ShellAsync("bash", script)).Trim());
    }

    private static async Task<string> ShellAsync(string shell, string script)
    {
        var start = new System.Diagnostics.ProcessStartInfo(shell)
        {
            RedirectStandardInput = true, RedirectStandardOutput = true,
            RedirectStandardError = true
        };
        using var process = System.Diagnostics.Process.Start(start)!;
        await process.StandardInput.WriteAsync(script);
        process.StandardInput.Close();
        var output = await process.StandardOutput.ReadToEndAsync().WaitAsync(TimeSpan.FromSeconds(60));
        Assert.Equal("", await process.StandardError.ReadToEndAsync().WaitAsync(TimeSpan.FromSeconds(60)));
        return output;
    }
}
