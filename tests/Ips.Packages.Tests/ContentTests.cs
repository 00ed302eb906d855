using System.IO.Compression;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Text;
using System.Xml.Linq;

namespace Ips.Packages.Tests;

/// <summary>What is in the packages, and what is not.</summary>
[Collection(nameof(Feed))]
[Trait("issue", "15")]
public sealed class ContentTests(Feed feed)
{
    private string[] Packages =>
        ["Ips.Actors", "Ips.Yarp", "Ips.Testing", "Ips.Templates", "Ips.Tool", $"Ips.Tool.{feed.RuntimeId}"];

    [Fact]
    public void Feed_HasThePackages_WithSymbolsOfAllThatIsCompiled()
    {
        var files = Directory.GetFiles(feed.Packages).Select(file => Path.GetFileName(file)).ToHashSet();
        Assert.Equal(Packages.Select(id => $"{id}.{Feed.Version}.nupkg").Order(),
            files.Where(file => file.EndsWith(".nupkg", StringComparison.Ordinal)).Order());
        Assert.All(["Ips.Actors", "Ips.Yarp", "Ips.Testing", $"Ips.Tool.{feed.RuntimeId}"],
            id => Assert.Contains($"{id}.{Feed.Version}.snupkg", files));
    }

    [Fact]
    public void Package_Each_DescribesItself()
    {
        Assert.All(Packages, id =>
        {
            using var package = Open($"{id}.{Feed.Version}.nupkg");
            using var nuspec = package.GetEntry($"{id}.nuspec")!.Open();
            var metadata = XDocument.Load(nuspec).Root!.Elements().Single().Elements()
                .ToLookup(element => element.Name.LocalName);
            Assert.Equal("MIT", metadata["license"].Single().Value);
            Assert.Equal("expression", metadata["license"].Single().Attribute("type")!.Value);
            Assert.NotNull(package.GetEntry(metadata["icon"].Single().Value));
            Assert.NotNull(package.GetEntry(metadata["readme"].Single().Value));
            Assert.Contains("aspnetcore", metadata["tags"].Single().Value.Split(' '));
            Assert.NotEmpty(metadata["description"].Single().Value);
            Assert.Matches("^[0-9a-f]{40}$", metadata["repository"].Single().Attribute("commit")!.Value);
        });
    }

    [Theory]
    [InlineData("Ips.Actors")]
    [InlineData("Ips.Testing")]
    public void Library_HasItsDocumentation(string id)
    {
        using var package = Open($"{id}.{Feed.Version}.nupkg");
        Assert.NotNull(package.GetEntry($"lib/net10.0/{id}.dll"));
        Assert.NotNull(package.GetEntry($"lib/net10.0/{id}.xml"));
        Assert.NotNull(package.GetEntry(id == "Ips.Actors" ? $"buildTransitive/{id}.targets" : $"build/{id}.targets"));
    }

    // Machine of a PE file, as .NET changes it for Linux.
    [Theory]
    [InlineData("linux-x64", (ushort)Machine.Amd64 ^ 0x7b79)]
    [InlineData("linux-arm64", (ushort)Machine.Arm64 ^ 0x7b79)]
    public void Library_ForEachKindOfMachine_IsCompiledAhead(string runtimeId, int machine)
    {
        using var package = Open($"Ips.Actors.{Feed.Version}.nupkg");
        using var content = new MemoryStream();
        using (var stream = package.GetEntry($"runtimes/{runtimeId}/lib/net10.0/Ips.Actors.dll")!.Open()) stream.CopyTo(content);
        content.Position = 0;
        using var image = new PEReader(content);
        Assert.Equal(machine, (ushort)image.PEHeaders.CoffHeader.Machine);
        Assert.True(image.PEHeaders.CorHeader!.ManagedNativeHeaderDirectory.Size > 0);
    }

    [Fact]
    public void Files_Each_NameNoFolderOfTheMachine()
    {
        byte[][] names = [Encoding.UTF8.GetBytes(SourceTree.Root), Encoding.Unicode.GetBytes(SourceTree.Root)];
        var looked = 0;
        foreach (var file in Directory.GetFiles(feed.Packages))
        {
            using var package = ZipFile.OpenRead(file);
            foreach (var entry in package.Entries)
            {
                using var content = new MemoryStream();
                using (var stream = entry.Open()) stream.CopyTo(content);
                Assert.All(names, name => Assert.True(content.ToArray().AsSpan().IndexOf(name) < 0, $"{file}: {entry}"));
                looked++;
                // Symbols name a document in pieces, which the bytes do not show.
                if (Path.GetExtension(entry.Name) != ".pdb") continue;
                Assert.All(Documents(content), path => Assert.StartsWith("/_/", path, StringComparison.Ordinal));
            }
        }

        Assert.True(looked > 50, $"{looked} files");
    }

    private ZipArchive Open(string file) => ZipFile.OpenRead(Path.Combine(feed.Packages, file));

    private static List<string> Documents(MemoryStream pdb)
    {
        pdb.Position = 0;
        using var provider = MetadataReaderProvider.FromPortablePdbStream(pdb, MetadataStreamOptions.LeaveOpen);
        var reader = provider.GetMetadataReader();
        List<string> paths = [.. reader.Documents.Select(document => reader.GetString(reader.GetDocument(document).Name))];
        Assert.NotEmpty(paths);
        return paths;
    }
}
