using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using Ips.Host.Cli;
using Ips.Host.Cli.Deploy;
using Mono.Unix.Native;

namespace Ips.Host.Tests.Cli.Deploy;

/// <summary>Folders and archives on their way to a release: real files.</summary>
public sealed class ReleaseStageTests : IDisposable
{
    private const UnixFileMode Executable = (UnixFileMode)0b111_101_101, Plain = (UnixFileMode)0b110_100_100;

    private readonly string _folder = Directory.CreateTempSubdirectory("ips-").FullName;

    private string Stage => Path.Combine(_folder, "stage");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Fill_AFolder_KeepsContentExecuteBitsAndLinksInside()
    {
        var source = Build();
        File.SetUnixFileMode(Path.Combine(source, "App"), Executable | UnixFileMode.SetUser | UnixFileMode.OtherWrite);
        File.CreateSymbolicLink(Path.Combine(source, "d/link"), "../App.dll");
        var stage = Fill(source);
        Assert.Equal("the program", File.ReadAllText(Path.Combine(Stage, "App")));
        Assert.Equal(Executable, File.GetUnixFileMode(Path.Combine(Stage, "App")));
        Assert.Equal(Plain, File.GetUnixFileMode(Path.Combine(Stage, "App.dll")));
        Assert.Equal("../App.dll", new FileInfo(Path.Combine(Stage, "d/link")).LinkTarget);
        Assert.Equal((UnixFileMode)0b111_000_000, File.GetUnixFileMode(Stage)); // until it is complete
        Assert.Equal((3, null), (stage.Files, stage.Unreadable));
    }

