using Ips.Host.Cli.Deploy;
using static Ips.Host.Cli.Deploy.ArchiveEntryKind;

namespace Ips.Host.Tests.Cli.Deploy;

/// <summary>No entry of an archive gets out of the release's folder.</summary>
public sealed class ArchiveEntryMapTests
{
    private const ArchiveEntryKind Plain = ArchiveEntryKind.File;

    [Theory]
    [InlineData("App", "App")]
    [InlineData("./App", "App")]
    [InlineData(".//a/./b", "a/b")]
    [InlineData("a/..b/c..", "a/..b/c..")]
    public void Next_AFile_IsAtItsPath(string name, string path) => Assert.Equal(path, new ArchiveEntryMap().Next(new(name, Plain))!.Path);

    [Theory]
    [InlineData("../x", "'..'")]
    [InlineData("a/../../x", "'..'")]
    [InlineData("a/../x", "'..'")]
    [InlineData("..", "'..'")]
    [InlineData("/etc/passwd", "absolute")]
    [InlineData("//etc/passwd", "absolute")]
    [InlineData("a\\..\\x", "backslash")]
    [InlineData("a\0b", "NUL")]
    [InlineData("", "no name")]
    [InlineData("./", "no name")]
    public void Next_AFileElsewhere_IsRefused(string name, string why) => AssertRefused(why, new ArchiveEntry(name, Plain));

    [Theory]
    [InlineData("a", "b", true)]
    [InlineData("a", "./d/b", true)]
    [InlineData("d/a", "../b", true)]
    [InlineData("d/a", "..", true)]
    [InlineData("d/e/a", "../../b", true)]
    [InlineData("a", "..", false)]
    [InlineData("a", "../b", false)]
    [InlineData("d/a", "../../b", false)]
    [InlineData("a", "/etc", false)]
    [InlineData("a", "d/../b", false)]
    [InlineData("d/a", "./../b/../../c", false)]
    [InlineData("a", "", false)]
    public void Next_ALink_MayLeadUpFirstAndThenOnlyDown(string name, string target, bool good)
    {
        if (good) Assert.Equal(target, new ArchiveEntryMap().Next(new(name, Link, Target: target))!.Target);
        else AssertRefused("", new ArchiveEntry(name, Link, Target: target));
    }

    [Fact]
    public void Next_ThroughALink_IsRefusedWhereverItLeads()
    {
        AssertRefused("through the link", new("d/x", Link, Target: "../y"), new("d/x/App", Plain));
        AssertRefused("through the link", new("x", Link, Target: "y"), new("x/d/e", Folder));
        AssertRefused("twice", new("x", Link, Target: "y"), new("x", Plain));
        AssertRefused("twice", new("x", Plain), new("x", Link, Target: "y"));
        AssertRefused("twice", new("x", Folder), new("x", Link, Target: "y"));
        AssertRefused("twice", new("x/y", Plain), new("x", Link, Target: "y"));
        AssertRefused("twice", new("x", Plain), new("./x", Plain));
        AssertRefused("is a file", new("x", Plain), new("x/y", Plain));
    }

    [Fact]
    public void Next_AFolderTwice_IsMadeOnce()
    {
        var map = new ArchiveEntryMap();
        Assert.NotNull(map.Next(new("d/", Folder)));
        Assert.Null(map.Next(new("d", Folder)));
        Assert.Null(map.Next(new("./", Folder)));
    }

    [Fact]
    public void Next_AnotherName_IsOnlyOfAFileBefore()
    {
        var map = new ArchiveEntryMap();
        map.Next(new("d/a", Plain));
        Assert.Equal("d/a", map.Next(new("b", HardLink, Target: "./d/a"))!.Target);
        AssertRefused("no file before it", new ArchiveEntry("b", HardLink, Target: "a"));
        AssertRefused("no file before it", new("a", Link, Target: "c"), new("b", HardLink, Target: "a"));
        AssertRefused("'..'", new ArchiveEntry("b", HardLink, Target: "../a"));
        AssertRefused("absolute", new ArchiveEntry("b", HardLink, Target: "/etc/shadow"));
    }

    [Fact]
    public void Next_ADevice_IsRefused() => AssertRefused("device", new ArchiveEntry("x", Other));

    [Theory]
    [InlineData(0xFFF, 0b111_101_101)] // set-user-ID and the like, and writing for others
    [InlineData(0, 0b110_000_000)]
    [InlineData(0b110_100_000, 0b110_100_000)]
    [InlineData(null, 0b110_100_100)]
    public void Next_Modes_KeepWhatIsHarmless(int? mode, int expected) =>
        Assert.Equal(expected, new ArchiveEntryMap().Next(new("x", Plain, mode))!.Mode);

    [Fact]
    public void Next_TooManyOrTooLarge_IsRefusedWithTheLimit()
    {
        var few = new ArchiveEntryMap(mostEntries: 2);
        few.Next(new("a/b", Plain)); // the folder counts as well
        Assert.Contains("2 entries", Assert.Throws<ArchiveException>(() => few.Next(new("c", Plain))).Message, StringComparison.Ordinal);
        var small = new ArchiveEntryMap(mostBytes: 1 << 20);
        Assert.Contains("1 MiB",
            Assert.Throws<ArchiveException>(() => small.Next(new("a", Plain, SizeBytes: long.MaxValue))).Message, StringComparison.Ordinal);
        var lies = new ArchiveEntryMap(mostBytes: 10);
        lies.Next(new("a", Plain, SizeBytes: 1));
        lies.Count(10);
        Assert.Throws<ArchiveException>(() => lies.Count(1));
    }

    [Fact]
    public void OneFolder_OfAll_IsTakenUnlessTheProgramIsBesideIt()
    {
        var map = Map(new("app-1/App", Plain), new("app-1/d/x", Plain));
        Assert.Equal("app-1", map.OneFolder("App"));
        Assert.Null(map.OneFolder("app-1/App"));
        Assert.Null(Map(new("app-1/App", Plain), new("README", Plain)).OneFolder("App"));
        Assert.Null(Map(new ArchiveEntry("x", Plain)).OneFolder("App"));
        Assert.Contains("out of", Assert.Throws<ArchiveException>(
            () => Map(new("app-1/App", Plain), new("app-1/x", Link, Target: "../app-1/App")).OneFolder("App")).Message,
            StringComparison.Ordinal);
    }

    private static ArchiveEntryMap Map(params IEnumerable<ArchiveEntry> entries)
    {
        var map = new ArchiveEntryMap();
        foreach (var entry in entries) map.Next(entry);
        return map;
    }

    private static void AssertRefused(string why, params IReadOnlyList<ArchiveEntry> entries)
    {
        var map = Map(entries.SkipLast(1));
        Assert.Contains(why, Assert.Throws<ArchiveException>(() => map.Next(entries[^1])).Message, StringComparison.Ordinal);
    }
}
