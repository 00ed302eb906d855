using System.Globalization;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Ips.Actors.Posix;

namespace Ips.Transport.Tests.Posix;

/// <summary>Once the loop is quiesced, nothing is accepted and nothing of it stays in the kernel.</summary>
[Collection(ProcessWideCollection.Name)]
public sealed partial class AcceptLoopQuiesceTests : AcceptLoopTest
{
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
