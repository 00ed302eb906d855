using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Ips.Testing;

namespace Ips.Host.Tests.Architecture;

/// <summary>What others wrote comes in by name, version and hash.</summary>
[Trait("issue", "11")]
public sealed partial class SupplyChainTests
{
    public static TheoryData<string> Projects =>
        [.. from root in new[] { "src", "tests", "bench", "samples" }
            from file in Directory.EnumerateFiles(Path.Combine(SourceTree.Root, root), "*.csproj", SearchOption.AllDirectories)
            select Path.GetRelativePath(SourceTree.Root, file)];

    [Theory]
    [MemberData(nameof(Projects))]
    public void Project_EachPackage_IsLockedByItsHash(string project)
    {
        var folder = Path.Combine(SourceTree.Root, Path.GetDirectoryName(project)!);
        var references = XDocument.Load(Path.Combine(SourceTree.Root, project)).Descendants("PackageReference")
            .Select(reference => reference.Attribute("Include")!.Value).ToList();
        var files = Directory.GetFiles(folder, "packages*.lock.json");
        Assert.Contains(Path.Combine(folder, "packages.lock.json"), files);
        foreach (var file in files)
        {
            using var json = JsonDocument.Parse(File.ReadAllText(file));
            var frameworks = json.RootElement.GetProperty("dependencies").EnumerateObject().ToList();
            Assert.All(references, name =>
                Assert.True(frameworks[0].Value.TryGetProperty(name, out _), $"{name} is not in {file}; `dotnet restore` writes it."));
            foreach (var package in frameworks.SelectMany(framework => framework.Value.EnumerateObject()))
            {
                if (package.Value.GetProperty("type").GetString() == "Project") continue;
                Assert.Equal(64, Convert.FromBase64String(package.Value.GetProperty("contentHash").GetString()!).Length);
            }
        }
    }

    [Fact]
    public void Dockerfile_EachImage_IsNamedByDigest()
    {
        var images = File.ReadLines(Path.Combine(SourceTree.Root, "Dockerfile"))
            .Where(line => line.StartsWith("FROM ", StringComparison.Ordinal)).ToList();
        Assert.Equal(2, images.Count);
        Assert.All(images, line => Assert.Matches(Pinned(), line));
    }

    [Fact]
    public void Build_KnownVulnerabilities_AreLookedForInAllPackages_AndCiRestoresWhatIsLocked()
    {
        var properties = XDocument.Load(Path.Combine(SourceTree.Root, "Directory.Build.props")).Descendants()
            .ToLookup(element => element.Name.LocalName, element => element.Value);
        Assert.Equal(["true"], properties["NuGetAudit"]);
        Assert.Equal(["all"], properties["NuGetAuditMode"]);
        Assert.Equal(["low"], properties["NuGetAuditLevel"]);
        Assert.Equal(["true"], properties["RestoreLockedMode"]);
        Assert.Contains("export CI=true", File.ReadAllText(Path.Combine(SourceTree.Root, ".ci", "run")), StringComparison.Ordinal);
    }

    [GeneratedRegex(@"^FROM [\w./-]+:\d[\w.-]*@sha256:[0-9a-f]{64}( AS \w+)?$")]
    private static partial Regex Pinned();
}
