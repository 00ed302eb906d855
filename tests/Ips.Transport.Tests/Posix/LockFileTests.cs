using Ips.Actors.Posix;

namespace Ips.Transport.Tests.Posix;

[Collection(ProcessWideCollection.Name)]
public sealed class LockFileTests : IDisposable
{
    private readonly string _folder = Fds.TemporaryFolder();

    private string Lock => Path.Combine(_folder, "ips.pid.lock");

    public void Dispose() => Directory.Delete(_folder, true);

    [Fact]
    public void TryAcquire_HeldByAnother_IsNullUntilReleased()
    {
        using (var first = LockFile.TryAcquire(Lock))
        {
            Assert.NotNull(first);
            Assert.True(FileDescriptors.IsCloseOnExec(first.Fd));
            Assert.Null(LockFile.TryAcquire(Lock));
        }

        Assert.True(File.Exists(Lock)); // never removed
        using var second = LockFile.TryAcquire(Lock);
        Assert.NotNull(second);
    }

    [Fact]
    public void Adopt_SentOverASocket_LockSurvivesItsFirstHolder()
    {
        var (a, b) = FdPassing.SocketPair();
        var first = LockFile.TryAcquire(Lock)!;
        Assert.True(FdPassing.TrySend(a, [1], [first.Fd]));
        var fds = new List<int>();
        Assert.Equal(1, FdPassing.Receive(b, new byte[1], fds, out _));

        var adopted = LockFile.Adopt(Assert.Single(fds));
        first.Dispose();
        Assert.Null(LockFile.TryAcquire(Lock));

        adopted.Dispose();
        adopted.Dispose(); // closes once
        using var next = LockFile.TryAcquire(Lock);
        Assert.NotNull(next);
        FileDescriptors.Close(a);
        FileDescriptors.Close(b);
    }

    [Fact]
    public async Task TryAcquire_HeldByAChildOnly_IsNullUntilTheChildEnds()
    {
        var held = LockFile.TryAcquire(Lock)!;
        await using var child = Child.Start(Child.Request("/bin/cat") with { Descriptors = [(held.Fd, 9)] });
        held.Dispose();

        Assert.Null(LockFile.TryAcquire(Lock));
        await child.EndAsync();
        using var next = LockFile.TryAcquire(Lock);
        Assert.NotNull(next);
    }

    [Fact]
    public void Adopt_DescriptorThatIsNotTheHolder_Throws()
    {
        using var holder = LockFile.TryAcquire(Lock);
        var other = FileDescriptors.Open(Lock, 0);

        Assert.Equal(Errno.EAGAIN, Assert.Throws<PosixException>(() => LockFile.Adopt(other)).Errno);
        FileDescriptors.Close(other);
    }

    [Fact]
    public void TryAcquire_PidFileRenamedOverMeanwhile_StillExcludes()
    {
        var pidFile = Path.Combine(_folder, "ips.pid");
        using var first = LockFile.TryAcquire(Lock);

        for (var pid = 1; pid < 5; pid++) PidFile.Write(pidFile, pid);

        Assert.Null(LockFile.TryAcquire(Lock)); // a lock on the PID file itself would be lost to the rename
    }

    [Fact]
    public void TryAcquire_CannotOpen_NamesThePath()
    {
        var missing = Path.Combine(_folder, "none", "x.lock");
        Assert.Equal($"open(2) on {missing}: No such file or directory (ENOENT)",
            Assert.Throws<PosixException>(() => LockFile.TryAcquire(missing)).Message);

        File.CreateSymbolicLink(Lock, "/dev/null");
        Assert.Equal(Errno.ELOOP, Assert.Throws<PosixException>(() => LockFile.TryAcquire(Lock)).Errno);
    }

    [Fact]
    public void TryAcquire_HeldOrFree_LeaksNothing() => Fds.AssertNoLeak(() =>
    {
        using var held = LockFile.TryAcquire(Lock);
        Assert.NotNull(held);
        Assert.Null(LockFile.TryAcquire(Lock));
    });
}
