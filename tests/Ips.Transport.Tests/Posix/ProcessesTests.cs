using Ips.Actors.Posix;

namespace Ips.Transport.Tests.Posix;

[Collection(ProcessWideCollection.Name)]
public sealed class ProcessesTests
{
    [Fact]
    public void TrySignal_NoSuchProcess_IsFalse()
    {
        var pid = Spawn.Start(Child.Request("/bin/true"));
        TestLibc.WaitForZombie(pid);
        Processes.TryReap(pid);

        Assert.False(Processes.TrySignal(pid, SignalNumbers.SIGTERM));
        Assert.False(Processes.IsAlive(pid));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    public void TrySignal_ProcessGroup_IsRefused(int pid)
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Processes.TrySignal(pid, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => Processes.TryReap(pid));
        Assert.Throws<ArgumentOutOfRangeException>(() => { _ = Processes.WaitAsync(pid, default); });
    }

    [Fact]
    public void TrySignal_NoSuchSignal_NamesProcessAndErrno()
    {
        var error = Assert.Throws<PosixException>(() => Processes.TrySignal(Environment.ProcessId, 99));

        Assert.Equal($"kill(2) on process {Environment.ProcessId} with signal 99: Invalid argument (EINVAL)", error.Message);
    }

    [Fact]
    public void TryReap_RunningThenEnded_IsNullThenTheStatusThenUnknown()
    {
        var pid = Spawn.Start(Child.Request("/bin/sleep", "60"));
        Assert.Null(Processes.TryReap(pid));
        Assert.True(Processes.IsAlive(pid));

        Assert.True(Processes.TrySignal(pid, SignalNumbers.SIGKILL));
        TestLibc.WaitForZombie(pid);
        Assert.False(Processes.IsAlive(pid)); // though kill(2) still finds it
        Assert.True(Processes.TrySignal(pid, 0));

        Assert.Equal(new ProcessExit(0, SignalNumbers.SIGKILL), Processes.TryReap(pid));
        Assert.Equal(ProcessExit.Unknown, Processes.TryReap(pid));
    }

    [Fact]
    public void TryReap_ExitCode_IsGiven()
    {
        var pid = Spawn.Start(Child.Shell("exit 7"));
        TestLibc.WaitForZombie(pid);

        Assert.Equal(new ProcessExit(7, 0), Processes.TryReap(pid));
    }

    [Fact]
    public void TryReap_NotAChild_Throws() => Assert.Equal(Errno.ECHILD, Assert.Throws<PosixException>(() => Processes.TryReap(1)).Errno);

    [Fact]
    public async Task WaitAsync_ChildrenEndInAnyOrder_EachGetsItsOwnStatus()
    {
        await using var first = Child.Start(Child.Shell("read x; exit 3"));
        await using var second = Child.Start(Child.Shell("read x; kill -KILL $$"));

        Assert.Equal("killed by SIGKILL (9)", (await second.EndAsync()).Exit.ToString());
        Assert.Equal("exited with 3", (await first.EndAsync()).Exit.ToString());
        Assert.Equal(ProcessExit.Unknown, Processes.TryReap(first.Pid)); // reaped: no zombie
    }

    [Fact]
    public async Task WaitAsync_Cancelled_LeavesTheChildToBeReaped()
    {
        var pid = Spawn.Start(Child.Request("/bin/sleep", "60"));
        using var cancellation = new CancellationTokenSource();
        var wait = Processes.WaitAsync(pid, cancellation.Token);
        Assert.False(wait.IsCompleted);

        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => wait.WaitAsync(Fds.Bound));

        Assert.True(Processes.IsAlive(pid));
        Processes.TrySignal(pid, SignalNumbers.SIGKILL);
        Assert.Equal(new ProcessExit(0, SignalNumbers.SIGKILL), await Processes.WaitAsync(pid, default).WaitAsync(Fds.Bound));
    }

    [Fact]
    public async Task WaitAsync_NotAChild_Fails() =>
        Assert.Equal(Errno.ECHILD,
            (await Assert.ThrowsAsync<PosixException>(() => Processes.WaitAsync(1, default).WaitAsync(Fds.Bound))).Errno);

    [Fact]
    public void WaitAsync_ManyCancelled_LeaksNothing()
    {
        var pid = Spawn.Start(Child.Request("/bin/sleep", "60"));
        Fds.AssertNoLeak(() =>
        {
            using var cancellation = new CancellationTokenSource();
            var wait = Processes.WaitAsync(pid, cancellation.Token);
            cancellation.Cancel();
            Assert.True(((IAsyncResult)wait).AsyncWaitHandle.WaitOne(Fds.Bound));
        });
        Processes.TrySignal(pid, SignalNumbers.SIGKILL);
        TestLibc.WaitForZombie(pid);
        Processes.TryReap(pid);
    }
}
