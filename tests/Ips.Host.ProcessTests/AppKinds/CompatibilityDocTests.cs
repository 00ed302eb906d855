using System.Text.RegularExpressions;

namespace Ips.Host.ProcessTests.AppKinds;

/// <summary>docs/compatibility.md has a row for each kind of app that is tested, and no other.</summary>
public sealed partial class CompatibilityDocTests
{
    /// <summary>Kinds with tests of their own, by their row and the word that starts them.</summary>
    private static readonly IReadOnlyList<(string Row, string? Word)> s_others =
    [
        ("YARP as a gateway", null), // tests/Ips.GatewayApp, GatewayTests
        ("A worker without a web server", "worker"),
        ("`TestServer`", "test-server"),
        ("`WebApplicationFactory`, with `TestServer` or `UseKestrel()`", null), // tests/Ips.AppKinds.Tests
        ("`WebHost.CreateDefaultBuilder`", "web-host"),
        ("Two hosts in one process, one with the line", "two-hosts"),
        ("Two hosts in one process, both with the line", "two-lines"),
        ("Several copies of an app", null), // PlacesTests
        ("A read-only root, no writable folder", null), // PlacesTests
        ("`dotnet run`, `dotnet watch`", null), // DotnetRunTests
        ("Windows, macOS; `dotnet ef`, OpenAPI documents at build time", null), // HostFitTests
    ];

    [Fact]
    public void EachKind_HasARow()
    {
        var rows = File.ReadLines(Path.Combine(SourceTree.Root, "docs", "compatibility.md"))
            .Where(line => line.StartsWith("| ", StringComparison.Ordinal)).Select(line => line.Split('|')[1].Trim())
            .Where(cell => cell != "kind of app").ToList();
        var expected = AppKindTable.All.Select(kind => kind.Row).Concat(s_others.Select(other => other.Row)).Distinct().ToList();
        Assert.Equal(expected.Order(StringComparer.Ordinal), rows.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void EachAppThatCanBeStarted_IsTested()
    {
        var table = File.ReadAllText(Path.Combine(SourceTree.Root, "tests", "Ips.AppKinds", "AppKindTable.cs"));
        var words = Word().Matches(table).Select(match => match.Groups[1].Value).ToList();
        Assert.NotEmpty(words);
        Assert.Equal(words.Order(StringComparer.Ordinal), AppKindTable.All.Select(kind => kind.Word)
            .Concat(s_others.Select(other => other.Word).OfType<string>()).Distinct().Order(StringComparer.Ordinal));
    }

    [GeneratedRegex("\\[\"([a-z-]+)\"\\] = ")]
    private static partial Regex Word();
}
