using System.Diagnostics;
using System.Net;
using Ips.Actors.Posix;
using Ips.Actors.Transport;

namespace Ips.Transport.Tests.Posix;

/// <summary>What fails is told, and accepting goes on.</summary>
[Collection(ProcessWideCollection.Name)]
public sealed class AcceptLoopErrorTests : AcceptLoopTest
{
    [Fact]
    public void BrokenListener_IsToldOnceAndOthersGoOn()
    {
        var (fd, at) = Listen();
        using var noSocket = new EventFd();
        noSocket.Set(); // always readable
        Add(_loop, 1, noSocket.Fd);
        Add(_loop, 2, fd);

        Assert.True(_errors.TryTake(out var error, Fds.Bound));
        Assert.Equal(Errno.ENOTSOCK, Assert.IsType<PosixException>(error).Errno);
        Connect(at);
        Assert.Equal(2, Next().Id);
        Assert.Empty(_errors);
    }

    [Fact]
    public void CallbackThrows_IsToldAndAcceptingGoesOn()
    {
        var (fd, at) = Listen();
        var thrown = new InvalidOperationException("of the callback");
        _onAccepted = (id, accepted) =>
        {
            _onAccepted = (nextId, next) => _accepted.Add((nextId, next));
            _toClose.Add(accepted);
            throw thrown;
        };
        Add(_loop, 1, fd);

        Connect(at);
        Assert.True(_errors.TryTake(out var error, Fds.Bound));
        Assert.Same(thrown, error);
        Connect(at);
        Next();
    }

    [Theory]
    [InlineData(Errno.EMFILE)]
    [InlineData(Errno.ENFILE)]
    [InlineData(Errno.ENOBUFS)]
    [InlineData(Errno.ENOMEM)]
    public void WantOfDescriptorsOrMemory_BacksOffReportsOnceASecondAndAcceptsLater(int errno)
    {
        var (fd, at) = Listen();
        var (failing, attempts) = (true, 0);
        using var loop = new AcceptLoop(_errors.Add, (int listenFd, out IPEndPoint? peer, out int error) =>
        {
            Interlocked.Increment(ref attempts);
            error = errno;
            peer = null;
            return Volatile.Read(ref failing) ? -1 : ListeningSockets.Accept(listenFd, out error);
        });
        var whole = Stopwatch.StartNew();
        Add(loop, 1, fd);
        Connect(at);

        Assert.True(_errors.TryTake(out var first, Fds.Bound));
        var interval = Stopwatch.StartNew();
        Assert.True(_errors.TryTake(out _, Fds.Bound));
        interval.Stop();
        var made = Volatile.Read(ref attempts);
        whole.Stop();
        Volatile.Write(ref failing, false);

        Assert.Equal(errno, Assert.IsType<PosixException>(first).Errno);
        Assert.InRange(interval.ElapsedMilliseconds, 900, 20_000);
        Assert.InRange(made, 2, whole.ElapsedMilliseconds / 90 + 2); // one each 100 ms: no busy loop
        Next();
    }

    [Theory]
    [InlineData(Errno.ECONNABORTED)]
    [InlineData(Errno.EINTR)]
    [InlineData(Errno.EPROTO)]
    [InlineData(Errno.ENETDOWN)]
    public void ConnectionLostInTheQueue_NextIsAcceptedAtOnceWithoutAReport(int errno)
    {
        var (fd, at) = Listen();
        var failures = 3;
        using var loop = new AcceptLoop(_errors.Add, (int listenFd, out IPEndPoint? peer, out int error) =>
        {
            error = errno;
            peer = null;
            return failures-- > 0 ? -1 : ListeningSockets.Accept(listenFd, out error);
        });
        Add(loop, 1, fd);
        Connect(at);

        Next();
        Assert.Empty(_errors);
    }
}