    [Theory]
    [InlineData("fifo", "FIFO")]
    [InlineData("link out", "out of the release's folder")]
    [InlineData("absolute link", "absolute path")]
    public void Fill_AFolderWithWhatIsNoRelease_IsRefused(string what, string why)
    {
        var source = Build();
        var path = Path.Combine(source, "x");
        if (what == "fifo") Assert.Equal(0, Syscall.mkfifo(path, FilePermissions.S_IRUSR));
        else File.CreateSymbolicLink(path, what == "link out" ? "../secret" : "/etc/passwd");
        Assert.Contains(why, Assert.Throws<ArchiveException>(() => Fill(source)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Fill_AFileClosedToOthers_IsToldOf()
    {
        var source = Build();
        File.SetUnixFileMode(Path.Combine(source, "App.dll"), UnixFileMode.UserRead);
        Assert.EndsWith("App.dll", Fill(source).Unreadable, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("tar.gz", true)]
    [InlineData("tar", false)]
    public void Fill_ATarOfOneFolder_TakesThatFolder(string ending, bool zipped)
    {
        var archive = Path.Combine(_folder, $"app-1.{ending}");
        var source = Build("app-1");
        File.CreateSymbolicLink(Path.Combine(source, "d/link"), "../App.dll");
        using (var file = File.Create(archive))
        using (Stream packed = zipped ? new GZipStream(file, CompressionLevel.Fastest) : file)
            TarFile.CreateFromDirectory(source, packed, includeBaseDirectory: true);
        var stage = Fill(archive);
        Assert.Equal(Path.Combine(Stage, "app-1"), stage.Root);
        Assert.Equal("the program", File.ReadAllText(Path.Combine(stage.Root, "App")));
        Assert.Equal(Executable, File.GetUnixFileMode(Path.Combine(stage.Root, "App")));
        Assert.Equal("../App.dll", new FileInfo(Path.Combine(stage.Root, "d/link")).LinkTarget);
    }

    [Fact]
    public void Fill_ATarAsOtherToolsMakeIt_IsTaken()
    {
        var archive = Tar(writer =>
        {
            writer.WriteEntry(new PaxGlobalExtendedAttributesTarEntry(new Dictionary<string, string> { ["comment"] = "a commit" }));
            Add(writer, TarEntryType.Directory, "./");
            Add(writer, TarEntryType.RegularFile, "./App", "x");
            Add(writer, TarEntryType.HardLink, "./Other", target: "./App");
            Add(writer, TarEntryType.RegularFile, $"./{new string('a', 200)}/{new string('b', 200)}", "long");
        });
        Assert.Equal(Stage, Fill(archive).Root);
        Assert.Equal("x", File.ReadAllText(Path.Combine(Stage, "Other")));
        Assert.Equal("long", File.ReadAllText(Path.Combine(Stage, new string('a', 200), new string('b', 200))));
    }

    [Theory]
    [InlineData("../x", "'..'")]
    [InlineData("/tmp/x", "absolute")]
    [InlineData("a/../../x", "'..'")]
    public void Fill_AnArchiveThatLeavesItsFolder_WritesNothingOutside(string name, string why)
    {
        var tar = Tar(writer => Add(writer, TarEntryType.RegularFile, name, "x"));
        Assert.Contains(why, Assert.Throws<ArchiveException>(() => Fill(tar)).Message, StringComparison.Ordinal);
        var zip = Zip(archive => Add(archive, name, "x"));
        Assert.Contains(why, Assert.Throws<ArchiveException>(() => Fill(zip)).Message, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(_folder, "x")));
    }

    [Fact]
    public void Fill_ATarThatEscapesThroughALink_WritesNothingOutside()
    {
        var outside = Directory.CreateDirectory(Path.Combine(_folder, "outside")).FullName;
        foreach (var target in new[] { outside, "../outside", "d" })
        {
            var tar = Tar(writer =>
            {
                Add(writer, TarEntryType.SymbolicLink, "x", target: target);
                Add(writer, TarEntryType.RegularFile, "x/App", "x");
            });
            Assert.Throws<ArchiveException>(() => Fill(tar));
        }

        var fifo = Tar(writer => Add(writer, TarEntryType.Fifo, "x"));
        Assert.Contains("FIFO", Assert.Throws<ArchiveException>(() => Fill(fifo)).Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(outside));
    }

    [Fact]
    public void Fill_AZip_KeepsModesAndMakesAProgramOfOneWithoutModesExecutable()
    {
        var zip = Zip(archive =>
        {
            Add(archive, "app/App", "\x7f" + "ELF and more");
            Add(archive, "app/App.dll", "x");
            Add(archive, "app/run.sh", "x", 0x8000 | 0b111_101_101);
            Add(archive, "app/link", "App.dll", 0xA000 | 0b111_111_111);
        });
        var root = Fill(zip).Root;
        Assert.Equal(Executable, File.GetUnixFileMode(Path.Combine(root, "App")));
        Assert.Equal(Plain, File.GetUnixFileMode(Path.Combine(root, "App.dll")));
        Assert.Equal(Executable, File.GetUnixFileMode(Path.Combine(root, "run.sh")));
        Assert.Equal("App.dll", new FileInfo(Path.Combine(root, "link")).LinkTarget);
        var escapes = Zip(archive => Add(archive, "link", "../../x", 0xA000));
        Assert.Throws<ArchiveException>(() => Fill(escapes));
    }

    [Fact]
    public void Open_WhatIsNoArchive_IsRefused()
    {
        File.WriteAllText(Path.Combine(_folder, "x"), "x");
        Assert.Contains("no archive", Assert.Throws<CliException>(() => Fill(Path.Combine(_folder, "x"))).Message,
            StringComparison.Ordinal);
        Assert.Contains("There is no", Assert.Throws<CliException>(() => Fill(Path.Combine(_folder, "y"))).Message,
            StringComparison.Ordinal);
    }

    private string Build(string name = "source")
    {
        var source = Directory.CreateDirectory(Path.Combine(_folder, name)).FullName;
        Directory.CreateDirectory(Path.Combine(source, "d"));
        File.WriteAllText(Path.Combine(source, "App"), "the program");
        File.WriteAllText(Path.Combine(source, "App.dll"), "the assembly");
        File.WriteAllText(Path.Combine(source, "d/x"), "");
        foreach (var file in new[] { "App.dll", "d/x" }) File.SetUnixFileMode(Path.Combine(source, file), Plain);
        File.SetUnixFileMode(Path.Combine(source, "App"), Executable);
        return source;
    }

    private ReleaseStage Fill(string source)
    {
        if (Directory.Exists(Stage)) Directory.Delete(Stage, recursive: true);
        using var content = ReleaseSource.Open(source);
        var stage = new ReleaseStage(Stage);
        stage.Fill(content, "App", CancellationToken.None);
        return stage;
    }

    private string Tar(Action<TarWriter> write)
    {
        var path = Path.Combine(_folder, "x.tar");
        using var file = File.Create(path);
        using var writer = new TarWriter(file, TarEntryFormat.Pax);
        write(writer);
        return path;
    }

    private static void Add(TarWriter writer, TarEntryType type, string name, string? content = null, string? target = null)
    {
        var entry = new PaxTarEntry(type, name);
        if (target is not null) entry.LinkName = target;
        if (content is not null) entry.DataStream = new MemoryStream(Encoding.UTF8.GetBytes(content));
        writer.WriteEntry(entry);
    }

    private string Zip(Action<ZipArchive> write)
    {
        var path = Path.Combine(_folder, "x.zip");
        using var file = File.Create(path);
        using var archive = new ZipArchive(file, ZipArchiveMode.Create);
        write(archive);
        return path;
    }

    private static void Add(ZipArchive archive, string name, string content, int mode = 0)
    {
        var entry = archive.CreateEntry(name);
        entry.ExternalAttributes = mode << 16;
        using var stream = entry.Open();
        stream.Write(Encoding.UTF8.GetBytes(content));
    }
}
