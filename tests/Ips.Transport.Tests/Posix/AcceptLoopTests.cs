using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Ips.Actors.Posix;
using Ips.Actors.Transport;

namespace Ips.Transport.Tests.Posix;

[Collection(ProcessWideCollection.Name)]
public sealed partial class AcceptLoopTests : IDisposable
{
    private readonly BlockingCollection<(int Id, int Fd)> _accepted = [];
    private readonly BlockingCollection<Exception> _errors = [];
    private readonly List<Socket> _clients = [];
    private readonly List<int> _toClose = [];
    private readonly AcceptLoop _loop;
    private Action<int, int> _onAccepted;

    public AcceptLoopTests()
    {
        _onAccepted = (id, fd) => _accepted.Add((id, fd));
        _loop = new AcceptLoop(_errors.Add);
    }

    public void Dispose()
    {
        _loop.Dispose();
        _toClose.AddRange(_accepted.Select(accepted => accepted.Fd));
        _toClose.ForEach(FileDescriptors.Close);
        _clients.ForEach(client => client.Dispose());
    }

    [Fact]
    public void Add_TwoListeners_ConnectionsComeWithTheirListenersId()
    {
        var (one, oneAt) = Listen();
        var (two, twoAt) = Listen();
        Add(_loop, 1, one);
        Add(_loop, 2, two);

        Connect(twoAt);
        var second = Next();
        Connect(oneAt);
        var first = Next();

        Assert.Equal((1, 2), (first.Id, second.Id));
        Assert.True(FileDescriptors.IsCloseOnExec(first.Fd));
        Assert.Equal(_clients[1].LocalEndPoint!.ToString(), PeerOf(first.Fd));
        Assert.Throws<ArgumentException>(() => Add(_loop, 1, two));
    }

    [Fact]
    public void Quiesce_ThousandConnect_NoneIsAcceptedUntilResumeAndThenAllAre()
    {
        var (fd, at) = Listen(backlog: 2048);
        Add(_loop, 1, fd);
        Connect(at);
        Next();

        _loop.Quiesce();
        for (var i = 0; i < 1000; i++) Connect(at); // each completes in the kernel's queue
        Assert.Empty(_accepted);

        _loop.Resume();
        var peers = Enumerable.Range(0, 1000).Select(_ => PeerOf(Next(close: false).Fd)).ToHashSet();
        Assert.Equal(_clients.Skip(1).Select(client => client.LocalEndPoint!.ToString()!).ToHashSet(), peers);
        Assert.Empty(_errors);
    }

