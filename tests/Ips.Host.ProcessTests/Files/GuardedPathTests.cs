using Ips.Actors.Posix;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Processes;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests.Files;

/// <summary>Which links root follows, and what it opens at the end.</summary>
[Trait("issue", "11")]
public sealed class GuardedPathTests(ITestOutputHelper output) : RightsTest(output)
{
    [RootTheory]
    [InlineData("current/../file", "releases/file")] // the parent of where the link leads, as the kernel has it
    [InlineData("current/file", "releases/7/file")]
    [InlineData("absolute/./file", "releases/7/file")]
    [InlineData("chain//file", "releases/7/file")]
    [InlineData("to-file", "releases/7/file")]
    [InlineData("dangling", "releases/7/missing")]
    public void Walk_LinksOfRootInRootsFolders_LeadWhereTheKernelWouldGo(string path, string expected)
    {
        Directory.CreateDirectory(In("releases/7"));
        File.WriteAllText(In("releases/7/file"), "");
        File.WriteAllText(In("releases/file"), "");
        File.CreateSymbolicLink(In("current"), "releases/7");
        File.CreateSymbolicLink(In("absolute"), In("releases/7"));
        File.CreateSymbolicLink(In("chain"), "absolute");
        File.CreateSymbolicLink(In("to-file"), "chain/file");
        File.CreateSymbolicLink(In("dangling"), "current/missing");
        using var place = GuardedPath.Walk(In(path));
        Assert.False(place.IsContested);
        Assert.Equal(FileIdentity.OfPath(In(expected)), place.Status()?.Identity);
        Assert.Equal(FileIdentity.OfPath(Path.GetDirectoryName(In(expected))!), FileIdentity.OfDescriptor(place.Folder));
        Assert.Equal(Path.GetFileName(expected), place.Name);
    }

    [RootTheory]
    [InlineData(ServiceUserId, 0b111_101_101, ServiceUserId, false)] // the service user's, in its own folder
    [InlineData(ServiceUserId, 0b111_101_101, 0, false)]             // root's, which that user may have moved there
    [InlineData(0, 0b111_101_101, ServiceUserId, false)]
    [InlineData(0, 0b111_111_101, 0, true)]                          // the group is root's own
    [InlineData(0, 0b111_101_111, 0, false)]
    [InlineData(0, 0b1_111_111_111, 0, true)]                        // as /tmp
    [InlineData(0, 0b1_111_111_111, StrangerId, false)]
    public void Walk_Link_IsFollowedWhereNobodyElseCanHavePutIt(int folderOwner, int mode, int linkOwner, bool followed)
    {
        Directory.CreateDirectory(In("target"));
        Directory.CreateDirectory(In("folder"));
        File.CreateSymbolicLink(In("folder/link"), "../target");
        Give(In("folder/link"), linkOwner);
        Assert.Equal(0, Mono.Unix.Native.Syscall.lchown(In("folder"), (uint)folderOwner, 0));
        File.SetUnixFileMode(In("folder"), (UnixFileMode)mode);
        if (followed)
        {
            using var place = GuardedPath.Walk(In("folder/link/file"));
            Assert.Equal(FileIdentity.OfPath(In("target")), FileIdentity.OfDescriptor(place.Folder));
        }
        else
        {
            Assert.Contains("'link'", Assert.Throws<UnsafePathException>(() => GuardedPath.Walk(In("folder/link/file"))).Message,
                StringComparison.Ordinal);
        }
    }

    [RootFact]
    public void Walk_LoopOrMissingFolder_EndsWithTheKernelsError()
    {
        File.CreateSymbolicLink(In("loop"), "loop");
        Assert.Equal(Errno.ELOOP, Assert.Throws<PosixException>(() => GuardedPath.Walk(In("loop"))).Errno);
        Assert.Equal(Errno.ENOENT, Assert.Throws<PosixException>(() => GuardedPath.Walk(In("none/file"))).Errno);
        File.WriteAllText(In("file"), "");
        Assert.Equal(Errno.ENOTDIR, Assert.Throws<PosixException>(() => GuardedPath.Walk(In("file/below"))).Errno);
    }

    [RootFact]
    public void Walk_OfAnyKind_LeaksNoDescriptor()
    {
        Directory.CreateDirectory(In("user"));
        File.CreateSymbolicLink(In("user/link"), In(""));
        Give(In("user"), ServiceUserId);
        WalkAll();
        var before = OpenFolders();
        for (var i = 0; i < 100; i++) WalkAll();
        Assert.InRange(OpenFolders(), 0, before + 20); // other tests run at the same time

        void WalkAll()
        {
            Assert.Throws<UnsafePathException>(() => GuardedPath.Walk(In("user/link/file")));
            Assert.Throws<PosixException>(() => GuardedPath.Walk(In("none/file")));
            GuardedPath.Walk(In("user/file")).Dispose();
            GuardedPath.Walk("/").Dispose();
            GuardedPath.Walk("file").Dispose();
        }

        // Those on the way: other tests have much else open.
        int OpenFolders() => ProcessTable.OpenFiles(Environment.ProcessId)
            .Select(line => line[(line.IndexOf("-> ", StringComparison.Ordinal) + 3)..])
            .Count(target => target is "/" || target == Environment.CurrentDirectory || target == Path.GetDirectoryName(Folder)
                || target.StartsWith(Folder, StringComparison.Ordinal));
    }

    [RootTheory]
    [InlineData("inventory.db", ServiceUserId)]
    [InlineData("inventory.db", StrangerId)]
    public void Ready_InTheServiceUsersFolder_TakesThatUsersFileAlone(string name, int owner)
    {
        var folder = Directory.CreateDirectory(In("user")).FullName;
        Give(folder, ServiceUserId);
        var path = Path.Combine(folder, name);
        GuardedFile.Ready(path, "-wal");
        Assert.Equal((ServiceUserId, OwnerOnly), (OwnerOf(path), File.GetUnixFileMode(path))); // made by root, and that user's
        File.WriteAllText($"{path}-wal", "");
        Give($"{path}-wal", owner);
        if (owner == ServiceUserId) GuardedFile.Ready(path, "-wal");
        else Assert.Contains($"uid {owner}", Assert.Throws<UnsafePathException>(() => GuardedFile.Ready(path, "-wal")).Message,
            StringComparison.Ordinal);
    }

    private string In(string path) => Path.Combine(Folder, path);
}
