using Ips.Actors.Posix;

namespace Ips.Transport.Tests.Posix;

[Collection(ProcessWideCollection.Name)]
public sealed class PidFileTests : IDisposable
{
    private readonly string _folder = Fds.TemporaryFolder();

    private string PidPath => Path.Combine(_folder, "ips.pid");

    public void Dispose() => Directory.Delete(_folder, true);

    [Fact]
    public void Write_Twice_ReplacesTheContentAndLeavesNothingElse()
    {
        PidFile.Write(PidPath, 4_000_000);
        PidFile.Write(PidPath, 17);

        Assert.Equal("17\n", File.ReadAllText(PidPath));
        Assert.Equal(17, PidFile.Read(PidPath));
        Assert.Equal([PidPath], Directory.GetFileSystemEntries(_folder));
    }

    [Fact]
    public async Task Write_WhileAnotherReads_ReaderSeesTheOldOrTheNew()
    {
        PidFile.Write(PidPath, 1);
        var writer = Task.Run(() =>
        {
            for (var i = 0; i < 500; i++) PidFile.Write(PidPath, i % 2 == 0 ? 4_000_000 : 1);
        });

        while (!writer.IsCompleted) Assert.True(PidFile.Read(PidPath) is 1 or 4_000_000);
        await writer;
    }

    // On a full disk, see DiskFullTests for a real one.
    [Theory]
    [InlineData("4000000\n")]
    [InlineData("1\n")]
    [InlineData("")]
    public void Overwrite_ShorterOrLongerContent_LeavesTheNewOneAlone(string before)
    {
        File.WriteAllText(PidPath, before);
        PidFile.Overwrite(PidPath, "4711\n"u8);
        Assert.Equal("4711\n", File.ReadAllText(PidPath));
        Assert.Equal([PidPath], Directory.GetFileSystemEntries(_folder));
    }

    [Theory]
    [InlineData("")]
    [InlineData("0")]
    [InlineData("-5")]
    [InlineData("12x")]
    [InlineData("99999999999")]
    public void Read_NoPid_IsNull(string content)
    {
        Assert.Null(PidFile.Read(PidPath));
        File.WriteAllText(PidPath, content);
        Assert.Null(PidFile.Read(PidPath));
    }

    [Fact]
    public void RemoveIfNames_OwnOrAnothersPid_RemovesItsOwnOnly()
    {
        Assert.False(PidFile.RemoveIfNames(PidPath, 17));
        PidFile.Write(PidPath, 18);
        Assert.False(PidFile.RemoveIfNames(PidPath, 17));
        Assert.True(PidFile.RemoveIfNames(PidPath, 18));
        Assert.False(File.Exists(PidPath));
    }

    [Fact]
    public void Write_TargetCannotBeReplaced_ThrowsAndLeavesNoTemporary()
    {
        Directory.CreateDirectory(PidPath);

        Assert.Equal("rename", Assert.Throws<PosixException>(() => PidFile.Write(PidPath, 17)).Call);
        Assert.Equal([PidPath], Directory.GetFileSystemEntries(_folder));
        Assert.Equal(Errno.ENOENT, Assert.Throws<PosixException>(() => PidFile.Write(Path.Combine(_folder, "none", "ips.pid"), 17)).Errno);
        Assert.Throws<ArgumentOutOfRangeException>(() => PidFile.Write(PidPath, 0));
    }

    [Fact]
    public void Write_LeftOverTemporaryOfTheSameName_IsReplaced()
    {
        var temporary = Path.Combine(_folder, $".ips.pid.{Environment.ProcessId}.tmp");
        File.CreateSymbolicLink(temporary, Path.Combine(_folder, "victim"));

        PidFile.Write(PidPath, 17);

        Assert.Equal([PidPath], Directory.GetFileSystemEntries(_folder)); // the link's target was not written
    }
}
