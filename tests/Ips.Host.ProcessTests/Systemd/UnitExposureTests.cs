using System.Globalization;
using System.Text.RegularExpressions;
using Ips.Host.Cli;
using Ips.Host.ProcessTests.Harness;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests.Systemd;

/// <summary>What the installed unit leaves open, as systemd itself judges it without booting. docs/systemd.md shows the table.</summary>
public sealed partial class UnitExposureTests(ITestOutputHelper output) : ProcessTest(output)
{
    private const string Analyze = "/usr/bin/systemd-analyze";
    private const double Limit = 2.0; // from there on it is "MEDIUM" for systemd, below it "OK"

    [ToolFact(Analyze), Trait("issue", "11")]
    public Task InstalledUnit_Exposure_IsBelowTwo_AndInTheDocs() => JudgeAsync("ips.service");

    [ToolFact(Analyze), Trait("issue", "19")]
    public Task InstalledUnitOfTheAgent_Exposure_IsBelowTwo_AndInTheDocs() => JudgeAsync("ips-agent.service");

    private async Task JudgeAsync(string name)
    {
        // As `ips install-units` writes it; that refuses a program below /home, where this tree may well lie.
        var (path, text) = UnitFiles.For(new SelfCommand("/bin/true", [])).Single(file => Path.GetFileName(file.Path) == name);
        var unit = Path.Combine(Folder, Path.GetFileName(path));
        await File.WriteAllTextAsync(unit, text);
        var judged = await IpsCommand.RunProgramAsync(null, null, Analyze, ["security", "--offline=true", "--no-pager", unit]);
        Assert.True(judged.ExitCode == 0, judged.ToString());

        var last = Assert.Single(judged.Output, line => line.Contains("Overall exposure level", StringComparison.Ordinal));
        var overall = OverallPattern().Match(last);
        Assert.True(overall.Success, judged.ToString());
        var level = double.Parse(overall.Groups[1].Value, CultureInfo.InvariantCulture);
        Output.WriteLine($"{level}");
        Assert.InRange(level, 0, Limit - 0.1);

        // Whatever is left open has its row in the docs, with the reason. Another systemd looks at other things.
        var version = await IpsCommand.RunProgramAsync(null, null, Analyze, ["--version"]);
        if (!version.Output[0].StartsWith("systemd 252 ", StringComparison.Ordinal)) return;
        var docs = File.ReadAllText(Path.Combine(SourceTree.Root, "docs", "systemd.md")).Replace(@"\|", "|", StringComparison.Ordinal);
        var open = judged.Output.Select(line => OpenPattern().Match(line)).Where(match => match.Success)
            .Select(match => match.Groups[1].Value).ToList();
        Assert.NotEmpty(open);
        Assert.All(open, row => Assert.Contains($"`{row}`", docs, StringComparison.Ordinal));
    }

    [GeneratedRegex(@": (\d+\.\d) ")]
    private static partial Regex OverallPattern();

    [GeneratedRegex(@"^✗ (\S+)")]
    private static partial Regex OpenPattern();
}