    [Fact]
    public async Task Quiesce_WhileConnectionsCome_NothingIsAcceptedOnceItReturned()
    {
        var (fd, at) = Listen(backlog: 2048);
        Add(_loop, 1, fd);
        using var stop = new CancellationTokenSource();
        var connected = 0;
        var clients = Task.Run(() =>
        {
            while (!stop.IsCancellationRequested && connected < 1500)
            {
                Connect(at);
                Interlocked.Increment(ref connected);
            }
        });

        for (var round = 0; round < 30; round++)
        {
            _loop.Quiesce();
            var accepted = _accepted.Count;
            var target = Volatile.Read(ref connected) + 5;
            Assert.True(SpinWait.SpinUntil(() => clients.IsCompleted || Volatile.Read(ref connected) >= target, Fds.Bound));
            Assert.Equal(accepted, _accepted.Count);
            _loop.Resume();
        }

        await stop.CancelAsync();
        await clients.WaitAsync(Fds.Bound);
        for (var i = 0; i < connected; i++) Next(close: false);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task QuiesceOrRemove_WhileTheLoopIsInTheCallback_ReturnsAfterIt(bool quiesce)
    {
        var (fd, at) = Listen();
        using var inside = new SemaphoreSlim(0);
        using var goOn = new SemaphoreSlim(0);
        _onAccepted = (id, accepted) =>
        {
            _accepted.Add((id, accepted));
            inside.Release();
            goOn.Wait(Fds.Bound);
        };
        Add(_loop, 1, fd);
        Connect(at);
        Connect(at);
        Assert.True(await inside.WaitAsync(Fds.Bound));

        var change = Task.Run(() =>
        {
            if (quiesce) _loop.Quiesce();
            else _loop.Remove(1);
        });
        await Assert.ThrowsAsync<TimeoutException>(() => change.WaitAsync(TimeSpan.FromMilliseconds(200))); // the callback still runs

        goOn.Release();
        await change.WaitAsync(Fds.Bound);
        Assert.Single(_accepted); // though the second connection waits
    }

    [Fact]
    public void Remove_Listener_DescriptorMayBeClosedAndOthersGoOn()
    {
        var (one, oneAt) = Listen();
        var (two, twoAt) = Listen();
        Add(_loop, 1, one);
        Add(_loop, 2, two);

        _loop.Remove(1);
        _loop.Remove(99);
        Connect(oneAt);
        Connect(twoAt);

        Assert.Equal(2, Next().Id);
        Assert.Empty(_accepted);
        Add(_loop, 3, one);
        Assert.Equal(3, Next().Id);
        Assert.Empty(_errors);
    }

    [Fact]
    public void Changes_FromTheCallback_HoldBeforeTheNextAccept()
    {
        var (fd, at) = Listen();
        _loop.Quiesce();
        Add(_loop, 1, fd);
        for (var i = 0; i < 3; i++) Connect(at);
        _onAccepted = (id, accepted) =>
        {
            _loop.Quiesce();
            _accepted.Add((id, accepted));
        };

        _loop.Resume();
        Next();
        _loop.Remove(50); // a round trip: the loop has been at its top since
        Assert.Empty(_accepted);
        _loop.Resume();
        Next();
    }

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
    public void Add_WhatCannotBeWaitedFor_IsRefusedAndOthersGoOn()
    {
        var (fd, at) = Listen();
        var file = FileDescriptors.Open("/dev/null", 0);
        _toClose.Add(file);

        Assert.Equal(Errno.EPERM, Assert.Throws<PosixException>(() => Add(_loop, 1, file)).Errno);

        Add(_loop, 1, fd); // the id is free
        Connect(at);
        Next();
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

    [Fact]
    public void Dispose_WithListeners_LeavesThemOpenAndLeaksNothing()
    {
        var (fd, at) = Listen();
        Fds.AssertNoLeak(() =>
        {
            using var loop = new AcceptLoop(_errors.Add);
            Add(loop, 1, fd);
            loop.Dispose();
            loop.Quiesce(); // does nothing
            loop.Dispose();
        });

        Add(_loop, 1, fd);
        Connect(at);
        Next();
    }

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

    /// <summary>docs/pitfalls.md, 2: an epoll registration would outlive the descriptor for as long as a successor holds the
    /// socket.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task QuietListeningSockets_AreInNoEpollSet(bool quiesce)
    {
        var (fd, at) = Listen();
        var (read, _) = Listen();
        using var ready = new SemaphoreSlim(0);
        AddRead(_loop, 2, read, ready);
        Add(_loop, 1, fd);
        var client = Connect(at);
        using var accepted = new Socket(new SafeSocketHandle(Next(close: false).Fd, ownsHandle: true));
        var receive = accepted.ReceiveAsync(new byte[1]); // now .NET has an epoll set
        Assert.Single(EpollTargets(), SocketInode(fd)); // so the search finds what is there; .NET's own sets do not have it
        Assert.Single(EpollTargets(), SocketInode(read));

        if (quiesce)
        {
            _loop.Quiesce();
            _loop.Resume();
            _loop.Quiesce();
        }
        else
        {
            _loop.Remove(1);
            _loop.Remove(2);
        }

        Assert.DoesNotContain(SocketInode(fd), EpollTargets());
        Assert.DoesNotContain(SocketInode(read), EpollTargets());
        client.Send([1]);
        Assert.Equal(1, await receive.WaitAsync(Fds.Bound));
    }

    private void Add(AcceptLoop loop, int id, int fd) => loop.Add(id, fd, (accepted, _) => _onAccepted(id, accepted));

    private void AddRead(AcceptLoop loop, int id, int fd, SemaphoreSlim ready) =>
        loop.Add(id, fd, (accepted, _) => _onAccepted(id, accepted), () => ready.Release());

    private (int Fd, IPEndPoint At) Listen(int backlog = 64)
    {
        var fd = ListeningSockets.OpenTcp(new IPEndPoint(IPAddress.Loopback, 0), backlog, out var at);
        _toClose.Add(fd);
        return (fd, at);
    }

    private Socket Connect(IPEndPoint at)
    {
        var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        _clients.Add(client);
        client.Connect(at);
        return client;
    }

    private (int Id, int Fd) Next(bool close = true)
    {
        Assert.True(_accepted.TryTake(out var accepted, Fds.Bound), "Nothing was accepted.");
        if (close) _toClose.Add(accepted.Fd);
        return accepted;
    }

    private static string PeerOf(int fd)
    {
        using var socket = new Socket(new SafeSocketHandle(fd, ownsHandle: false));
        return socket.RemoteEndPoint!.ToString()!;
    }

    private static long SocketInode(int fd) => long.Parse(Fds.Target(fd)["socket:[".Length..^1], CultureInfo.InvariantCulture);

    private static List<long> EpollTargets() =>
    [
        .. Directory.GetFiles("/proc/self/fd")
            .Where(path => new FileInfo(path).LinkTarget == "anon_inode:[eventpoll]")
            .SelectMany(path => EpollTarget().Matches(File.ReadAllText(path.Replace("/fd/", "/fdinfo/", StringComparison.Ordinal))))
            .Select(match => long.Parse(match.Groups[1].ValueSpan, NumberStyles.HexNumber, CultureInfo.InvariantCulture)),
    ];

    [GeneratedRegex(@"^tfd:.*\bino:([0-9a-f]+)", RegexOptions.Multiline)]
    private static partial Regex EpollTarget();
}
