using System.Diagnostics;
using System.Net;
using Ips.Actors.Posix;
using Ips.Actors.Transport;

namespace Ips.Transport.Tests.Posix;

/// <summary>A reader that accepts by itself, and is only told that somebody waits.</summary>
[Collection(ProcessWideCollection.Name)]
public sealed class AcceptLoopReaderTests : AcceptLoopTest
{
    [Fact]
    public async Task Accept_OfAReader_OneSignalForAllWhoWaitAndTheNextAfterNobody()
    {
        var (fd, at) = Listen();
        using var ready = new SemaphoreSlim(0);
        AddRead(_loop, 1, fd, ready);

        for (var i = 0; i < 3; i++) Connect(at);
        Assert.True(await ready.WaitAsync(Fds.Bound));
        Assert.Empty(_accepted); // nobody but the reader accepts

        for (var i = 0; i < 3; i++)
        {
            Assert.True(_loop.Accept(1));
            Assert.Equal(_clients[i].LocalEndPoint!.ToString(), PeerOf(Next(close: false).Fd)); // on this thread: it is there
        }
        Connect(at);
        Assert.False(await ready.WaitAsync(TimeSpan.FromMilliseconds(200))); // the reader has not seen nobody yet
        Assert.True(_loop.Accept(1));
        Assert.False(_loop.Accept(1));
        Connect(at);
        Assert.True(await ready.WaitAsync(Fds.Bound));
        Assert.False(_loop.Accept(99));
    }

    /// <summary>Also when no thread of the pool is free: nothing of this runs there.</summary>
    [Fact]
    public async Task Accept_OfAReaderWhileQuiesced_AcceptsNothingAndResumeSaysThatSomebodyWaits()
    {
        var (fd, at) = Listen();
        using var ready = new SemaphoreSlim(0);
        AddRead(_loop, 1, fd, ready);
        Connect(at);
        Assert.True(await ready.WaitAsync(Fds.Bound));

        _loop.Quiesce();
        Assert.False(_loop.Accept(1));
        Connect(at);
        Assert.False(await ready.WaitAsync(TimeSpan.FromMilliseconds(200)));

        _loop.Resume();
        Assert.True(await ready.WaitAsync(Fds.Bound));
        Assert.True(_loop.Accept(1));
        Assert.True(_loop.Accept(1));
        Assert.False(_loop.Accept(1));
        Assert.Equal(2, _accepted.Count);
    }

    [Fact]
    public async Task Quiesce_WhileAReaderAccepts_ReturnsAfterTheCallback()
    {
        var (fd, at) = Listen();
        using var inside = new SemaphoreSlim(0);
        using var goOn = new SemaphoreSlim(0);
        using var ready = new SemaphoreSlim(0);
        _onAccepted = (id, accepted) =>
        {
            inside.Release();
            goOn.Wait(Fds.Bound);
            _accepted.Add((id, accepted));
        };
        AddRead(_loop, 1, fd, ready);
        Connect(at);
        Assert.True(await ready.WaitAsync(Fds.Bound));
        var accept = Task.Run(() => _loop.Accept(1));
        Assert.True(await inside.WaitAsync(Fds.Bound));

        var quiesce = Task.Run(_loop.Quiesce);
        await Assert.ThrowsAsync<TimeoutException>(() => quiesce.WaitAsync(TimeSpan.FromMilliseconds(200)));
        goOn.Release();
        await quiesce.WaitAsync(Fds.Bound);

        Assert.Single(_accepted);
        Assert.True(await accept.WaitAsync(Fds.Bound));
    }

    [Fact]
    public async Task Accept_OfAReaderWithoutDescriptors_IsAskedAgainAfterTheBackOff()
    {
        var (fd, at) = Listen();
        var failing = true;
        using var ready = new SemaphoreSlim(0);
        using var loop = new AcceptLoop(_errors.Add, (int listenFd, out IPEndPoint? peer, out int error) =>
        {
            (error, peer) = (Errno.EMFILE, null);
            return Volatile.Read(ref failing) ? -1 : ListeningSockets.Accept(listenFd, out error);
        });
        AddRead(loop, 1, fd, ready);
        Connect(at);
        Assert.True(await ready.WaitAsync(Fds.Bound));

        var backOff = Stopwatch.StartNew();
        Assert.False(loop.Accept(1));
        Assert.Equal(Errno.EMFILE, Assert.IsType<PosixException>(Assert.Single(_errors)).Errno);
        Volatile.Write(ref failing, false);
        Assert.True(await ready.WaitAsync(Fds.Bound));

        Assert.InRange(backOff.ElapsedMilliseconds, 90, 20_000);
        Assert.True(loop.Accept(1));
        Next();
        Assert.Single(_errors);
    }
}
