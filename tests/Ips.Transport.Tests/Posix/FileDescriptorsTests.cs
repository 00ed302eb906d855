using Ips.Actors.Posix;

namespace Ips.Transport.Tests.Posix;

[Collection(ProcessWideCollection.Name)]
public sealed class FileDescriptorsTests
{
    [Fact]
    public void DuplicateHigh_AnyDescriptor_IsFrom64UpWithCloseOnExec()
    {
        var (fd, higher) = (FileDescriptors.DuplicateHigh(2), FileDescriptors.DuplicateHigh(2, 200));

        Assert.True(fd >= 64);
        Assert.True(higher >= 200);
        Assert.True(FileDescriptors.IsCloseOnExec(fd));
        Assert.Equal(Fds.Target(2), Fds.Target(fd));
        FileDescriptors.Close(fd);
        FileDescriptors.Close(higher);
    }

    [Fact]
    public void SetCloseOnExec_Inheritable_IsNoLongerSo()
    {
        var fd = FileDescriptors.Duplicate(2);
        FileDescriptors.Replace(fd, 2); // dup2 clears it
        Assert.False(FileDescriptors.IsCloseOnExec(fd));

        FileDescriptors.SetCloseOnExec(fd);

        Assert.True(FileDescriptors.IsCloseOnExec(fd));
        FileDescriptors.Close(fd);
    }

    [Fact]
    public void Close_NotOpen_Throws() =>
        Assert.Equal("close(2) on descriptor 30000: Bad file descriptor (EBADF)",
            Assert.Throws<PosixException>(() => FileDescriptors.Close(30_000)).Message);

    [Fact]
    public void CountOpen_OneMoreOpen_IsOneMore()
    {
        var before = FileDescriptors.CountOpen();
        var fds = Enumerable.Range(0, 50).Select(_ => FileDescriptors.Duplicate(2)).ToList();

        Assert.InRange(FileDescriptors.CountOpen() - before, 40, 60); // the runtime may open or close some of its own
        fds.ForEach(FileDescriptors.Close);
    }

    [Theory]
    [InlineData(Errno.EAGAIN, "EAGAIN")]
    [InlineData(Errno.EADDRINUSE, "EADDRINUSE")]
    [InlineData(Errno.EOPNOTSUPP, "EOPNOTSUPP")]
    [InlineData(28, "ENOSPC")]
    [InlineData(30, "EROFS")]
    [InlineData(35, "EDEADLK")]
    [InlineData(4000, "4000")]
    [InlineData(0, "0")]
    public void ErrnoName_KnownOrNot_IsTheSymbolOrTheNumber(int errno, string name) => Assert.Equal(name, Errno.Name(errno));

    [Fact]
    public void ErrnoName_EveryConstant_IsItsOwnName()
    {
        foreach (var field in typeof(Errno).GetFields(System.Reflection.BindingFlags.Static | System.Reflection.BindingFlags.NonPublic)
            .Where(field => field.IsLiteral))
            Assert.Equal(field.Name, Errno.Name((int)field.GetRawConstantValue()!));
    }
}
