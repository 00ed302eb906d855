using System.Collections.Concurrent;
using System.Text;
using Ips.Actors.Handover;
using Ips.Actors.Posix;
using Ips.Actors.Tests.Support;

namespace Ips.Actors.Tests.Handover;

/// <summary>Frames over a real socket pair.</summary>
[Collection(DescriptorNumbers.Name)]
public sealed class HandoverChannelTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly List<IDisposable> _open = [];

    [Fact]
    public void Send_EachWay_ArrivesInOrder()
    {
        var (one, other) = Pair();
        Assert.True(one.TrySend(new HelloFrame(1, 1, 1, "x")));
        Assert.True(one.TrySend(new ReadyFrame()));
        Assert.IsType<HelloFrame>(Received(other));
        Assert.IsType<ReadyFrame>(Received(other));
        other.TrySend(new ServeFrame());
        Assert.IsType<ServeFrame>(Received(one));
    }

    [Fact]
    public void Subscribe_EventsThatCameBefore_AreDeliveredFirst()
    {
        var (one, other) = Pair();
        one.TrySend(new ServeFrame());
        one.TrySend(new PromoteFrame());
        Assert.IsType<ServeFrame>(Received(other)); // so the first has surely arrived before anyone subscribes
        var events = new BlockingCollection<ChannelEvent>();
        other.Subscribe(events.Add);
        Assert.IsType<PromoteFrame>(Take(events));
        one.TrySend(new FarewellFrame(0, 0));
        Assert.IsType<FarewellFrame>(Take(events));
    }

    [Fact]
    public void Subscribe_Again_GoesToTheNewOneOnly()
    {
        var (one, other) = Pair();
        var (first, second) = (new BlockingCollection<ChannelEvent>(), new BlockingCollection<ChannelEvent>());
        other.Subscribe(first.Add);
        one.TrySend(new ServeFrame());
        Take(first);
        other.Subscribe(second.Add);
        one.TrySend(new PromoteFrame());
        Assert.IsType<PromoteFrame>(Take(second));
        Assert.Empty(first);
    }

    [Fact]
    public async Task Subscribe_ManyTimesWhileFramesArrive_LosesAndRepeatsNone()
    {
        const int frames = 2000;
        var (one, other) = Pair();
        var received = new ConcurrentQueue<int>();
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var sending = Task.Run(async () =>
        {
            for (var i = 0; i < frames; i++)
            {
                one.TrySend(new FarewellFrame(i, 0));
                if (i % 500 == 0)
                {
                    await one.FlushAsync(Patience);
                }
            }
        });
        while (!done.Task.IsCompleted)
        {
            other.Subscribe(channelEvent =>
            {
                // and not the close after the test
                if (channelEvent is ChannelEvent.Received { Frame: FarewellFrame { Drained: var number } })
                {
                    received.Enqueue(number);
                    if (number == frames - 1)
                    {
                        done.TrySetResult();
                    }
                }
            });
            await Task.Yield();
        }

        await sending.WaitAsync(Patience);
        await done.Task.WaitAsync(Patience);
        Assert.Equal(Enumerable.Range(0, frames), received);
    }

    [Fact]
    public void Descriptors_RideAlong_AndAreTheReceivers()
    {
        var (one, other) = Pair();
        var (a, b) = FdPassing.SocketPair();
        one.TrySend(new WelcomeFrame(1, 2, [], false, false, 1000), [a, b]);
        FileDescriptors.Close(a); // duplicates travel: the sender may close its own at once
        FileDescriptors.Close(b);
        var received = Assert.IsType<ChannelEvent.Received>(other.WaitForNext(Patience));
        Assert.Equal(2, received.Fds.Count);
        Assert.All(received.Fds, fd => Assert.True(FileDescriptors.IsCloseOnExec(fd)));
        HandoverChannel.CloseDescriptors(received);
        Assert.All(received.Fds, fd => Assert.Throws<PosixException>(() => FileDescriptors.IsCloseOnExec(fd)));
    }

    [Fact]
    public async Task Dispose_EventsThatNobodyTook_CloseTheirDescriptors()
    {
        var (one, other) = Pair();
        using var probe = new DescriptorProbe();
        one.TrySend(new WelcomeFrame(1, 2, [], false, false, 1000), [probe.Fd]);
        one.TrySend(new ServeFrame());
        await one.FlushAsync(Patience);
        probe.CloseOurs();
        other.TrySend(new ReadyFrame());
        Received(one);
        other.Dispose();
        Assert.True(probe.AllCopiesClosed(), "a descriptor that nobody took is still open");
    }

    // Eight processes that connect and are not heard yet would fill a small table of files with sixteen packets of 64 each.
    [Fact]
    [Trait("issue", "11")]
    public async Task Descriptors_OfMoreThanOnePacketBeforeAnyoneSubscribes_EndTheChannel()
    {
        var (a, b) = FdPassing.SocketPair();
        var other = Own(new HandoverChannel(b));
        using var probe = new DescriptorProbe();
        var full = Enumerable.Repeat(probe.Fd, FdPassing.MaxDescriptors).ToArray();
        Assert.True(FdPassing.TrySend(a, HandoverCodec.Encode(new ServeFrame()), full));
        Assert.IsType<ChannelEvent.Received>(await other.First.WaitAsync(Patience));
        Assert.True(FdPassing.TrySend(a, HandoverCodec.Encode(new ServeFrame()), []));
        Assert.True(FdPassing.TrySend(a, HandoverCodec.Encode(new ServeFrame()), [probe.Fd]));
        probe.CloseOurs();
        Assert.True(Ended(a), "the socket is still open");
        var events = new BlockingCollection<ChannelEvent>();
        other.Subscribe(events.Add);
        HandoverChannel.CloseDescriptors(TakeEvent(events));
        Assert.Empty(Assert.IsType<ChannelEvent.Received>(TakeEvent(events)).Fds);
        Assert.Contains("64 descriptors", Assert.IsType<ChannelEvent.Closed>(TakeEvent(events)).Error, StringComparison.Ordinal);
        Assert.True(probe.AllCopiesClosed(), "a descriptor of the packet that was too much is still open");
        FileDescriptors.Close(a);
    }

    // The one ahead of hello, and the answer to it: a successor may read both before it looks at the first.
    [Fact]
    [Trait("issue", "12")]
    public void Descriptors_OfTwoWelcomes_WaitForASuccessor()
    {
        var (a, b) = FdPassing.SocketPair();
        var other = Own(new HandoverChannel(b, welcomes: 2));
        using var probe = new DescriptorProbe();
        var full = Enumerable.Repeat(probe.Fd, FdPassing.MaxDescriptors).ToArray();
        for (var i = 0; i < 2; i++) Assert.True(FdPassing.TrySend(a, HandoverCodec.Encode(new ServeFrame()), full));
        var events = new BlockingCollection<ChannelEvent>();
        Assert.True(SpinWait.SpinUntil(() => other.First.IsCompleted, Patience));
        Assert.True(FdPassing.TrySend(a, HandoverCodec.Encode(new ReadyFrame()), []));
        other.Subscribe(events.Add);
        for (var i = 0; i < 2; i++)
        {
            var received = Assert.IsType<ChannelEvent.Received>(TakeEvent(events));
            Assert.Equal(FdPassing.MaxDescriptors, received.Fds.Count);
            HandoverChannel.CloseDescriptors(received);
        }

        Assert.IsType<ReadyFrame>(Take(events));
        FileDescriptors.Close(a);
    }

    [Fact]
    public async Task Close_OfThePeer_IsToldOnceAndLast()
    {
        var (one, other) = Pair();
        var events = new BlockingCollection<ChannelEvent>();
        other.Subscribe(events.Add);
        one.TrySend(new FarewellFrame(1, 0));
        await one.FlushAsync(Patience);
        one.Dispose();
        Assert.IsType<FarewellFrame>(Take(events)); // what was said before the end is heard
        Assert.Equal(new ChannelEvent.Closed(null), TakeEvent(events));
        Assert.False(other.TrySend(new ReadyFrame()));
        other.Dispose();
        Assert.Empty(events);
    }

    [Fact]
    public void Dispose_Ours_TellsNobodyAndCanBeRepeated()
    {
        var (one, _) = Pair();
        var events = new BlockingCollection<ChannelEvent>();
        one.Subscribe(events.Add);
        one.Dispose();
        one.Dispose();
        Assert.False(one.TrySend(new ReadyFrame()));
        Assert.Empty(events);
    }

    [Theory]
    [InlineData("GET / HTTP/1.1")]
    [InlineData("{\"type\":\"hello\",\"min\":1}")]
    public void Garbage_ClosesTheChannelWithTheReason_AndNothingFollows(string packet)
    {
        var (a, b) = FdPassing.SocketPair();
        var other = Own(new HandoverChannel(b));
        var events = new BlockingCollection<ChannelEvent>();
        using var probe = new DescriptorProbe();
        Assert.True(FdPassing.TrySend(a, Encoding.UTF8.GetBytes(packet), [probe.Fd]));
        var next = Record.Exception(() => FdPassing.TrySend(a, HandoverCodec.Encode(new ReadyFrame()), []));
        Assert.True(next is null or PosixException { Errno: Errno.EPIPE }, next?.Message); // the channel may have closed by then
        probe.CloseOurs();
        other.Subscribe(events.Add);
        var closed = Assert.IsType<ChannelEvent.Closed>(TakeEvent(events));
        Assert.Contains("no handover frame", closed.Error, StringComparison.Ordinal);
        Assert.True(probe.AllCopiesClosed(), "the garbage's descriptor is still open");
        Assert.True(Ended(a), "the socket is still open");
        other.Dispose();
        Assert.Empty(events);
        FileDescriptors.Close(a);
    }

    [Fact]
    public void WaitForNext_NothingComes_TimesOut()
    {
        var (one, _) = Pair();
        Assert.Throws<TimeoutException>(() => one.WaitForNext(TimeSpan.FromMilliseconds(20)));
    }

    [Fact]
    public void WaitForNext_PeerDies_IsTheEnd()
    {
        var (one, other) = Pair();
        other.Dispose();
        Assert.IsType<ChannelEvent.Closed>(one.WaitForNext(Patience));
    }

    public void Dispose() => _open.ForEach(channel => channel.Dispose());

    private static HandoverFrame Received(HandoverChannel channel) =>
        Assert.IsType<ChannelEvent.Received>(channel.WaitForNext(Patience)).Frame;

    private static HandoverFrame Take(BlockingCollection<ChannelEvent> events) =>
        Assert.IsType<ChannelEvent.Received>(TakeEvent(events)).Frame;

    private static ChannelEvent TakeEvent(BlockingCollection<ChannelEvent> events) =>
        events.TryTake(out var channelEvent, Patience) ? channelEvent : throw new TimeoutException("No event came.");

    // recv(2) gives 0 when the peer has closed.
    private static bool Ended(int fd)
    {
        var start = TimeProvider.System.GetTimestamp();
        while (TimeProvider.System.GetElapsedTime(start) is var elapsed && elapsed < Patience)
        {
            Poll.Wait([new PollEntry(fd, PollEvents.Readable)], (int)(Patience - elapsed).TotalMilliseconds);
            if (FdPassing.Receive(fd, new byte[1024], [], out _) == 0)
            {
                return true;
            }
        }

        return false;
    }

    private (HandoverChannel One, HandoverChannel Other) Pair()
    {
        var (a, b) = FdPassing.SocketPair();
        return (Own(new HandoverChannel(a)), Own(new HandoverChannel(b)));
    }

    private HandoverChannel Own(HandoverChannel channel)
    {
        _open.Add(channel);
        return channel;
    }

    /// <summary>A descriptor that tells when the last copy of it is closed: its peer then sees the end.</summary>
    private sealed class DescriptorProbe : IDisposable
    {
        private readonly int _watch;

        public DescriptorProbe() => (Fd, _watch) = FdPassing.SocketPair();

        public int Fd { get; }

        public void CloseOurs() => FileDescriptors.Close(Fd);

        public bool AllCopiesClosed() => Ended(_watch);

        public void Dispose() => FileDescriptors.Close(_watch);
    }
}
