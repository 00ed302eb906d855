using System.Text;
using Ips.Actors.Posix;
using Mono.Unix.Native;

namespace Ips.Transport.Tests.Posix;

/// <summary>What <c>ips export FILE</c> does to FILE, whatever it is.</summary>
public sealed class OutputFileTests : IDisposable
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly string _folder = Directory.CreateTempSubdirectory("ips-output-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Write_NewFile_HasTheModeOfTheUmask()
    {
        var umask = Syscall.umask((FilePermissions)0b000_010_111);
        try
        {
            await WriteAsync(In("new"), "text");
        }
        finally
        {
            _ = Syscall.umask(umask);
        }
        Assert.Equal("text", await File.ReadAllTextAsync(In("new")));
        Assert.Equal(Private | UnixFileMode.GroupRead, File.GetUnixFileMode(In("new")));
    }

    [Fact]
    public async Task Write_ExistingFile_IsReplacedAndKeepsModeAndOwner()
    {
        await File.WriteAllTextAsync(In("old"), "a longer text than the new one");
        File.SetUnixFileMode(In("old"), Private);
        var owned = Syscall.geteuid() != 0 || Syscall.chown(In("old"), 65534, 65533) == 0;
        Assert.Equal(0, Syscall.lstat(In("old"), out var before));
        await WriteAsync(In("old"), "text");
        Assert.Equal(0, Syscall.lstat(In("old"), out var after));
        Assert.True(owned);
        Assert.Equal("text", await File.ReadAllTextAsync(In("old")));
        Assert.Equal((before.st_mode, before.st_uid, before.st_gid), (after.st_mode, after.st_uid, after.st_gid));
        Assert.NotEqual(before.st_ino, after.st_ino); // a reader of the old one has all of it
        Assert.Equal([In("old")], Directory.GetFileSystemEntries(_folder));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Write_Fails_LeavesWhatWasThere(bool exists)
    {
        if (exists) await File.WriteAllTextAsync(In("file"), "old");
        await Assert.ThrowsAsync<InvalidDataException>(() => OutputFile.WriteAsync(In("file"), stream =>
        {
            stream.Write("half"u8);
            throw new InvalidDataException();
        }, default));
        Assert.Equal(exists ? [In("file")] : [], Directory.GetFileSystemEntries(_folder));
        if (exists) Assert.Equal("old", await File.ReadAllTextAsync(In("file")));
    }

    [Theory]
    [InlineData("target")]
    [InlineData("sub/target")]
    public async Task Write_Link_StaysAndWhatItLeadsToIsReplaced(string target)
    {
        Directory.CreateDirectory(In("sub"));
        await File.WriteAllTextAsync(In(target), "old");
        File.SetUnixFileMode(In(target), Private);
        File.CreateSymbolicLink(In("link"), target);
        await WriteAsync(In("link"), "text");
        Assert.Equal(target, new FileInfo(In("link")).LinkTarget);
        Assert.Equal("text", await File.ReadAllTextAsync(In(target)));
        Assert.Equal(Private, File.GetUnixFileMode(In(target)));
    }

    [Fact]
    public async Task Write_LinkThatAnotherUserMayHavePlanted_IsRefused()
    {
        await File.WriteAllTextAsync(In("victim"), "old");
        Directory.CreateDirectory(In("theirs"));
        File.SetUnixFileMode(In("theirs"), (UnixFileMode)0b111_111_111); // others may write there, and it is not sticky
        File.CreateSymbolicLink(In("theirs/out"), In("victim"));
        await Assert.ThrowsAsync<UnsafePathException>(() => WriteAsync(In("theirs/out"), "text"));
        Assert.Equal("old", await File.ReadAllTextAsync(In("victim")));
    }

    [Fact]
    public async Task Write_Fifo_IsWrittenIntoAndStays()
    {
        Assert.Equal(0, Syscall.mkfifo(In("fifo"), FilePermissions.S_IRUSR | FilePermissions.S_IWUSR));
        var reading = Task.Run(() => File.ReadAllText(In("fifo")));
        await WriteAsync(In("fifo"), "text").WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal("text", await reading.WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.Equal(0, Syscall.lstat(In("fifo"), out var stat));
        Assert.Equal(FilePermissions.S_IFIFO, stat.st_mode & FilePermissions.S_IFMT);
    }

    [Fact]
    public async Task Write_FifoThatNobodyReads_CanBeInterrupted()
    {
        Assert.Equal(0, Syscall.mkfifo(In("fifo"), FilePermissions.S_IRUSR | FilePermissions.S_IWUSR));
        using var interrupt = new CancellationTokenSource();
        var writing = OutputFile.WriteAsync(In("fifo"), _ => Task.CompletedTask, interrupt.Token);
        await interrupt.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => writing.WaitAsync(TimeSpan.FromSeconds(30)));
        using var reader = File.OpenHandle(In("fifo"), FileMode.Open, FileAccess.ReadWrite); // lets the open that was left behind return
    }

    [Theory]
    [InlineData("/dev/fd/")]
    [InlineData("/proc/self/fd/")]
    public async Task Write_OwnDescriptor_IsWrittenInto(string folder)
    {
        using var file = File.OpenHandle(In("file"), FileMode.CreateNew, FileAccess.Write);
        await WriteAsync($"{folder}{(int)file.DangerousGetHandle()}", "text");
        Assert.Equal("text", await File.ReadAllTextAsync(In("file")));
    }

    [Theory]
    [InlineData("folder")]
    [InlineData("missing/file")]
    [InlineData("/dev/fd/987654")]
    public async Task Write_WhatCannotBeWritten_IsRefused(string name)
    {
        Directory.CreateDirectory(In("folder"));
        await Assert.ThrowsAnyAsync<IOException>(() => WriteAsync(In(name), "text"));
        Assert.Equal([In("folder")], Directory.GetFileSystemEntries(_folder));
    }

    private string In(string name) => Path.Combine(_folder, name);

    private static Task WriteAsync(string path, string text) => OutputFile.WriteAsync(path, stream =>
    {
        stream.Write(Encoding.UTF8.GetBytes(text));
        return Task.CompletedTask;
    }, default);
}
