using System.Collections.Concurrent;
using Ips.Actors.Posix;

namespace Ips.Transport.Tests.Posix;

[Collection(ProcessWideCollection.Name)]
public sealed class PacketChannelTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromMilliseconds(50);

    [Fact]
    public void Send_BothWays_ArrivesInOrderWithDescriptors()
    {
        using var pair = new Pair();
        var zero = FileDescriptors.Open("/dev/zero", 0);
        for (var i = 0; i < 500; i++)
        {
            pair.A.Channel.Send(BitConverter.GetBytes(i), i % 100 == 0 ? [zero] : []);
            pair.B.Channel.Send(BitConverter.GetBytes(-i), []);
        }

        FileDescriptors.Close(zero);

        for (var i = 0; i < 500; i++)
        {
            var (atB, atA) = (pair.B.Next(), pair.A.Next());
            Assert.Equal((i, -i), (BitConverter.ToInt32(atB.Bytes.Span), BitConverter.ToInt32(atA.Bytes.Span)));
            Assert.Equal(i % 100 == 0 ? ["/dev/zero"] : [], atB.Fds.Select(Fds.Target));
            Assert.All(atB.Fds, fd => Assert.True(FileDescriptors.IsCloseOnExec(fd)));
            foreach (var fd in atB.Fds) FileDescriptors.Close(fd);
        }
    }

    [Fact]
    public async Task Send_PeerDoesNotReceive_QueuesTo4096AndSendsAllWhenItDoes()
    {
        var (a, b) = FdPassing.SocketPair();
        using var sender = new End(a);
        using var receiver = new End(b, start: false);
        var packet = new byte[8 * 1024];
        const int sent = PacketChannel.MaxQueuedPackets;
        for (var i = 0; i < sent; i++) sender.Channel.Send(packet, []);
        await Assert.ThrowsAsync<TimeoutException>(() => sender.Channel.FlushAsync(Soon));

        receiver.Channel.Start();
        for (var i = 0; i < sent; i++) Assert.Equal(packet.Length, receiver.Next().Bytes.Length);
        await sender.Channel.FlushAsync(Fds.Bound);
    }

    [Fact]
    [Trait("issue", "11")]
    public async Task Send_MoreThan4096ToAPeerThatDoesNotReceive_ClosesTheChannel()
    {
        var (a, b) = FdPassing.SocketPair();
        using var sender = new End(a);
        using var receiver = new End(b, start: false);
        // some are in the kernel's buffer
        for (var i = 0; i < PacketChannel.MaxQueuedPackets + 100; i++) sender.Channel.Send(new byte[8 * 1024], []);
        Assert.Contains("4096", sender.Closed()?.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<IOException>(() => sender.Channel.FlushAsync(Fds.Bound));
    }

    [Fact]
    [Trait("issue", "11")]
    public void Receive_APacketWithoutAByte_ClosesItsDescriptorsAndTheChannel()
    {
        var (a, b) = FdPassing.SocketPair();
        using var receiver = new End(b);
        var before = FileDescriptors.CountOpen();
        for (var i = 0; i < 10; i++) SendEmpty(a, FileDescriptors.Open("/dev/zero", 0));
        Assert.Contains("without a byte", receiver.Closed()?.Message, StringComparison.Ordinal);
        FileDescriptors.Close(a);
        Assert.InRange(FileDescriptors.CountOpen(), 0, before);
    }

    [Fact]
    public void Send_CallerClosesItsDescriptorWhileThePacketWaits_ItStillArrives()
    {
        var (a, b) = FdPassing.SocketPair();
        using var sender = new End(a);
        using var receiver = new End(b, start: false);
        for (var i = 0; i < 100; i++) sender.Channel.Send(new byte[8 * 1024], []); // more than the kernel's buffer takes
        var zero = FileDescriptors.Open("/dev/zero", 0);
        sender.Channel.Send(new byte[] { 1 }, [zero]);
        FileDescriptors.Close(zero);

        receiver.Channel.Start();
        for (var i = 0; i < 100; i++) receiver.Next();
        var fd = Assert.Single(receiver.Next().Fds);
        Assert.Equal("/dev/zero", Fds.Target(fd));
        FileDescriptors.Close(fd);
    }

    [Fact]
    public void Send_ToClose_PeerGetsThePacketThenTheEnd()
    {
        using var pair = new Pair();
        pair.B.Channel.Send(new byte[] { 9 }, []);

        pair.A.Channel.Send(new byte[] { 1 }, [], closeAfterSend: true);
        pair.A.Channel.Send(new byte[] { 2 }, []);

        Assert.Null(pair.A.Closed());
        Assert.Equal([1], pair.B.Next().Bytes.ToArray());
        Assert.Null(pair.B.Closed());
        Assert.Empty(pair.B.Packets);
    }

    [Fact]
    public async Task FlushAsync_PacketsSent_CompletesAndTheyOutliveTheChannel()
    {
        var (a, b) = FdPassing.SocketPair();
        using var receiver = new End(b, start: false);
        using (var sender = new End(a))
        {
            for (byte i = 0; i < 10; i++) sender.Channel.Send(new[] { i }, []);
            await sender.Channel.FlushAsync(Fds.Bound);
        }

        receiver.Channel.Start();
        for (byte i = 0; i < 10; i++) Assert.Equal([i], receiver.Next().Bytes.ToArray());
        Assert.Null(receiver.Closed());
    }

    [Fact]
    public async Task FlushAsync_ChannelClosesFirst_SaysHowManyPacketsWereDropped()
    {
        var (a, b) = FdPassing.SocketPair();
        using var sender = new End(a);
        for (var i = 0; i < 100; i++) sender.Channel.Send(new byte[64 * 1024], []);
        var flush = sender.Channel.FlushAsync(Fds.Bound);
        FileDescriptors.Close(b);

        Assert.Contains("packets were sent", (await Assert.ThrowsAsync<IOException>(() => flush)).Message, StringComparison.Ordinal);
        Assert.Null(sender.Closed());
        sender.Channel.Send(new byte[] { 1 }, []); // dropped: onClosed has told
        await Assert.ThrowsAsync<IOException>(() => sender.Channel.FlushAsync(Fds.Bound));
    }

    [Fact]
    public void PeerClosesWithOurPacketUnread_WhatItSaidBeforeStillArrives()
    {
        var (a, b) = FdPassing.SocketPair();
        using var end = new End(a, start: false);
        Assert.True(FdPassing.TrySend(a, [9], []));
        Assert.True(FdPassing.TrySend(b, [1], []));
        Assert.True(FdPassing.TrySend(b, [2], []));
        FileDescriptors.Close(b);

        end.Channel.Send(new byte[] { 3 }, []); // fails with the reset, which must not hide the two packets
        end.Channel.Start();

        Assert.Equal([1], end.Next().Bytes.ToArray());
        Assert.Equal([2], end.Next().Bytes.ToArray());
        Assert.Null(end.Closed());
    }

    [Fact]
    public void PacketTooLarge_ClosesWithTheReason()
    {
        var (a, b) = FdPassing.SocketPair();
        using var end = new End(a);
        Assert.True(FdPassing.TrySend(b, new byte[PacketChannel.MaxPacketSizeBytes + 1], [b]));

        Assert.Contains("131072", Assert.IsType<InvalidDataException>(end.Closed()).Message, StringComparison.Ordinal);
        FileDescriptors.Close(b);
    }

    [Fact]
    public void Send_PacketTooLargeOrEmpty_IsRefused()
    {
        using var pair = new Pair();
        Assert.Throws<ArgumentException>(() => pair.A.Channel.Send(new byte[PacketChannel.MaxPacketSizeBytes + 1], []));
        Assert.Throws<ArgumentException>(() => pair.A.Channel.Send(default, []));
        Assert.Throws<ArgumentException>(() => pair.A.Channel.Send(new byte[1], new int[FdPassing.MaxDescriptors + 1]));
    }

    [Fact]
    public void Send_ClosedDescriptorAmongGoodOnes_ThrowsAndLeaksNothing()
    {
        using var pair = new Pair();
        Fds.AssertNoLeak(() =>
            Assert.Equal(Errno.EBADF, Assert.Throws<PosixException>(() => pair.A.Channel.Send(new byte[1], [1, 2, 30_000])).Errno));
    }

    [Fact]
    public void CallbackThrows_ClosesWithThatReason()
    {
        var (a, b) = FdPassing.SocketPair();
        using var closed = new BlockingCollection<Exception?>();
        var thrown = new InvalidOperationException("of the callback");
        using var channel = new PacketChannel(a, _ => throw thrown, closed.Add);
        channel.Start();
        Assert.True(FdPassing.TrySend(b, [1], []));

        Assert.True(closed.TryTake(out var reason, Fds.Bound));
        Assert.Same(thrown, reason);
        FileDescriptors.Close(b);
    }

    [Fact]
    public void Dispose_InACallback_ClosesAfterItAndNothingFollows()
    {
        var (a, b) = FdPassing.SocketPair();
        using var closed = new BlockingCollection<Exception?>();
        PacketChannel? channel = null;
        var packets = 0;
        channel = new PacketChannel(a, _ => { packets++; channel!.Dispose(); }, closed.Add);
        for (var i = 0; i < 5; i++) Assert.True(FdPassing.TrySend(b, [1], []));
        channel.Start();

        Assert.True(closed.TryTake(out var reason, Fds.Bound));
        Assert.Null(reason);
        Assert.Equal(1, packets);
        FileDescriptors.Close(b);
    }

    [Fact]
    public void Dispose_InAnyState_ClosesOnceAndLeaksNothing() => Fds.AssertNoLeak(() =>
    {
        var (a, b) = FdPassing.SocketPair();
        var neverStarted = new End(a, start: false);
        var started = new End(b);
        started.Channel.Send(new byte[1], [1]);
        started.Channel.Dispose();
        started.Channel.Dispose();
        Assert.Null(started.Closed());
        Assert.Empty(started.Reasons);
        neverStarted.Channel.Send(new byte[1], [1, 2]);
        neverStarted.Channel.Dispose();
        Assert.Empty(neverStarted.Reasons);
        neverStarted.Dispose();
        started.Dispose();
    });

    private sealed class Pair : IDisposable
    {
        internal Pair()
        {
            var (a, b) = FdPassing.SocketPair();
            (A, B) = (new End(a), new End(b));
        }

        internal End A { get; }

        internal End B { get; }

        public void Dispose()
        {
            A.Dispose();
            B.Dispose();
        }
    }

    // FdPassing sends none. Those that the channel has not received end with it.
    private static unsafe void SendEmpty(int socket, int fd)
    {
        var control = stackalloc ulong[3];
        var header = (Libc.ControlHeader*)control;
        (header->Length, header->Level, header->Type) = ((nuint)(sizeof(Libc.ControlHeader) + sizeof(int)), Libc.SOL_SOCKET,
            Libc.SCM_RIGHTS);
        *(int*)(header + 1) = fd;
        var message = new Libc.MessageHeader { Control = control, ControlLength = header->Length };
        Libc.SendMsg(socket, &message, Libc.MSG_DONTWAIT | Libc.MSG_NOSIGNAL);
        FileDescriptors.Close(fd);
    }

    private sealed class End : IDisposable
    {
        internal End(int fd, bool start = true)
        {
            Channel = new PacketChannel(fd, Packets.Add, Reasons.Add);
            if (start) Channel.Start();
        }

        internal PacketChannel Channel { get; }

        internal BlockingCollection<ReceivedPacket> Packets { get; } = [];

        internal BlockingCollection<Exception?> Reasons { get; } = [];

        internal ReceivedPacket Next() => Packets.TryTake(out var packet, Fds.Bound) ? packet
            : throw new TimeoutException("No packet came.");

        internal Exception? Closed() => Reasons.TryTake(out var reason, Fds.Bound) ? reason
            : throw new TimeoutException("The channel did not close.");

        public void Dispose()
        {
            Channel.Dispose();
            foreach (var fd in Packets.SelectMany(packet => packet.Fds)) FileDescriptors.Close(fd);
            Assert.InRange(Reasons.Count, 0, 1); // told once at most
            Packets.Dispose();
            Reasons.Dispose();
        }
    }
}
