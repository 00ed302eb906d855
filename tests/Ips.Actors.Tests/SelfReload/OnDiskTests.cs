using Ips.Actors.SelfReload;

namespace Ips.Actors.Tests.SelfReload;

/// <summary>What is seen of a release and a runtime on disk, and of the memory that is left.</summary>
[Trait("issue", "17")]
public sealed class OnDiskTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("ips-").FullName;

    [Fact]
    public void Release_LinkSwitchedAndBack_IsChangedAndNotChanged()
    {
        Write("releases/1/app", "");
        Write("releases/2/app", "");
        Link("releases/1");
        var release = new ReleaseInPlace($"{_folder}/current/app", $"{_folder}/releases/1/");
        Assert.Null(release.Change());
        Link("releases/2");
        Assert.Equal($"the release at {_folder}/current/app has changed", release.Change()!.What);
        Link("releases/1");
        Assert.Null(release.Change());
        File.Delete($"{_folder}/current");
        Assert.Null(release.Change()); // nothing is in place
    }

    // ips deploy: the release is started by its name, and the link follows when it is promoted.
    [Fact]
    public void Release_StartedBeforeTheLinkNamesIt_IsChangedOnlyByTheNextOne()
    {
        foreach (var name in new[] { "1", "2", "3" }) Write($"releases/{name}/app", "");
        Link("releases/1");
        var release = new ReleaseInPlace($"{_folder}/current/app", $"{_folder}/releases/2/");
        Assert.Null(release.Change());
        Link("releases/2");
        Assert.Null(release.Change());
        Link("releases/3");
        Assert.NotNull(release.Change());
    }

    [Fact]
    public void Release_MarkerWritten_IsChangedAndOtherFilesAreNot()
    {
        Write("app/app", "");
        var release = new ReleaseInPlace($"{_folder}/app/app", $"{_folder}/app/");
        Write("app/other.dll", "new");
        Assert.Null(release.Change());
        Write("app/.ips-release", "1");
        var first = release.Change();
        Assert.NotNull(first);
        Write("app/.ips-release", "22");
        Assert.NotEqual(first.Key, release.Change()!.Key);
    }

    [Fact]
    public void Runtime_PatchInstalledReplacedOrRemoved_IsToldApart()
    {
        Write("shared/Microsoft.NETCore.App/10.0.9/System.Private.CoreLib.dll", "");
        Write("shared/Microsoft.AspNetCore.App/10.0.9/Microsoft.AspNetCore.dll", "");
        var runtime = RuntimeOnDisk.Of(
            $"{_folder}/shared/Microsoft.NETCore.App/10.0.9/", $"{_folder}/shared/Microsoft.AspNetCore.App/10.0.9")!;
        Assert.Null(runtime.Change());

        Write("shared/Microsoft.NETCore.App/10.1.0/System.Private.CoreLib.dll", ""); // another minor version is not what a start chooses
        Assert.Null(runtime.Change());

        Write("shared/Microsoft.NETCore.App/10.0.10/System.Private.CoreLib.dll", "");
        var newer = runtime.Change()!;
        Assert.Equal("the .NET runtime 10.0.10 is installed, 10.0.9 runs", newer.What);

        Directory.Delete($"{_folder}/shared/Microsoft.AspNetCore.App/10.0.9", recursive: true);
        Assert.Null(runtime.Change()); // in the middle of an upgrade
        Write("shared/Microsoft.AspNetCore.App/10.0.10/Microsoft.AspNetCore.dll", "");
        Assert.NotEqual(newer.Key, runtime.Change()!.Key);
    }

    [Fact]
    public void Runtime_FilesReplacedInPlace_IsChanged()
    {
        Write("shared/Microsoft.NETCore.App/10.0.9/System.Private.CoreLib.dll", "");
        var runtime = RuntimeOnDisk.Of($"{_folder}/shared/Microsoft.NETCore.App/10.0.9")!;
        Write("new", "");
        File.Move($"{_folder}/new", $"{_folder}/shared/Microsoft.NETCore.App/10.0.9/System.Private.CoreLib.dll", overwrite: true);
        Assert.Equal("the .NET runtime 10.0.9 was replaced on disk", runtime.Change()!.What);
    }

    [Fact]
    public void Runtime_OfAnAppThatBringsItsOwn_IsNone()
    {
        Write("app/System.Private.CoreLib.dll", "");
        Assert.Null(RuntimeOnDisk.Of($"{_folder}/app", null, ""));
    }

    [Fact]
    public void Runtime_OfTheTests_IsFoundAndUnchanged() => Assert.Null(RuntimeOnDisk.OfThisProcess()!.Change());

    [Theory]
    [InlineData("0::/a/b\n", "", "", 8192)] // the machine's
    [InlineData("0::/a/b\n", "max", "5000", 8192)]
    [InlineData("0::/a/b\n", "6000", "5000", 1000)]
    [InlineData("0::/a/b\n", "6000", "7000", 0)]
    [InlineData("9:cpu:/x\n3:cpu,memory:/a/b\n", "", "", 400)]
    public void Room_OfMachineAndGroups_IsTheLeast(string groups, string maximum, string current, long expected)
    {
        Write("proc/meminfo", "MemTotal:   99 kB\nMemAvailable:        8 kB\n");
        Write("proc/self/cgroup", groups);
        if (maximum != "") Write("cg/a/memory.max", maximum);
        if (current != "") Write("cg/a/memory.current", current);
        Write("cg/memory/a/b/memory.limit_in_bytes", "900");
        Write("cg/memory/a/b/memory.usage_in_bytes", "500");
        Assert.Equal(expected, MemoryRoom.Bytes($"{_folder}/proc", $"{_folder}/cg"));
    }

    [Fact]
    public void Room_OfNothingKnown_IsNoLimit() => Assert.Equal(long.MaxValue, MemoryRoom.Bytes($"{_folder}/proc", $"{_folder}/cg"));

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private void Write(string name, string text)
    {
        var path = Path.Combine(_folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }

    private void Link(string target)
    {
        File.Delete($"{_folder}/current");
        File.CreateSymbolicLink($"{_folder}/current", target);
    }
}
