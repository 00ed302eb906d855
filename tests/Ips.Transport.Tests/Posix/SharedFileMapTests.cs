using Ips.Actors.Posix;

namespace Ips.Transport.Tests.Posix;

/// <summary>Which files two processes overwrite each other's lines in: of what the kernel says of them, and of real files.</summary>
public sealed class SharedFileMapTests
{
    private static readonly FileIdentity s_log = new(1, 2, 3), s_other = new(1, 4, 5), s_mutex = new(1, 6, 7);

    [Theory]
    [InlineData("pos:\t0\nflags:\t02100001\nmnt_id:\t27\nino:\t9\n", true, false, false)]
    [InlineData("pos:\t0\nflags:\t02100002\nlock:\t1: FLOCK  ADVISORY  READ 10670 fe:00:827404 0 EOF\n", true, false, false)]
    [InlineData("flags:\t02102001\n", true, true, false)]
    [InlineData("flags:\t02100000\n", false, false, false)]
    [InlineData("flags:\t02100002\nlock:\t1: FLOCK  ADVISORY  WRITE 10670 fe:00:827404 0 EOF\n", true, false, true)]
    [InlineData("flags:\t02100002\nlock:\t1: POSIX  ADVISORY  READ 10670 fe:00:827404 0 EOF\n", true, false, true)]
    [InlineData("flags:\t02100002\nlock:\t1: OFDLCK ADVISORY  READ -1 fe:00:827404 0 EOF\n", true, false, true)]
    public void Parse_Fdinfo_TellsAccessAppendAndLocks(string text, bool writable, bool appends, bool locked)
    {
        var info = FdInfoParser.Parse(text);
        Assert.NotNull(info);
        Assert.Equal((writable, appends, locked), (info.Value.IsWritable, info.Value.Appends, info.Value.IsLocked));
    }

    [Theory]
    [InlineData("")]
    [InlineData("pos:\t0\n")]
    [InlineData("flags:\t9\n")]
    [InlineData("flags:\t77777777777777777777\n")]
    [InlineData("flags:\t-1\n")]
    public void Parse_NoFlags_IsNull(string text) => Assert.Null(FdInfoParser.Parse(text));

    [Fact]
    public void Between_BothWriteAtTheirOwnOffset_IsShared() =>
        Assert.Equal(["/srv/app.log"], SharedFileMap.Between([Written("/srv/app.log")], [Written("/srv/current/app.log")]));

    [Theory]
    [InlineData("/srv/app.log (deleted)", false, false)]
    [InlineData("/srv/app.log", true, false)]
    [InlineData("/srv/app.log", false, true)]
    [InlineData("/srv/app.db", false, false)]
    [InlineData("/srv/app.db-wal", false, false)]
    [InlineData("/srv/app.sqlite3-journal", false, false)]
    [InlineData("/srv/app.SQLITE", false, false)]
    public void Between_AppendedLockedDeletedOrADatabase_IsNotShared(string path, bool appends, bool locked)
    {
        var file = new WrittenFile(path, s_log, appends, locked);
        Assert.Empty(SharedFileMap.Between([file], [file]));
        Assert.Empty(SharedFileMap.Between([Written("/srv/app.log")], [file]));
    }

    [Fact]
    public void Between_OtherFiles_AreNotShared() =>
        Assert.Empty(SharedFileMap.Between([Written("/srv/a.log")], [new WrittenFile("/srv/a.log", s_other, false, false)]));

    // Serilog's `shared: true` opens the file as it does without it; what tells is the named mutex, if both hold the same one.
    [Fact]
    public void Between_MutexNamedAfterTheFile_GuardsItIfBothHoldIt()
    {
        var mutex = new WrittenFile("/tmp/.dotnet/shm/session7/:srv:app.log.serilog", s_mutex, false, false);
        var otherSession = mutex with { Path = "/tmp/.dotnet/shm/session8/:srv:app.log.serilog", File = s_other };
        var (log, second) = (Written("/srv/app.log"), new WrittenFile("/srv/b.log", new(1, 8, 9), false, false));
        Assert.Empty(SharedFileMap.Between([log, mutex], [log, mutex]));
        Assert.Equal(["/srv/app.log"], SharedFileMap.Between([log, mutex], [log, otherSession]));
        Assert.Equal(["/srv/app.log"], SharedFileMap.Between([log, mutex], [log]));
        Assert.Equal(["/srv/b.log"], SharedFileMap.Between([log, second, mutex], [log, second, mutex]));
    }

    [Fact]
    public void SharedBy_OwnProcess_FindsTheFileThatNetOpensAndNoneThatIsAppendedTo()
    {
        var folder = Directory.CreateTempSubdirectory("ips-");
        try
        {
            var (path, appended) = (Path.Combine(folder.FullName, "own.log"), Path.Combine(folder.FullName, "append.log"));
            using var stream = new FileStream(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite);
            var fd = FileDescriptors.Open(appended, Libc.O_WRONLY | Libc.O_CREAT | Libc.O_APPEND, 0b110_100_000);
            try
            {
                var found = WrittenFiles.SharedBy(Environment.ProcessId, Environment.ProcessId);
                Assert.Contains(path, found);
                Assert.DoesNotContain(appended, found);
                Assert.Contains(WrittenFiles.Of(Environment.ProcessId), file => file.Path == appended && file.Appends);
            }
            finally
            {
                FileDescriptors.Close(fd);
            }
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public void SharedBy_ProcessThatIsGone_IsNothing() => Assert.Empty(WrittenFiles.SharedBy(Environment.ProcessId, int.MaxValue));

    private static WrittenFile Written(string path) => new(path, s_log, Appends: false, IsLocked: false);
}
