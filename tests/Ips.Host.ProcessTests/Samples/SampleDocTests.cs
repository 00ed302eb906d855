using System.Text.RegularExpressions;

namespace Ips.Host.ProcessTests.Samples;

/// <summary>Each sample has a page, a row in the index, and a test that reloads it.</summary>
public sealed partial class SampleDocTests
{
    private static readonly string s_root = SourceTree.Root;

    private static readonly List<string> s_names = [.. Directory.GetDirectories(Path.Combine(s_root, "samples"))
        .Select(folder => Path.GetFileName(folder)).Where(name => File.Exists(Path.Combine(s_root, "samples", name, $"{name}.csproj")))];

    public static TheoryData<string> Samples { get; } = new(s_names);

    [Theory]
    [MemberData(nameof(Samples))]
    public void EachSample_HasAPageARowAndATest(string name)
    {
        var row = Index().Matches(File.ReadAllText(Docs("README.md"))).Single(match => match.Groups[1].Value == name);
        var page = File.ReadAllText(Docs(row.Groups[2].Value));
        foreach (var heading in new[] { "run it", "reload it" }) Assert.Contains($"## How do I {heading}?", page, StringComparison.Ordinal);
        foreach (var heading in new[] { "do clients see", "should I care about" })
            Assert.Contains($"## What {heading}?", page, StringComparison.Ordinal);
        Assert.Contains($"dotnet publish samples/{name} -c Release", page, StringComparison.Ordinal);
        Assert.Contains("kill -USR2 $(cat /tmp/", page, StringComparison.Ordinal);
        var tests = Directory.GetFiles(Path.Combine(s_root, "tests", "Ips.Host.ProcessTests", "Samples"), "*.cs");
        Assert.Contains(tests, file => File.ReadAllText(file).Contains($"{name}_ReloadedThreeTimes", StringComparison.Ordinal));
    }

    [Fact]
    public void EachPage_IsOfASample()
    {
        var rows = Index().Matches(File.ReadAllText(Docs("README.md"))).ToList();
        Assert.Equal(s_names.Order(StringComparer.Ordinal),
            rows.Select(row => row.Groups[1].Value).Order(StringComparer.Ordinal));
        Assert.Equal(Directory.GetFiles(Docs("."), "*.md").Select(Path.GetFileName).Where(file => file != "README.md")
            .Order(StringComparer.Ordinal), rows.Select(row => row.Groups[2].Value).Order(StringComparer.Ordinal));
    }

    // What a page quotes of a sample's code is in the sample.
    [Theory]
    [InlineData("mvc-login.md", "MvcLogin/Program.cs")]
    [InlineData("worker.md", "Worker/Program.cs")]
    [InlineData("signalr.md", "SignalR/ChatClient.cs")]
    [InlineData("startup-app.md", "StartupApp/Program.cs")]
    public void Quote_OfAPage_IsInTheSample(string page, string source)
    {
        var code = Words(File.ReadAllText(Path.Combine(s_root, "samples", source)));
        var text = File.ReadAllText(Docs(page));
        var quotes = Quote().Matches(text[..text.IndexOf("\n## ", StringComparison.Ordinal)]);
        Assert.NotEmpty(quotes);
        Assert.All(quotes, quote => Assert.Contains(Words(quote.Value), code, StringComparison.Ordinal));
    }

    private static string Docs(string file) => Path.Combine(s_root, "docs", "samples", file);

    // Without comments and layout.
    private static string Words(string code) => Blank().Replace(Comment().Replace(code, ""), " ").Trim();

    [GeneratedRegex(@"^\| `samples/(\w+)` \| \[[a-z-]+\.md\]\(([a-z-]+\.md)\) \|", RegexOptions.Multiline)]
    private static partial Regex Index();

    [GeneratedRegex(@"(?:^    .*\n)+", RegexOptions.Multiline)]
    private static partial Regex Quote();

    [GeneratedRegex(@"//.*")]
    private static partial Regex Comment();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Blank();
}
